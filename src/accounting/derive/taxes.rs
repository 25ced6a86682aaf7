//! The taxes of a sale, by jurisdiction: rows are copied, never re-rated; a residual cent goes to the largest remainder.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::super::document::Dimensions;
use super::super::evidence::{TaxRow, TaxedPart};
use super::super::hold::HoldCode;
use super::super::money::{Currency, settle};
use super::super::rulebook::{Condition, RuleKind};
use super::super::totals::Reckoning;
use super::charges::Part;
use super::context::{Context, Holds};

/// One tax on one account. Amounts are in major units.
pub(super) struct TaxBucket {
    pub name: String,
    /// The liability account; `None` when a marketplace collects the tax and it stays out of the books.
    pub account: Option<String>,
    pub dimensions: Dimensions,
    pub rule: String,
    /// Whole minor units.
    pub amount: Decimal,
    /// The rows it is made of; empty when the order shows none.
    rows: Vec<TaxRow>,
}

impl TaxBucket {
    /// How much of this tax is on a part of the order, not rounded; `None` when the rows do not say.
    pub fn on(&self, part: Part) -> Option<Decimal> {
        let matches = |row: &&TaxRow| match part {
            Part::Line(id) => row.part == TaxedPart::Item && row.line == Some(id),
            Part::Wrapping(id) => row.part == TaxedPart::GiftWrapping && row.line == Some(id),
            Part::Shipping(id) => row.part == TaxedPart::Shipping && (id == 0 || row.address == Some(id)),
            Part::Handling(id) => row.part == TaxedPart::Handling && (id == 0 || row.address == Some(id)),
            Part::Fee(_) => row.part == TaxedPart::Fee,
        };
        let told: Vec<Decimal> = self.rows.iter().filter(matches).map(|row| row.amount).collect();
        if told.is_empty() { None } else { Some(told.iter().sum()) }
    }
}

/// The taxes of the order, whose amounts add up to its tax. Missing rules and rows that do not add up become holds.
pub(super) fn taxes(context: &Context, reckoning: &Reckoning, holds: &mut Holds) -> Vec<TaxBucket> {
    let currency = context.evidence.order.currency;
    let rows: Vec<&TaxRow> = context.evidence.taxes.iter().filter(|row| !row.amount.is_zero()).collect();
    let sum: Decimal = rows.iter().map(|row| row.amount).sum();
    let exact = context.evidence.order.totals.total_tax;
    if !context.evidence.taxes.is_empty() && (sum - exact).abs() > context.policy.totals_cap {
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
    let ideal = ideals(&rows, currency);
    let mut buckets: BTreeMap<(String, String), (TaxBucket, Decimal, Decimal)> = BTreeMap::new();
    for (row, ideal) in rows.iter().zip(ideal) {
        let Some(found) = bucket(context, row, holds) else { continue };
        let (known, amount, wanted) =
            buckets.entry((found.rule.clone(), found.name.clone())).or_insert((found, Decimal::ZERO, Decimal::ZERO));
        known.rows.push((*row).clone());
        *amount += row.amount;
        *wanted += ideal;
    }
    let (exact, ideal): (Vec<Decimal>, Vec<Decimal>) = buckets.values().map(|(_, a, w)| (*a, *w)).unzip();
    // With a rule missing the order is held, and what is here is not all of its tax.
    let settled = if holds.block_order() { exact } else { settle(&exact, &ideal, reckoning.tax, currency) };
    buckets
        .into_values()
        .zip(settled)
        .map(|((bucket, ..), amount)| TaxBucket { amount, ..bucket })
        .filter(|bucket| !bucket.amount.is_zero())
        .collect()
}

/// What each row would be, had it not been rounded by itself: rows on the same thing share its tax by their rates.
/// Where that is more than a minor unit off, rates do not explain the rows, and the row stands for itself.
fn ideals(rows: &[&TaxRow], currency: Currency) -> Vec<Decimal> {
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
    rows.iter().map(ideal).collect()
}

/// The account of one row.
fn bucket(context: &Context, row: &TaxRow, holds: &mut Holds) -> Option<TaxBucket> {
    let facts = context
        .facts(row.address)
        .with(Condition::Name, &row.name)
        .with(Condition::Class, &row.class)
        .with(Condition::Rate, row.rate.normalize().to_string());
    let defaults = context.dimensions(holds, &facts, context.date);
    let found = context.rule(holds, RuleKind::Tax, &facts, context.date, row.amount)?;
    Some(TaxBucket {
        name: if row.name.is_empty() { "Tax".to_owned() } else { row.name.chars().take(200).collect() },
        // A rule gives an account, or says that a marketplace collects the tax, or both: then it passes through the account.
        account: found.account().map(str::to_owned),
        dimensions: defaults.overlaid(&found.dimensions()),
        rule: found.rule.to_string(),
        amount: Decimal::ZERO,
        rows: Vec::new(),
    })
}

/// All tax on one account, when the order shows no rows and a tax rule takes tax without a name.
fn untold(context: &Context, tax: Decimal, holds: &mut Holds) -> Option<TaxBucket> {
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
