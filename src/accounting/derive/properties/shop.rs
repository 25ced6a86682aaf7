//! A shop for property tests: prices orders of every kind the way BigCommerce does, takes money, and gives it back.
//!
//! Everything a strategy chooses is a plain number, so that a failing order shrinks to a small one.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::super::super::evidence::*;
use super::super::super::money::{Currency, allocate};
use super::super::super::rulebook::{Give, Rule, RuleKind};
use super::super::super::testing::Case;

/// What a line of the order is.
#[derive(Debug, Clone)]
pub(super) struct LineSpec {
    pub quantity: i64,
    /// In minor units.
    pub unit: i64,
    pub gift_certificate: bool,
    pub wrapping: i64,
    pub taxed: bool,
}

/// One order before it is priced. Amounts are minor units, rates hundredths of a percent.
#[derive(Debug, Clone)]
pub(super) struct OrderSpec {
    pub currency: &'static str,
    pub prices_include_tax: bool,
    pub lines: Vec<LineSpec>,
    pub shipping: Vec<(i64, i64)>,
    pub fees: Vec<i64>,
    pub manual_percent: i64,
    pub coupon_percent: i64,
    /// The discounts stand on the lines, not on the header only.
    pub spread: bool,
    pub rates: Vec<i64>,
    /// Tax rows keep four decimals.
    pub fine_rows: bool,
    /// Shares of the total, in percent, paid by gift certificate, by store credit, and by each of the captures.
    pub gift_percent: i64,
    pub credit_percent: i64,
    pub captures: Vec<i64>,
    pub authorised_first: bool,
    /// The order's total has gift certificates and store credit taken off.
    pub net_total: bool,
}

/// A priced part of the order that can be refunded.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub refunded: RefundedPart,
    pub id: u64,
    pub quantity: i64,
    /// Whole minor units, without tax after discounts, and its tax.
    pub net: Decimal,
    pub tax: Decimal,
}

/// A priced order with its payments.
#[derive(Debug, Clone)]
pub(super) struct Sold {
    pub case: Case,
    pub parts: Vec<Part>,
    pub gross: Decimal,
    pub tax: Decimal,
    pub paid: Decimal,
}

pub(super) fn orders() -> impl Strategy<Value = OrderSpec> {
    let line = (1i64..5, 1i64..30_000, prop::bool::weighted(0.1), 0i64..3, prop::bool::weighted(0.9)).prop_map(
        |(quantity, unit, gift_certificate, wrapping, taxed)| LineSpec {
            quantity,
            unit,
            gift_certificate,
            wrapping: if gift_certificate { 0 } else { wrapping * 199 },
            taxed: taxed && !gift_certificate,
        },
    );
    let goods = (
        prop::sample::select(vec!["USD", "JPY", "KWD"]),
        any::<bool>(),
        prop::collection::vec(line, 1..7),
        prop::collection::vec((0i64..2_000, 0i64..400), 0..3),
        prop::collection::vec(1i64..900, 0..3),
        (0i64..40, 0i64..30, any::<bool>()),
    );
    let money = (
        prop::collection::vec(1i64..900, 0..5),
        any::<bool>(),
        (0i64..30, 0i64..30, any::<bool>()),
        prop::collection::vec(1i64..40, 0..4),
        any::<bool>(),
    );
    (goods, money).prop_map(|(goods, money)| {
        let (currency, prices_include_tax, lines, shipping, fees, (manual_percent, coupon_percent, spread)) = goods;
        let (rates, fine_rows, (gift_percent, credit_percent, net_total), captures, authorised_first) = money;
        OrderSpec {
            currency,
            prices_include_tax,
            lines,
            shipping,
            fees,
            manual_percent,
            coupon_percent,
            spread,
            rates,
            fine_rows,
            gift_percent,
            credit_percent,
            captures,
            authorised_first,
            net_total,
        }
    })
}

/// One thing charged while the order is priced.
struct Charged {
    refunded: RefundedPart,
    taxed_part: TaxedPart,
    id: u64,
    quantity: i64,
    /// As priced: with tax in it when prices include tax. Before discounts.
    list: Decimal,
    manual: Decimal,
    coupon: Decimal,
    taxed: bool,
}

impl Charged {
    fn priced(&self) -> Decimal {
        self.list - self.manual - self.coupon
    }
}

impl OrderSpec {
    fn currency(&self) -> Currency {
        self.currency.parse().unwrap()
    }

    fn minor(&self, amount: i64) -> Decimal {
        Decimal::new(amount, self.currency().minor_units())
    }

    fn percent(&self, amount: Decimal, percent: i64) -> Decimal {
        self.currency().round(amount * Decimal::new(percent, 2))
    }

    fn charged(&self) -> Vec<Charged> {
        let new = |refunded, taxed_part, id, quantity, list, taxed| Charged {
            refunded,
            taxed_part,
            id,
            quantity,
            list,
            manual: Decimal::ZERO,
            coupon: Decimal::ZERO,
            taxed,
        };
        let mut charged = Vec::new();
        for (line, id) in self.lines.iter().zip(1..) {
            let list = self.minor(line.quantity * line.unit);
            charged.push(new(RefundedPart::Product, TaxedPart::Item, id, line.quantity, list, line.taxed));
            if line.wrapping > 0 {
                let list = self.minor(line.wrapping);
                charged.push(new(RefundedPart::GiftWrapping, TaxedPart::GiftWrapping, id, 1, list, line.taxed));
            }
        }
        for ((cost, handling), id) in self.shipping.iter().zip(41..) {
            charged.push(new(RefundedPart::Shipping, TaxedPart::Shipping, id, 1, self.minor(*cost), true));
            charged.push(new(RefundedPart::Handling, TaxedPart::Handling, id, 1, self.minor(*handling), true));
        }
        for (fee, id) in self.fees.iter().zip(71..) {
            charged.push(new(RefundedPart::Fee, TaxedPart::Fee, id, 1, self.minor(*fee), true));
        }
        self.discount(&mut charged);
        charged
    }

    /// Takes discounts off the products, in shares of four decimals that add up; gift certificates are not discounted.
    fn discount(&self, charged: &mut [Charged]) {
        let fine: Currency = "CLF".parse().unwrap();
        assert_eq!(fine.minor_units(), 4, "the currency with four decimals stands for BigCommerce's own precision");
        let lines = &self.lines;
        let product =
            |part: &Charged| part.refunded == RefundedPart::Product && !lines[part.id as usize - 1].gift_certificate;
        for (percent, coupon) in [(self.manual_percent, false), (self.coupon_percent, true)] {
            let weight = |part: &Charged| if product(part) { part.priced() } else { Decimal::ZERO };
            let weights: Vec<Decimal> = charged.iter().map(weight).collect();
            let all = self.percent(weights.iter().sum(), percent);
            if all.is_zero() || weights.iter().all(Decimal::is_zero) {
                continue;
            }
            for (part, share) in charged.iter_mut().zip(allocate(all, &weights, fine)) {
                *(if coupon { &mut part.coupon } else { &mut part.manual }) += share;
            }
        }
    }

    /// The tax of one part by each rate.
    fn row_amounts(&self, part: &Charged) -> Vec<Decimal> {
        let all: Decimal = self.rates.iter().map(|rate| Decimal::new(*rate, 4)).sum();
        let decimals = if self.fine_rows { 4 } else { self.currency().minor_units() };
        let tax = |rate: &i64| {
            let rate = Decimal::new(*rate, 4);
            let amount = if self.prices_include_tax {
                part.priced() * rate / (Decimal::ONE + all)
            } else {
                part.priced() * rate
            };
            amount.round_dp_with_strategy(decimals, rust_decimal::RoundingStrategy::MidpointAwayFromZero)
        };
        if part.taxed { self.rates.iter().map(tax).collect() } else { vec![Decimal::ZERO; self.rates.len()] }
    }

    /// Prices the order and takes the money.
    pub fn sell(&self) -> Sold {
        let currency = self.currency();
        let charged = self.charged();
        let rows: Vec<Vec<Decimal>> = charged.iter().map(|part| self.row_amounts(part)).collect();
        let tax = currency.round(rows.iter().flatten().sum());
        let priced = currency.round(charged.iter().map(Charged::priced).sum());
        let gross = if self.prices_include_tax { priced } else { priced + tax };
        let mut case = Case::new();
        case.policy.base_currency = currency;
        // Nothing captured leaves the invoice open.
        let on_account = Rule::new("on-account", RuleKind::Payment).gives(Give::Account, "1190");
        case = case.rule(on_account.gives(Give::PaymentMethod, "EFT").gives(Give::TreatAsPaid, "no"));
        let evidence = &mut case.evidence;
        evidence.order.currency = currency;
        evidence.order.prices_include_tax = self.prices_include_tax;
        self.write_goods(evidence, &charged, &rows);
        self.write_totals(evidence, &charged, gross, tax);
        let paid = self.pay(evidence, gross);
        let parts = self.parts(&charged, &rows, gross - tax, tax);
        Sold { case, parts, gross, tax, paid }
    }

    /// List price without and with tax.
    fn sides(&self, part: &Charged) -> (Decimal, Decimal) {
        let all: Decimal = self.rates.iter().map(|rate| Decimal::new(*rate, 4)).sum();
        let rate = if part.taxed { all } else { Decimal::ZERO };
        if self.prices_include_tax {
            ((part.list / (Decimal::ONE + rate)).round_dp(4), part.list)
        } else {
            (part.list, (part.list * (Decimal::ONE + rate)).round_dp(4))
        }
    }

    fn write_goods(&self, evidence: &mut Evidence, charged: &[Charged], rows: &[Vec<Decimal>]) {
        let find = |refunded: RefundedPart, id: u64| charged.iter().position(|p| p.refunded == refunded && p.id == id);
        let sides = |place: Option<usize>| place.map_or_else(Default::default, |place| self.sides(&charged[place]));
        for (spec, id) in self.lines.iter().zip(1..) {
            let place = find(RefundedPart::Product, id).unwrap();
            let part = &charged[place];
            let ((ex, inc), wrapping) = (self.sides(part), sides(find(RefundedPart::GiftWrapping, id)));
            let discount = |id: &str, amount: Decimal| AppliedDiscount {
                id: id.into(),
                amount,
                name: "Spring".into(),
                code: (id == "coupon").then(|| "SAVE".to_owned()),
                target: "order".into(),
            };
            let discounts = [discount("manual-discount", part.manual), discount("coupon", part.coupon)];
            let carried = discounts.into_iter().filter(|d| self.spread && !d.amount.is_zero()).collect();
            evidence.lines.push(Line {
                id,
                product_id: Some(77),
                address_id: None,
                sku: if spec.gift_certificate { "GIFT".into() } else { format!("S-{id}") },
                name: format!("Thing {id}"),
                brand: String::new(),
                line_type: if spec.gift_certificate { LineType::GiftCertificate } else { LineType::Physical },
                quantity: Decimal::from(spec.quantity),
                total_ex_tax: ex,
                total_inc_tax: inc,
                total_tax: rows[place].iter().sum(),
                discounted_total_inc_tax: (self.prices_include_tax && self.spread).then(|| part.priced()),
                discounts: carried,
                wrapping_ex_tax: wrapping.0,
                wrapping_inc_tax: wrapping.1,
                categories: Vec::new(),
                parent_line: None,
                unit_cost: None,
            });
        }
        for id in (41..).take(self.shipping.len()) {
            let (cost, handling) = (sides(find(RefundedPart::Shipping, id)), sides(find(RefundedPart::Handling, id)));
            evidence.shipping.push(ShippingAddress {
                id,
                method: "Ground".into(),
                cost_ex_tax: cost.0,
                cost_inc_tax: cost.1,
                handling_ex_tax: handling.0,
                handling_inc_tax: handling.1,
                address: evidence.order.billing.clone(),
            });
        }
        for id in (71..).take(self.fees.len()) {
            let (cost_ex_tax, cost_inc_tax) = sides(find(RefundedPart::Fee, id));
            evidence.fees.push(Fee { id, name: "Tip".into(), source: "app".into(), cost_ex_tax, cost_inc_tax });
        }
        for (part, amounts) in charged.iter().zip(rows) {
            for ((amount, rate), name) in amounts.iter().zip(&self.rates).zip(["State", "County", "City", "District"]) {
                evidence.taxes.push(TaxRow {
                    name: name.into(),
                    class: "Default Tax Class".into(),
                    rate: Decimal::new(*rate, 2),
                    amount: *amount,
                    part: part.taxed_part.clone(),
                    line: matches!(part.taxed_part, TaxedPart::Item | TaxedPart::GiftWrapping).then_some(part.id),
                    address: matches!(part.taxed_part, TaxedPart::Shipping | TaxedPart::Handling).then_some(part.id),
                });
            }
        }
    }

    fn write_totals(&self, evidence: &mut Evidence, charged: &[Charged], gross: Decimal, tax: Decimal) {
        let sum = |refunded: RefundedPart| {
            let of_kind = charged.iter().filter(|part| part.refunded == refunded).map(|part| self.sides(part));
            of_kind.fold((Decimal::ZERO, Decimal::ZERO), |sum, sides| (sum.0 + sides.0, sum.1 + sides.1))
        };
        let totals = &mut evidence.order.totals;
        (totals.subtotal_ex_tax, totals.subtotal_inc_tax) = sum(RefundedPart::Product);
        (totals.shipping_ex_tax, totals.shipping_inc_tax) = sum(RefundedPart::Shipping);
        (totals.handling_ex_tax, totals.handling_inc_tax) = sum(RefundedPart::Handling);
        (totals.wrapping_ex_tax, totals.wrapping_inc_tax) = sum(RefundedPart::GiftWrapping);
        totals.discount = charged.iter().map(|part| part.manual).sum();
        totals.coupon_discount = charged.iter().map(|part| part.coupon).sum();
        (totals.total_ex_tax, totals.total_inc_tax, totals.total_tax) = (gross - tax, gross, tax);
        totals.items = self.lines.iter().map(|line| Decimal::from(line.quantity)).sum();
    }

    /// Takes the money; answers how much.
    fn pay(&self, evidence: &mut Evidence, gross: Decimal) -> Decimal {
        let (gift, credit) = (self.percent(gross, self.gift_percent), self.percent(gross, self.credit_percent));
        let totals = &mut evidence.order.totals;
        (totals.gift_certificate, totals.store_credit) = (gift, credit);
        if self.net_total {
            totals.total_inc_tax -= gift + credit;
        }
        let currency = self.currency();
        let mut add = |id: u64, event: PaymentEvent, gateway: &str, amount: Decimal, reference: Option<u64>| {
            evidence.transactions.push(Transaction {
                id,
                event,
                method: "credit_card".into(),
                gateway: gateway.into(),
                amount,
                currency,
                gateway_reference: Some(format!("ch_{id}")),
                ok: true,
                test: false,
                reference,
                created: "2026-03-10T15:00:05Z".parse().unwrap(),
                display_name: None,
            });
        };
        add(9001, PaymentEvent::Purchase, "giftcertificate", gift, None);
        add(9002, PaymentEvent::Purchase, "storecredit", credit, None);
        let mut paid = gift + credit;
        if self.authorised_first {
            add(9003, PaymentEvent::Authorization, "stripe", gross - paid, None);
        }
        for (percent, id) in self.captures.iter().zip(9004..) {
            let amount = self.percent(gross, *percent).min(gross - paid);
            let authorisation = self.authorised_first.then_some(9003);
            let event = if self.authorised_first { PaymentEvent::Capture } else { PaymentEvent::Purchase };
            add(id, event, "stripe", amount, authorisation);
            paid += amount;
        }
        evidence.transactions.retain(|t| !t.amount.is_zero());
        paid
    }

    fn parts(&self, charged: &[Charged], rows: &[Vec<Decimal>], net: Decimal, tax: Decimal) -> Vec<Part> {
        let currency = self.currency();
        let weights: Vec<Decimal> = rows.iter().map(|row| row.iter().sum()).collect();
        let taxes = if tax.is_zero() { vec![Decimal::ZERO; weights.len()] } else { allocate(tax, &weights, currency) };
        let nets: Vec<Decimal> = if self.prices_include_tax {
            charged.iter().zip(&taxes).map(|(part, tax)| part.priced() - *tax).collect()
        } else {
            charged.iter().map(Charged::priced).collect()
        };
        let nets = allocate(net, &nets, currency);
        let part = |((part, net), tax): ((&Charged, Decimal), Decimal)| Part {
            refunded: part.refunded.clone(),
            id: part.id,
            quantity: part.quantity,
            net,
            tax,
        };
        charged.iter().zip(nets).zip(taxes).map(part).collect()
    }
}
