//! Order Entry documents with everything they can have, and the queries that find them.

use super::*;
use crate::intacct::order_entry;

pub(super) fn documents() -> Vec<Function> {
    [sale(), returned()].into_iter().map(|document| Function::CreateSoTransaction(Box::new(document))).collect()
}

pub(super) fn look_ups() -> Vec<Function> {
    let receivables = order_entry::receivables_of(&["Sales Invoice-AC-1207", "Sales Invoice-AC-1208"].into());
    let document = order_entry::by_number("Sales Invoice", "AC-1207", "AC-41");
    receivables.into_iter().chain([document]).map(Function::Query).collect()
}

fn sale() -> CreateSoTransaction {
    let everything = LineDimensions {
        class: some("RETAIL"),
        project: some("P-1"),
        customer: some("AC-41"),
        custom_fields: channel(),
        ..place()
    };
    let line = OrderEntryLine::new("SHIRT-M", "2".parse().unwrap(), "Each", "40".parse().unwrap());
    CreateSoTransaction {
        definition: "Sales Invoice".into(),
        date: "2026-03-09".parse().unwrap(),
        posting_date: Some("2026-03-10".parse().unwrap()),
        created_from: some("Sales Order-SO0007"),
        customer_id: "AC-41".into(),
        number: some("AC-1207"),
        reference: some("AC-1207"),
        term: some("Net 30"),
        due_date: Some("2026-04-08".parse().unwrap()),
        message: some("BigCommerce order 1207 & more"),
        ship_to: some("AC-41 Ship"),
        bill_to: some("AC-41 Bill"),
        external_id: some("acme-us/1207"),
        currency: currency(ExchangeRate::Type { name: "Spot".into(), date: Some("2026-03-09".parse().unwrap()) }),
        custom_fields: vec![CustomField { name: "BC_ORDER".into(), value: "1207".into() }],
        state: DocumentState::Pending,
        items: vec![
            OrderEntryLine {
                description: some("Shirt, medium"),
                taxable: Some(true),
                warehouse: some("WH1"),
                memo: some("SHIRT-M x 2"),
                dimensions: everything.clone(),
                ..line
            },
            OrderEntryLine::new("ROPE", "1.5".parse().unwrap(), "Metre", "6.7".parse().unwrap()),
        ],
        subtotals: vec![
            Subtotal {
                dimensions: LineDimensions { item: some("SHIRT-M"), ..everything },
                ..Subtotal::new("Discount", "-8".parse().unwrap())
            },
            Subtotal::new("Sales Tax", "6.39".parse().unwrap()),
        ],
    }
}

fn returned() -> CreateSoTransaction {
    CreateSoTransaction {
        definition: "Sales Credit Memo".into(),
        created_from: some("Sales Invoice-AC-1207"),
        number: some("AC-1207-R12"),
        term: None,
        ship_to: None,
        bill_to: None,
        currency: currency(ExchangeRate::Fixed("1.085".parse().unwrap())),
        custom_fields: Vec::new(),
        subtotals: Vec::new(),
        ..sale()
    }
}
