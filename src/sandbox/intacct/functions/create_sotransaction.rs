//! `create_sotransaction`: an Order Entry document, and the receivable its definition posts (Intacct docs, Order Entry).
//!
//! The answer's key is the document's id, such as `Sales Invoice-BC-118`. The receivable has a record number of its own.

use super::super::books::Books;
use super::super::definitions::{Posts, TransactionDefinition};
use super::super::records::{ReceivableKind, ReceivableLine};
use super::super::refusal::Refusal;
use super::super::sales::{SalesDocument, SalesState};
use super::super::values::bounded;
use super::super::xml_tree::Element;
use super::create_invoice::{check_contact, due};
use super::sales_lines::{self, Lines};
use super::{Context, common, header};

/// Nobody documents these lengths; they are taken to be those of invoices.
const NUMBER: usize = 45;
const REFERENCE: usize = 100;

/// Makes the document; answers its DOCID.
pub(super) fn run(body: &Element, books: &mut Books, context: &Context<'_>) -> Result<String, Refusal> {
    let name = body.text_of("transactiontype").unwrap_or_default();
    let definition = definition(name, books, context)?;
    let number = number(body, name, definition, books)?;
    let id = format!("{name}-{number}");
    let source = source(body, books)?;
    let lines = sales_lines::read(body, definition, source, books, context)?;
    let header = header::read_with(body, books, context, |_| Ok(posted(&lines, definition.posts)))?;
    if source.is_some_and(|source| source.customer_id != header.customer_id) {
        return Err(Refusal::other_customer(&format!("The document '{}'", source_id(body)), &header.customer_id));
    }
    let (due_date, term) = due(body, header.date, books)?;
    let state = state(body, definition)?;
    for party in ["shipto", "billto"].iter().filter_map(|side| body.get(side)) {
        check_contact(party, books)?;
    }
    if let Some(attachment) = body.text_of("supdocid").filter(|id| !books.masters.attachments.contains(*id)) {
        return Err(Refusal::invalid("Attachment", attachment));
    }
    let document = SalesDocument {
        record_no: 0,
        id: id.clone(),
        definition: name.to_owned(),
        number: number.clone(),
        customer_id: header.customer_id.clone(),
        reference: bounded("Reference number", body.text_of("referenceno").unwrap_or_default(), REFERENCE)?.to_owned(),
        message: body.text_of("message").unwrap_or_default().to_owned(),
        created_from: source.map(|source| source.id.clone()),
        date: header.date,
        posting_date: header.posting_date,
        due_date,
        external_id: body.text_of("externalid").unwrap_or_default().to_owned(),
        currency: header.currency.clone(),
        rate: header.rate,
        total: lines.total(),
        items: lines.items,
        subtotals: lines.subtotals,
        state,
        receivable: None,
        custom_fields: common::legacy_custom_fields(body, context)?,
        entity: context.entity(),
        recorded_at: context.now,
    };
    let kind = match definition.posts {
        Posts::Invoice => Some(ReceivableKind::Invoice),
        Posts::Credit => Some(ReceivableKind::Adjustment),
        Posts::Nothing => None,
    };
    let to_ledger = definition.to_ledger;
    if kind == Some(ReceivableKind::Invoice) && context.settings.unique_invoice_numbers && books.has_invoice(&number) {
        return Err(Refusal::number_exists(&number));
    }
    // From here on nothing is refused any more.
    let receivable = kind.filter(|_| state != SalesState::Draft).map(|kind| {
        let mut receivable = header::record(kind, header, books, context);
        receivable.number.clone_from(&number);
        receivable.reference.clone_from(&document.reference);
        receivable.description.clone_from(&document.message);
        receivable.due_date = (kind == ReceivableKind::Invoice).then_some(due_date);
        receivable.term = term;
        receivable.from_order_entry = true;
        let record_no = receivable.record_no;
        books.post_receivable(receivable, to_ledger);
        record_no
    });
    keep(SalesDocument { receivable, ..document }, books);
    Ok(id)
}

/// Gives the document and its lines their numbers.
fn keep(mut document: SalesDocument, books: &mut Books) {
    document.record_no = books.next_sales_document();
    for item in &mut document.items {
        item.record_no = books.next_line();
    }
    books.sales.insert(document.record_no, document);
}

fn definition<'a>(name: &str, books: &'a Books, context: &Context<'_>) -> Result<&'a TransactionDefinition, Refusal> {
    let found = books.masters.order_entry.definitions.get(name);
    let found = found.filter(|_| !books.masters.inactive.contains(&format!("definition/{name}")));
    let found = found.ok_or_else(|| Refusal::invalid("Transaction definition", name))?;
    match &found.entity {
        Some(entity) if context.entity().as_ref() != Some(entity) => Err(Refusal::entity_only(name, entity)),
        _ => Ok(found),
    }
}

/// The number as sent, or the next one of a definition that numbers by itself. It is there once in its definition.
fn number(body: &Element, name: &str, definition: &TransactionDefinition, books: &Books) -> Result<String, Refusal> {
    let number = match (body.text_of("documentno"), &definition.numbering) {
        (Some(number), _) => bounded("Document number", number, NUMBER)?.to_owned(),
        (None, Some(prefix)) => {
            let taken = books.sales.values().filter(|document| document.definition == name).count();
            format!("{prefix}{:04}", taken + 1)
        }
        (None, None) => return Err(Refusal::number_missing(name)),
    };
    match books.sales_document(&format!("{name}-{number}")) {
        Some(_) => Err(Refusal::number_exists(&number)),
        None => Ok(number),
    }
}

fn source_id(body: &Element) -> &str {
    body.text_of("createdfrom").unwrap_or_default()
}

/// The document it is made from, when it names one: it must be there and count.
fn source<'a>(body: &Element, books: &'a Books) -> Result<Option<&'a SalesDocument>, Refusal> {
    let Some(id) = body.text_of("createdfrom") else { return Ok(None) };
    let found = books.sales_document(id).ok_or_else(|| Refusal::source_missing(id))?;
    match found.state {
        SalesState::Pending => Ok(Some(found)),
        SalesState::Draft | SalesState::Closed => Err(Refusal::source_state(id, found.state.label())),
    }
}

fn state(body: &Element, definition: &TransactionDefinition) -> Result<SalesState, Refusal> {
    match body.text_of("state").unwrap_or(&definition.default_state) {
        "Draft" => Ok(SalesState::Draft),
        "Pending" => Ok(SalesState::Pending),
        "Closed" => Ok(SalesState::Closed),
        other => Err(Refusal::illegal_value("State", other)),
    }
}

/// The lines of the receivable: what a sale adds, or a credit takes off.
fn posted(lines: &Lines, posts: Posts) -> Vec<ReceivableLine> {
    let sign = if posts == Posts::Credit { -rust_decimal::Decimal::ONE } else { rust_decimal::Decimal::ONE };
    let items = lines.items.iter().map(|item| (&item.account, item.amount, &item.memo, &item.dimensions));
    let subtotals = lines.subtotals.iter().map(|row| (&row.account, row.amount, &row.description, &row.dimensions));
    let line = |(account, amount, memo, dimensions): (&String, _, &String, &_)| ReceivableLine {
        record_no: 0,
        account: account.clone(),
        amount: sign * amount,
        memo: memo.clone(),
        dimensions: super::super::records::Dimensions::clone(dimensions),
        taxes: Vec::new(),
        custom_fields: std::collections::BTreeMap::new(),
        paid: rust_decimal::Decimal::ZERO,
    };
    items.chain(subtotals).map(line).collect()
}
