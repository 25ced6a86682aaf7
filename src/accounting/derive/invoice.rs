//! The invoice: what was sold, discounted and taxed, against the receivable.

use jiff::ToSpan;
use rust_decimal::Decimal;

use super::super::document::{Detail, Document, DocumentKey};
use super::super::evidence::{AppliedDiscount, Coupon, Evidence, Fee, Line, LineType, ShippingAddress, TaxRow, Totals};
use super::super::hold::Blocks;
use super::super::policy::SubtotalKind;
use super::charges::{Charge, Contra, Places};
use super::context::{Desk, Holds, Paper, merged, source_hash};
use super::order_entry;
use super::piece::{Form, Piece, Side, What};
use super::taxes::TaxBucket;

/// A sale worked out: its charges, taxes and rounding add up to the invoice. Amounts are whole minor units.
pub(super) struct Sale {
    pub charges: Vec<Charge>,
    pub places: Places,
    pub taxes: Vec<TaxBucket>,
    /// On the rounding account; positive is income.
    pub rounding: Decimal,
    /// What the buyer owes us: the order's gross less tax that a marketplace keeps.
    pub total: Decimal,
    /// Tax that a marketplace keeps.
    pub marketplace_tax: Decimal,
}

/// The key of the order's invoice.
pub(super) fn invoice_key(desk: &Desk) -> DocumentKey {
    desk.context.key("invoice")
}

/// Writes the invoice.
pub(super) fn invoice(desk: &Desk, sale: &Sale, terms: Option<String>, holds: &mut Holds) -> Option<Document> {
    let (context, order) = (desk.context, &desk.context.evidence.order);
    let mut lines = vec![desk.receivable(sale.total, &format!("Order {}", order.id))];
    let pieces = pieces(desk, sale);
    let order_entry = if context.order_entry() {
        let definition = &context.policy.order_entry.sales_invoice;
        let (entry, own) = order_entry::entered(desk, definition, &pieces, Side::Sale, &Blocks::Order, holds)?;
        lines.extend(own);
        Some(Box::new(entry))
    } else {
        lines.extend(pieces.iter().map(|piece| piece.line(Side::Sale)));
        None
    };
    let due = context.date.saturating_add(i64::from(context.policy.due_days).days());
    let paper = Paper {
        what: "invoice".to_owned(),
        suffix: String::new(),
        dates: (context.date, context.date),
        total: sale.total,
        reference: None,
        description: format!("BigCommerce order {}", order.id),
        lines: merged(lines),
        detail: Detail::Invoice { terms, due, payment_method: order.payment_method.clone(), order_entry },
        source_hash: source_hash(&sold(context.evidence)),
    };
    desk.write(holds, Blocks::Order, paper)
}

/// Everything the buyer owes, piece by piece.
fn pieces(desk: &Desk, sale: &Sale) -> Vec<Piece> {
    let contra = |contra: &Contra| Piece {
        account: contra.account.clone(),
        dimensions: contra.dimensions.clone(),
        rule: contra.rule.clone(),
        memo: contra.memo.clone(),
        amount: -contra.amount,
        what: What::Other(SubtotalKind::Discount),
        form: contra.form.clone(),
    };
    let mut pieces: Vec<Piece> = sale.charges.iter().map(charged).collect();
    pieces.extend(sale.charges.iter().flat_map(|charge| &charge.contras).map(contra));
    pieces.extend(sale.taxes.iter().filter_map(|tax| tax_piece(tax, tax.amount)));
    if let Some(account) = desk.context.policy.rounding_account.as_deref().filter(|_| !sale.rounding.is_zero()) {
        pieces.push(Piece {
            account: account.to_owned(),
            dimensions: desk.dimensions.clone(),
            rule: "policy: rounding account".to_owned(),
            memo: "Rounding difference".to_owned(),
            amount: sale.rounding,
            what: What::Other(SubtotalKind::Rounding),
            form: Form::default(),
        });
    }
    pieces
}

/// What a charge comes to before the discounts that are shown on their own accounts.
fn charged(charge: &Charge) -> Piece {
    Piece {
        account: charge.account.clone(),
        dimensions: charge.dimensions.clone(),
        rule: charge.rule.clone(),
        memo: charge.memo.clone(),
        amount: charge.net + charge.contras.iter().map(|contra| contra.amount).sum::<Decimal>(),
        what: charge.what(charge.quantity),
        form: charge.form.clone(),
    }
}

/// The piece of a tax; none for tax that stays out of the books.
pub(super) fn tax_piece(tax: &TaxBucket, amount: Decimal) -> Option<Piece> {
    Some(Piece {
        account: tax.account.clone()?,
        dimensions: tax.dimensions.clone(),
        rule: tax.rule.clone(),
        memo: tax.name.clone(),
        amount,
        what: What::Other(SubtotalKind::Tax),
        form: tax.form.clone(),
    })
}

/// The facts an invoice is made of: when one of them changes after posting, the order was edited. Left out is what
/// changes in the life of every order: status, payments, shipping date, customer group, catalogue data.
fn sold(evidence: &Evidence) -> impl serde::Serialize + '_ {
    #[derive(serde::Serialize)]
    struct SoldLine<'a> {
        id: u64,
        sku: &'a str,
        name: &'a str,
        line_type: LineType,
        address: Option<u64>,
        quantity: Decimal,
        ex_tax: Decimal,
        inc_tax: Decimal,
        tax: Decimal,
        wrapping: Decimal,
        discounts: &'a [AppliedDiscount],
    }
    #[derive(serde::Serialize)]
    struct Sold<'a> {
        created: jiff::Timestamp,
        currency: &'a str,
        customer: Option<u64>,
        email: String,
        company: &'a str,
        // Where nothing ships, the billing address decides.
        place: (&'a str, &'a str),
        payment_method: &'a str,
        prices_include_tax: bool,
        totals: &'a Totals,
        lines: Vec<SoldLine<'a>>,
        shipping: &'a [ShippingAddress],
        coupons: &'a [Coupon],
        fees: &'a [Fee],
        taxes: &'a [TaxRow],
    }
    fn line(line: &Line) -> SoldLine<'_> {
        SoldLine {
            id: line.id,
            sku: &line.sku,
            name: &line.name,
            line_type: line.line_type,
            address: line.address_id,
            quantity: line.quantity,
            ex_tax: line.total_ex_tax,
            inc_tax: line.total_inc_tax,
            tax: line.total_tax,
            wrapping: line.wrapping_ex_tax,
            discounts: &line.discounts,
        }
    }
    let order = &evidence.order;
    Sold {
        created: order.created,
        currency: order.currency.code(),
        customer: order.buyer.customer_id,
        email: order.buyer.email.trim().to_lowercase(),
        company: &order.billing.company,
        place: (&order.billing.country_code, &order.billing.state),
        payment_method: &order.payment_method,
        prices_include_tax: order.prices_include_tax,
        totals: &order.totals,
        lines: evidence.lines.iter().map(line).collect(),
        shipping: &evidence.shipping,
        coupons: &evidence.coupons,
        fees: &evidence.fees,
        taxes: &evidence.taxes,
    }
}
