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
        let text = |name: &str| without_support_id(error.text_of(name).unwrap_or_default());
        Self {
            number: text("errorno"),
            description: text("description"),
            description2: text("description2"),
            correction: text("correction"),
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
}

impl fmt::Display for GatewayError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = if self.number.is_empty() { "no number" } else { &self.number };
        let cause = if self.cause().is_empty() { "no reason given" } else { self.cause() };
        write!(formatter, "{cause} ({number})")?;
        if !self.correction.is_empty() {
            write!(formatter, " {}", self.correction)?;
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

/// Takes `[Support ID: ...]` out of a text.
fn without_support_id(text: &str) -> String {
    const MARK: &str = "[Support ID:";
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(MARK) {
        kept.push_str(rest[..start].trim_end());
        rest = rest[start..].find(']').map_or("", |end| &rest[start + end + 1..]);
    }
    kept.push_str(rest);
    kept.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intacct::tree;

    #[test]
    fn an_error_is_read_without_its_support_id() {
        let xml = b"<result><errormessage><error><errorno>BL01001973</errorno><description>Duplicate</description>\
            <description2>The account &#039;40&#039; exists [Support ID: aB%7Ec]. Really.</description2>\
            <correction>Use another</correction><additionalinfo><description><messageid>IA.X</messageid></description>\
            </additionalinfo></error><error><errorno>B</errorno></error></errormessage></result>";
        let errors = GatewayError::read_all(&tree::read(xml).unwrap());
        assert_eq!(errors.len(), 2);
        assert_eq!(errors[0].description2, "The account '40' exists. Really.");
        assert_eq!(errors[0].to_string(), "The account '40' exists. Really. (BL01001973) Use another");
        assert_eq!(errors[1].to_string(), "no reason given (B)");
        assert_eq!(summary(&[]), "no reason given");
    }

    #[test]
    fn a_support_id_that_never_ends_is_cut_off() {
        assert_eq!(without_support_id("Down [Support ID: abc"), "Down");
        assert_eq!(without_support_id("[Support ID: a]x[Support ID: b]"), "x");
    }
}
