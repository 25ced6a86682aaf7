//! Running a request against the books: sign-in, control ids, functions one by one, all or nothing where asked for.

use std::collections::HashSet;
use std::time::Duration;

use jiff::Timestamp;

use super::answers::{self, Outcome, SignedIn};
use super::books::Books;
use super::envelope::{Call, Control, ControlFailure, Envelope, Operation};
use super::faults::Plan;
use super::functions::{self, Context};
use super::refusal::Refusal;
use super::request_log::RequestLog;
use super::sessions::{self, Sessions};
use super::settings::CompanySettings;
use super::xml_tree::Element;

/// What the company keeps between requests.
pub(super) struct State {
    pub(super) books: Books,
    pub(super) sessions: Sessions,
    pub(super) log: RequestLog,
    /// Control ids of functions that run at this moment.
    pub(super) running: HashSet<String>,
    /// Rises with every change of the books.
    pub(super) version: u64,
}

/// A request that was let in: its operations, each signed in or not, with the control ids it holds.
pub(super) struct Admitted {
    control: Control,
    operations: Vec<AdmittedOperation>,
    /// Control ids this request holds until it is finished.
    held: Vec<String>,
}

enum AdmittedOperation {
    Refused(Element),
    SignedIn { operation: Operation, signed_in: SignedIn, busy: HashSet<usize> },
}

/// Checks sender and sign-in, and takes the control ids that must not run twice.
///
/// # Errors
/// A control failure when the sender is wrong.
pub(super) fn admit(
    envelope: Envelope,
    state: &mut State,
    settings: &CompanySettings,
    now: Timestamp,
) -> Result<Admitted, Box<ControlFailure>> {
    let Envelope { control, operations } = envelope;
    if let Err(refusal) = sessions::check_sender(&control, settings) {
        return Err(Box::new(ControlFailure { control: Some(control), refusal }));
    }
    let mut held = Vec::new();
    let mut admitted = Vec::new();
    for operation in operations {
        let signed_in =
            sessions::sign_in(&operation.authentication, &mut state.sessions, settings, &state.books.masters, now);
        admitted.push(match signed_in {
            Ok(signed_in) => {
                let busy =
                    if control.unique { hold(&operation, &mut state.running, &mut held) } else { HashSet::new() };
                AdmittedOperation::SignedIn { operation, signed_in, busy }
            }
            Err(failure) => AdmittedOperation::Refused(answers::authentication_failure(
                &failure.user,
                &failure.company,
                &failure.refusal,
            )),
        });
    }
    Ok(Admitted { control, operations: admitted, held })
}

/// Takes the control ids of an operation; answers the places of those another request holds.
fn hold(operation: &Operation, running: &mut HashSet<String>, held: &mut Vec<String>) -> HashSet<usize> {
    let mut busy = HashSet::new();
    for (place, call) in operation.calls.iter().enumerate() {
        if held.contains(&call.control_id) {
            continue;
        }
        if running.insert(call.control_id.clone()) {
            held.push(call.control_id.clone());
        } else {
            busy.insert(place);
        }
    }
    busy
}

/// What running a request needs besides the state.
pub(super) struct Run<'a> {
    pub(super) settings: &'a CompanySettings,
    pub(super) plan: &'a Plan,
    pub(super) endpoint: &'a str,
    /// The number of the request in the log.
    pub(super) sequence: u64,
    pub(super) now: Timestamp,
}

/// Runs an admitted request to its end; answers the document to send.
pub(super) fn run(admitted: Admitted, state: &mut State, run: &Run<'_>) -> String {
    let mut place = 0;
    let mut answers = Vec::new();
    for operation in admitted.operations {
        answers.push(match operation {
            AdmittedOperation::Refused(answer) => answer,
            AdmittedOperation::SignedIn { operation, signed_in, busy } => {
                let runner =
                    Runner { run, unique: admitted.control.unique, signed_in: &signed_in, busy: &busy, first: place };
                let results = runner.operation(&operation, state);
                place += operation.calls.len();
                answers::operation(&signed_in, results)
            }
        });
    }
    for control_id in &admitted.held {
        state.running.remove(control_id);
    }
    answers::response(&admitted.control, answers)
}

struct Runner<'a> {
    run: &'a Run<'a>,
    unique: bool,
    signed_in: &'a SignedIn,
    busy: &'a HashSet<usize>,
    /// The place of the operation's first function in the whole request.
    first: usize,
}

impl Runner<'_> {
    fn operation(&self, operation: &Operation, state: &mut State) -> Vec<Element> {
        let before = operation.transaction.then(|| state.books.clone());
        let mut outcomes = Vec::new();
        for (place, call) in operation.calls.iter().enumerate() {
            let outcome = self.call(place, call, state);
            let failed = !matches!(outcome, Outcome::Success(_));
            outcomes.push(outcome);
            if failed && operation.transaction {
                break;
            }
        }
        if let (Some(before), Some(Outcome::Failure(..))) = (before, outcomes.last()) {
            state.books = before;
            outcomes = abort(outcomes, operation.calls.len());
        }
        if operation.calls.iter().zip(&outcomes).any(|(call, outcome)| self.changes_books(call, outcome)) {
            state.version += 1;
        }
        let results = operation.calls.iter().zip(&outcomes).enumerate().map(|(place, (call, outcome))| {
            state.log.note(self.run.sequence, self.first + place, call, outcome);
            answers::result(&call.body.name, &call.control_id, outcome)
        });
        results.collect()
    }

    /// Whether a function left a trace: a record, or its control id. A generic create can leave one although it fails.
    fn changes_books(&self, call: &Call, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Success(_) => self.unique || call.is_write(),
            Outcome::Failure(_, made) => made.as_ref().is_some_and(|made| !made.children.is_empty()),
            Outcome::Aborted(_) => false,
        }
    }

    fn call(&self, place: usize, call: &Call, state: &mut State) -> Outcome {
        if self.busy.contains(&place) {
            return Outcome::Failure(Refusal::still_running(&call.control_id), None);
        }
        if self.unique && state.books.recorded_control_ids.contains(&call.control_id) {
            return Outcome::Failure(Refusal::already_recorded(&call.control_id), None);
        }
        if self.run.plan.transient.contains(&(self.first + place)) {
            return Outcome::Failure(Refusal::transient(), None);
        }
        if self.run.plan.forbidden.contains(&(self.first + place)) {
            return Outcome::Failure(Refusal::smart_rule(), None);
        }
        let outcome = if call.body.name == "getAPISession" {
            self.open_session(call, state)
        } else {
            let context = Context { settings: self.run.settings, signed_in: self.signed_in, now: self.run.now };
            functions::execute(&call.body, &mut state.books, &context)
        };
        // Only what was completed is remembered: a refused function may be corrected and sent again under its id.
        if self.unique && matches!(outcome, Outcome::Success(_)) {
            state.books.recorded_control_ids.insert(call.control_id.clone());
        }
        outcome
    }

    /// `getAPISession`: for the entity named, for the top level when the name is empty, else for where the caller is.
    fn open_session(&self, call: &Call, state: &mut State) -> Outcome {
        let location = match call.body.get("locationid") {
            Some(location) if location.text.is_empty() => None,
            Some(location) => Some(location.text.clone()),
            None => self.signed_in.location.clone(),
        };
        if let Some(unknown) = location.as_ref().filter(|location| !sessions::is_entity(&state.books.masters, location))
        {
            return Outcome::Failure(Refusal::invalid("Location", unknown), None);
        }
        let length: Duration = self.run.settings.session_length;
        let (id, session) = state.sessions.open(self.signed_in, location, self.run.now, length);
        let api = Element::new("api").with([
            Element::leaf("sessionid", id),
            Element::leaf("endpoint", self.run.endpoint),
            Element::leaf("locationid", session.location.unwrap_or_default()),
        ]);
        Outcome::Success(Some(Element::new("data").child(api)))
    }
}

/// Turns the results of an operation that failed as a whole into aborted ones, also for functions that were not reached.
fn abort(outcomes: Vec<Outcome>, calls: usize) -> Vec<Outcome> {
    let undone = || Outcome::Aborted(Refusal { errors: Vec::new() }.rolled_back());
    let mut aborted: Vec<_> = outcomes
        .into_iter()
        .map(|outcome| match outcome {
            Outcome::Failure(refusal, _) => Outcome::Aborted(refusal.rolled_back()),
            Outcome::Success(_) | Outcome::Aborted(_) => undone(),
        })
        .collect();
    aborted.resize_with(calls, undone);
    aborted
}
