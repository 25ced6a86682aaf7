//! The taxes of a sale, by jurisdiction: rows are copied, never re-rated; a residual cent goes to the largest remainder.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rust_decimal::Decimal;

use super::super::document::Dimensions;
use super::super::evidence::{TaxRow, TaxedPart};
use super::super::hold::HoldCode;
use super::super::money::{Currency, settle_by};
use super::super::rulebook::{Condition, RuleKind};
use super::super::totals::Reckoning;
use super::charges::{Part, shortened};
use super::context::{Context, Holds};
use super::piece::Form;

/// One tax on one account. Amounts are in major units.
pub(super) struct TaxBucket<'a> {
    pub name: String,
    /// The liability account; `None` when a marketplace collects the tax and it stays out of the books.
    pub account: Option<&'a str>,
    pub dimensions: Dimensions,
    pub rule: &'a str,
    /// What it is in an Order Entry document.
    pub form: Form,
    /// Whole minor units.
    pub amount: Decimal,
    /// Its rows; none when the order shows none.
    rows: Vec<&'a TaxRow>,
    /// What they say is on each part of the order: refunds ask for it.
    parts: OnceCell<Parts>,
}

/// How much of a tax is on a kind of part, and on one of its kind where the rows say on which.
type Parts = BTreeMap<(TaxedPart, Option<u64>), Decimal>;

impl TaxBucket<'_> {
    /// How much of this tax is on a part of the order, not rounded; `None` when the rows do not say.
    pub fn on(&self, part: Part) -> Option<Decimal> {
        let key = match part {
            Part::Line(id) => (TaxedPart::Item, Some(id)),
            Part::Wrapping(id) => (TaxedPart::GiftWrapping, Some(id)),
            // Shipping and handling without an address are those of the whole order.
            Part::Shipping(id) => (TaxedPart::Shipping, Some(id).filter(|id| *id != 0)),
            Part::Handling(id) => (TaxedPart::Handling, Some(id).filter(|id| *id != 0)),
            Part::Fee(_) => (TaxedPart::Fee, None),
        };
        self.parts.get_or_init(|| parts(&self.rows)).get(&key).copied()
    }
}

/// What the rows of a tax say is on each part of the order.
fn parts(rows: &[&TaxRow]) -> Parts {
    let mut parts = Parts::new();
    for row in rows {
        let own = match row.part {
            TaxedPart::Item | TaxedPart::GiftWrapping => row.line,
            TaxedPart::Shipping | TaxedPart::Handling => row.address,
            TaxedPart::Fee | TaxedPart::Unknown => None,
        };
        let mut add = |id: Option<u64>| *parts.entry((row.part.clone(), id)).or_default() += row.amount;
        if own.is_some() {
            add(own);
        }
        // The sum over all of them stands under no id.
        if !matches!(row.part, TaxedPart::Item | TaxedPart::GiftWrapping) {
            add(None);
        }
    }
    parts
}

/// What tells taxes apart: name, class, rate and address.
type RowName<'a> = (&'a str, &'a str, Decimal, Option<u64>);

/// The taxes of the order, whose amounts add up to its tax. Missing rules and rows that do not add up become holds.
pub(super) fn taxes<'a>(context: &Context<'a>, reckoning: &Reckoning, holds: &mut Holds) -> Vec<TaxBucket<'a>> {
    let currency = context.evidence.order.currency;
    let rows: Vec<&TaxRow> = context.evidence.taxes.iter().filter(|row| !row.amount.is_zero()).collect();
    let sum: Decimal = rows.iter().map(|row| row.amount).sum();
    let exact = context.evidence.order.totals.total_tax;
    if !context.evidence.taxes.is_empty()
        && (sum - exact).abs() > context.policy.tolerance(context.evidence.order.currency)
    {
        let shown: Vec<String> = rows.iter().map(|row| format!("{} {}", row.name, row.amount.normalize())).collect();
        let message = format!(
            "the tax rows ({}) add up to {}, but the order's tax is {}",
            if shown.is_empty() { "none above zero".to_owned() } else { shown.join(" + ") },
            context.money(sum),
            context.money(exact)
        );
        let remedy = "correct the order's tax in BigCommerce, or book the order by hand";
        holds.add(context.order_hold(HoldCode::TaxRowsDoNotAddUp, message, remedy, exact));
        return Vec::new();
    }
    if reckoning.tax.is_zero() {
        return Vec::new();
    }
    if rows.is_empty() {
        return untold(context, reckoning.tax, holds).into_iter().collect();
    }
    let mut buckets: Vec<TaxBucket> = Vec::new();
    // The rows of one tax differ in amount and line only: its account is looked up once.
    let mut known: BTreeMap<RowName, usize> = BTreeMap::new();
    for row in &rows {
        let place = match known.entry((row.name.as_str(), row.class.as_str(), row.rate, row.address)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => {
                let Some(found) = bucket(context, row, holds) else { continue };
                let same = buckets.iter().position(|other| (other.rule, &other.name) == (found.rule, &found.name));
                let place = same.unwrap_or(buckets.len());
                if same.is_none() {
                    buckets.push(found);
                }
                *unknown.insert(place)
            }
        };
        let bucket = &mut buckets[place];
        bucket.amount += row.amount;
        bucket.rows.push(row);
    }
    buckets.sort_by(|one, other| (one.rule, &one.name).cmp(&(other.rule, &other.name)));
    // With a rule missing the order is held, and what is here is not all of its tax.
    if !holds.block_order() {
        let exact: Vec<Decimal> = buckets.iter().map(|bucket| bucket.amount).collect();
        let settled = settle_by(&exact, || ideals(&buckets, &rows, currency), reckoning.tax, currency);
        buckets.iter_mut().zip(settled).for_each(|(bucket, amount)| bucket.amount = amount);
    }
    buckets.retain(|bucket| !bucket.amount.is_zero());
    buckets
}

/// What each tax would be, had its rows not been rounded one by one: rows on the same thing share its tax by their rates.
/// Where that is more than a minor unit off, rates do not explain the rows, and the row stands for itself.
fn ideals(buckets: &[TaxBucket], rows: &[&TaxRow], currency: Currency) -> Vec<Decimal> {
    // Amount and rate by what the rows are on.
    let mut groups = BTreeMap::new();
    for row in rows {
        let group: &mut (Decimal, Decimal) = groups.entry((&row.part, row.line, row.address)).or_default();
        *group = (group.0 + row.amount, group.1 + row.rate);
    }
    let ideal = |row: &&TaxRow| {
        let (amount, rate) = groups.get(&(&row.part, row.line, row.address)).copied().unwrap_or_default();
        let shared = (amount * row.rate).checked_div(rate).unwrap_or(row.amount);
        if (shared - row.amount).abs() < currency.smallest() { shared } else { row.amount }
    };
    buckets.iter().map(|bucket| bucket.rows.iter().map(ideal).sum()).collect()
}

/// The account of one row.
fn bucket<'a>(context: &Context<'a>, row: &TaxRow, holds: &mut Holds) -> Option<TaxBucket<'a>> {
    let facts = context
        .facts(row.address)
        .with(Condition::Name, &row.name)
        .with(Condition::Class, &row.class)
        .with(Condition::Rate, row.rate.normalize().to_string());
    let defaults = context.dimensions_at(holds, row.address);
    let found = context.rule(holds, RuleKind::Tax, &facts, context.date, row.amount)?;
    Some(TaxBucket {
        name: if row.name.is_empty() { "Tax".to_owned() } else { shortened(&row.name).to_owned() },
        // A rule gives an account, or says that a marketplace collects the tax, or both: then it passes through the account.
        account: found.account(),
        dimensions: defaults.overlaid(&found.dimensions()),
        rule: found.name(),
        form: Form::of(&found),
        amount: Decimal::ZERO,
        rows: Vec::new(),
        parts: OnceCell::new(),
    })
}

/// All tax on one account, when the order shows no rows and a tax rule takes tax without a name.
fn untold<'a>(context: &Context<'a>, tax: Decimal, holds: &mut Holds) -> Option<TaxBucket<'a>> {
    let unnamed = TaxRow {
        name: String::new(),
        class: String::new(),
        rate: Decimal::ZERO,
        amount: tax,
        part: TaxedPart::Unknown,
        line: None,
        address: None,
    };
    bucket(context, &unnamed, holds).map(|bucket| TaxBucket { amount: tax, ..bucket })
}
