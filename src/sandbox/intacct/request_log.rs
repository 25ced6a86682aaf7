//! What was asked: recent request bodies without their secrets, counts per function, and API transactions.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;

use super::answers::Outcome;
use super::envelope::{Call, Envelope};

/// So many bodies are kept.
const KEPT: usize = 500;

/// One function of a logged request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoggedCall {
    /// The function with its object, such as `create_invoice` or `create ARPYMT`.
    pub function: String,
    /// Its control id.
    pub control_id: String,
    /// `success`, `failure` or `aborted`; empty when it was not executed.
    pub status: &'static str,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoggedRequest {
    /// Its number, from 1.
    pub sequence: u64,
    /// When it came (UTC).
    pub received_at: Timestamp,
    /// Its functions; empty when it was not readable.
    pub calls: Vec<LoggedCall>,
    /// The body; passwords and session ids replaced.
    pub body: String,
}

/// How often a function was asked for, and with what result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FunctionCount {
    /// Executions.
    pub executed: u64,
    /// Those that succeeded.
    pub succeeded: u64,
}

/// Everything the company knows about what it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RequestLog {
    /// HTTP requests.
    pub requests: u64,
    /// API transactions as Intacct bills them: one per record created or changed, one per read or query; batching saves none.
    pub api_transactions: u64,
    /// Counts per function.
    pub functions: BTreeMap<String, FunctionCount>,
    /// The latest requests, oldest first.
    pub recent: VecDeque<LoggedRequest>,
}

impl RequestLog {
    /// The functions of the latest requests, oldest first.
    pub fn calls(&self) -> Vec<&LoggedCall> {
        self.recent.iter().flat_map(|request| &request.calls).collect()
    }

    /// Notes a request; answers its number.
    pub(super) fn enter(&mut self, envelope: Option<&Envelope>, body: String, received_at: Timestamp) -> u64 {
        self.requests += 1;
        let logged =
            |call: &Call| LoggedCall { function: call.label(), control_id: call.control_id.clone(), status: "" };
        let calls = envelope.into_iter().flat_map(Envelope::calls).map(logged).collect();
        self.recent.push_back(LoggedRequest { sequence: self.requests, received_at, calls, body });
        if self.recent.len() > KEPT {
            self.recent.pop_front();
        }
        self.requests
    }

    /// Notes how a function of that request ended; `place` counts over the whole request.
    pub(super) fn note(&mut self, sequence: u64, place: usize, call: &Call, outcome: &Outcome) {
        let status = match outcome {
            Outcome::Success(_) => "success",
            Outcome::Failure(..) => "failure",
            Outcome::Aborted(_) => "aborted",
        };
        let count = self.functions.entry(call.label()).or_default();
        count.executed += 1;
        count.succeeded += u64::from(matches!(outcome, Outcome::Success(_)));
        self.api_transactions += api_transactions(call, outcome);
        let request = self.recent.iter_mut().rev().find(|request| request.sequence == sequence);
        if let Some(logged) = request.and_then(|request| request.calls.get_mut(place)) {
            logged.status = status;
        }
    }
}

fn api_transactions(call: &Call, outcome: &Outcome) -> u64 {
    match (call.body.name.as_str(), outcome) {
        ("getAPISession", _) | (_, Outcome::Aborted(_)) => 0,
        ("create" | "update", Outcome::Success(data) | Outcome::Failure(_, data)) => {
            data.as_ref().map_or(0, |data| data.children.len() as u64)
        }
        (_, Outcome::Success(_)) => 1,
        (_, Outcome::Failure(..)) if call.is_write() => 0,
        _ => 1,
    }
}

/// The body as text, with passwords and session ids replaced.
pub(super) fn without_secrets(body: &[u8]) -> String {
    ["password", "sessionid"]
        .into_iter()
        .fold(String::from_utf8_lossy(body).into_owned(), |text, name| blank(&text, name))
}

fn blank(text: &str, name: &str) -> String {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(&open) {
        out.push_str(before);
        out.push_str(&open);
        out.push_str("***");
        // Without an end tag everything behind counts as secret.
        rest = after.find(&close).and_then(|end| after.get(end..)).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Writes a request body into a folder, for checks against the gateway's schema.
pub(super) fn dump(folder: &Path, sequence: u64, envelope: Option<&Envelope>, body: &str) {
    let label =
        envelope.and_then(|envelope| envelope.calls().next()).map_or_else(|| "unreadable".to_owned(), Call::label);
    let safe: String =
        label.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).take(60).collect();
    let path = folder.join(format!("{sequence:06}-{safe}.xml"));
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, body));
    if let Err(error) = written {
        tracing::warn!(path = %path.display(), %error, "the sandbox company could not write a request body");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_never_reach_the_log() {
        let body = b"<a><password>one</password><sessionid>two</sessionid><password>three</password></a>";
        let text = without_secrets(body);
        assert_eq!(text, "<a><password>***</password><sessionid>***</sessionid><password>***</password></a>");
        assert_eq!(without_secrets(b"<password>cut off"), "<password>***");
    }
}
