//! The invoice: what was sold, discounted and taxed, against the receivable.

use jiff::ToSpan;
use rust_decimal::Decimal;

use super::super::document::{Detail, Document, DocumentKey, JournalLine};
use super::super::evidence::{AppliedDiscount, Coupon, Evidence, Fee, Line, LineType, ShippingAddress, TaxRow, Totals};
use super::super::hold::Blocks;
use super::charges::{Charge, Places};
use super::context::{Desk, Holds, Paper, merged, signed_line, source_hash};
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
    for charge in &sale.charges {
        let gross = charge.net + charge.contras.iter().map(|contra| contra.amount).sum::<Decimal>();
        lines.push(signed_line(&charge.account, -gross, charge.dimensions.clone(), &charge.memo, &charge.rule));
    }
    for contra in sale.charges.iter().flat_map(|charge| &charge.contras) {
        let dimensions = contra.dimensions.clone();
        lines.push(signed_line(&contra.account, contra.amount, dimensions, &contra.memo, &contra.rule));
    }
    lines.extend(sale.taxes.iter().filter_map(|tax| tax_line(tax, -tax.amount)));
    if let Some(account) = context.policy.rounding_account.as_deref().filter(|_| !sale.rounding.is_zero()) {
        let rule = "policy: rounding account";
        lines.push(signed_line(account, -sale.rounding, desk.dimensions.clone(), "Rounding difference", rule));
    }
    let due = context.date.saturating_add(i64::from(context.policy.due_days).days());
    let paper = Paper {
        what: "invoice".to_owned(),
        suffix: String::new(),
        dates: (context.date, context.date),
        total: sale.total,
        reference: None,
        description: format!("BigCommerce order {}", order.id),
        lines: merged(lines),
        detail: Detail::Invoice { terms, due, payment_method: order.payment_method.clone() },
        source_hash: source_hash(&sold(context.evidence)),
    };
    desk.write(holds, Blocks::Order, paper)
}

/// The leg of a tax; none for tax that stays out of the books.
pub(super) fn tax_line(tax: &TaxBucket, signed: Decimal) -> Option<JournalLine> {
    let account = tax.account.as_deref()?;
    Some(signed_line(account, signed, tax.dimensions.clone(), &tax.name, &tax.rule))
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
