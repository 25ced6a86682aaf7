//! What an answer says about each function of a request (Intacct docs, web services responses).
//!
//! Pure and strict: only `success` is success. Whatever cannot be read as a whole answer is unknown, because the
//! functions may have been executed all the same.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::diagnosis::diagnose;
use super::errors::{ErrorClass, GatewayError, Level};
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
    /// Errors, in the order of the answer. A failure can come without any.
    pub errors: Vec<GatewayError>,
    /// The element as it came, for storing.
    pub raw: String,
}

impl FunctionResult {
    /// The record number of what was created: from `key`, or from the only record of a generic create.
    pub fn record_number(&self) -> Option<u64> {
        let text = match (&self.key, self.records.as_slice()) {
            (Some(key), _) => Some(key),
            (None, [record]) => record.get("RECORDNO"),
            _ => None,
        };
        text?.parse().ok()
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
    let unknown = |reason: String| Answer::Unknown { reason };
    if !(200..500).contains(&http_status) || (300..400).contains(&http_status) {
        return unknown(format!("Intacct answered HTTP {http_status}"));
    }
    let root = match tree::read(body) {
        Ok(root) => root,
        Err(_) if says_rate_limit(body) => {
            return Answer::RetryLater { after: retry_after, reason: "API rate limit exceeded".to_owned() };
        }
        Err(error) => return unknown(format!("the answer (HTTP {http_status}) cannot be read: {error}")),
    };
    if root.name != "response" {
        return unknown(format!("the answer (HTTP {http_status}) is a {:?}, not a response", cut_name(&root.name)));
    }
    read_response(&root, retry_after)
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
