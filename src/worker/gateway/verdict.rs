//! What an answer means for whoever sent something: pure.

use super::{Failure, Sent};
use crate::intacct::client::CallError;
use crate::intacct::diagnosis::{diagnose, only_rolled_back};
use crate::intacct::errors::{ErrorClass, Level, summary};
use crate::intacct::outcome::Outcome;
use crate::intacct::response::FunctionResult;

type Verdict<T = FunctionResult> = Result<T, Failure>;

/// What the failure of a whole request means for each of its functions.
pub(super) fn whole(error: &CallError) -> Failure {
    let why = error.to_string();
    match error {
        CallError::Unknown { answer, .. } => Failure::Unknown { why, answer: answer.clone() },
        CallError::Rejected(diagnosis) => {
            Failure::Refused { error: diagnosis.cause.clone(), remedy: diagnosis.remedy.clone(), answer: why }
        }
        CallError::Invalid(_) => Failure::Refused {
            error: why.clone(),
            remedy: "Change the rule or setting that gives what is named here.".to_owned(),
            answer: why,
        },
        CallError::TooLarge(_) => Failure::Refused {
            error: why.clone(),
            remedy: "The document alone is larger than Intacct takes: book it there by hand in parts.".to_owned(),
            answer: why,
        },
        CallError::RateLimited { after, .. } => Failure::NotExecuted { why, after: *after, answer: None },
        CallError::NotSent(_) | CallError::SignIn(_) => Failure::NotExecuted { why, after: None, answer: None },
    }
}

/// What one function's outcome means.
pub(super) fn one(outcome: Outcome) -> Verdict {
    match outcome {
        Outcome::Done(result) => Ok(result),
        Outcome::Unknown { reason, result } => {
            Err(Failure::Unknown { why: reason, answer: result.map(|result| result.raw) })
        }
        Outcome::Failed(result) => Err(failed(result)),
    }
}

fn failed(result: FunctionResult) -> Failure {
    let diagnosis = diagnose(Level::Function, &result.errors);
    let error = summary(&result.errors);
    match diagnosis.class {
        ErrorClass::RetryLater | ErrorClass::SignInAgain => {
            Failure::NotExecuted { why: error, after: None, answer: Some(result.raw) }
        }
        ErrorClass::Duplicate => Failure::AlreadyRecorded { error, answer: result.raw },
        ErrorClass::Unknown => Failure::Unknown { why: error, answer: Some(result.raw) },
        ErrorClass::BadData | ErrorClass::Configuration => {
            Failure::Refused { error, remedy: diagnosis.remedy, answer: result.raw }
        }
    }
}

/// How the refusal of a function begins that was only rolled back with another: its own answer names no reason.
pub(in crate::worker) const OF_ANOTHER: &str = "rolled back together with";

/// What the outcomes of an operation that is all or nothing mean: the same for all of its functions. When some were
/// executed and others not, the answer contradicts itself, and only a look-up can tell.
pub(super) fn together(outcomes: Vec<Outcome>) -> Vec<Verdict> {
    if outcomes.iter().all(|outcome| matches!(outcome, Outcome::Done(_))) {
        return outcomes.into_iter().map(one).collect();
    }
    if outcomes.iter().all(|outcome| matches!(outcome, Outcome::Failed(_))) {
        return refused_together(outcomes);
    }
    let reason = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Unknown { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    let why = reason.unwrap_or_else(|| {
        "the answer says of an operation that is all or nothing that one part was executed and another was not"
            .to_owned()
    });
    let unknown = |outcome: Outcome| match outcome {
        Outcome::Done(result) | Outcome::Failed(result) => Some(result.raw),
        Outcome::Unknown { result, .. } => result.map(|result| result.raw),
    };
    outcomes.into_iter().map(|outcome| Err(Failure::Unknown { why: why.clone(), answer: unknown(outcome) })).collect()
}

/// One of them was refused and took the others with it: all have its reason.
fn refused_together(outcomes: Vec<Outcome>) -> Vec<Verdict> {
    let results: Vec<FunctionResult> = outcomes
        .into_iter()
        .filter_map(|outcome| match outcome {
            Outcome::Failed(result) => Some(result),
            _ => None,
        })
        .collect();
    let guilty = results.iter().position(|result| !only_rolled_back(&result.errors)).unwrap_or_default();
    let Some(culprit) = results.get(guilty).cloned() else { return Vec::new() };
    let (id, failure) = (culprit.control_id.clone(), failed(culprit));
    let of = |(place, result): (usize, FunctionResult)| {
        let (mut failure, raw) = (failure.clone(), result.raw);
        match &mut failure {
            Failure::Refused { error, answer, .. } => {
                *answer = raw;
                if place != guilty {
                    *error = format!("{OF_ANOTHER} {id}, which was refused: {error}");
                }
            }
            Failure::AlreadyRecorded { answer, .. } => *answer = raw,
            Failure::NotExecuted { answer, .. } | Failure::Unknown { answer, .. } => *answer = Some(raw),
        }
        Err(failure)
    };
    results.into_iter().enumerate().map(of).collect()
}

/// The record a write has made.
pub(super) fn sent(result: FunctionResult) -> Verdict<Sent> {
    match result.record() {
        Some(record_no) => Ok(Sent { record_no, answer: result.raw }),
        None => Err(Failure::Unknown {
            why: "Intacct reported success without a record number".to_owned(),
            answer: Some(result.raw),
        }),
    }
}

/// The records that writes in one operation have made; one without a number leaves all of them open.
pub(super) fn all_or_nothing(results: Vec<Verdict>) -> Vec<Verdict<Sent>> {
    let sent: Vec<Verdict<Sent>> = results.into_iter().map(|result| result.and_then(sent)).collect();
    if sent.iter().all(Result::is_ok) || sent.iter().all(Result::is_err) {
        return sent;
    }
    let unknown = |answer: Option<String>| {
        Err(Failure::Unknown {
            why: "Intacct reported success without a record number for a part of the operation".to_owned(),
            answer,
        })
    };
    sent.into_iter()
        .map(|one| match one {
            Ok(Sent { answer, .. }) => unknown(Some(answer)),
            Err(Failure::Unknown { answer, .. } | Failure::NotExecuted { answer, .. }) => unknown(answer),
            Err(Failure::Refused { answer, .. } | Failure::AlreadyRecorded { answer, .. }) => unknown(Some(answer)),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intacct::errors::GatewayError;
    use crate::intacct::response::Status;

    fn result(id: &str, status: Status, errors: &[(&str, &str)]) -> FunctionResult {
        let error = |(number, text): &(&str, &str)| GatewayError {
            number: (*number).to_owned(),
            description2: (*text).to_owned(),
            ..GatewayError::default()
        };
        FunctionResult {
            control_id: id.to_owned(),
            function: "create_aradjustment".to_owned(),
            key: (status == Status::Success).then(|| "7".to_owned()),
            status,
            records: Vec::new(),
            total: None,
            remaining: None,
            result_id: None,
            errors: errors.iter().map(error).collect(),
            raw: format!("<{id}/>"),
        }
    }

    fn done(id: &str) -> Outcome {
        Outcome::Done(result(id, Status::Success, &[]))
    }

    const ROLLED_BACK: (&str, &str) = ("XL03000009", "The entire transaction in this operation has been rolled back");

    fn aborted(id: &str, errors: &[(&str, &str)]) -> Outcome {
        Outcome::Failed(result(id, Status::Aborted, &[errors, &[ROLLED_BACK]].concat()))
    }

    #[test]
    fn all_done_is_all_sent() {
        let sent = all_or_nothing(together(vec![done("a"), done("b")]));
        assert!(sent.iter().all(|one| one.as_ref().is_ok_and(|sent| sent.record_no == "7")));
    }

    #[test]
    fn one_refused_refuses_all_with_its_reason() {
        let bad = [("BL03000018", "Account '9' is not valid")];
        for outcomes in [vec![aborted("a", &[]), aborted("b", &bad)], vec![aborted("b", &bad), aborted("a", &[])]] {
            let verdicts = together(outcomes);
            for verdict in &verdicts {
                let Err(Failure::Refused { error, answer, .. }) = verdict else { panic!("{verdict:?}") };
                assert!(error.contains("Account '9' is not valid"), "{error}");
                assert_eq!(error.starts_with("rolled back together with b"), answer == "<a/>");
            }
        }
    }

    #[test]
    fn one_recorded_before_sends_all_of_them_to_the_look_up() {
        let recorded = [("?", "A successful transaction has already been recorded with the control id a")];
        let verdicts = together(vec![aborted("a", &recorded), aborted("b", &[])]);
        assert!(verdicts.iter().all(|verdict| matches!(verdict, Err(Failure::AlreadyRecorded { .. }))));
    }

    #[test]
    fn a_passing_failure_lets_all_of_them_be_sent_again() {
        let passing = [("BL01001973", "Currently, we can't create the transaction")];
        let verdicts = together(vec![aborted("a", &[]), aborted("b", &passing)]);
        assert!(verdicts.iter().all(|verdict| matches!(verdict, Err(Failure::NotExecuted { .. }))), "{verdicts:?}");
    }

    #[test]
    fn unknown_and_contradiction_are_unknown_for_all() {
        let unknown = Outcome::Unknown { reason: "no result".to_owned(), result: None };
        for outcomes in
            [vec![done("a"), unknown.clone()], vec![aborted("a", &[]), unknown], vec![done("a"), aborted("b", &[])]]
        {
            let verdicts = together(outcomes);
            assert!(verdicts.iter().all(|verdict| matches!(verdict, Err(Failure::Unknown { .. }))), "{verdicts:?}");
        }
        let mut nameless = result("b", Status::Success, &[]);
        nameless.key = None;
        let sent = all_or_nothing(together(vec![done("a"), Outcome::Done(nameless)]));
        assert!(sent.iter().all(|one| matches!(one, Err(Failure::Unknown { .. }))), "{sent:?}");
    }
}
