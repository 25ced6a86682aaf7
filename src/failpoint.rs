//! Places where the program can be made to die, so that tests can show what a crash there leaves behind.
//!
//! Around every write to the database and every request to Intacct there are two such places: just before it and just
//! after it. One of them can be armed for a process; the process is then killed there as a power cut would do it, without
//! any clean-up. Nothing is armed unless the environment says so, and then the cost is one read of a variable.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The environment variable that arms a failpoint of `cartledger serve`, for example `settle.before:2`.
pub const VARIABLE: &str = "CARTLEDGER_FAILPOINT";

macro_rules! steps {
    ($($(#[$doc:meta])* $step:ident => $name:literal,)*) => {
        /// What the program is about to do, or has just done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Step {
            $($(#[$doc])* $step,)*
        }

        impl Step {
            /// All of them.
            pub const ALL: &[Step] = &[$(Step::$step,)*];

            /// Its name in the environment variable.
            pub fn name(self) -> &'static str {
                match self {
                    $(Step::$step => $name,)*
                }
            }
        }
    };
}

steps! {
    /// Webhook deliveries are kept and their orders marked as due.
    KeepDeliveries => "keep-deliveries",
    /// An order is marked as due for another reason.
    MarkDue => "mark-due",
    /// Orders are claimed.
    Claim => "claim",
    /// Leases are extended.
    ExtendLeases => "extend-leases",
    /// What was read of an order is kept.
    KeepEvidence => "keep-evidence",
    /// Documents are planned.
    Plan => "plan",
    /// A document is marked as being sent.
    BeginSending => "begin-sending",
    /// Documents that go in together are marked as being sent.
    BeginSendingTogether => "begin-sending-together",
    /// A request goes to Intacct; after it, its answer has been read.
    Request => "request",
    /// What became of a document is recorded.
    Settle => "settle",
    /// A buyer is linked to a customer.
    LinkCustomer => "link-customer",
    /// Whether a customer is active is noted.
    NoteCustomerStatus => "note-customer-status",
    /// A document of a customer is stored and marked as being sent.
    IntendCustomer => "intend-customer",
    /// The other orders that were held for a buyer are marked as due.
    ReleaseBuyer => "release-buyer",
    /// An order of each buyer who is held is marked as due.
    TryHeldBuyers => "try-held-buyers",
    /// What Intacct has of a customer that was just made is noted.
    KeepCard => "keep-card",
    /// What an order says of its buyer is noted.
    NoteBuyer => "note-buyer",
    /// Customers whose buyers changed are claimed.
    ClaimCards => "claim-cards",
    /// What a customer was told is noted.
    NoteTold => "note-told",
    /// The update of a customer is put off.
    PutOffCard => "put-off-card",
    /// Documents are collected for the summary of their day.
    Collect => "collect",
    /// A day is closed into a summary.
    CloseGroup => "close-group",
    /// A summary is put off.
    PutOffSummary => "put-off-summary",
    /// A summary is given up until somebody mends it.
    RefuseSummary => "refuse-summary",
    /// Refused summaries are to be tried again.
    RetrySummaries => "retry-summaries",
    /// Orders whose summaries are posted are marked as posted.
    SettleDaily => "settle-daily",
    /// The holds of a document are written.
    HoldDocument => "hold-document",
    /// Where an order stands is written, with its holds.
    SaveStanding => "save-standing",
    /// The failure of an order is noted.
    NoteFailure => "note-failure",
    /// An order is finished.
    Complete => "complete",
    /// An order is put off.
    PutOff => "put-off",
    /// A permit to talk to a company is taken.
    TakeSlot => "take-slot",
    /// The permits of a process are extended.
    ExtendSlots => "extend-slots",
    /// A permit is given back.
    FreeSlot => "free-slot",
    /// Trouble of a company is noted.
    NoteCompanyFailure => "note-company-failure",
    /// A company answers again.
    NoteCompanySuccess => "note-company-success",
    /// Somebody will try whether a company is better.
    ClaimProbe => "claim-probe",
    /// API transactions are counted.
    CountTransactions => "count-transactions",
    /// Ledger events are kept.
    KeepEvents => "keep-events",
    /// A ledger event is settled.
    SettleEvent => "settle-event",
    /// A ledger event is put off.
    PutOffEvent => "put-off-event",
    /// Ledger events are to be tried again.
    RetryEvents => "retry-events",
    /// A company's forecast is over its budget.
    NoteOverBudget => "note-over-budget",
    /// An order is to go daily because of that.
    GoDaily => "go-daily",
    /// Master data is kept that no reading has brought.
    KeepMasters => "keep-masters",
    /// Master data that is missed is asked for.
    WantMasters => "want-masters",
    /// A reading of master data is begun.
    BeginReading => "begin-reading",
    /// A page of master data is kept.
    KeepPage => "keep-page",
    /// A kind of master data is not available.
    RefuseReading => "refuse-reading",
    /// A reading of master data failed.
    FailReading => "fail-reading",
    /// A rulebook is saved.
    SaveRulebook => "save-rulebook",
    /// The lease of a task is taken.
    TakeLease => "take-lease",
    /// The lease of a task is given back.
    FreeLease => "free-lease",
    /// A token is made.
    CreateToken => "create-token",
    /// A token is noted as used.
    UseToken => "use-token",
    /// A token is revoked.
    RevokeToken => "revoke-token",
    /// An entry is added to the audit log.
    Audit => "audit",
    /// A request with an idempotency key is noted.
    BeginAnswer => "begin-answer",
    /// Its answer is kept.
    KeepAnswer => "keep-answer",
    /// It is forgotten.
    ForgetAnswer => "forget-answer",
    /// A change of the rules is proposed.
    ProposeRules => "propose-rules",
    /// A proposed change of the rules is approved and saved.
    ApproveRules => "approve-rules",
    /// A proposed change of the rules is rejected or withdrawn.
    CloseProposal => "close-proposal",
    /// The schedules of a store are made.
    MakeSchedules => "make-schedules",
    /// A schedule is changed.
    SetSchedule => "set-schedule",
    /// A run of a schedule is asked for.
    WantRun => "want-run",
    /// A run of a schedule is begun.
    BeginRun => "begin-run",
    /// It is ended.
    EndRun => "end-run",
    /// What it did is counted.
    CountRun => "count-run",
    /// Orders of a page of a poll are marked as due.
    KeepOrdersPage => "keep-orders-page",
    /// Orders of refunds of a page of a poll are marked as due.
    KeepRefundsPage => "keep-refunds-page",
    /// A backfill is made.
    CreateBackfill => "create-backfill",
    /// It is paused, resumed or cancelled.
    SetBackfill => "set-backfill",
    /// What orders it goes over is noted.
    NoteBackfillRange => "note-backfill-range",
    /// Orders of a step of it are marked as due.
    StepBackfill => "step-backfill",
    /// It is put off.
    PutOffBackfill => "put-off-backfill",
    /// Something is wished of webhooks.
    WishHooks => "wish-hooks",
    /// What was found of them is noted.
    NoteHooks => "note-hooks",
    /// A hold is put aside, or taken up again.
    SnoozeHold => "snooze-hold",
    /// The orders of holds are marked as due.
    RetryHolds => "retry-holds",
    /// Many orders are marked as due.
    ReplayOrders => "replay-orders",
    /// Named orders are marked as due.
    ReplayThese => "replay-these",
    /// The orders of kept deliveries are marked as due.
    ReplayDeliveries => "replay-deliveries",
    /// An order is excluded.
    ExcludeOrder => "exclude-order",
    /// An order is included again.
    IncludeOrder => "include-order",
    /// A claim that a document was entered by hand is kept.
    ClaimByHand => "claim-by-hand",
    /// What a look-up made of such a claim is recorded.
    SettleClaim => "settle-claim",
    /// Such a claim is withdrawn.
    WithdrawClaim => "withdraw-claim",
    /// A dry run is asked for.
    CreateDryRun => "create-dry-run",
    /// A dry run is begun.
    BeginDryRun => "begin-dry-run",
    /// Orders are taken into a dry run.
    SelectForDryRun => "select-for-dry-run",
    /// What some orders of a dry run came to is kept.
    SaveDryRun => "save-dry-run",
    /// A dry run is over.
    EndDryRun => "end-dry-run",
    /// A dry run is cancelled.
    CancelDryRun => "cancel-dry-run",
    /// Old dry runs are taken off the list.
    DropDryRuns => "drop-dry-runs",
    /// Rows of dry runs are removed.
    RemoveDryRuns => "remove-dry-runs",
    /// Old deliveries are removed.
    RemoveDeliveries => "remove-deliveries",
    /// Evidence that was replaced long ago is removed.
    RemoveEvidence => "remove-evidence",
    /// Attempts of documents that were posted long ago are removed.
    RemoveAttempts => "remove-attempts",
    /// A round of removing what is old is over.
    EndRetention => "end-retention",
}

/// Before a step or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Nothing of the step has happened.
    Before,
    /// The step is done, and nobody but the other side knows.
    After,
}

/// Where to die, and how often to pass there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failpoint {
    /// The step.
    pub step: Step,
    /// Before or after it.
    pub moment: Moment,
    /// The first time, the second, ...
    pub time: u32,
}

impl std::fmt::Display for Failpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let moment = match self.moment {
            Moment::Before => "before",
            Moment::After => "after",
        };
        write!(formatter, "{}.{moment}:{}", self.step.name(), self.time)
    }
}

/// A text that names no failpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{VARIABLE} is '{0}', which names no failpoint: write for example settle.before:2, or unset it")]
pub struct UnknownFailpoint(String);

impl std::str::FromStr for Failpoint {
    type Err = UnknownFailpoint;

    fn from_str(text: &str) -> Result<Self, UnknownFailpoint> {
        let unknown = || UnknownFailpoint(text.to_owned());
        let (place, time) = text.split_once(':').unwrap_or((text, "1"));
        let (step, moment) = place.split_once('.').ok_or_else(unknown)?;
        let step = Step::ALL.iter().copied().find(|known| known.name() == step).ok_or_else(unknown)?;
        let moment = match moment {
            "before" => Moment::Before,
            "after" => Moment::After,
            _ => return Err(unknown()),
        };
        let time = time.parse().ok().filter(|time| *time > 0).ok_or_else(unknown)?;
        Ok(Self { step, moment, time })
    }
}

struct Armed {
    failpoint: Failpoint,
    passed: AtomicU32,
}

static ARMED: OnceLock<Armed> = OnceLock::new();

/// Arms a failpoint of this process, once.
pub fn arm(failpoint: Failpoint) {
    let _ = ARMED.set(Armed { failpoint, passed: AtomicU32::new(0) });
}

/// Encloses a step: the first failpoint is here, the second where the answer goes out of scope.
pub fn around(step: Step) -> Around {
    reach(step, Moment::Before);
    Around(step)
}

/// A step that is under way.
#[must_use = "the failpoint after the step is where this goes out of scope"]
pub struct Around(Step);

impl Drop for Around {
    fn drop(&mut self) {
        reach(self.0, Moment::After);
    }
}

fn reach(step: Step, moment: Moment) {
    let Some(armed) = ARMED.get() else { return };
    let here = armed.failpoint.step == step && armed.failpoint.moment == moment;
    if here && armed.passed.fetch_add(1, Ordering::Relaxed) + 1 == armed.failpoint.time {
        eprintln!("dying at the failpoint {}", armed.failpoint);
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        // The signal needs no time to speak of; nothing may happen after it.
        loop {
            std::thread::park();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failpoint_reads_as_it_is_written() {
        for step in Step::ALL {
            for moment in [Moment::Before, Moment::After] {
                let failpoint = Failpoint { step: *step, moment, time: 3 };
                assert_eq!(failpoint.to_string().parse(), Ok(failpoint));
            }
        }
        assert_eq!("plan.after".parse::<Failpoint>().map(|failpoint| failpoint.time), Ok(1));
    }

    #[test]
    fn what_names_no_failpoint_is_refused() {
        for text in ["", "plan", "plan.during", "tea.after", "plan.after:0", "plan.after:x"] {
            assert!(text.parse::<Failpoint>().unwrap_err().to_string().contains("settle.before:2"), "{text}");
        }
    }
}
