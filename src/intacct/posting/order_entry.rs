//! From a document in its Order Entry form to the function that creates it.

use super::super::functions::{CreateSoTransaction, DocumentState, OrderEntryLine, Subtotal};
use super::super::order_entry::is_id;
use super::{PostingError, Surroundings, currency, line_dimensions};
use crate::accounting::document::{Detail, Document, OrderEntry, OrderEntryItem, OrderEntrySubtotal};

/// The Order Entry document of an invoice or of a credit memo.
///
/// # Errors
/// [`PostingError`], with what to do.
pub(super) fn transaction(
    document: &Document,
    entry: &OrderEntry,
    around: Surroundings<'_>,
) -> Result<CreateSoTransaction, PostingError> {
    let (term, due_date, created_from) = match &document.detail {
        Detail::Invoice { terms, due, .. } => (terms.clone(), (*due).max(document.date), None),
        Detail::CreditMemo { invoice, .. } => {
            let invoice = around.records.get(invoice.as_str()).filter(|record| is_id(record));
            (None, document.date, invoice.cloned())
        }
        _ => (None, document.date, None),
    };
    Ok(CreateSoTransaction {
        definition: entry.definition.clone(),
        date: document.date,
        posting_date: Some(document.date),
        created_from,
        customer_id: around.customer_id.to_owned(),
        number: Some(document.number.clone()),
        // The number of the order's invoice, so that all its documents are found by it.
        reference: document.order_id.map(|order| format!("{}{order}", around.policy.number_prefix)),
        term,
        due_date: Some(due_date),
        message: Some(document.description.clone()),
        ship_to: None,
        bill_to: None,
        external_id: None,
        currency: currency(document, around.policy)?,
        custom_fields: Vec::new(),
        state: DocumentState::Pending,
        items: entry.items.iter().map(item).collect(),
        subtotals: entry.subtotals.iter().map(subtotal).collect(),
    })
}

fn item(from: &OrderEntryItem) -> OrderEntryLine {
    OrderEntryLine {
        warehouse: from.warehouse.clone(),
        memo: Some(from.memo.clone()).filter(|memo| !memo.is_empty()),
        dimensions: line_dimensions(&from.dimensions),
        ..OrderEntryLine::new(&from.item, from.quantity, &from.unit, from.price)
    }
}

fn subtotal(from: &OrderEntrySubtotal) -> Subtotal {
    Subtotal { dimensions: line_dimensions(&from.dimensions), ..Subtotal::new(&from.name, from.amount) }
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use crate::accounting::testing::{Case, units};

    /// A sale of three units for 100.00 paid by card, of which one came back.
    fn documents() -> (Vec<Document>, Policy) {
        let case = Case::new().line("TS-1", "3", "100.00", "8.24").tax("Tax", "8.25", "8.24");
        let case = case.paid(9001, "stripe", "108.24").refund(12, "36.08", "2.75", "stripe", vec![units(1, "1")]);
        let case = case.order_entry();
        (case.derive().documents, case.policy)
    }

    /// The request of the document with this number, when these records and receivables are known.
    fn request(number: &str, records: &[(&str, &str)], receivables: &[(&str, u64)]) -> Result<String, PostingError> {
        let (documents, policy) = documents();
        let document = documents.iter().find(|document| document.number == number).unwrap();
        let key = |what: &str| format!("acme-us/118/{what}/r1");
        let records = records.iter().map(|(what, record)| (key(what), (*record).to_owned())).collect();
        let receivables = receivables.iter().map(|(id, record)| ((*id).to_owned(), *record)).collect();
        let around = Surroundings {
            customer_id: "BC-G1",
            records: &records,
            receivables: &receivables,
            policy: &policy,
            application_account: "1190",
            attachment: None,
        };
        function(document, around).map(|function| function.body())
    }

    #[test]
    fn a_sale_is_sent_with_its_items_and_subtotals() {
        let body = request("BC-118", &[], &[]).unwrap();
        for part in [
            "<transactiontype>Sales Invoice</transactiontype>",
            "<customerid>BC-G1</customerid><documentno>BC-118</documentno><referenceno>BC-118</referenceno>",
            "<datedue><year>2026</year><month>03</month><day>10</day></datedue>",
            "<state>Pending</state>",
            "<itemid>SKU-1</itemid><warehouseid>WH1</warehouseid><quantity>2</quantity><unit>Each</unit>\
             <price>33.33</price><memo>TS-1 x 3</memo>",
            "<quantity>1</quantity><unit>Each</unit><price>33.34</price>",
            "<subtotals><subtotal><description>Subtotal 2200</description><total>8.24</total></subtotal></subtotals>",
        ] {
            assert!(body.contains(part), "{part} in {body}");
        }
        assert!(!body.contains("createdfrom") && !body.contains("1100"), "{body}");
    }

    #[test]
    fn a_return_names_the_document_it_is_made_from() {
        let body = request("BC-118-R12", &[("invoice", "Sales Invoice-BC-118")], &[]).unwrap();
        assert!(body.contains("<createdfrom>Sales Invoice-BC-118</createdfrom>"), "{body}");
        assert!(body.contains("<documentno>BC-118-R12</documentno><referenceno>BC-118</referenceno>"), "{body}");
        assert!(body.contains("<quantity>1</quantity><unit>Each</unit><price>33.33</price>"), "{body}");
    }

    #[test]
    fn a_payment_names_the_receivable_as_it_is_now_and_nothing_else() {
        let id = "Sales Invoice-BC-118";
        let paid = request("BC-118-T9001", &[("invoice", id)], &[(id, 20_007)]).unwrap();
        assert!(paid.contains("<RECORDKEY>20007</RECORDKEY>"), "{paid}");
        let gone = request("BC-118-T9001", &[("invoice", id)], &[]);
        assert_eq!(gone, Err(PostingError::NoReceivable(id.into())));
        let memo = "Sales Credit Memo-BC-118-R12";
        let records = [("credit-memo/refund-12", memo), ("refund-payout/refund-12-112", "20009")];
        let netted = request("BC-118-A112", &records, &[(memo, 20_008)]).unwrap();
        assert!(netted.contains("<POSADJKEY>20009</POSADJKEY>"), "{netted}");
        assert!(netted.contains("<ADJUSTMENTKEY>20008</ADJUSTMENTKEY>"), "{netted}");
    }
}
