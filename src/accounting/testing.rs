//! For tests: an order built in a few words, and the rules of the accounting examples.

mod books;
mod show;

use rust_decimal::Decimal;

use super::derive::{Derivation, derive};
use super::evidence::*;
use super::money::{Currency, parse_amount};
use super::policy::{Policy, PostingMode, Recognition, SubtotalKind};
use super::rulebook::{Condition, Give, Rule, RuleKind, Rulebook};
pub(crate) use books::{Books, still_to_post};
pub(crate) use show::{balances, balances_of, entries, journal, table};

/// An amount from its text.
pub(crate) fn dec(text: &str) -> Decimal {
    parse_amount(text).unwrap()
}

/// Order 118 of store `acme-us`, with the rules and the policy it is derived by.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub evidence: Evidence,
    pub rules: Vec<Rule>,
    pub policy: Policy,
}

impl Case {
    /// An empty order of 10 March 2026 from a guest in California, awaiting fulfilment, in US dollars.
    pub fn new() -> Self {
        let address = Address {
            first_name: "Ada".into(),
            last_name: "Byron".into(),
            city: "Oakland".into(),
            state: "California".into(),
            country: "United States".into(),
            country_code: "US".into(),
            email: "Ada@Example.com".into(),
            ..Address::default()
        };
        let zero = Decimal::ZERO;
        let totals = Totals {
            subtotal_ex_tax: zero,
            subtotal_inc_tax: zero,
            shipping_ex_tax: zero,
            shipping_inc_tax: zero,
            handling_ex_tax: zero,
            handling_inc_tax: zero,
            wrapping_ex_tax: zero,
            wrapping_inc_tax: zero,
            discount: zero,
            coupon_discount: zero,
            total_ex_tax: zero,
            total_inc_tax: zero,
            total_tax: zero,
            gift_certificate: zero,
            store_credit: zero,
            items: zero,
        };
        let order = Order {
            id: 118,
            status_id: 11,
            status: "Awaiting Fulfillment".into(),
            created: "2026-03-10T15:00:00Z".parse().unwrap(),
            shipped: None,
            channel: 1,
            source: "www".into(),
            external_source: None,
            archived: false,
            currency: Currency::USD,
            store_currency: None,
            store_to_order_rate: None,
            prices_include_tax: false,
            payment_method: "Credit Card".into(),
            payment_status: "captured".into(),
            buyer: Buyer { customer_id: None, email: "Ada@Example.com".into(), group: None },
            billing: address,
            totals,
        };
        let evidence = Evidence {
            store: "acme-us".into(),
            order,
            lines: Vec::new(),
            shipping: Vec::new(),
            coupons: Vec::new(),
            taxes: Vec::new(),
            fees: Vec::new(),
            transactions: Vec::new(),
            refunds: Vec::new(),
            shipments: Vec::new(),
        };
        Self { evidence, rules: rules(), policy: Policy::new("acme-us", "1100") }
    }

    /// Changes the evidence.
    pub fn with(mut self, change: impl FnOnce(&mut Evidence)) -> Self {
        change(&mut self.evidence);
        self
    }

    /// Changes the policy.
    pub fn policy(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        change(&mut self.policy);
        self
    }

    /// Leaves the rules of a kind out.
    pub fn without_rules(mut self, kind: RuleKind) -> Self {
        self.rules.retain(|rule| rule.kind != kind);
        self
    }

    /// One rule more.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    /// The sale and its returns as Order Entry documents: every product an item, a subtotal for everything else.
    pub fn order_entry(mut self) -> Self {
        self.rules = with_items(self.rules);
        self.policy(|policy| {
            policy.posting = PostingMode::OrderEntry;
            policy.order_entry.warehouse = Some("WH1".into());
            let named = |kind: SubtotalKind| (kind, format!("{kind} subtotal"));
            policy.order_entry.subtotals = SubtotalKind::ALL.map(named).into();
        })
    }

    /// A line, priced without tax. Lines get the ids 1, 2, 3 ...
    pub fn line(mut self, sku: &str, quantity: &str, total: &str, tax: &str) -> Self {
        let totals = &mut self.evidence.order.totals;
        let (quantity, total, tax) = (dec(quantity), dec(total), dec(tax));
        totals.subtotal_ex_tax += total;
        totals.subtotal_inc_tax += total + tax;
        totals.items += quantity;
        self.evidence.lines.push(Line {
            id: self.evidence.lines.len() as u64 + 1,
            product_id: Some(77),
            address_id: None,
            sku: sku.into(),
            name: format!("The {sku}"),
            brand: String::new(),
            line_type: if sku == "GIFT" { LineType::GiftCertificate } else { LineType::Physical },
            quantity,
            total_ex_tax: total,
            total_inc_tax: total + tax,
            total_tax: tax,
            discounted_total_inc_tax: None,
            discounts: Vec::new(),
            wrapping_ex_tax: Decimal::ZERO,
            wrapping_inc_tax: Decimal::ZERO,
            categories: Vec::new(),
            parent_line: None,
            unit_cost: None,
        });
        self.charge(total, tax)
    }

    /// A discount of the last line: `manual-discount`, `coupon` or a promotion's id.
    pub fn discount(mut self, id: &str, amount: &str) -> Self {
        let amount = dec(amount);
        let totals = &mut self.evidence.order.totals;
        let code = (id == "coupon").then(|| "SAVE5".to_owned());
        *(if code.is_some() { &mut totals.coupon_discount } else { &mut totals.discount }) += amount;
        let discount = AppliedDiscount { id: id.into(), amount, name: "Spring".into(), code, target: "order".into() };
        self.evidence.lines.last_mut().unwrap().discounts.push(discount);
        self.charge(-amount, Decimal::ZERO)
    }

    /// Shipping and handling to address 42, without tax, and the tax of both.
    pub fn shipping(mut self, cost: &str, handling: &str, taxes: (&str, &str)) -> Self {
        let (cost, handling, taxes) = (dec(cost), dec(handling), (dec(taxes.0), dec(taxes.1)));
        self.evidence.shipping.push(ShippingAddress {
            id: 42,
            method: "Ground".into(),
            cost_ex_tax: cost,
            cost_inc_tax: cost + taxes.0,
            handling_ex_tax: handling,
            handling_inc_tax: handling + taxes.1,
            address: self.evidence.order.billing.clone(),
        });
        let totals = &mut self.evidence.order.totals;
        totals.shipping_ex_tax += cost;
        totals.shipping_inc_tax += cost + taxes.0;
        totals.handling_ex_tax += handling;
        totals.handling_inc_tax += handling + taxes.1;
        self.charge(cost + handling, taxes.0 + taxes.1)
    }

    fn charge(mut self, net: Decimal, tax: Decimal) -> Self {
        let totals = &mut self.evidence.order.totals;
        totals.total_ex_tax += net;
        totals.total_tax += tax;
        totals.total_inc_tax += net + tax;
        self
    }

    /// A tax row on the first line.
    pub fn tax(mut self, name: &str, rate: &str, amount: &str) -> Self {
        self.evidence.taxes.push(TaxRow {
            name: name.into(),
            class: "Default Tax Class".into(),
            rate: dec(rate),
            amount: dec(amount),
            part: TaxedPart::Item,
            line: Some(1),
            address: Some(42),
        });
        self
    }

    /// A payment that was captured.
    pub fn paid(mut self, id: u64, gateway: &str, amount: &str) -> Self {
        let method = match gateway {
            "giftcertificate" => "gift_certificate",
            "storecredit" => "store_credit",
            _ => "credit_card",
        };
        let amount = dec(amount);
        let totals = &mut self.evidence.order.totals;
        match gateway {
            "giftcertificate" => totals.gift_certificate += amount,
            "storecredit" => totals.store_credit += amount,
            _ => {}
        }
        let transaction = Transaction {
            id,
            event: PaymentEvent::Purchase,
            method: method.into(),
            gateway: gateway.into(),
            amount,
            currency: self.evidence.order.currency,
            gateway_reference: Some(format!("ch_{id}")),
            ok: true,
            test: false,
            reference: None,
            created: "2026-03-10T15:00:05Z".parse().unwrap(),
            display_name: None,
        };
        self.evidence.transactions.push(transaction);
        self
    }

    /// A refund of 12 March, its money back the way `provider` says. Payments get the id of the refund and 100.
    pub fn refund(mut self, id: u64, total: &str, tax: &str, provider: &str, items: Vec<RefundItem>) -> Self {
        let total = dec(total);
        let payment =
            RefundPayment { id: id + 100, provider: provider.into(), amount: total, offline: false, declined: false };
        self.evidence.refunds.push(Refund {
            id,
            created: Some("2026-03-12T09:00:00Z".parse().unwrap()),
            reason: String::new(),
            total,
            tax: dec(tax),
            merchant_override: false,
            items,
            payments: vec![payment],
        });
        self
    }

    /// A payment captured at another moment.
    pub fn paid_at(self, id: u64, gateway: &str, amount: &str, at: &str) -> Self {
        let at = at.parse().unwrap();
        self.paid(id, gateway, amount).with(|e| e.transactions.last_mut().unwrap().created = at)
    }

    /// A sale that counts when its goods left, with deposits on 2320.
    pub fn ship_date(self) -> Self {
        self.policy(|policy| {
            policy.recognition = Recognition::ShipDate;
            policy.deposit_account = Some("2320".into());
        })
    }

    /// The order says that everything left.
    pub fn shipped(self, at: &str) -> Self {
        let at = at.parse().unwrap();
        self.with(|e| (e.order.shipped, e.order.status_id, e.order.status) = (Some(at), 2, "Shipped".into()))
    }

    /// A shipment of units by line.
    pub fn shipment(self, id: u64, at: &str, items: &[(u64, &str)]) -> Self {
        let items = items.iter().map(|(line, units)| (*line, dec(units))).collect();
        let shipment = Shipment { id, created: at.parse().unwrap(), items };
        self.with(|e| e.shipments.push(shipment))
    }

    /// The cost of one unit of the last line.
    pub fn cost(self, unit: &str) -> Self {
        let unit = dec(unit);
        self.with(|e| e.lines.last_mut().unwrap().unit_cost = Some(unit))
    }

    /// Cancelled by the merchant.
    pub fn cancelled(self) -> Self {
        self.with(|e| (e.order.status_id, e.order.status) = (5, "Cancelled".into()))
    }

    /// Changes the last refund.
    pub fn refund_with(mut self, change: impl FnOnce(&mut Refund)) -> Self {
        change(self.evidence.refunds.last_mut().unwrap());
        self
    }

    /// The derivation.
    pub fn derive(&self) -> Derivation {
        derive(&self.evidence, &Rulebook::new(self.rules.clone()).unwrap(), &self.policy)
    }

    /// The derivation's journal; fails on any hold.
    pub fn journal(&self) -> String {
        let derivation = self.derive();
        assert_eq!(derivation.holds, [], "nothing should be held");
        journal(&derivation)
    }

    /// Every document and hold as the documentation shows them.
    pub fn table(&self) -> String {
        let derivation = self.derive();
        table(&derivation.documents, &derivation.holds)
    }

    /// The same of the refunds only.
    pub fn refunds_table(&self) -> String {
        let mut derivation = self.derive();
        derivation.documents.retain(|document| document.key.as_str().contains("/refund-"));
        table(&derivation.documents, &derivation.holds)
    }

    /// Codes of the holds, in order.
    pub fn hold_codes(&self) -> Vec<&'static str> {
        self.derive().holds.iter().map(|hold| hold.code.as_str()).collect()
    }
}

/// The rules with an item for products and gift certificates, and a subtotal for each account of discounts and taxes.
pub(crate) fn with_items(rules: Vec<Rule>) -> Vec<Rule> {
    let item = || Give::Dimension("item".into());
    let given = |rule: Rule| {
        let account = rule.given(&Give::Account).unwrap_or_default().to_owned();
        match rule.kind {
            RuleKind::Product => rule.gives(item(), "SKU-1"),
            RuleKind::GiftCertificate => rule.gives(item(), "GIFT"),
            RuleKind::Discount | RuleKind::Tax if !account.is_empty() => {
                rule.gives(Give::Subtotal, &format!("Subtotal {account}"))
            }
            _ => rule,
        }
    };
    rules.into_iter().map(given).collect()
}

/// A refund item of `quantity` units of a line.
pub(crate) fn units(line: u64, quantity: &str) -> RefundItem {
    let quantity = Some(dec(quantity));
    RefundItem { part: RefundedPart::Product, item: line, quantity, requested: None, adjustments: Vec::new() }
}

/// A refund item of an amount.
pub(crate) fn amount_of(part: RefundedPart, item: u64, requested: &str) -> RefundItem {
    RefundItem { part, item, quantity: None, requested: Some(dec(requested)), adjustments: Vec::new() }
}

/// The chart of accounts of the examples, as rules.
pub(crate) fn rules() -> Vec<Rule> {
    let to = |id: &str, kind: RuleKind, account: &str| Rule::new(id, kind).gives(Give::Account, account);
    vec![
        to("product", RuleKind::Product, "4000"),
        to("shipping", RuleKind::Shipping, "4010"),
        to("handling", RuleKind::Handling, "4020"),
        to("wrapping", RuleKind::GiftWrapping, "4030"),
        to("fee", RuleKind::Fee, "4040"),
        to("discount", RuleKind::Discount, "4090"),
        to("coupon", RuleKind::Discount, "4095").when(Condition::Source, "coupon"),
        to("tax", RuleKind::Tax, "2200"),
        to("tax-state", RuleKind::Tax, "2200-ST").when(Condition::Name, "*state*"),
        to("tax-county", RuleKind::Tax, "2200-CO").when(Condition::Name, "*county*"),
        to("tax-city", RuleKind::Tax, "2200-CI").when(Condition::Name, "*city*"),
        to("tax-district", RuleKind::Tax, "2200-DI").when(Condition::Name, "*district*"),
        to("stripe", RuleKind::Payment, "1150-S")
            .when(Condition::Gateway, "stripe")
            .gives(Give::PaymentMethod, "Credit Card"),
        to("gift", RuleKind::GiftCertificate, "2300"),
        to("credit", RuleKind::StoreCredit, "2310"),
        to("returns", RuleKind::Refund, "4100").when(Condition::Part, "product"),
        to("allowance", RuleKind::Refund, "4100").when(Condition::Part, "order"),
        to("restocking", RuleKind::Refund, "4210").when(Condition::Part, "restocking"),
    ]
}
