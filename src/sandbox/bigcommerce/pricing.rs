//! Works out an order's amounts from its description as BigCommerce does: order discounts are spread over the lines,
//! tax is taken on discounted amounts, and gift certificates and store credit come off the total.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::amounts::{cents, round, spread};
use super::draft::{CouponKind, Destination, FeeDraft, LineDraft, LineKind, OrderDraft, Payment, TaxRate, TaxRounding};
use super::model::{
    AppliedDiscount, Counters, Coupon, Fee, Ids, Line, Order, ShippingAddress, TaxRow, Taxed, TaxedThing, Totals,
    status,
};

const HUNDRED: Decimal = Decimal::ONE_HUNDRED;

/// How prices are quoted and tax is rounded in one order.
#[derive(Clone, Copy)]
struct Pricing {
    inclusive: bool,
    rounding: TaxRounding,
}

/// One amount with its taxes: the whole tax and each rate's share as its row shows it.
struct Priced {
    amount: Taxed,
    rows: Vec<Decimal>,
}

impl Pricing {
    /// Taxes `amount` (before tax, or with tax for inclusive prices) at these rates.
    fn price(self, amount: Decimal, rates: &[TaxRate]) -> Priced {
        let combined: Decimal = rates.iter().map(|rate| rate.percent).sum();
        let taxable = if self.inclusive { amount * HUNDRED / (HUNDRED + combined) } else { amount };
        let exact = rates.iter().map(|rate| taxable * rate.percent / HUNDRED);
        let places = if self.rounding == TaxRounding::WholeOrder { 4 } else { 2 };
        let rows: Vec<Decimal> = exact.map(|tax| round(tax, places)).collect();
        let tax = match self.rounding {
            TaxRounding::EachRate => rows.iter().sum(),
            TaxRounding::WholeOrder | TaxRounding::RowsShownInCents => round(taxable * combined / HUNDRED, 6),
        };
        let (ex, inc) = if self.inclusive { (amount - tax, amount) } else { (amount, amount + tax) };
        Priced { amount: Taxed { base: amount, ex, inc, tax }, rows }
    }
}

/// Turns a description into an order in status Incomplete. `store_currency` is charged unless the description says
/// otherwise.
pub(super) fn price(draft: &OrderDraft, store_currency: &str, now: Timestamp, counters: &mut Counters) -> Order {
    let id = counters.next(Ids::Order);
    reprice(draft, id, store_currency, now, counters)
}

/// The same under an id that the order has already.
pub(super) fn reprice(
    draft: &OrderDraft,
    id: u64,
    store_currency: &str,
    now: Timestamp,
    counters: &mut Counters,
) -> Order {
    let mut order = shell(draft, id, store_currency, now);
    let pricing = Pricing { inclusive: draft.inclusive, rounding: draft.rounding };
    let cuts = discounts(draft, counters);
    let mut register = Register { draft, pricing, counters, taxes: Vec::new() };
    order.destinations = draft.destinations.iter().map(|destination| register.address(destination)).collect();
    for (line, discounts) in draft.lines.iter().zip(&cuts.per_line) {
        let built = register.line(line, discounts, &order.lines, &order.destinations);
        if let Some(destination) = order.destinations.iter_mut().find(|destination| destination.id == built.address_id)
        {
            destination.items += built.quantity;
        }
        order.lines.push(built);
    }
    register.charge_taxes(&order.destinations, &order.lines);
    order.fees = draft.fees.iter().map(|fee| register.fee(fee, &order.destinations)).collect();
    order.taxes = register.taxes;
    order.totals = totals(draft, &cuts, &order);
    order.coupons = cuts.coupons;
    order
}

/// The order without its parts and amounts.
fn shell(draft: &OrderDraft, id: u64, store_currency: &str, now: Timestamp) -> Order {
    let customer_message = match &draft.payment {
        Payment::PurchaseOrder { number } => format!("PO {number}"),
        _ => String::new(),
    };
    Order {
        id,
        customer_id: draft.customer,
        date_created: draft.date_created.unwrap_or(now),
        date_modified: now,
        date_shipped: None,
        status_id: status::INCOMPLETE,
        payment_status: String::new(),
        payment: draft.payment.clone(),
        payment_provider_id: String::new(),
        billing: draft.billing.clone(),
        currency: draft.currency.as_ref().map_or(store_currency, |(code, _)| code).to_owned(),
        exchange_rate: draft.currency.as_ref().map_or(Decimal::ONE, |(_, rate)| *rate),
        inclusive: draft.inclusive,
        totals: Totals::default(),
        gift_certificate: draft.gift_certificate.clone(),
        store_credit: draft.store_credit,
        channel_id: draft.channel,
        source: draft.source.clone(),
        external_source: draft.external_source.clone(),
        staff_notes: String::new(),
        customer_message,
        archived: false,
        lines: Vec::new(),
        destinations: Vec::new(),
        coupons: Vec::new(),
        fees: Vec::new(),
        taxes: Vec::new(),
        transactions: Vec::new(),
        refunds: Vec::new(),
        shipments: Vec::new(),
    }
}

/// All price reductions of an order.
struct Cuts {
    /// The manual discount as an amount.
    manual: Decimal,
    coupons: Vec<Coupon>,
    coupon_total: Decimal,
    per_line: Vec<Vec<AppliedDiscount>>,
}

/// Spreads the manual discount over the goods, then each coupon over what is left of them. Gift certificates stay
/// whole.
fn discounts(draft: &OrderDraft, counters: &mut Counters) -> Cuts {
    let mut left: Vec<Decimal> = draft
        .lines
        .iter()
        .map(|line| {
            if line.kind == LineKind::GiftCertificate {
                Decimal::ZERO
            } else {
                line.unit_price * Decimal::from(line.quantity)
            }
        })
        .collect();
    let goods: Decimal = left.iter().sum();
    let mut per_line = vec![Vec::new(); draft.lines.len()];
    let mut take = |amount: Decimal, template: AppliedDiscount, left: &mut Vec<Decimal>| {
        for (index, share) in spread(amount, left).into_iter().enumerate().filter(|(_, share)| !share.is_zero()) {
            left[index] -= share;
            per_line[index].push(AppliedDiscount { amount: share, ..template.clone() });
        }
    };
    let manual = (draft.discount + cents(goods * draft.discount_percent / HUNDRED)).min(goods);
    let label =
        |id: &str, name: &str, code| AppliedDiscount { id: id.into(), name: name.into(), code, amount: Decimal::ZERO };
    take(manual, label("manual-discount", "Manual Discount", None), &mut left);
    let (mut coupons, mut coupon_total) = (Vec::new(), Decimal::ZERO);
    for (kind, code, worth) in &draft.coupons {
        let remaining: Decimal = left.iter().sum();
        let shipping: Decimal = draft.destinations.iter().map(|destination| destination.shipping).sum();
        let (number, off) = match kind {
            CouponKind::Percent => (1, cents(remaining * *worth / HUNDRED)),
            CouponKind::Amount => (2, (*worth).min(remaining)),
            CouponKind::FreeShipping => (4, shipping),
            CouponKind::Promotion => (5, (*worth).min(remaining)),
        };
        if *kind != CouponKind::FreeShipping {
            take(off, label("coupon", "Coupon", Some(code.clone())), &mut left);
            coupon_total += off;
        }
        let id = counters.next(Ids::Coupon);
        coupons.push(Coupon { id, coupon_id: id, code: code.clone(), kind: number, amount: *worth, discount: off });
    }
    Cuts { manual, coupons, coupon_total, per_line }
}

/// The rates that apply to a line: its destination's, or the billing address's when it is not shipped.
fn line_rates<'a>(draft: &'a OrderDraft, line: &LineDraft) -> &'a [TaxRate] {
    if !line.taxable {
        return &[];
    }
    match draft.destinations.get(line.destination) {
        Some(destination) if line.kind == LineKind::Physical => &destination.rates,
        _ => &draft.billing_rates,
    }
}

/// Builds the parts of one order, giving out ids and collecting tax rows on the way.
struct Register<'a> {
    draft: &'a OrderDraft,
    pricing: Pricing,
    counters: &'a mut Counters,
    taxes: Vec<TaxRow>,
}

impl Register<'_> {
    /// A shipping address with its charges; a free-shipping coupon leaves the base cost and charges nothing.
    fn address(&mut self, destination: &Destination) -> ShippingAddress {
        let free = self.draft.coupons.iter().any(|(kind, ..)| *kind == CouponKind::FreeShipping);
        let charged = if free { Decimal::ZERO } else { destination.shipping };
        let shipping = self.pricing.price(charged, &destination.rates).amount;
        ShippingAddress {
            id: self.counters.next(Ids::Address),
            address: destination.address.clone(),
            method: destination.method.clone(),
            shipping: Taxed { base: destination.shipping, ..shipping },
            handling: self.pricing.price(destination.handling, &destination.rates).amount,
            items: 0,
            shipped: 0,
            shipping_refunded: false,
            handling_refunded: false,
        }
    }

    fn line(
        &mut self,
        line: &LineDraft,
        discounts: &[AppliedDiscount],
        before: &[Line],
        destinations: &[ShippingAddress],
    ) -> Line {
        let id = self.counters.next(Ids::Line);
        let rates = line_rates(self.draft, line);
        let address_id = match destinations.get(line.destination) {
            Some(destination) if line.kind == LineKind::Physical => destination.id,
            _ => 0,
        };
        let undiscounted = self.pricing.price(line.unit_price * Decimal::from(line.quantity), rates).amount;
        let off: Decimal = discounts.iter().map(|discount| discount.amount).sum();
        let paid = self.pricing.price(undiscounted.base - off, rates);
        self.tax_rows(&paid.rows, rates, TaxedThing::Item, Some(id), address_id);
        let wrapping = self.pricing.price(line.wrapping.unwrap_or_default(), rates);
        self.tax_rows(&wrapping.rows, rates, TaxedThing::Wrapping, None, address_id);
        let in_catalogue = !line.custom && line.kind != LineKind::GiftCertificate;
        Line {
            id,
            product_id: if in_catalogue { product_id(&line.sku) } else { 0 },
            address_id,
            parent: line.parent.and_then(|parent| before.get(parent)).map(|parent| parent.id),
            sku: line.sku.clone(),
            name: line.name.clone(),
            brand: line.brand.clone(),
            kind: line.kind,
            quantity: line.quantity,
            unit_cost: line.unit_cost,
            price: self.pricing.price(line.unit_price, rates).amount,
            total: Taxed { tax: paid.amount.tax, ..undiscounted },
            discounted_inc: paid.amount.inc,
            wrapping: wrapping.amount,
            discounts: discounts.to_vec(),
            gift_certificate_id: (line.kind == LineKind::GiftCertificate)
                .then(|| self.counters.next(Ids::GiftCertificate)),
            shipped: 0,
            refunded: 0,
            wrapping_refunded: false,
        }
    }

    /// Tax rows of shipping and handling. Handling rows carry an order product's id, as the field's description says.
    fn charge_taxes(&mut self, destinations: &[ShippingAddress], lines: &[Line]) {
        for (built, described) in destinations.iter().zip(&self.draft.destinations) {
            let charged = if self.draft.inclusive { built.shipping.inc } else { built.shipping.ex };
            let shipping = self.pricing.price(charged, &described.rates).rows;
            self.tax_rows(&shipping, &described.rates, TaxedThing::Shipping, None, built.id);
            let first = lines.iter().find(|line| line.address_id == built.id).map(|line| line.id);
            let handling = self.pricing.price(described.handling, &described.rates).rows;
            self.tax_rows(&handling, &described.rates, TaxedThing::Handling, first, built.id);
        }
    }

    fn fee(&mut self, fee: &FeeDraft, destinations: &[ShippingAddress]) -> Fee {
        let draft = self.draft;
        let jurisdiction =
            draft.destinations.first().map_or(draft.billing_rates.as_slice(), |destination| &destination.rates);
        let rates = if fee.taxable { jurisdiction } else { &[] };
        let priced = self.pricing.price(fee.cost, rates);
        let address_id = destinations.first().map_or(0, |destination| destination.id);
        self.tax_rows(&priced.rows, rates, TaxedThing::Fee, None, address_id);
        Fee {
            id: self.counters.next(Ids::Fee),
            name: fee.name.clone(),
            source: fee.source.clone(),
            cost: priced.amount,
        }
    }

    fn tax_rows(
        &mut self,
        amounts: &[Decimal],
        rates: &[TaxRate],
        thing: TaxedThing,
        order_product_id: Option<u64>,
        address_id: u64,
    ) {
        for (amount, rate) in amounts.iter().zip(rates).filter(|(amount, _)| !amount.is_zero()) {
            let (id, name) = (self.counters.next(Ids::Tax), rate.name.clone());
            self.taxes.push(TaxRow {
                id,
                address_id,
                order_product_id,
                thing,
                name,
                percent: rate.percent,
                amount: *amount,
            });
        }
    }
}

/// A catalogue id that is always the same for a SKU.
pub(super) fn product_id(sku: &str) -> u64 {
    1 + sku.bytes().fold(0_u64, |id, byte| (id * 31 + u64::from(byte)) % 9_973)
}

fn sum(amounts: impl Iterator<Item = Taxed>) -> Taxed {
    amounts.fold(Taxed::default(), |sum, next| Taxed {
        base: sum.base + next.base,
        ex: sum.ex + next.ex,
        inc: sum.inc + next.inc,
        tax: sum.tax + next.tax,
    })
}

/// Adds the parts up on the side that is exact: without tax, or with tax when prices include it. Fees are on top of the
/// goods and outside the subtotal.
fn totals(draft: &OrderDraft, cuts: &Cuts, order: &Order) -> Totals {
    let subtotal = sum(order.lines.iter().map(|line| line.total));
    let shipping = sum(order.destinations.iter().map(|destination| destination.shipping));
    let handling = sum(order.destinations.iter().map(|destination| destination.handling));
    let wrapping = sum(order.lines.iter().map(|line| line.wrapping));
    let parts = sum([subtotal, shipping, handling, wrapping].into_iter().chain(order.fees.iter().map(|fee| fee.cost)));
    let tax = cents(parts.tax);
    let off = cuts.manual + cuts.coupon_total;
    let (ex, inc) =
        if draft.inclusive { (parts.inc - off - tax, parts.inc - off) } else { (parts.ex - off, parts.ex - off + tax) };
    let tenders = order.liability_tenders();
    Totals {
        subtotal,
        shipping,
        handling,
        wrapping,
        discount: cuts.manual,
        coupon_discount: cuts.coupon_total,
        ex: ex - tenders,
        inc: inc - tenders,
        tax,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::bigcommerce::draft::{Address, GiftCertificate};

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn rates(percents: &[&str]) -> Vec<TaxRate> {
        percents.iter().map(|percent| TaxRate::new("Tax", decimal(percent))).collect()
    }

    fn item(quantity: u32, price: &str) -> LineDraft {
        LineDraft::new("SKU", "Thing", quantity, decimal(price))
    }

    fn draft(shipping: &str, handling: &str, percents: &[&str]) -> OrderDraft {
        OrderDraft::guest(Address::default()).ship("Ground", decimal(shipping), decimal(handling), &rates(percents))
    }

    fn priced(draft: &OrderDraft) -> Order {
        super::price(draft, "USD", "2026-03-05T15:00:00Z".parse().unwrap(), &mut Counters::default())
    }

    fn shares(order: &Order) -> Vec<Vec<Decimal>> {
        order.lines.iter().map(|line| line.discounts.iter().map(|discount| discount.amount).collect()).collect()
    }

    #[test]
    fn a_discount_and_then_a_coupon_come_off_before_tax() {
        let order = draft("0", "0", &["8.25"]).line(item(1, "60")).line(item(1, "45")).discount_percent(decimal("10"));
        let order = priced(&order.coupon(CouponKind::Amount, "FIVE", decimal("5")));
        assert_eq!(shares(&order), [[decimal("6"), decimal("2.86")], [decimal("4.5"), decimal("2.14")]]);
        assert_eq!((order.totals.discount, order.totals.coupon_discount), (decimal("10.50"), decimal("5")));
        assert_eq!(
            (order.totals.ex, order.totals.tax, order.totals.inc),
            (decimal("89.5"), decimal("7.38"), decimal("96.88"))
        );
    }

    #[test]
    fn shipping_and_handling_are_taxed_and_the_tax_is_rounded_as_asked() {
        let order = draft("12.95", "2.50", &["7"]).line(item(1, "80"));
        let whole = priced(&order.clone().rounding(TaxRounding::WholeOrder)).totals;
        assert_eq!((whole.tax, whole.inc), (decimal("6.68"), decimal("102.13")));
        let each = priced(&order).totals;
        assert_eq!((each.tax, each.inc), (decimal("6.69"), decimal("102.14")));
    }

    #[test]
    fn four_jurisdictions_shown_in_cents_miss_one_cent_of_the_tax() {
        let order = draft("0", "0", &["6", "1", "1.25", "0.25"]).line(item(1, "249.99"));
        let order = priced(&order.rounding(TaxRounding::RowsShownInCents));
        let rows: Vec<Decimal> = order.taxes.iter().map(|row| row.amount).collect();
        assert_eq!(rows, [decimal("15"), decimal("2.5"), decimal("3.12"), decimal("0.62")]);
        assert_eq!((order.totals.tax, order.totals.inc), (decimal("21.25"), decimal("271.24")));
    }

    #[test]
    fn gift_certificates_and_store_credit_come_off_the_total() {
        let certificate = GiftCertificate { code: "MB3".into(), balance: decimal("50"), amount: decimal("50") };
        let order = draft("9.95", "0", &["8.25"])
            .line(item(1, "150"))
            .gift_certificate(certificate)
            .store_credit(decimal("25"));
        let order = priced(&order);
        assert_eq!(
            (order.totals.tax, order.totals.inc, order.gross()),
            (decimal("13.20"), decimal("98.15"), decimal("173.15"))
        );
    }

    #[test]
    fn inclusive_prices_contain_their_tax() {
        let order = draft("6", "0", &["20"]).line(item(2, "24")).inclusive().discount(decimal("6"));
        let totals = priced(&order).totals;
        assert_eq!((totals.inc, totals.tax, totals.ex), (decimal("48"), decimal("8"), decimal("40")));
    }

    #[test]
    fn a_gift_certificate_line_is_neither_taxed_nor_discounted() {
        let order =
            draft("0", "0", &["8"]).line(LineDraft::gift_certificate("Gift", decimal("100"))).line(item(1, "50"));
        let order = priced(&order.discount_percent(decimal("10")));
        assert_eq!(
            (order.totals.discount, order.totals.tax, order.totals.inc),
            (decimal("5"), decimal("3.6"), decimal("148.6"))
        );
        assert!(order.lines[0].discounts.is_empty());
    }

    #[test]
    fn a_free_shipping_coupon_leaves_the_base_cost_and_charges_nothing() {
        let order =
            draft("7.95", "0", &["8"]).line(item(1, "50")).coupon(CouponKind::FreeShipping, "SHIPFREE", Decimal::ZERO);
        let order = priced(&order);
        assert_eq!((order.totals.shipping.base, order.totals.shipping.inc), (decimal("7.95"), Decimal::ZERO));
        assert_eq!((order.totals.coupon_discount, order.coupons[0].discount), (Decimal::ZERO, decimal("7.95")));
        assert_eq!(order.totals.inc, decimal("54"));
    }
}
