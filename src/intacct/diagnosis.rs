//! From gateway errors to a class, what it means and a remedy in an accountant's words.
//!
//! A number alone decides little: the same number stands for many causes, and the last error is often only a trailer
//! ("Could not create the record!"). So the first error that is known decides, one with Intacct's own category before all.
//! An unknown error of a function is taken for bad data, so that a person sees it; an unknown refusal before any
//! function, for wrong configuration.

use super::errors::{ErrorClass, GatewayError, Level, summary};
use super::rules::{BOOKS, DUPLICATION, GATEWAY, Rule, SIGN_IN};
use super::tree;

/// What a failure means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// What to do about it.
    pub class: ErrorClass,
    /// What happened: one sentence in plain words where the error is known, then all of Intacct's own words, with the
    /// support ids that Sage asks for.
    pub cause: String,
    /// What a person mends, one sentence. How to try again depends on what was sent.
    pub remedy: String,
    /// How often the same document is tried before a person should look; none for as long as it takes.
    pub tries: Option<i32>,
}

/// Classes the errors of one failure. `errors` may be empty: a failure can come without a reason.
pub fn diagnose(level: Level, errors: &[GatewayError]) -> Diagnosis {
    let causes: Vec<&GatewayError> = errors.iter().filter(|error| !is_trailer(error)).collect();
    let mut causes = if causes.is_empty() { errors.iter().collect() } else { causes };
    causes.sort_by_key(|error| error.info.as_ref().is_none_or(|info| info.category != DUPLICATION));
    let tables: &[&[Rule]] = match level {
        Level::Control | Level::Authentication => &[SIGN_IN, GATEWAY],
        Level::Function => &[GATEWAY, BOOKS],
    };
    let alone = causes.len() == 1;
    for error in &causes {
        let text = searchable(error);
        let fits = |rule: &&Rule| (alone || !rule.only_alone) && rule.fits(error, &text);
        if let Some(rule) = tables.iter().copied().flatten().find(fits) {
            return Diagnosis {
                class: rule.class,
                cause: format!("{} Intacct says: {}", rule.sentence(error), summary(errors)),
                remedy: rule.remedy(error),
                tries: rule.tries,
            };
        }
    }
    unknown_error(level, errors)
}

/// Classes a failed `result` element as it was stored; `None` when the text is none.
pub fn of_result(raw: &str) -> Option<Diagnosis> {
    let result = tree::read(raw.as_bytes()).ok().filter(|root| root.name == "result")?;
    Some(diagnose(Level::Function, &GatewayError::read_all(&result)))
}

/// Whether Intacct says that it has executed this very control id before. Then it must be there, and sending it again
/// would be refused for ever; any other duplicate was refused because something else is in its way.
pub fn names_control_id(text: &str) -> bool {
    let text = text.to_lowercase();
    text.contains("already been recorded") && text.contains("control id")
}

fn unknown_error(level: Level, errors: &[GatewayError]) -> Diagnosis {
    let (class, remedy) = match level {
        Level::Function => (
            ErrorClass::BadData,
            "Read Intacct's message and correct the order, the mapping rule or the record in Intacct that it names.",
        ),
        Level::Control | Level::Authentication => (
            ErrorClass::Configuration,
            "Read Intacct's message and correct the connection's settings or its permissions in Intacct, then run `cartledger check`.",
        ),
    };
    Diagnosis { class, cause: format!("Intacct says: {}", summary(errors)), remedy: remedy.to_owned(), tries: None }
}

/// Whether a function says no more than that it was rolled back with its operation: another one is to blame.
pub fn only_rolled_back(errors: &[GatewayError]) -> bool {
    !errors.is_empty() && errors.iter().all(|error| error.number == "XL03000009" && is_trailer(error))
}

/// Errors that only say that something failed, after the one that says why.
fn is_trailer(error: &GatewayError) -> bool {
    let text = searchable(error);
    error.number == "XL03000009" && text.contains("rolled back")
        || error.number == "BL01001973"
            && (text.contains("could not create") && text.contains("record") || text.contains("error while saving"))
}

/// All texts of an error in lower case, with plain apostrophes.
fn searchable(error: &GatewayError) -> String {
    error.texts().to_lowercase().replace(['\u{2018}', '\u{2019}'], "'")
}

#[cfg(test)]
mod tests;
