//! The charges of a sale: what each line, shipping, handling, wrapping and fee brings in without tax, and its discounts.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use rust_decimal::{Decimal, RoundingStrategy};

use super::super::document::Dimensions;
use super::super::evidence::{AppliedDiscount, LineType, ShippingAddress};
use super::super::hold::HoldCode;
use super::super::money::{allocate, allocate_capped, settle};
use super::super::policy::SubtotalKind;
use super::super::rulebook::{Condition, Facts, Give, RuleKind};
use super::super::totals::Reckoning;
use super::context::{Context, Holds};
use super::piece::{Form, What};

/// Which part of the order a charge is for, by BigCommerce's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Part {
    Line(u64),
    Shipping(u64),
    Handling(u64),
    Wrapping(u64),
    Fee(u64),
}

/// One charge as it is booked. Amounts are whole minor units.
pub(super) struct Charge<'a> {
    pub part: Part,
    /// A gift certificate sold: a liability.
    pub gift_certificate: bool,
    pub quantity: Decimal,
    /// Without tax, after discounts.
    pub net: Decimal,
    /// Its tax, not rounded: only good as a weight.
    pub tax: Decimal,
    pub account: &'a str,
    pub dimensions: Dimensions,
    pub rule: &'a str,
    /// What it is in an Order Entry document.
    pub form: Form,
    pub memo: String,
    pub facts: Facts,
    /// Discounts shown on their own accounts; the charge is credited with `net` and these.
    pub contras: Vec<Contra<'a>>,
}

impl Charge<'_> {
    /// What so many units of it are in an Order Entry document.
    pub fn what(&self, units: Decimal) -> What {
        match self.part {
            Part::Line(_) => What::Goods(units),
            Part::Shipping(_) => What::Other(SubtotalKind::Shipping),
            Part::Handling(_) => What::Other(SubtotalKind::Handling),
            Part::Wrapping(_) => What::Other(SubtotalKind::GiftWrapping),
            Part::Fee(_) => What::Other(SubtotalKind::Fee),
        }
    }
}

/// Where the charges of a sale stand in their list.
#[derive(Default)]
pub(super) struct Places {
    pub exact: BTreeMap<Part, usize>,
    pub shipping: Vec<usize>,
    pub handling: Vec<usize>,
    pub fees: Vec<usize>,
}

impl Places {
    pub fn of(charges: &[Charge]) -> Self {
        let mut places = Self::default();
        for (place, charge) in charges.iter().enumerate() {
            places.exact.entry(charge.part).or_insert(place);
            match charge.part {
                Part::Shipping(_) => places.shipping.push(place),
                Part::Handling(_) => places.handling.push(place),
                Part::Fee(_) => places.fees.push(place),
                Part::Line(_) | Part::Wrapping(_) => {}
            }
        }
        places
    }
}

/// A discount of one charge on its contra account.
pub(super) struct Contra<'a> {
    pub place: Rc<Placed<'a>>,
    /// Those of the charge, with those of the discount over them.
    pub dimensions: Dimensions,
    pub amount: Decimal,
}

/// A charge as BigCommerce tells it, before rules and rounding.
struct Raw<'a> {
    part: Part,
    kind: RuleKind,
    memo: String,
    facts: Facts,
    /// Where it goes to.
    address: Option<u64>,
    /// It has categories, which dimension rules may ask for.
    categorised: bool,
    quantity: Decimal,
    ex_tax: Decimal,
    inc_tax: Decimal,
    tax: Decimal,
    discounts: Cow<'a, [AppliedDiscount]>,
    net: Decimal,
    /// What turns a discount on the exact side into one without tax.
    discount_factor: Decimal,
}

/// The charges of the order and what goes to the rounding account. Missing rules become holds.
pub(super) fn charges<'a>(
    context: &Context<'a>,
    reckoning: &Reckoning,
    holds: &mut Holds,
) -> (Vec<Charge<'a>>, Decimal) {
    let mut raws = raws(context, reckoning);
    spread(&mut raws, reckoning, context);
    if !without_tax(&mut raws, reckoning, context) || raws.iter().any(|raw| raw.net < Decimal::ZERO) {
        let message = "discounts or tax of a line are larger than the line itself".to_owned();
        let remedy = "correct the order in BigCommerce, or book it by hand";
        holds.add(context.order_hold(HoldCode::NegativeAmount, message, remedy, reckoning.gross));
    }
    let rounding = rounding(context, reckoning, holds);
    let exact: Vec<Decimal> = raws.iter().map(|raw| raw.net).collect();
    let target = reckoning.gross - reckoning.tax - rounding;
    let nets = settle(&exact, &exact, target, context.evidence.order.currency);
    let contras = contras(&raws, context, holds);
    let booked = raws
        .into_iter()
        .zip(nets)
        .zip(contras)
        .map(|((raw, net), contras)| book(context, holds, raw, net, contras))
        .filter(|charge| !charge.net.is_zero() || !charge.contras.is_empty())
        .collect();
    (booked, rounding)
}

/// Chooses account and dimensions of a charge.
fn book<'a>(
    context: &Context<'a>,
    holds: &mut Holds,
    raw: Raw,
    net: Decimal,
    mut contras: Vec<Contra<'a>>,
) -> Charge<'a> {
    let defaults = if raw.categorised {
        context.dimensions(holds, &raw.facts, context.date)
    } else {
        context.dimensions_at(holds, raw.address)
    };
    let resolved = context.rule(holds, raw.kind, &raw.facts, context.date, net);
    let (account, own, rule, mut form) = match &resolved {
        Some(found) => (found.account().unwrap_or_default(), found.dimensions(), found.name(), Form::of(found)),
        // A hold blocks the order, so this charge is never written.
        None => ("", Dimensions::default(), "", Form::default()),
    };
    let dimensions = defaults.overlaid(&own);
    if matches!(raw.part, Part::Line(_)) {
        // The items of lines may come from dimension rules too, for example one for each category.
        form.item = dimensions.get("item").map(str::to_owned);
    }
    for contra in &mut contras {
        contra.dimensions = dimensions.overlaid(&contra.place.dimensions);
    }
    Charge {
        part: raw.part,
        gift_certificate: raw.kind == RuleKind::GiftCertificate,
        quantity: raw.quantity,
        net,
        tax: raw.tax,
        account,
        dimensions,
        rule,
        form,
        memo: raw.memo,
        facts: raw.facts,
        contras,
    }
}

/// Everything charged, with its discounts, leaving out what costs nothing.
fn raws<'a>(context: &Context<'a>, reckoning: &Reckoning) -> Vec<Raw<'a>> {
    let evidence = context.evidence;
    let mut raws = Vec::new();
    for line in &evidence.lines {
        let facts = context.line_facts(line);
        let gift = line.line_type == LineType::GiftCertificate;
        let name = shortened(if line.sku.is_empty() { &line.name } else { &line.sku });
        let wrapped = !(line.wrapping_ex_tax.is_zero() && line.wrapping_inc_tax.is_zero());
        let wrapping =
            wrapped.then(|| Raw::new(Part::Wrapping(line.id), format!("Gift wrapping of {name}"), facts.clone()));
        let mut raw = Raw::new(Part::Line(line.id), format!("{name} x {}", line.quantity.normalize()), facts);
        (raw.address, raw.categorised) = (line.address_id, !line.categories.is_empty());
        raw.kind = if gift { RuleKind::GiftCertificate } else { RuleKind::Product };
        raw.quantity = line.quantity;
        (raw.ex_tax, raw.inc_tax, raw.tax) = (line.total_ex_tax, line.total_inc_tax, line.total_tax);
        raw.discounts = line.exact_discounts(evidence.order.prices_include_tax);
        raws.push(raw);
        if let Some(mut wrapping) = wrapping {
            (wrapping.address, wrapping.categorised) = (line.address_id, !line.categories.is_empty());
            raws.push(wrapping.costs(line.wrapping_ex_tax, line.wrapping_inc_tax));
        }
    }
    raws.extend(evidence.shipping.iter().flat_map(|to| delivery(context, to)));
    if evidence.shipping.is_empty() {
        let totals = &evidence.order.totals;
        let shipping = Raw::new(Part::Shipping(0), "Shipping".to_owned(), context.facts(None));
        raws.push(shipping.costs(totals.shipping_ex_tax, totals.shipping_inc_tax));
        let handling = Raw::new(Part::Handling(0), "Handling".to_owned(), context.facts(None));
        raws.push(handling.costs(totals.handling_ex_tax, totals.handling_inc_tax));
    }
    for fee in evidence.fees.iter().filter(|_| reckoning.fees_included) {
        let facts = context.facts(None).with(Condition::Name, &fee.name).with(Condition::Source, &fee.source);
        let raw = Raw::new(Part::Fee(fee.id), shortened(&fee.name).to_owned(), facts);
        raws.push(raw.costs(fee.cost_ex_tax, fee.cost_inc_tax));
    }
    raws.retain(|raw| !(raw.ex_tax.is_zero() && raw.inc_tax.is_zero()));
    raws
}

/// As much of a text as a memo has room for.
pub(super) fn shortened(text: &str) -> &str {
    const LONGEST: usize = 200;
    text.char_indices().nth(LONGEST).map_or(text, |(end, _)| &text[..end])
}

/// Shipping and handling to one address.
fn delivery<'a>(context: &Context<'a>, to: &ShippingAddress) -> [Raw<'a>; 2] {
    let facts = context.facts(Some(to.id)).with(Condition::Method, &to.method);
    let method = shortened(&to.method);
    let mut shipping = Raw::new(Part::Shipping(to.id), format!("Shipping {method}"), facts.clone());
    let mut handling = Raw::new(Part::Handling(to.id), format!("Handling {method}"), facts);
    (shipping.address, handling.address) = (Some(to.id), Some(to.id));
    [shipping.costs(to.cost_ex_tax, to.cost_inc_tax), handling.costs(to.handling_ex_tax, to.handling_inc_tax)]
}

impl Raw<'_> {
    fn new(part: Part, memo: String, facts: Facts) -> Self {
        let kind = match part {
            Part::Line(_) => RuleKind::Product,
            Part::Shipping(_) => RuleKind::Shipping,
            Part::Handling(_) => RuleKind::Handling,
            Part::Wrapping(_) => RuleKind::GiftWrapping,
            Part::Fee(_) => RuleKind::Fee,
        };
        let zero = Decimal::ZERO;
        Self {
            part,
            kind,
            memo: memo.trim().to_owned(),
            facts,
            address: None,
            categorised: false,
            quantity: Decimal::ONE,
            ex_tax: zero,
            inc_tax: zero,
            tax: zero,
            discounts: Cow::Borrowed(&[]),
            net: zero,
            discount_factor: Decimal::ONE,
        }
    }

    fn costs(mut self, ex_tax: Decimal, inc_tax: Decimal) -> Self {
        (self.ex_tax, self.inc_tax, self.tax) = (ex_tax, inc_tax, inc_tax - ex_tax);
        self
    }

    /// After discounts, on the exact side of the prices.
    fn discounted(&self, prices_include_tax: bool) -> Decimal {
        let discounts: Decimal = self.discounts.iter().map(|discount| discount.amount).sum();
        if prices_include_tax { self.inc_tax - discounts } else { self.ex_tax - discounts }
    }
}

/// Puts discounts that no line carries on the lines, by what they cost; gift certificates are not discounted.
fn spread(raws: &mut [Raw], reckoning: &Reckoning, context: &Context) {
    let order = &context.evidence.order;
    let coupon = context.evidence.coupons.iter().find_map(|coupon| coupon.code.clone());
    let unspread = [
        ("manual-discount", "Discount", None, reckoning.unspread_manual),
        ("coupon", "Coupon", coupon, reckoning.unspread_coupon),
    ];
    for (id, name, code, amount) in unspread {
        if amount.is_zero() {
            continue;
        }
        let product = |raw: &Raw| raw.kind == RuleKind::Product;
        let anything = !raws.iter().any(product);
        let weight =
            |raw: &Raw| if anything || product(raw) { raw.discounted(order.prices_include_tax) } else { Decimal::ZERO };
        let weights: Vec<Decimal> = raws.iter().map(weight).collect();
        for (raw, share) in raws.iter_mut().zip(allocate(amount, &weights, order.currency)) {
            if !share.is_zero() {
                let (id, name, target) = (id.to_owned(), name.to_owned(), "order".to_owned());
                let discount = AppliedDiscount { id, amount: share, name, code: code.clone(), target };
                raw.discounts.to_mut().push(discount);
            }
        }
    }
}

/// Works out every charge without tax, after discounts. False when the tax is larger than what it is on.
fn without_tax(raws: &mut [Raw], reckoning: &Reckoning, context: &Context) -> bool {
    if !context.evidence.order.prices_include_tax {
        raws.iter_mut().for_each(|raw| raw.net = raw.discounted(false));
        return true;
    }
    // Only the amounts with tax are exact, and only the order's tax is: each charge gets its share of it.
    let with_tax: Vec<Decimal> = raws.iter().map(|raw| raw.discounted(true)).collect();
    if with_tax.iter().any(|amount| *amount < Decimal::ZERO) {
        return false;
    }
    let weights: Vec<Decimal> = raws.iter().map(|raw| raw.tax).collect();
    let taxes = allocate_capped(reckoning.tax, &weights, &with_tax, context.evidence.order.currency);
    let Some(taxes) = taxes else { return false };
    for ((raw, with_tax), tax) in raws.iter_mut().zip(with_tax).zip(taxes) {
        raw.net = with_tax - tax;
        let discounts: Decimal = raw.discounts.iter().map(|discount| discount.amount).sum();
        if !discounts.is_zero() {
            raw.discount_factor = (raw.ex_tax - raw.net).max(Decimal::ZERO) / discounts;
        }
    }
    true
}

/// What of the difference between total and parts is at least one minor unit and goes to the rounding account.
fn rounding(context: &Context, reckoning: &Reckoning, holds: &mut Holds) -> Decimal {
    let currency = context.evidence.order.currency;
    let difference = reckoning.difference.round_dp_with_strategy(currency.minor_units(), RoundingStrategy::ToZero);
    if !difference.is_zero() && context.policy.rounding_account.is_none() {
        let message = format!(
            "the order's total is {} more than its parts (a minus is less), within the cap of {} but there is no rounding account",
            context.money(difference),
            context.policy.tolerance(context.evidence.order.currency)
        );
        let remedy = "name a rounding account for the store, or correct the order in BigCommerce";
        holds.add(context.order_hold(HoldCode::TotalsDoNotAddUp, message, remedy, reckoning.gross));
    }
    difference
}

/// Where a discount goes that is shown on a contra account.
pub(super) struct Placed<'a> {
    pub account: &'a str,
    pub rule: &'a str,
    /// What it is in an Order Entry document.
    pub form: Form,
    pub memo: String,
    /// Those its rule gives.
    dimensions: Dimensions,
}

/// The same, for all charges that share the discount; `None` when it is shown net.
type Place<'a> = Option<Rc<Placed<'a>>>;

/// One share of a discount that is shown on a contra account.
struct Share<'a> {
    charge: usize,
    exact: Decimal,
    place: Rc<Placed<'a>>,
}

/// The place of a discount by its rule; the outer `None` with a hold when there is no rule.
fn place<'a>(context: &Context<'a>, discount: &AppliedDiscount, holds: &mut Holds) -> Option<Place<'a>> {
    let facts = discount_facts(context, discount);
    let found = context.rule(holds, RuleKind::Discount, &facts, context.date, discount.amount)?;
    // A rule that shows the discount net gives no account: the charge is simply smaller.
    let Some(account) = found.given(&Give::Account) else { return Some(None) };
    let memo = match &discount.code {
        Some(code) if !code.is_empty() => format!("Coupon {code}"),
        _ if discount.name.is_empty() => "Discount".to_owned(),
        _ => shortened(&discount.name).to_owned(),
    };
    let (rule, form, dimensions) = (found.name(), Form::of(&found), found.dimensions());
    Some(Some(Rc::new(Placed { account, rule, form, memo, dimensions })))
}

/// The discounts of each charge that are shown on contra accounts. Each discount adds up to its own total.
fn contras<'a>(raws: &[Raw], context: &Context<'a>, holds: &mut Holds) -> Vec<Vec<Contra<'a>>> {
    // The shares of each discount, by its id and memo.
    let mut sources: BTreeMap<(&str, String), Vec<Share>> = BTreeMap::new();
    // A discount of the whole order stands on every line: its place is looked up once.
    let mut known: BTreeMap<(&str, &str, Option<&str>), Place> = BTreeMap::new();
    for (charge, raw) in raws.iter().enumerate() {
        for discount in raw.discounts.iter().filter(|discount| !discount.amount.is_zero()) {
            let name = (discount.id.as_str(), discount.name.as_str(), discount.code.as_deref());
            let found = match known.get(&name) {
                Some(found) => found,
                None => {
                    let Some(found) = place(context, discount, holds) else { continue };
                    known.entry(name).or_insert(found)
                }
            };
            let Some(place) = found else { continue };
            let share = Share { charge, exact: discount.amount * raw.discount_factor, place: Rc::clone(place) };
            sources.entry((&discount.id, place.memo.clone())).or_default().push(share);
        }
    }
    let currency = context.evidence.order.currency;
    let mut contras: Vec<Vec<Contra>> = raws.iter().map(|_| Vec::new()).collect();
    for shares in sources.into_values() {
        let exact: Vec<Decimal> = shares.iter().map(|share| share.exact).collect();
        let settled = settle(&exact, &exact, currency.round(exact.iter().sum()), currency);
        for (Share { charge, place, .. }, amount) in shares.into_iter().zip(settled) {
            if !amount.is_zero() {
                contras[charge].push(Contra { place, dimensions: Dimensions::default(), amount });
            }
        }
    }
    contras
}

/// What is known about a discount.
fn discount_facts(context: &Context, discount: &AppliedDiscount) -> Facts {
    let source = if discount.is_coupon() {
        "coupon"
    } else if discount.id.eq_ignore_ascii_case("manual-discount") {
        "manual"
    } else {
        "promotion"
    };
    let facts = context.facts(None).with(Condition::Source, source).with(Condition::Name, &discount.name);
    match &discount.code {
        Some(code) if !code.is_empty() => facts.with(Condition::Code, code),
        _ => facts,
    }
}
