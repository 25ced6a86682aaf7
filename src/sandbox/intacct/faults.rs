//! Faults on demand: what can go wrong between a client and the gateway, to be switched on for so many requests.

use std::collections::HashSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::envelope::Call;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// The functions take this long; a repeat meanwhile meets a request in process.
    Delay {
        /// How long.
        milliseconds: u64,
    },
    /// HTTP 500 without a body; nothing is executed.
    ServerError,
    /// HTTP 524 with an HTML page, as an edge in front of the gateway sends it; nothing is executed.
    HtmlPage,
    /// HTTP 429 with GW-0010; nothing is executed.
    TooManyRequests,
    /// HTTP 413, as a server in front of the gateway answers a request that is too long; nothing is executed.
    TooLarge,
    /// HTTP 200 with the text "API rate limit exceeded"; nothing is executed.
    RateLimitText,
    /// The connection is cut; nothing is executed.
    DropBeforeExecuting,
    /// Everything is executed and written to the books, then the connection is cut: the answer is lost.
    LoseAnswer,
    /// Everything is executed, but only the first half of the answer arrives.
    TruncateAnswer,
    /// A function is refused with "Currently, we can't create the transaction".
    TransientFailure,
    /// A function is refused for good, as a Smart Rule of the company does it.
    SmartRule,
}

/// A fault and when it strikes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// How many times it strikes.
    #[serde(default = "once")]
    pub times: u32,
    /// How many matching requests pass before it strikes.
    #[serde(default)]
    pub after: u32,
    /// Only requests with a function whose label contains this, for example `create_invoice`, `create ARPYMT`, `query`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// Only requests with a function whose control id contains this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_id: Option<String>,
}

fn once() -> u32 {
    1
}

impl Fault {
    /// A fault that strikes the next request, whatever it is.
    pub fn new(kind: FaultKind) -> Self {
        Self { kind, times: 1, after: 0, function: None, control_id: None }
    }

    /// The same fault, so many times.
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    /// The same fault, once so many matching requests have passed.
    pub fn after(self, after: u32) -> Self {
        Self { after, ..self }
    }

    /// The same fault, for requests with such a function only.
    pub fn on_function(self, function: impl Into<String>) -> Self {
        Self { function: Some(function.into()), ..self }
    }

    /// The same fault, for requests with such a control id only.
    pub fn on_control_id(self, control_id: impl Into<String>) -> Self {
        Self { control_id: Some(control_id.into()), ..self }
    }

    fn fits(&self, call: &Call) -> bool {
        let function = self.function.as_ref().is_none_or(|wanted| call.label().contains(wanted));
        function && self.control_id.as_ref().is_none_or(|wanted| call.control_id.contains(wanted))
    }

    fn fits_any(&self, calls: &[&Call]) -> bool {
        (self.function.is_none() && self.control_id.is_none()) || calls.iter().any(|call| self.fits(call))
    }

    /// Counts a matching request; says whether the fault strikes it.
    fn strike(&mut self) -> bool {
        if self.times == 0 {
            return false;
        }
        if self.after > 0 {
            self.after -= 1;
            return false;
        }
        self.times -= 1;
        true
    }
}

/// What is to go wrong with one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) delay: Duration,
    /// A fault of the transport; at most one.
    pub(super) transport: Option<FaultKind>,
    /// Places, in request order, of the functions that fail for the moment.
    pub(super) transient: HashSet<usize>,
    /// Places, in request order, of the functions that a Smart Rule refuses.
    pub(super) forbidden: HashSet<usize>,
}

/// The faults that are switched on.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn list(&self) -> Vec<Fault> {
        self.0.clone()
    }

    /// What is to go wrong with a request of these functions; uses the faults up.
    pub(super) fn plan(&mut self, calls: &[&Call]) -> Plan {
        let mut plan = Plan::default();
        for fault in &mut self.0 {
            match fault.kind {
                FaultKind::Delay { milliseconds } => {
                    if fault.fits_any(calls) && fault.strike() {
                        plan.delay += Duration::from_millis(milliseconds);
                    }
                }
                FaultKind::TransientFailure | FaultKind::SmartRule => {
                    let places =
                        if fault.kind == FaultKind::SmartRule { &mut plan.forbidden } else { &mut plan.transient };
                    for (place, call) in calls.iter().enumerate() {
                        if fault.fits(call) && fault.strike() {
                            places.insert(place);
                        }
                    }
                }
                kind => {
                    if plan.transport.is_none() && fault.fits_any(calls) && fault.strike() {
                        plan.transport = Some(kind);
                    }
                }
            }
        }
        self.0.retain(|fault| fault.times > 0);
        plan
    }
}

#[cfg(test)]
mod tests {
    use super::super::xml_tree::Element;
    use super::*;

    fn call(control_id: &str) -> Call {
        Call { control_id: control_id.to_owned(), body: Element::new("create_invoice") }
    }

    #[test]
    fn a_fault_strikes_as_often_as_told_and_only_what_it_names() {
        let mut faults = Faults::default();
        faults.add(
            Fault::new(FaultKind::LoseAnswer).times(2).after(1).on_function("create_invoice").on_control_id("118"),
        );
        let (other, named) = (call("order-7"), call("order-118"));
        assert_eq!(faults.plan(&[&other]).transport, None);
        assert_eq!(faults.plan(&[&named]).transport, None);
        assert_eq!(faults.plan(&[&other, &named]).transport, Some(FaultKind::LoseAnswer));
        assert_eq!(faults.plan(&[&named]).transport, Some(FaultKind::LoseAnswer));
        assert_eq!(faults.plan(&[&named]), Plan::default());
        assert!(faults.list().is_empty());
    }

    #[test]
    fn a_transient_failure_strikes_functions_not_requests() {
        let mut faults = Faults::default();
        faults.add(Fault::new(FaultKind::TransientFailure).times(2));
        let calls = [call("a"), call("b"), call("c")];
        let plan = faults.plan(&calls.iter().collect::<Vec<_>>());
        assert_eq!(plan.transient, HashSet::from([0, 1]));
    }

    #[test]
    fn faults_are_readable_as_json() {
        let fault: Fault = serde_json::from_str(r#"{"kind":"delay","milliseconds":250,"function":"query"}"#).unwrap();
        assert_eq!(fault, Fault::new(FaultKind::Delay { milliseconds: 250 }).on_function("query"));
        assert!(serde_json::from_str::<Fault>(r#"{"kind":"earthquake"}"#).is_err());
    }
}
