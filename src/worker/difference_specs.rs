//! What is no difference: days that move, and documents of one order that were posted under different rules.

use super::difference::difference;
use crate::accounting::document::Document;
use crate::accounting::policy::ClosedPeriod;
use crate::accounting::rulebook::{Give, Rule, RuleKind};
use crate::accounting::testing::Case;
use crate::store::document::{DocumentState, PlannedDocument, StoredDocument};

fn captured() -> Case {
    let case = Case::new().line("TS-1", "1", "60.00", "4.95").tax("Tax", "8.25", "4.95").paid(9001, "stripe", "64.95");
    case.ship_date()
}

fn shipped() -> Case {
    captured().shipped("2026-03-14T10:00:00Z")
}

/// The store's product account under later rules.
fn under_new_rules(case: Case) -> Case {
    let product = Rule::new("product", RuleKind::Product).gives(Give::Account, "4001");
    case.without_rules(RuleKind::Product).rule(product)
}

fn posted(documents: &[Document]) -> Vec<StoredDocument> {
    let stored = |document: &Document| StoredDocument {
        planned: PlannedDocument {
            key: document.key.to_string(),
            store: "acme-us".into(),
            order_id: document.order_id,
            kind: document.kind.to_string(),
            number: document.number.clone(),
            customer_id: "BC-C7".into(),
            currency: Some(document.currency.to_string()),
            total: Some(document.total),
            posting_date: Some(document.date),
            body: serde_json::to_value(document).unwrap(),
            content_hash: document.content_hash(),
            evidence_hash: None,
            revision: Some(1),
            lines: Vec::new(),
        },
        state: DocumentState::Posted,
        attempts: 1,
        record_no: Some("1".into()),
        error: None,
        request: None,
        sent_at: None,
    };
    documents.iter().map(stored).collect()
}

#[test]
fn a_day_that_moves_because_the_books_were_closed_is_no_difference() {
    let ledger = posted(&shipped().derive().documents);
    let closed = shipped().policy(|policy| {
        policy.closed_period = ClosedPeriod::NextOpen;
        policy.books_closed_through = Some("2026-03-31".parse().unwrap());
    });
    let now = closed.derive().documents;
    assert!(now.iter().all(|document| document.date.to_string() == "2026-04-01"));
    let found = difference(now.clone(), &now, &ledger);
    assert_eq!((found.to_send.len(), found.holds.len()), (0, 0));
}

#[test]
fn an_invoice_under_newer_rules_than_its_deposit_is_no_difference() {
    let (old, new) = (shipped().derive().documents, under_new_rules(shipped()).derive().documents);
    assert_ne!(old[1].content_hash(), new[1].content_hash());
    // The deposit was posted under the old rules, everything else under the new ones.
    let found = difference(new.clone(), &old, &posted(&new));
    assert_eq!((found.to_send.len(), found.holds.len()), (0, 0));
}

#[test]
fn what_the_rules_of_then_do_not_give_is_measured_by_those_of_today() {
    let (deposit, new) = (captured().derive().documents, under_new_rules(shipped()).derive().documents);
    // Under the old rules the sale is held: they give no document at all.
    let found = difference(new.clone(), &[], &posted(&deposit));
    assert_eq!((found.to_send.len(), found.holds.len()), (3, 0));
}

#[test]
fn an_order_that_was_edited_is_a_difference_under_any_rules() {
    let ledger = posted(&shipped().derive().documents);
    let edited = shipped().with(|e| e.lines[0].sku = "TS-2".into());
    let dearer = Case::new().line("TS-1", "1", "61.00", "4.95").tax("Tax", "8.25", "4.95").ship_date();
    let dearer = dearer.paid(9001, "stripe", "65.95").shipped("2026-03-14T10:00:00Z").derive().documents;
    let holds = |now: Vec<Document>| difference(now.clone(), &now, &ledger).holds.len();
    assert_eq!(holds(edited.derive().documents), 0, "the same money on the same accounts");
    assert!(holds(dearer) > 0);
}
