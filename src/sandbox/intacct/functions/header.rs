//! What the headers of `create_invoice` and `create_aradjustment` have in common.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::books::Books;
use super::super::records::{DocumentState, Receivable, ReceivableKind, ReceivableLine};
use super::super::refusal::Refusal;
use super::super::values::{is_draft, legacy_date};
use super::super::xml_tree::Element;
use super::{Context, common, lines};

/// The checked common part of a header, and the lines.
pub(super) struct Header {
    pub(super) customer_id: String,
    pub(super) date: Date,
    pub(super) posting_date: Date,
    pub(super) state: DocumentState,
    pub(super) to_ledger: bool,
    pub(super) currency: String,
    pub(super) rate: Decimal,
    lines: Vec<ReceivableLine>,
    pub(super) total: Decimal,
}

/// Reads the header of a document and its lines, which stand in the element `items`.
pub(super) fn read(body: &Element, items: &str, books: &Books, context: &Context<'_>) -> Result<Header, Refusal> {
    read_with(body, books, context, |to_ledger| lines::read(body, items, !to_ledger, books, context))
}

/// Reads the header of a document whose lines are read by `lines`, which is told whether they go to the ledger.
pub(super) fn read_with(
    body: &Element,
    books: &Books,
    context: &Context<'_>,
    lines: impl FnOnce(bool) -> Result<Vec<ReceivableLine>, Refusal>,
) -> Result<Header, Refusal> {
    let customer = common::customer(books, common::required(body, "customerid", "Customer")?)?;
    let date = date(body, "datecreated", "Date")?.ok_or_else(|| Refusal::missing_field("Date"))?;
    let posting_date = self::date(body, "dateposted", "GL Posting Date")?.unwrap_or(date);
    common::open_period(books, posting_date)?;
    if let Some(batch) = body.text_of("batchkey") {
        return Err(Refusal::invalid("Summary", batch));
    }
    let (currency, rate) = common::legacy_currency(body, context)?;
    let draft = is_draft("Action", body.text_of("action"), "Submit")?;
    let to_ledger = body.text_of("nogl") != Some("true");
    let lines = lines(to_ledger)?;
    Ok(Header {
        customer_id: customer.id.clone(),
        date,
        posting_date,
        state: if draft { DocumentState::Draft } else { DocumentState::Posted },
        to_ledger,
        currency,
        rate,
        total: lines.iter().map(ReceivableLine::total).sum(),
        lines,
    })
}

/// A date of the header, when it is there.
pub(super) fn date(body: &Element, name: &str, label: &str) -> Result<Option<Date>, Refusal> {
    body.get(name).map(|date| legacy_date(label, date)).transpose()
}

/// Gives the document its numbers; from here on nothing is refused any more.
pub(super) fn record(kind: ReceivableKind, header: Header, books: &mut Books, context: &Context<'_>) -> Receivable {
    let mut lines = header.lines;
    for line in &mut lines {
        line.record_no = books.next_line();
    }
    let base_total = lines::in_base(&lines, header.rate);
    Receivable {
        record_no: books.next_document(),
        kind,
        number: String::new(),
        reference: String::new(),
        customer_id: header.customer_id,
        date: header.date,
        posting_date: header.posting_date,
        due_date: None,
        term: None,
        description: String::new(),
        external_id: String::new(),
        currency: header.currency,
        rate: header.rate,
        lines,
        total: header.total,
        open: header.total,
        open_base: base_total,
        state: header.state,
        reversed_on: None,
        attachment: None,
        custom_fields: BTreeMap::new(),
        from_order_entry: false,
        entity: context.entity(),
        recorded_at: context.now,
    }
}
