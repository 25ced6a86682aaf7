//! Tests: the collected sample answers and requests of the gateway, where they are at hand. Every answer is read as its
//! description says, every request that we can make has the same elements as ours.
//!
//! The shapes are also covered by answers of our own in `response.rs`, `outcome.rs` and `diagnosis/tests.rs`, which need no
//! samples.

mod requests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::diagnosis::diagnose;
use super::errors::ErrorClass::{self, BadData, Configuration, Duplicate, SignInAgain};
use super::errors::Level;
use super::functions::Function;
use super::functions::create_contact::{Contact, CreateContact};
use super::outcome::{Outcome, outcomes};
use super::request::{ControlId, FunctionCall};
use super::response::{Answer, FunctionResult, Status, interpret};

/// The folder of samples, or nothing, with a line that says so.
fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/reference/intacct/samples");
    if !folder.is_dir() {
        println!("skipped: there are no samples at {}", folder.display());
        return None;
    }
    Some(folder)
}

/// Sample files whose name ends like this: name without the ending, and content.
fn files(folder: &Path, ending: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found = BTreeMap::new();
    for path in entries {
        let name = path.file_name().unwrap().to_str().unwrap();
        if let Some(name) = name.strip_suffix(ending) {
            found.insert(name.to_owned(), std::fs::read(&path).unwrap());
        }
    }
    assert!(!found.is_empty(), "no sample ends with {ending}");
    found
}

/// What an answer is, as its description says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Is {
    /// So many functions done, each with a record number.
    Created(usize),
    /// One function done whose key is a document's name and no number.
    Named,
    /// One function done that answers nothing.
    Done,
    /// A session with its endpoint.
    Session,
    /// Rows of a query: on this page, and in all.
    Rows(usize, u64),
    /// Something described: dimensions, an object.
    Described,
    /// One function failed, nothing executed.
    Failed(ErrorClass),
    /// One function failed, but a record went in.
    FailedInPart(ErrorClass),
    /// Rolled back with its request.
    Aborted(ErrorClass),
    /// The sign-in or session was refused.
    NotSignedIn(ErrorClass),
    /// The control block was refused.
    Refused(ErrorClass),
    /// No answer to the functions at all: whether they were executed is not known.
    NoAnswer,
}

/// Every answer of the collection.
const ANSWERS: &[(&str, Is)] = &[
    ("create_ARPYMT", Is::Created(1)),
    ("create_CUSTOMER", Is::Created(1)),
    ("create_GLBATCH", Is::Created(1)),
    ("create_aradjustment", Is::Created(1)),
    ("create_arpayment.legacy", Is::Created(1)),
    ("create_invoice", Is::Created(1)),
    ("create_sotransaction.sales-invoice-from-order", Is::Named),
    ("create_sotransaction.sales-order", Is::Named),
    ("create_supdoc", Is::Created(1)),
    ("delete", Is::Done),
    ("failure.aborted-transaction", Is::Aborted(BadData)),
    ("failure.authentication-login", Is::NotSignedIn(Configuration)),
    ("failure.authentication-session", Is::NotSignedIn(SignInAgain)),
    ("failure.control", Is::Refused(BadData)),
    ("failure.duplicate-function-controlid", Is::Failed(Duplicate)),
    ("failure.function-with-additionalinfo", Is::Failed(Duplicate)),
    ("failure.partial-create", Is::FailedInPart(Duplicate)),
    ("getAPISession", Is::Session),
    ("getDimensions", Is::Described),
    ("lookup", Is::Described),
    ("offline.acknowledgement", Is::NoAnswer),
    ("query_ARINVOICE-by-number", Is::Rows(1, 1)),
    ("query_CUSTOMER-by-email", Is::Rows(1, 1)),
    ("query_none-found", Is::Rows(0, 0)),
    ("readByQuery", Is::Rows(2, 35)),
    ("record_deposit", Is::Created(1)),
    ("record_otherreceipt", Is::Created(1)),
    ("transaction-true.credit-memo-and-journal", Is::Created(2)),
    ("update_CUSTOMER", Is::Created(1)),
];

fn class(level: Level, result: &FunctionResult) -> ErrorClass {
    diagnose(level, &result.errors).class
}

/// What our reader makes of an answer.
fn read(body: &[u8]) -> Is {
    let results = match interpret(200, None, body) {
        Answer::Results { results, session_ends } => {
            assert!(session_ends.is_some(), "every answer moves the end of its session");
            results
        }
        Answer::AuthenticationFailure(errors) => {
            return Is::NotSignedIn(diagnose(Level::Authentication, &errors).class);
        }
        Answer::ControlFailure(errors) => return Is::Refused(diagnose(Level::Control, &errors).class),
        Answer::Unknown { .. } => return Is::NoAnswer,
        other @ (Answer::RetryLater { .. } | Answer::TooLarge) => panic!("{other:?}"),
    };
    let result = &results[0];
    match &result.status {
        Status::Failure if result.records.is_empty() => Is::Failed(class(Level::Function, result)),
        Status::Failure => Is::FailedInPart(class(Level::Function, result)),
        Status::Aborted => Is::Aborted(class(Level::Function, result)),
        Status::Other(other) => panic!("{other}"),
        Status::Success => done(&results),
    }
}

fn done(results: &[FunctionResult]) -> Is {
    let result = &results[0];
    match (result.function.as_str(), &result.key) {
        ("getAPISession", _) => {
            let fields = &result.records[0];
            assert!(!fields["sessionid"].is_empty() && fields["endpoint"].starts_with("https://"));
            Is::Session
        }
        ("getDimensions" | "lookup", _) => {
            assert!(!result.records.is_empty());
            Is::Described
        }
        ("query" | "readByQuery", _) => {
            let (rows, total) = (result.records.len(), result.total.unwrap());
            assert_eq!(result.remaining, Some(total - rows as u64));
            assert_eq!(result.raw.contains("resultId="), result.function == "readByQuery", "{}", result.raw);
            Is::Rows(rows, total)
        }
        (_, Some(key)) if key.parse::<u64>().is_err() => {
            assert_eq!(result.record_number(), None);
            Is::Named
        }
        (_, None) if result.records.is_empty() => Is::Done,
        _ => {
            let numbered = results.iter().filter(|result| result.record_number().is_some()).count();
            assert_eq!(numbered, results.len());
            Is::Created(numbered)
        }
    }
}

#[test]
fn every_sample_answer_is_read_as_its_description_says() {
    let Some(folder) = folder() else { return };
    let expected: BTreeMap<&str, Is> = ANSWERS.iter().copied().collect();
    let answers = files(&folder, ".response.xml");
    for (name, body) in &answers {
        let is = expected.get(name.as_str()).unwrap_or_else(|| panic!("{name} has no expectation"));
        assert_eq!(read(body), *is, "{name}");
    }
    let gone: Vec<_> = expected.keys().filter(|name| !answers.contains_key(**name)).collect();
    assert!(gone.is_empty(), "{gone:?} are no samples any more");
}

/// What became of one function, by the name of the sample.
fn outcome_of(folder: &Path, sample: &str) -> Outcome {
    let body = std::fs::read(folder.join(format!("{sample}.response.xml"))).unwrap();
    let Answer::Results { results, .. } = interpret(200, None, &body) else { panic!("{sample}") };
    let contact = Contact { name: Some("A".into()), print_as: "A".into(), ..Contact::default() };
    let function = Function::CreateContact(Box::new(CreateContact { contact }));
    let control_id = ControlId::new(results[0].control_id.clone()).unwrap();
    outcomes(&[FunctionCall { control_id, function }], results).remove(0)
}

#[test]
fn a_create_that_went_in_partly_is_looked_up_and_one_that_did_not_has_failed() {
    let Some(folder) = folder() else { return };
    assert!(matches!(outcome_of(&folder, "failure.partial-create"), Outcome::Unknown { .. }));
    assert!(matches!(outcome_of(&folder, "failure.function-with-additionalinfo"), Outcome::Failed(_)));
}

#[test]
fn additional_information_and_support_ids_are_read_from_the_sample_that_has_them() {
    let Some(folder) = folder() else { return };
    let Outcome::Failed(result) = outcome_of(&folder, "failure.function-with-additionalinfo") else { panic!() };
    let error = &result.errors[0];
    let info = error.info.as_ref().unwrap();
    assert_eq!(info.category, "Duplication Prevention");
    assert!(!info.error_id.is_empty() && info.message_id.starts_with("IA."), "{info:?}");
    let id = error.support_id.as_deref().unwrap();
    assert!(result.raw.contains(id) && !error.description2.contains(id));
    assert!(diagnose(Level::Function, &result.errors).cause.contains(id), "a person can give it to Sage");
}
