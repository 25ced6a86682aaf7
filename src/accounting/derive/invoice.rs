//! The invoice: what was sold, discounted and taxed, against the receivable.

use std::borrow::Cow;
use std::cell::OnceCell;

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
pub(super) struct Sale<'a> {
    pub charges: Vec<Charge<'a>>,
    places: OnceCell<Places>,
    pub taxes: Vec<TaxBucket<'a>>,
    /// On the rounding account; positive is income.
    pub rounding: Decimal,
    /// What the buyer owes us: the order's gross less tax that a marketplace keeps.
    pub total: Decimal,
    /// Tax that a marketplace keeps.
    pub marketplace_tax: Decimal,
}

impl<'a> Sale<'a> {
    /// Charges and taxes of an order that comes to `gross`.
    pub fn new(charges: Vec<Charge<'a>>, taxes: Vec<TaxBucket<'a>>, rounding: Decimal, gross: Decimal) -> Self {
        let kept = taxes.iter().filter(|tax| tax.account.is_none());
        let marketplace_tax: Decimal = kept.map(|tax| tax.amount).sum();
        let total = gross - marketplace_tax;
        Self { charges, places: OnceCell::new(), taxes, rounding, total, marketplace_tax }
    }

    /// Where the charges stand in their list: refunds ask for it.
    pub fn places(&self) -> &Places {
        self.places.get_or_init(|| Places::of(&self.charges))
    }
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
fn pieces<'s>(desk: &'s Desk, sale: &'s Sale) -> Vec<Piece<'s>> {
    let contra = |contra: &'s Contra| Piece {
        account: contra.place.account,
        dimensions: &contra.dimensions,
        rule: contra.place.rule,
        memo: Cow::Borrowed(&contra.place.memo),
        amount: -contra.amount,
        what: What::Other(SubtotalKind::Discount),
        form: &contra.place.form,
    };
    let mut pieces: Vec<Piece> = sale.charges.iter().map(charged).collect();
    pieces.extend(sale.charges.iter().flat_map(|charge| &charge.contras).map(contra));
    pieces.extend(sale.taxes.iter().filter_map(|tax| tax_piece(tax, tax.amount)));
    if let Some(account) = desk.context.policy.rounding_account.as_deref().filter(|_| !sale.rounding.is_zero()) {
        pieces.push(Piece {
            account,
            dimensions: &desk.dimensions,
            rule: "policy: rounding account",
            memo: Cow::Borrowed("Rounding difference"),
            amount: sale.rounding,
            what: What::Other(SubtotalKind::Rounding),
            form: &Form::NONE,
        });
    }
    pieces
}

/// What a charge comes to before the discounts that are shown on their own accounts.
fn charged<'s>(charge: &'s Charge) -> Piece<'s> {
    Piece {
        account: charge.account,
        dimensions: &charge.dimensions,
        rule: charge.rule,
        memo: Cow::Borrowed(&charge.memo),
        amount: charge.net + charge.contras.iter().map(|contra| contra.amount).sum::<Decimal>(),
        what: charge.what(charge.quantity),
        form: &charge.form,
    }
}

/// The piece of a tax; none for tax that stays out of the books.
pub(super) fn tax_piece<'s>(tax: &'s TaxBucket, amount: Decimal) -> Option<Piece<'s>> {
    Some(Piece {
        account: tax.account?,
        dimensions: &tax.dimensions,
        rule: tax.rule,
        memo: Cow::Borrowed(&tax.name),
        amount,
        what: What::Other(SubtotalKind::Tax),
        form: &tax.form,
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
