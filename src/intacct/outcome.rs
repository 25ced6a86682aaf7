//! What became of each function of a request: results matched by control id, strictly.
//!
//! A missing, doubled or contradictory result is unknown, never a failure: the function may have been executed.

use std::collections::BTreeMap;

use super::diagnosis::diagnose;
use super::errors::{ErrorClass, Level};
use super::request::FunctionCall;
use super::response::{FunctionResult, Status};

/// What became of one function of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Executed.
    Done(FunctionResult),
    /// Not executed, or rolled back.
    Failed(FunctionResult),
    /// It may or may not have been executed: look it up.
    Unknown {
        /// Why it is not known.
        reason: String,
        /// The result, when there was one.
        result: Option<Box<FunctionResult>>,
    },
}

/// Finds the result of every function by its control id, in the order of the functions.
pub fn outcomes(calls: &[FunctionCall], results: Vec<FunctionResult>) -> Vec<Outcome> {
    let mut by_id: BTreeMap<String, Vec<FunctionResult>> = BTreeMap::new();
    for result in results {
        by_id.entry(result.control_id.clone()).or_default().push(result);
    }
    calls
        .iter()
        .map(|call| {
            let mut found = by_id.remove(call.control_id.as_str()).unwrap_or_default();
            match (found.pop(), found.is_empty()) {
                (Some(result), true) => outcome(call, result),
                (Some(_), false) => unknown("the answer has several results for this control id", None),
                (None, _) => unknown("the answer has no result for this control id", None),
            }
        })
        .collect()
}

fn unknown(reason: &str, result: Option<FunctionResult>) -> Outcome {
    Outcome::Unknown { reason: reason.to_owned(), result: result.map(Box::new) }
}

fn outcome(call: &FunctionCall, result: FunctionResult) -> Outcome {
    if result.function != call.function.name() {
        return unknown("the result belongs to another function", Some(result));
    }
    match &result.status {
        Status::Success => Outcome::Done(result),
        Status::Failure if call.function.is_write() && !result.records.is_empty() => {
            unknown("the function failed but names a record that may have been created", Some(result))
        }
        Status::Failure if diagnose(Level::Function, &result.errors).class == ErrorClass::Unknown => {
            unknown("the error leaves open whether the function was executed", Some(result))
        }
        Status::Failure | Status::Aborted => Outcome::Failed(result),
        Status::Other(_) => unknown("the result has a status that is neither success nor failure", Some(result)),
    }
}
