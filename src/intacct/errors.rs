//! One error as the gateway writes it, and how errors are classed (Intacct docs, web services responses).

use std::fmt;

use super::tree::Element;

/// One `error` element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewayError {
    /// `errorno`, for example `BL01001973`. The same number stands for many causes.
    pub number: String,
    /// `description`, often empty.
    pub description: String,
    /// `description2`, the cause in words, without its support id (which differs on every call).
    pub description2: String,
    /// `correction`, Intacct's own advice, often empty.
    pub correction: String,
    /// The id under which Sage support finds this very call, as it came (URL-encoded).
    pub support_id: Option<String>,
    /// What Intacct adds when it is asked to (`showadditionalerrorinfo`).
    pub info: Option<AdditionalInfo>,
}

/// `additionalinfo` of an error: the only classifier that is meant for programs (Intacct docs, web services requests).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdditionalInfo {
    /// `errorid`, for example `GL-0493`.
    pub error_id: String,
    /// `category`, for example `Duplication Prevention`.
    pub category: String,
    /// `messageid` of the description, for example `IA.DUPLICATE_ACCOUNT_NUMBER`.
    pub message_id: String,
    /// What the message's placeholders stand for, name and value.
    pub placeholders: Vec<(String, String)>,
}

/// Where in an answer the errors stood, which decides what was executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The control block failed: nothing was executed.
    Control,
    /// Authentication failed: nothing was executed.
    Authentication,
    /// One function failed; the others stand on their own.
    Function,
}

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// It was not executed and may succeed unchanged later.
    RetryLater,
    /// The session ended: sign in and send the same again; nothing was executed.
    SignInAgain,
    /// Intacct says it has this already: look it up.
    Duplicate,
    /// The document itself is wrong: a person changes the order, the mapping or the date.
    BadData,
    /// Intacct or the connection is set up in a way that refuses it: a person changes the set-up.
    Configuration,
    /// It may or may not have been executed: look it up before sending it again.
    Unknown,
}

impl GatewayError {
    /// Reads one `error` element.
    pub fn read(error: &Element) -> Self {
        let mut support_id = None;
        let mut text = |name: &str| {
            let (text, id) = split_support_id(error.text_of(name).unwrap_or_default());
            support_id = support_id.take().or(id);
            text
        };
        let [number, description, description2, correction] =
            ["errorno", "description", "description2", "correction"].map(&mut text);
        let more = error.child("additionalinfo");
        let requested = more.and_then(|more| more.child("target")).and_then(|target| target.attribute("requestinfo"));
        Self {
            number,
            description,
            description2,
            correction,
            support_id: support_id.or_else(|| requested.filter(|id| !id.is_empty()).map(str::to_owned)),
            info: more.map(AdditionalInfo::read),
        }
    }

    /// All errors below an `errormessage` element.
    pub fn read_all(parent: &Element) -> Vec<Self> {
        let messages = parent.children_named("errormessage");
        messages.flat_map(|message| message.children_named("error")).map(Self::read).collect()
    }

    /// The cause in Intacct's words: `description2`, or `description` when that is empty.
    pub fn cause(&self) -> &str {
        if self.description2.is_empty() { &self.description } else { &self.description2 }
    }

    /// All its texts, the cause first, a line each.
    pub fn texts(&self) -> String {
        let parts = [&self.description2, &self.description, &self.correction].map(String::as_str);
        parts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
    }
}

impl AdditionalInfo {
    fn read(info: &Element) -> Self {
        let text = |name: &str| info.text_of(name).unwrap_or_default().to_owned();
        let description = info.child("description");
        let placeholders = description.and_then(|description| description.child("placeholders"));
        Self {
            error_id: text("errorid"),
            category: text("category"),
            message_id: description.and_then(|it| it.text_of("messageid")).unwrap_or_default().to_owned(),
            placeholders: placeholders.map_or_else(Vec::new, |it| it.children.iter().map(placeholder).collect()),
        }
    }
}

/// Name and value of a placeholder. How they are written is not documented: as parts, as attributes, or name as element.
fn placeholder(element: &Element) -> (String, String) {
    let part = |name: &str| element.text_of(name).or_else(|| element.attribute(name)).map(str::to_owned);
    let name = part("name").unwrap_or_else(|| element.name.clone());
    (name, part("value").unwrap_or_else(|| element.text.trim().to_owned()))
}

impl fmt::Display for GatewayError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = if self.number.is_empty() { "no number" } else { &self.number };
        let cause = if self.cause().is_empty() { "no reason given" } else { self.cause() };
        write!(formatter, "{cause} ({number})")?;
        if !self.correction.is_empty() {
            write!(formatter, " {}", self.correction)?;
        }
        if let Some(info) = self.info.as_ref().filter(|info| !info.error_id.is_empty()) {
            write!(formatter, " [{} {}]", info.error_id, info.message_id)?;
        }
        if let Some(id) = &self.support_id {
            write!(formatter, " [support id for Sage: {id}]")?;
        }
        Ok(())
    }
}

/// All errors in one line, as they came.
pub fn summary(errors: &[GatewayError]) -> String {
    if errors.is_empty() {
        return "no reason given".to_owned();
    }
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Takes `[Support ID: ...]` out of a text; answers the text and the first such id. With the id two errors of the same
/// cause would never be the same text.
fn split_support_id(text: &str) -> (String, Option<String>) {
    const MARK: &str = "[Support ID:";
    let mut kept = String::with_capacity(text.len());
    let (mut rest, mut found) = (text, None);
    while let Some(start) = rest.find(MARK) {
        kept.push_str(rest[..start].trim_end());
        let behind = &rest[start + MARK.len()..];
        let (id, after) = behind.split_once(']').unwrap_or((behind, ""));
        found = found.or_else(|| Some(id.trim().to_owned()).filter(|id| !id.is_empty()));
        rest = after;
    }
    kept.push_str(rest);
    (kept.trim().to_owned(), found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intacct::tree;

    fn read_one(inside: &str) -> GatewayError {
        let xml = format!("<result><errormessage><error>{inside}</error></errormessage></result>");
        GatewayError::read_all(&tree::read(xml.as_bytes()).unwrap()).remove(0)
    }

    #[test]
    fn an_error_is_matched_without_its_support_id_and_shown_with_it() {
        let xml = b"<result><errormessage><error><errorno>BL01001973</errorno><description>Duplicate</description>\
            <description2>The account &#039;40&#039; exists [Support ID: aB%7Ec]. Really.</description2>\
            <correction>Use another</correction></error><error><errorno>B</errorno></error></errormessage></result>";
        let errors = GatewayError::read_all(&tree::read(xml).unwrap());
        assert_eq!(errors.len(), 2);
        assert_eq!(errors[0].description2, "The account '40' exists. Really.");
        assert_eq!(errors[0].texts(), "The account '40' exists. Really.\nDuplicate\nUse another");
        assert_eq!(
            errors[0].to_string(),
            "The account '40' exists. Really. (BL01001973) Use another [support id for Sage: aB%7Ec]"
        );
        assert_eq!(errors[1].to_string(), "no reason given (B)");
        assert_eq!(summary(&[]), "no reason given");
    }

    #[test]
    fn additional_information_is_read_when_it_is_there() {
        let error = read_one(
            "<errorno>BL01001973</errorno><description2>It is there</description2><additionalinfo><errorid>AR-0001</errorid>\
             <category>Duplication Prevention</category><target requestinfo=\"x%7Ey\" object=\"\"/><description>\
             <messageid>IA.NUMBER_IS_THERE</messageid><target/><placeholders><placeholder><name>NUMBER</name>\
             <value>INV-9</value></placeholder><placeholder name=\"KIND\" value=\"invoice\"/><COUNT>2</COUNT></placeholders>\
             </description></additionalinfo>",
        );
        let info = error.info.as_ref().unwrap();
        assert_eq!((info.error_id.as_str(), info.category.as_str()), ("AR-0001", "Duplication Prevention"));
        assert_eq!(info.message_id, "IA.NUMBER_IS_THERE");
        let pairs = [("NUMBER", "INV-9"), ("KIND", "invoice"), ("COUNT", "2")];
        assert_eq!(info.placeholders, pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(error.support_id.as_deref(), Some("x%7Ey"));
        assert!(error.to_string().contains("[AR-0001 IA.NUMBER_IS_THERE]"), "{error}");
        assert_eq!(read_one("<errorno>A</errorno>").info, None);
    }

    #[test]
    fn a_support_id_that_never_ends_is_cut_off() {
        assert_eq!(split_support_id("Down [Support ID: abc"), ("Down".into(), Some("abc".into())));
        assert_eq!(split_support_id("[Support ID: a]x[Support ID: b]"), ("x".into(), Some("a".into())));
        assert_eq!(split_support_id("[Support ID: ]x"), ("x".into(), None));
        assert_eq!(split_support_id("nothing"), ("nothing".into(), None));
    }
}
