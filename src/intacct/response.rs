//! What an answer says about each function of a request (Intacct docs, web services responses).
//!
//! Pure and strict: only `success` is success. Whatever cannot be read as a whole answer is unknown, because the
//! functions may have been executed all the same.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::diagnosis::diagnose;
use super::errors::{ErrorClass, GatewayError, Level};
use super::order_entry;
use super::tree::{self, Element};

/// A record of an answer: field name to text. Empty fields are empty texts.
pub type Record = BTreeMap<String, String>;

/// What came back for a request as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The gateway asks to come back later; nothing was executed.
    RetryLater {
        /// The pause it asked for.
        after: Option<Duration>,
        /// What it said.
        reason: String,
    },
    /// The request was larger than the gateway takes in; nothing was executed.
    TooLarge,
    /// The control block was refused; nothing was executed.
    ControlFailure(Vec<GatewayError>),
    /// The sign-in or session was refused; nothing was executed.
    AuthenticationFailure(Vec<GatewayError>),
    /// The functions were looked at; what happened to each is in its result.
    Results {
        /// When the session ends unless it is used again.
        session_ends: Option<Timestamp>,
        /// One result per function, normally.
        results: Vec<FunctionResult>,
    },
    /// The answer cannot be read, so every function may or may not have been executed.
    Unknown {
        /// What is wrong with it.
        reason: String,
    },
}

/// The `status` of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Executed.
    Success,
    /// Not executed.
    Failure,
    /// Rolled back with its whole request.
    Aborted,
    /// Anything else: never taken for success nor for failure.
    Other(String),
}

/// One `result` element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionResult {
    /// Control id of the function it answers.
    pub control_id: String,
    /// Name of the function.
    pub function: String,
    /// What became of it.
    pub status: Status,
    /// `key`, which object-specific creates answer: the record number of the new record (or a document id).
    pub key: Option<String>,
    /// Records in `data`: one for a generic create, the rows for a query.
    pub records: Vec<Record>,
    /// Rows that match a query on all its pages.
    pub total: Option<u64>,
    /// Rows of a query after this page.
    pub remaining: Option<u64>,
    /// The id under which a `readByQuery` goes on.
    pub result_id: Option<String>,
    /// Errors, in the order of the answer. A failure can come without any.
    pub errors: Vec<GatewayError>,
    /// The element as it came, for storing.
    pub raw: String,
}

impl FunctionResult {
    /// The answer to a query with these rows, and so many more that it does not show.
    #[cfg(test)]
    pub(in crate::intacct) fn of_rows(rows: &[&[(&str, &str)]], remaining: Option<u64>) -> Self {
        let record = |row: &&[(&str, &str)]| row.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
        Self {
            control_id: "q".into(),
            function: "query".into(),
            status: Status::Success,
            key: None,
            records: rows.iter().map(record).collect(),
            total: Some(rows.len() as u64),
            remaining,
            result_id: None,
            errors: Vec::new(),
            raw: String::new(),
        }
    }

    /// The record number of what was created: from `key`, or from the only record of a generic create.
    pub fn record_number(&self) -> Option<u64> {
        let text = match (&self.key, self.records.as_slice()) {
            (Some(key), _) => Some(key),
            (None, [record]) => record.get("RECORDNO"),
            _ => None,
        };
        text?.parse().ok()
    }

    /// What is kept of the document that was created: the record number, or the id of an Order Entry document.
    pub fn record(&self) -> Option<String> {
        let entered = self.function == "create_sotransaction";
        let id = self.key.as_ref().filter(|key| entered && order_entry::is_id(key));
        id.cloned().or_else(|| self.record_number().map(|number| number.to_string()))
    }

    fn read(result: &Element) -> Self {
        let status = match result.text_of("status").unwrap_or_default() {
            "success" => Status::Success,
            "failure" => Status::Failure,
            "aborted" => Status::Aborted,
            other => Status::Other(other.to_owned()),
        };
        let text = |name| result.text_of(name).unwrap_or_default().to_owned();
        let data = result.child("data");
        let count = |name| data.and_then(|data| data.attribute(name)).and_then(|count| count.parse().ok());
        Self {
            control_id: text("controlid"),
            function: text("function"),
            status,
            key: result.text_of("key").map(ToOwned::to_owned),
            records: result.children_named("data").flat_map(|data| &data.children).map(record).collect(),
            total: count("totalcount"),
            remaining: count("numremaining"),
            result_id: data.and_then(|data| data.attribute("resultId")).map(ToOwned::to_owned),
            errors: GatewayError::read_all(result),
            raw: result.to_xml(),
        }
    }
}

/// The fields of one object element; nested elements get their path as name, joined by dots.
fn record(object: &Element) -> Record {
    fn fill(prefix: &str, element: &Element, fields: &mut Record) {
        for child in &element.children {
            let name = if prefix.is_empty() { child.name.clone() } else { format!("{prefix}.{}", child.name) };
            if child.children.is_empty() {
                fields.entry(name).or_insert_with(|| child.text.trim().to_owned());
            } else {
                fill(&name, child, fields);
            }
        }
    }
    let mut fields = Record::new();
    fill("", object, &mut fields);
    fields
}

/// Reads an answer.
pub fn interpret(http_status: u16, retry_after: Option<Duration>, body: &[u8]) -> Answer {
    if http_status == 429 {
        return Answer::RetryLater { after: retry_after, reason: "too many requests (HTTP 429)".to_owned() };
    }
    // Refused for its length before anybody has read it (RFC 9110, 413).
    if http_status == 413 {
        return Answer::TooLarge;
    }
    let unknown = |reason: String| Answer::Unknown { reason };
    if !(200..500).contains(&http_status) || (300..400).contains(&http_status) {
        return unknown(format!("Intacct answered HTTP {http_status}"));
    }
    match tree::read(body) {
        Ok(root) if root.name == "response" => read_response(&root, retry_after),
        _ if says_rate_limit(body) => {
            Answer::RetryLater { after: retry_after, reason: "API rate limit exceeded".to_owned() }
        }
        Ok(root) => unknown(format!("the answer (HTTP {http_status}) is a {:?}, not a response", cut_name(&root.name))),
        // Two roots are no whole answer either: which of them is the true one, only a look-up can tell.
        Err(error) => unknown(format!("the answer (HTTP {http_status}) cannot be read: {error}")),
    }
}

fn read_response(root: &Element, retry_after: Option<Duration>) -> Answer {
    match root.find(&["control", "status"]).map(|status| status.text.trim()) {
        Some("success") => {}
        Some("failure") => return refused(Level::Control, GatewayError::read_all(root), retry_after),
        _ => return Answer::Unknown { reason: "the answer's control block has no known status".to_owned() },
    }
    let Some(operation) = root.child("operation") else {
        return Answer::Unknown { reason: "the answer has no operation".to_owned() };
    };
    let authentication = operation.child("authentication");
    match authentication.and_then(|authentication| authentication.text_of("status")) {
        Some("success") => {}
        Some("failure") => return refused(Level::Authentication, GatewayError::read_all(operation), retry_after),
        _ => return Answer::Unknown { reason: "the answer's authentication has no known status".to_owned() },
    }
    Answer::Results {
        session_ends: authentication
            .and_then(|authentication| authentication.text_of("sessiontimeout"))
            .and_then(|stamp| stamp.parse().ok()),
        results: operation.children_named("result").map(FunctionResult::read).collect(),
    }
}

/// A failure before any function: usually nothing was executed, but a request that repeats one still under way, or one
/// already recorded, may be refused here as well.
fn refused(level: Level, errors: Vec<GatewayError>, retry_after: Option<Duration>) -> Answer {
    let diagnosis = diagnose(level, &errors);
    match (diagnosis.class, level) {
        (ErrorClass::RetryLater, _) => Answer::RetryLater { after: retry_after, reason: diagnosis.cause },
        (ErrorClass::Unknown | ErrorClass::Duplicate, _) => Answer::Unknown { reason: diagnosis.cause },
        (_, Level::Authentication) => Answer::AuthenticationFailure(errors),
        // An ended session is an authentication failure wherever it is reported.
        (ErrorClass::SignInAgain, _) => Answer::AuthenticationFailure(errors),
        _ => Answer::ControlFailure(errors),
    }
}

/// A short text instead of XML, which the gateway sends with HTTP 200.
fn says_rate_limit(body: &[u8]) -> bool {
    const LONGEST: usize = 2048;
    body.len() <= LONGEST && {
        let text = String::from_utf8_lossy(body).to_ascii_lowercase();
        text.contains("api rate limit exceeded") && !text.contains("<operation") && !text.contains("<result")
    }
}

fn cut_name(name: &str) -> String {
    name.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTROL: &str = "<control><status>success</status><senderid>s</senderid><controlid>r</controlid></control>";
    const SIGNED_IN: &str = "<authentication><status>success</status><userid>u</userid><companyid>c</companyid>\
        <sessiontimestamp>2026-07-01T10:00:00+00:00</sessiontimestamp>\
        <sessiontimeout>2026-07-01T12:00:00+02:00</sessiontimeout></authentication>";

    fn answer(inside: &str) -> Answer {
        interpret(200, None, format!("<?xml version=\"1.0\"?><response>{inside}</response>").as_bytes())
    }

    fn results(inside: &str) -> Vec<FunctionResult> {
        match answer(&format!("{CONTROL}<operation>{SIGNED_IN}{inside}</operation>")) {
            Answer::Results { results, session_ends } => {
                assert_eq!(session_ends.unwrap().to_string(), "2026-07-01T10:00:00Z");
                results
            }
            other => panic!("{other:?}"),
        }
    }

    fn errors(text: &str) -> String {
        format!(
            "<errormessage><error><errorno>XL03000006</errorno><description2>{text}</description2></error></errormessage>"
        )
    }

    fn is_unknown(answer: &Answer) -> bool {
        matches!(answer, Answer::Unknown { .. })
    }

    #[test]
    fn an_object_specific_create_answers_a_key() {
        let found = results(
            "<result><status>success</status><function>create_invoice</function><controlid>a</controlid><key>2091</key></result>",
        );
        assert_eq!(found[0].record_number(), Some(2091));
        assert_eq!((&found[0].status, found[0].control_id.as_str()), (&Status::Success, "a"));
        assert!(
            found[0].raw.starts_with("<result><status>success</status>")
                && found[0].raw.ends_with("<key>2091</key></result>")
        );
    }

    #[test]
    fn a_generic_create_answers_its_record() {
        let found = results(
            "<result><status>success</status><function>create</function><controlid>a</controlid>\
             <data listtype=\"objects\" count=\"1\"><customer><RECORDNO>1652</RECORDNO><CUSTOMERID>BC-7</CUSTOMERID></customer></data></result>",
        );
        assert_eq!(found[0].record_number(), Some(1652));
        assert_eq!(found[0].records[0]["CUSTOMERID"], "BC-7");
    }

    #[test]
    fn a_query_answers_rows_and_counts() {
        let found = results(
            "<result><status>success</status><function>query</function><controlid>q</controlid>\
             <data listtype=\"CUSTOMER\" totalcount=\"3\" offset=\"0\" count=\"2\" numremaining=\"1\">\
             <CUSTOMER><CUSTOMERID>1</CUSTOMERID><DISPLAYCONTACT.EMAIL1>a@b.c</DISPLAYCONTACT.EMAIL1></CUSTOMER>\
             <CUSTOMER><CUSTOMERID>2</CUSTOMERID><DISPLAYCONTACT><EMAIL1>d@e.f</EMAIL1></DISPLAYCONTACT></CUSTOMER></data></result>",
        );
        assert_eq!((found[0].total, found[0].remaining, found[0].records.len()), (Some(3), Some(1), 2));
        assert_eq!(found[0].records[0]["DISPLAYCONTACT.EMAIL1"], "a@b.c");
        assert_eq!(found[0].records[1]["DISPLAYCONTACT.EMAIL1"], "d@e.f");
        assert_eq!(found[0].record_number(), None, "two rows are not one new record");
        let none = results(
            "<result><status>success</status><function>query</function><controlid>q</controlid><data listtype=\"X\" totalcount=\"0\" numremaining=\"0\"/></result>",
        );
        assert_eq!((none[0].total, none[0].records.len()), (Some(0), 0));
    }

    #[test]
    fn a_failure_carries_all_its_errors() {
        let found = results(&format!(
            "<result><status>failure</status><function>create</function><controlid>a</controlid>{}</result>",
            errors("The account &#039;40&#039; is not valid [Support ID: x%7Ey]")
        ));
        assert_eq!(found[0].errors[0].description2, "The account '40' is not valid");
        assert!(found[0].raw.contains("[Support ID: x%7Ey]"), "what is stored keeps it: {}", found[0].raw);
        let bare =
            results("<result><status>failure</status><function>create</function><controlid>a</controlid></result>");
        assert!(bare[0].errors.is_empty());
    }

    #[test]
    fn refusals_before_any_function_are_told_apart() {
        let control = format!(
            "<control><status>failure</status></control>{}",
            errors("Incorrect Intacct XML Partner ID or password.")
        );
        assert!(matches!(answer(&control), Answer::ControlFailure(errors) if errors.len() == 1));
        let authentication = |text| {
            answer(&format!(
                "{CONTROL}<operation><authentication><status>failure</status></authentication>{}</operation>",
                errors(text)
            ))
        };
        assert!(matches!(authentication("Sign-in information is incorrect"), Answer::AuthenticationFailure(_)));
        assert!(matches!(authentication("Invalid session q7"), Answer::AuthenticationFailure(_)));
        assert!(matches!(authentication("The Service is Temporarily Off-line"), Answer::RetryLater { .. }));
    }

    #[test]
    fn a_refused_sign_in_may_come_with_http_401() {
        let body = format!(
            "<response><control><status>failure</status></control>{}</response>",
            errors("Sign-in information is incorrect")
        );
        assert!(matches!(interpret(401, None, body.as_bytes()), Answer::ControlFailure(_)));
    }

    #[test]
    fn a_refusal_that_speaks_of_a_repeated_request_is_unknown() {
        let control = |text| answer(&format!("<control><status>failure</status></control>{}", errors(text)));
        assert!(is_unknown(&control("A successful transaction has already been recorded with the control id a")));
        assert!(is_unknown(&control("A concurrent request with control id a is in process")));
    }

    #[test]
    fn a_request_refused_for_its_size_was_not_executed() {
        assert_eq!(interpret(413, None, b"<html>Request Entity Too Large</html>"), Answer::TooLarge);
    }

    #[test]
    fn rate_limits_are_recognised_in_every_dress() {
        let later = |status, body: &str| {
            matches!(
                interpret(status, Some(Duration::from_secs(5)), body.as_bytes()),
                Answer::RetryLater { after: Some(_), .. }
            )
        };
        assert!(later(429, ""));
        assert!(later(200, "API rate limit exceeded"));
        assert!(later(200, "<html>API rate limit exceeded<br></html>"));
        assert!(later(200, "<html><body>API rate limit exceeded</body></html>"));
        assert!(later(403, "API Rate Limit Exceeded"));
        let control = "<control><status>failure</status></control><errormessage><error><errorno>GW-0010</errorno></error></errormessage>";
        assert!(matches!(answer(control), Answer::RetryLater { .. }));
    }

    #[test]
    fn a_broken_answer_that_only_mentions_the_limit_is_unknown() {
        let broken = format!("<response>{CONTROL}<operation>{SIGNED_IN}<result>API rate limit exceeded");
        assert!(is_unknown(&interpret(200, None, broken.as_bytes())));
    }

    #[test]
    fn two_roots_are_no_answer_whatever_stands_in_them() {
        let whole = format!("<response>{CONTROL}<operation>{SIGNED_IN}</operation></response>");
        for second in
            [whole.as_str(), "<errormessage><error><errorno>X</errorno></error></errormessage>", "<html/>", "oops"]
        {
            for body in [format!("{whole}{second}"), format!("{second}{whole}")] {
                assert!(is_unknown(&interpret(200, None, body.as_bytes())), "{body}");
            }
        }
    }

    #[test]
    fn what_an_edge_server_answers_is_no_answer() {
        let page =
            |title: &str| format!("<!DOCTYPE html><html><head><title>{title}</title></head><body><hr></body></html>");
        for (status, title) in
            [(524, "A timeout occurred"), (502, "Bad gateway"), (200, "One moment"), (403, "Blocked")]
        {
            assert!(is_unknown(&interpret(status, None, page(title).as_bytes())), "{status}");
        }
    }

    #[test]
    fn what_is_not_a_whole_answer_is_unknown() {
        let whole = format!("<response>{CONTROL}<operation>{SIGNED_IN}</operation></response>");
        assert!(matches!(interpret(200, None, whole.as_bytes()), Answer::Results { .. }));
        for (status, body) in [
            (500, whole.as_str()),
            (502, "<html><body>Bad gateway</body></html>"),
            (524, ""),
            (302, ""),
            (200, ""),
            (200, "<html><body>Welcome</body></html>"),
            (404, "Not found"),
            (200, "<response/>"),
            (200, "<response><control><status>success</status></control></response>"),
            (
                200,
                "<response><acknowledgement><status>success</status></acknowledgement><control><status>success</status></control></response>",
            ),
            (200, "<response><control><status>success</status></control><operation/></response>"),
            (200, "<!DOCTYPE response><response/>"),
        ] {
            assert!(is_unknown(&interpret(status, None, body.as_bytes())), "{status} {body}");
        }
        assert!(is_unknown(&interpret(200, None, format!("{whole}{whole}").as_bytes())), "two roots");
        for end in 0..whole.len() {
            assert!(is_unknown(&interpret(200, None, &whole.as_bytes()[..end])), "cut at {end}");
        }
    }
}
