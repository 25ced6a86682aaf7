//! A document cannot be built wrong, and keeps its hash through JSON.

use super::super::testing::{Case, dec};
use super::*;

fn draft() -> Draft {
    let case = Case::new().line("TS-1", "1", "120.00", "9.90").tax("Tax", "8.25", "9.90");
    case.paid(9001, "stripe", "129.90").derive().documents[0].clone().into()
}

fn refused(change: impl FnOnce(&mut Draft)) -> DocumentError {
    let mut draft = draft();
    change(&mut draft);
    Document::build(draft).unwrap_err()
}

#[test]
fn a_document_cannot_be_built_wrong() {
    use DocumentError::*;
    assert!(matches!(refused(|d| d.lines[0].debit = dec("129.91")), Unbalanced { .. }));
    assert!(matches!(refused(|d| d.lines[0].debit = dec("129.905")), Amount { .. }));
    assert!(matches!(refused(|d| d.lines[0].debit = dec("-1")), Amount { .. }));
    assert!(matches!(refused(|d| d.lines[0].credit = dec("1")), Amount { .. }));
    assert!(matches!(refused(|d| d.total = dec("0")), Amount { .. }));
    assert!(matches!(refused(|d| d.total = dec("129.91")), NoControlLeg { .. }));
    assert!(matches!(refused(|d| d.lines[1].account = " ".into()), NoAccount { .. }));
    assert!(matches!(refused(|d| d.lines.clear()), Shape { .. }));
    assert!(matches!(refused(|d| d.kind = DocumentKind::Receipt), Shape { .. }));
    assert!(matches!(refused(|d| d.number = "9".repeat(46)), Name { .. }));
}

#[test]
fn a_document_survives_json_and_keeps_its_hash() {
    let document = Document::build(draft()).unwrap();
    let json = serde_json::to_string(&document).unwrap();
    let again: Document = serde_json::from_str(&json).unwrap();
    assert_eq!(again.content_hash(), document.content_hash());
    let wrong = json.replacen("129.90", "129.91", 1);
    assert!(serde_json::from_str::<Document>(&wrong).is_err(), "a stored document that does not balance is refused");
}

/// Both are stored: with others every open document would be compared as changed after an upgrade.
#[test]
fn the_hashes_of_documents_are_the_same_for_ever() {
    let case = Case::new().line("TS-1", "1", "120.00", "9.90").tax("Tax", "8.25", "9.90");
    let documents = case.paid(9001, "stripe", "129.90").derive().documents;
    let hashes: Vec<_> = documents.iter().map(|d| (d.kind, d.content_hash(), d.source_hash.clone())).collect();
    let expected = [
        (
            DocumentKind::Invoice,
            "04ce69cc703361b0e97355ada1f55ffe0e99da6efb054486ad49bdab82557093",
            "f9bf9ac24060ac21689a014dbcc75a7d256a8deab928cc2a63eb0cc50e2f01d3",
        ),
        (
            DocumentKind::Receipt,
            "8b43c9010259fb65cec9b2f4230f4843ff40343c22a82ebc8e7d476888dc6b78",
            "9ef667145dec632e4a1b45c1264d1eb655483215cbb945d1566307b463147eed",
        ),
    ];
    assert_eq!(hashes, expected.map(|(kind, content, source)| (kind, content.to_owned(), source.to_owned())));
}

#[test]
fn an_order_entry_document_that_is_not_its_journal_cannot_be_built() {
    let case = Case::new().line("TS-1", "3", "100.00", "8.25").tax("Tax", "8.25", "8.25");
    let good: Draft = case.paid(9001, "stripe", "108.25").order_entry().derive().documents[0].clone().into();
    assert!(Document::build(good.clone()).is_ok());
    let refused = |change: fn(&mut OrderEntry)| {
        let mut draft = good.clone();
        let Detail::Invoice { order_entry: Some(entry), .. } = &mut draft.detail else { panic!("{draft:?}") };
        change(entry);
        matches!(Document::build(draft), Err(DocumentError::OrderEntry { .. }))
    };
    assert!(refused(|entry| entry.items[0].price = dec("33.34")), "a cent too much");
    assert!(refused(|entry| entry.items[0].price = dec("33.333")), "Intacct would round");
    assert!(refused(|entry| entry.items[0].quantity = dec("-1")));
    assert!(refused(|entry| entry.items[1].account = "4001".into()), "on another account");
    assert!(refused(|entry| drop(entry.subtotals.pop())));
    assert!(refused(|entry| entry.items.clear()));
    assert!(refused(|entry| entry.definition.clear()));
}

#[test]
fn documents_go_behind_those_that_their_requests_name() {
    use super::super::testing::units;
    let case = Case::new().line("TS-1", "1", "120.00", "9.90").tax("Tax", "8.25", "9.90");
    let case = case.paid(9001, "stripe", "129.90").refund(12, "129.90", "9.90", "stripe", vec![units(1, "1")]);
    let waves = |case: &Case| -> Vec<String> {
        let documents = case.derive().documents;
        let sent = in_waves(&documents);
        let numbers = |(wave, of): (&u8, &Vec<&Document>)| {
            let mut numbers: Vec<&str> = of.iter().map(|document| document.number.as_str()).collect();
            numbers.sort_unstable();
            format!("{wave}: {}", numbers.join(" "))
        };
        sent.iter().map(numbers).collect()
    };
    assert_eq!(waves(&case), ["1: BC-118 BC-118-P112 BC-118-R12", "2: BC-118-A112 BC-118-T9001"]);
    assert_eq!(
        waves(&case.order_entry()),
        ["1: BC-118 BC-118-P112", "2: BC-118-R12 BC-118-T9001", "3: BC-118-A112"],
        "an Order Entry credit memo is made from its invoice, and set off once it is there"
    );
}
