//! What the headers of `create_invoice` and `create_aradjustment` have in common.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::books::Books;
use super::super::records::{DocumentState, Receivable, ReceivableKind, ReceivableLine};
use super::super::refusal::Refusal;
use super::super::values::{is_draft, legacy_date, round};
use super::super::xml_tree::Element;
use super::common::{self, CurrencyText};
use super::{Context, lines};

/// The checked common part of a header, and the lines.
pub(super) struct Header {
    pub(super) customer_id: String,
    pub(super) date: Date,
    pub(super) posting_date: Date,
    pub(super) state: DocumentState,
    pub(super) to_ledger: bool,
    currency: String,
    rate: Decimal,
    lines: Vec<ReceivableLine>,
    pub(super) total: Decimal,
}

/// Reads the header of a document and its lines, which stand in the element `items`.
pub(super) fn read(body: &Element, items: &str, books: &Books, context: &Context<'_>) -> Result<Header, Refusal> {
    let customer = common::customer(books, common::required(body, "customerid", "Customer")?)?;
    let date = date(body, "datecreated", "Date")?.ok_or_else(|| Refusal::missing_field("Date"))?;
    let posting_date = self::date(body, "dateposted", "GL Posting Date")?.unwrap_or(date);
    common::open_period(books, posting_date)?;
    if let Some(batch) = body.text_of("batchkey") {
        return Err(Refusal::invalid("Summary", batch));
    }
    if let Some(solution) = body.text_of("taxsolutionid") {
        return Err(Refusal::invalid("Tax solution", solution));
    }
    // In a company without multi-currency the whole group is refused, even for its own currency.
    if body.get("currency").is_some() && !context.settings.multi_currency {
        return Err(Refusal::foreign_currency_off());
    }
    let text = CurrencyText {
        currency: body.text_of("currency"),
        rate: body.text_of("exchrate"),
        rate_type: body.text_of("exchratetype"),
    };
    let (currency, rate) = common::currency(&text, context)?;
    let draft = is_draft("Action", body.text_of("action"), "Submit")?;
    let to_ledger = body.text_of("nogl") != Some("true");
    let lines = match body.get(items) {
        Some(items) => lines::read(items, !to_ledger, books, context)?,
        None => Vec::new(),
    };
    Ok(Header {
        customer_id: customer.id.clone(),
        date,
        posting_date,
        state: if draft { DocumentState::Draft } else { DocumentState::Posted },
        to_ledger,
        currency,
        rate,
        total: lines.iter().map(|line| line.amount).sum(),
        lines,
    })
}

/// A date of the header, when it is there.
pub(super) fn date(body: &Element, name: &str, label: &str) -> Result<Option<Date>, Refusal> {
    body.get(name).map(|date| legacy_date(label, date)).transpose()
}

/// The custom fields of the header; the company must know them.
pub(super) fn custom_fields(body: &Element, context: &Context<'_>) -> Result<BTreeMap<String, String>, Refusal> {
    let Some(fields) = body.get("customfields") else { return Ok(BTreeMap::new()) };
    fields
        .all("customfield")
        .map(|field| {
            let text = |name: &str| field.text_of(name).unwrap_or_default().to_owned();
            let name = text("customfieldname");
            if context.settings.custom_fields.contains(&name) {
                Ok((name, text("customfieldvalue")))
            } else {
                Err(Refusal::unknown_field(&body.name, &name))
            }
        })
        .collect()
}

/// Gives the document its numbers; from here on nothing is refused any more.
pub(super) fn record(kind: ReceivableKind, header: Header, books: &mut Books, context: &Context<'_>) -> Receivable {
    let mut lines = header.lines;
    for line in &mut lines {
        line.record_no = books.next_line();
    }
    let base_total = lines.iter().map(|line| round(line.amount * header.rate)).sum();
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
        custom_fields: BTreeMap::new(),
        entity: context.entity(),
        recorded_at: context.now,
    }
}
