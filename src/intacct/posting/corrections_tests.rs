//! Corrections, and what is left over of a receipt, as requests.

use super::*;
use crate::accounting::policy::ChangedOrders;
use crate::accounting::rulebook::{Give, Rule, RuleKind};
use crate::accounting::testing::{Books, Case};

/// An order edited up from 129.90 to 259.80 after posting, whose one payment was made before the edit was seen.
fn edited() -> Vec<Document> {
    let order = |quantity: &str, total: &str, tax: &str| {
        let place = Rule::new("all", RuleKind::Dimension).gives(Give::Dimension("location".into()), "100");
        let terms = Rule::new("terms", RuleKind::Payment)
            .gives(Give::Account, "1150-M")
            .gives(Give::PaymentMethod, "EFT")
            .gives(Give::TreatAsPaid, "no");
        let case = Case::new().line("TS-1", quantity, total, tax).tax("Tax", "8.25", tax).rule(place).rule(terms);
        case.policy(|policy| policy.changed_orders = ChangedOrders::Correct)
    };
    let mut books = Books::new();
    books.run(&order("1", "120.00", "9.90"));
    books.run(&order("2", "240.00", "19.80").paid(9001, "stripe", "259.80"));
    books.posted
}

/// The bodies of all documents, posted in order: records are numbered from 1.
fn bodies(documents: &[Document]) -> Vec<String> {
    let policy = Policy::new("acme-us", "1100");
    let mut records = BTreeMap::new();
    let mut body = |document: &Document| {
        let around = Surroundings {
            customer_id: "BC-C7",
            records: &records,
            receivables: &BTreeMap::new(),
            policy: &policy,
            application_account: "1190",
            attachment: None,
        };
        let body = function(document, around).unwrap().body();
        records.insert(document.key.as_str().to_owned(), (records.len() + 1).to_string());
        body
    };
    documents.iter().map(&mut body).collect()
}

#[test]
fn a_correction_is_an_adjustment_that_names_the_invoice() {
    let bodies = bodies(&edited());
    assert!(bodies[1].contains("<adjustmentno>BC-118-X2</adjustmentno>"), "{}", bodies[1]);
    assert!(bodies[1].contains("<invoiceno>BC-118</invoiceno>"), "{}", bodies[1]);
    assert!(bodies[1].contains("<amount>120.00</amount>") && bodies[1].contains("<amount>9.90</amount>"));
}

#[test]
fn what_is_left_over_of_a_receipt_is_an_overpayment_that_pays_the_correction() {
    let bodies = bodies(&edited());
    let receipt = "<RECORDKEY>1</RECORDKEY><TRX_PAYMENTAMOUNT>129.90</TRX_PAYMENTAMOUNT>";
    assert!(bodies[2].contains(receipt), "{}", bodies[2]);
    let left = "<OVERPAYMENTAMOUNT>129.90</OVERPAYMENTAMOUNT><OVERPAYMENTLOCATIONID>100</OVERPAYMENTLOCATIONID>";
    assert!(bodies[2].contains(left), "{}", bodies[2]);
    let applied = "<POSADJKEY>2</POSADJKEY><OVERPAYMENTKEY>3</OVERPAYMENTKEY>\
                   <TRX_POSTEDOVERPAYMENTAMOUNT>129.90</TRX_POSTEDOVERPAYMENTAMOUNT>";
    assert!(bodies[3].contains(applied), "{}", bodies[3]);
}
