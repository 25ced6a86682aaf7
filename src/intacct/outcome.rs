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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intacct::functions::{Account, CreateAdjustment, Function, Line};
    use crate::intacct::request::ControlId;
    use crate::intacct::response::{Answer, interpret};

    fn memo(control_id: &str) -> FunctionCall {
        let lines = vec![Line::new(Account::Gl("4000".into()), "-1".parse().unwrap())];
        let adjustment = CreateAdjustment::new("BC-1", "BC-R1", "2026-07-01".parse().unwrap(), lines);
        let function = Function::CreateAdjustment(Box::new(adjustment));
        FunctionCall { control_id: ControlId::new(control_id).unwrap(), function }
    }

    /// The outcomes of functions `a` and `b` when these results come back.
    fn after(results: &str) -> Vec<Outcome> {
        let body = format!(
            "<response><control><status>success</status></control><operation><authentication>\
             <status>success</status></authentication>{results}</operation></response>"
        );
        match interpret(200, None, body.as_bytes()) {
            Answer::Results { results, .. } => outcomes(&[memo("a"), memo("b")], results),
            other => panic!("{other:?}"),
        }
    }

    fn result(control_id: &str, status: &str, more: &str) -> String {
        format!(
            "<result><status>{status}</status><function>create_aradjustment</function>\
             <controlid>{control_id}</controlid>{more}</result>"
        )
    }

    fn error(text: &str) -> String {
        format!("<errormessage><error><errorno>X</errorno><description2>{text}</description2></error></errormessage>")
    }

    fn is_unknown(outcome: &Outcome) -> bool {
        matches!(outcome, Outcome::Unknown { .. })
    }

    #[test]
    fn results_are_matched_by_control_id_and_not_by_place() {
        let found = after(
            &(result("b", "success", "<key>2</key>") + &result("a", "failure", &error("Account '1' is not valid"))),
        );
        assert!(matches!(&found[0], Outcome::Failed(failed) if failed.control_id == "a"));
        assert!(matches!(&found[1], Outcome::Done(done) if done.record_number() == Some(2)));
    }

    #[test]
    fn a_missing_or_doubled_result_is_unknown() {
        let found = after(&result("a", "success", "<key>1</key>"));
        assert!(matches!(found[0], Outcome::Done(_)) && is_unknown(&found[1]));
        let found = after(&result("a", "success", "<key>1</key>").repeat(2));
        assert!(is_unknown(&found[0]) && is_unknown(&found[1]));
        assert!(after("").iter().all(is_unknown));
    }

    #[test]
    fn only_success_is_success() {
        let found = after(&(result("a", "aborted", &error("rolled back")) + &result("b", "partial", "<key>9</key>")));
        assert!(matches!(found[0], Outcome::Failed(_)), "a rolled back function was not executed");
        assert!(is_unknown(&found[1]));
        assert!(is_unknown(&after(&result("a", "", "<key>9</key>"))[0]));
        assert!(is_unknown(&after(&result("a", "Success", "<key>9</key>"))[0]));
    }

    #[test]
    fn a_failure_that_leaves_something_open_is_unknown() {
        let partial = result("a", "failure", "<data count=\"1\"><customer><RECORDNO>7</RECORDNO></customer></data>");
        assert!(is_unknown(&after(&partial)[0]));
        let concurrent = result("a", "failure", &error("A concurrent request with this control id is in process"));
        assert!(is_unknown(&after(&concurrent)[0]));
        let empty = result("a", "failure", "<data listtype=\"objects\" count=\"0\"/>");
        assert!(matches!(after(&empty)[0], Outcome::Failed(_)));
    }

    #[test]
    fn the_result_of_another_function_is_not_taken_for_ours() {
        let other = "<result><status>success</status><function>query</function><controlid>a</controlid></result>";
        assert!(is_unknown(&after(other)[0]));
    }
}
