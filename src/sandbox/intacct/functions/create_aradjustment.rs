//! `create_aradjustment`: a credit memo (negative lines) or a debit memo (positive lines).
//!
//! The invoice number it names is a text only; applying the credit is a payment's work (Intacct docs, AR adjustments).

use super::super::books::Books;
use super::super::records::ReceivableKind;
use super::super::refusal::Refusal;
use super::super::values::bounded;
use super::super::xml_tree::Element;
use super::{Context, header};

/// Lengths of Intacct's import template.
const NUMBER: usize = 45;

/// Makes the adjustment; answers its RECORDNO.
pub(super) fn run(body: &Element, books: &mut Books, context: &Context<'_>) -> Result<u64, Refusal> {
    let header = header::read(body, "aradjustmentitems", books, context)?;
    if header.total.is_zero() && !context.settings.zero_adjustments {
        return Err(Refusal::zero_adjustment());
    }
    let text = |name: &str| body.text_of(name).unwrap_or_default();
    let number = bounded("Adjustment number", text("adjustmentno"), NUMBER)?.to_owned();
    let reference = bounded("Invoice number", text("invoiceno"), NUMBER)?.to_owned();
    let to_ledger = header.to_ledger;
    let mut adjustment = header::record(ReceivableKind::Adjustment, header, books, context);
    adjustment.number = number;
    adjustment.reference = reference;
    adjustment.description = text("description").to_owned();
    adjustment.external_id = text("externalid").to_owned();
    let key = adjustment.record_no;
    books.post_receivable(adjustment, to_ledger);
    Ok(key)
}
