//! Closed periods: documents of a closed day are held, or move to an open day or an adjustment period, as rules say.
//!
//! A document keeps its true day and says it; what was posted before the books were closed is not touched by any of this.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use super::super::document::{Document, DocumentKey, DocumentKind, Draft};
use super::super::period::closed;
use super::super::policy::ClosedPeriod;
use super::super::rulebook::{Condition, Give, RuleKind, values};
use super::context::{Context, Holds};

/// Where a document of a closed day goes.
enum Treatment {
    Hold,
    Move(Date),
}

/// Settles the posting dates of documents that stand behind those they need. A receipt is never of an earlier day than its
/// invoice; an application is of the day of the later of its parts.
pub(super) fn settle(context: &Context, documents: Vec<Document>, holds: &mut Holds) -> Vec<Document> {
    let Some(through) = context.policy.books_closed_through else { return documents };
    let mut days: BTreeMap<DocumentKey, Moved> = BTreeMap::new();
    let mut settled = Vec::with_capacity(documents.len());
    for document in documents {
        // Only these name the records they belong to when they are posted.
        let bound = matches!(document.kind, DocumentKind::Receipt | DocumentKind::Application);
        let parts = || document.detail.needs().into_iter().filter_map(|key| days.get(key)).filter(|_| bound);
        let floor = parts().map(|part| part.day).max();
        let follows = document.kind == DocumentKind::Application && parts().any(|part| part.moved);
        let own = document.date;
        let mut day = own;
        if own <= through && !follows {
            match treatment(context, &document, through) {
                Treatment::Hold => holds.0.extend(closed(&document, context.policy)),
                Treatment::Move(to) => day = to,
            }
        }
        let day = floor.map_or(day, |floor| if follows { floor } else { day.max(floor) });
        days.insert(document.key.clone(), Moved { day, moved: day != own });
        settled.push(if day == own { document } else { moved(document, day) });
    }
    settled
}

/// The day a document is posted on.
struct Moved {
    day: Date,
    moved: bool,
}

/// What the most specific period rule says, or the policy.
fn treatment(context: &Context, document: &Document, through: Date) -> Treatment {
    let next_open = Treatment::Move(through.saturating_add(1.day()));
    let facts = context.facts(None).with(Condition::Document, document.kind.as_str());
    let Ok(found) = context.rulebook.resolve(RuleKind::Period, &facts, document.date) else {
        return match context.policy.closed_period {
            ClosedPeriod::Hold => Treatment::Hold,
            ClosedPeriod::NextOpen => next_open,
        };
    };
    match found.given(&Give::ClosedPeriod) {
        Some(values::NEXT_OPEN) => next_open,
        Some(values::ADJUSTMENT) => {
            let day = found.given(&Give::AdjustmentDate).and_then(|day| day.parse().ok());
            day.map_or(Treatment::Hold, Treatment::Move)
        }
        _ => Treatment::Hold,
    }
}

/// The same document on another day. Its description begins with the true day.
fn moved(document: Document, day: Date) -> Document {
    let mut draft: Draft = document.clone().into();
    draft.description = format!("Of {}, period closed: {}", draft.original_date, draft.description);
    draft.date = day;
    Document::build(draft).unwrap_or(document)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::super::rulebook::Rule;
    use super::super::super::testing::{Case, still_to_post, units};
    use super::super::Derivation;
    use super::*;

    /// Sold and paid on 10 March, refunded on 12 March, and the books closed.
    fn closed_through(day: &str) -> Case {
        let case = Case::new().line("TS-1", "1", "120.00", "9.90").tax("Tax", "8.25", "9.90");
        let case = case.paid(9001, "stripe", "129.90").refund(12, "129.90", "9.90", "stripe", vec![units(1, "1")]);
        case.policy(|policy| policy.books_closed_through = Some(day.parse().unwrap()))
    }

    fn next_open(case: Case) -> Case {
        case.policy(|policy| policy.closed_period = ClosedPeriod::NextOpen)
    }

    fn days(case: &Case) -> Vec<String> {
        let derivation = case.derive();
        assert_eq!(derivation.holds, []);
        let day = |document: &Document| format!("{} {} ({})", document.number, document.date, document.original_date);
        derivation.documents.iter().map(day).collect()
    }

    #[test]
    fn documents_of_a_closed_day_move_to_the_first_open_one_and_keep_their_own() {
        assert_eq!(
            days(&next_open(closed_through("2026-03-11"))),
            [
                "BC-118 2026-03-12 (2026-03-10)",
                "BC-118-T9001 2026-03-12 (2026-03-10)",
                "BC-118-R12 2026-03-12 (2026-03-12)",
                "BC-118-P112 2026-03-12 (2026-03-12)",
                "BC-118-A112 2026-03-12 (2026-03-12)",
            ]
        );
        let moved = next_open(closed_through("2026-03-31")).derive();
        assert!(moved.documents.iter().all(|document| document.date.to_string() == "2026-04-01"));
        assert_eq!(moved.documents[0].description, "Of 2026-03-10, period closed: BigCommerce order 118");
        assert_eq!(days(&next_open(closed_through("2026-02-28")))[0], "BC-118 2026-03-10 (2026-03-10)");
    }

    #[test]
    fn period_rules_decide_by_kind_of_document() {
        let memos = |treatment: &str| {
            let rule = Rule::new("memos", RuleKind::Period).when(Condition::Document, "credit-memo");
            rule.gives(Give::ClosedPeriod, treatment)
        };
        let adjust = memos(values::ADJUSTMENT).gives(Give::AdjustmentDate, "2026-03-31");
        let case = next_open(closed_through("2026-03-31")).rule(adjust);
        let found = days(&case);
        assert_eq!(found[2], "BC-118-R12 2026-03-31 (2026-03-12)");
        assert_eq!(found[3..], ["BC-118-P112 2026-04-01 (2026-03-12)", "BC-118-A112 2026-04-01 (2026-03-12)"]);
        let case = next_open(closed_through("2026-03-31")).rule(memos(values::HOLD));
        let held = case.derive();
        let [hold] = &held.holds[..] else { panic!("{:?}", held.holds) };
        assert_eq!((hold.code.as_str(), hold.subject.as_str()), ("period-closed", "credit-memo BC-118-R12"));
        // The payout and what nets the two wait for the credit memo.
        let nothing = Derivation { documents: Vec::new(), ..held };
        assert_eq!(still_to_post(&case, &nothing).0, ["BC-118", "BC-118-T9001"]);
        let elsewhere = Rule::new("shop-2", RuleKind::Period).when(Condition::Channel, "2");
        let elsewhere = closed_through("2026-03-11").rule(elsewhere.gives(Give::ClosedPeriod, values::NEXT_OPEN));
        assert_eq!(elsewhere.hold_codes(), ["period-closed", "period-closed"], "another channel's rule");
    }

    #[test]
    fn a_receipt_is_never_of_an_earlier_day_than_its_invoice_and_applications_follow_their_parts() {
        let receipts = Rule::new("receipts", RuleKind::Period)
            .when(Condition::Document, "receipt")
            .gives(Give::ClosedPeriod, values::ADJUSTMENT)
            .gives(Give::AdjustmentDate, "2026-03-31");
        let derivation = next_open(closed_through("2026-03-31")).rule(receipts).derive();
        let day: BTreeMap<&DocumentKey, Date> = derivation.documents.iter().map(|d| (&d.key, d.date)).collect();
        assert_eq!(day[&derivation.documents[1].key].to_string(), "2026-04-01");
        let memo = Rule::new("memo", RuleKind::Period).when(Condition::Document, "credit-memo");
        let memo = memo.gives(Give::ClosedPeriod, values::ADJUSTMENT).gives(Give::AdjustmentDate, "2026-04-30");
        let later = next_open(closed_through("2026-03-31")).rule(memo).derive();
        let day: BTreeMap<DocumentKind, String> =
            later.documents.iter().map(|d| (d.kind, d.date.to_string())).collect();
        assert_eq!([&day[&DocumentKind::CreditMemo], &day[&DocumentKind::Application]], ["2026-04-30"; 2]);
        assert_eq!(day[&DocumentKind::RefundPayout], "2026-04-01");
    }

    #[test]
    fn closing_the_books_is_no_change_of_what_is_posted() {
        let before = closed_through("2026-01-31").derive();
        for case in [closed_through("2026-03-31"), next_open(closed_through("2026-03-31"))] {
            assert_eq!(still_to_post(&case, &before), (vec![], vec![]));
        }
    }
}
