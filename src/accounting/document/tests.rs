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
