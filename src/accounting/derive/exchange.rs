//! Exchange: how a document becomes base currency, by the exchange rule of its own day; what takes a sale back, as the sale did.

use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

use super::super::document::{Detail, Exchange, RATE_DECIMALS};
use super::super::hold::{Blocks, Hold, HoldCode};
use super::super::money::{Currency, LARGEST_AMOUNT, parse_amount};
use super::super::policy::Policy;
use super::super::rulebook::{Condition, Facts, Give, Missing, RuleKind, Rulebook, values};
use super::context::{Context, Desk, Holds};

/// Why there is no rate to convert with.
pub(super) enum NoRate {
    /// No exchange rule fits, or two fit equally.
    Missing(Missing),
    /// A currency the store does not post, or a rate that cannot be right: what is wrong, and the remedy.
    Refused(String, &'static str),
}

/// A question for the rate of something.
pub(super) struct Asked<'a> {
    pub rulebook: &'a Rulebook,
    pub policy: &'a Policy,
    pub currency: Currency,
    pub facts: Facts,
    /// What it is, for a reader: `the order`.
    pub what: &'a str,
    /// Its own rate, when it carries one that can be used, and the day that is of.
    pub own: Option<(Decimal, Date)>,
}

impl Asked<'_> {
    /// Whether it is in a foreign currency.
    ///
    /// # Errors
    /// [`NoRate::Refused`] for a currency the store does not post.
    pub fn foreign(&self) -> Result<bool, NoRate> {
        let (base, store) = (self.policy.base_currency, &self.policy.store);
        if self.currency == base || self.policy.foreign_currencies.contains(&self.currency) {
            return Ok(self.currency != base);
        }
        let message = format!("{} is in {}; store '{store}' posts {base} only", self.what, self.currency);
        let remedy = "add the currency to the store's foreign currencies and an exchange rule for it";
        Err(NoRate::Refused(message, remedy))
    }

    /// How it becomes base currency by the rule of `day`; `None` for the base currency itself.
    ///
    /// # Errors
    /// [`NoRate`].
    pub fn on(&self, day: Date) -> Result<Option<Exchange>, NoRate> {
        if !self.foreign()? {
            return Ok(None);
        }
        let found = self.rulebook.resolve(RuleKind::Exchange, &self.facts, day).map_err(NoRate::Missing)?;
        if let Some(rate) = found.given(&Give::Rate).and_then(|rate| parse_amount(rate).ok()) {
            return fixed(rate, day, found.name().to_owned()).map(Some);
        }
        match found.given(&Give::RateType) {
            Some(values::ORDER_RATE) => {}
            Some(name) => return Ok(Some(Exchange::RateType(name.to_owned()))),
            // The rulebook refuses such a rule.
            None => return Err(NoRate::Refused(format!("{} gives no rate", found.rule), "let it give one")),
        }
        let Some((rate, on)) = self.own else {
            let base = self.policy.base_currency;
            let message =
                format!("the exchange rule asks for the order's own rate, but {} has none to {base}", self.what);
            return Err(NoRate::Refused(
                message,
                "let the exchange rule name a rate or a rate type of Intacct instead",
            ));
        };
        fixed(rate, on, "the order's own rate".to_owned()).map(Some)
    }
}

/// A rate as Intacct keeps it; `None` when nothing is left of it or it is beyond every currency.
pub(super) fn kept(rate: Decimal) -> Option<Decimal> {
    let fits = rate > Decimal::ZERO && rate <= Decimal::from(LARGEST_AMOUNT);
    let kept = rate.round_dp_with_strategy(RATE_DECIMALS, RoundingStrategy::MidpointAwayFromZero).normalize();
    Some(kept).filter(|kept| fits && *kept > Decimal::ZERO)
}

/// A fixed rate, rounded to what Intacct keeps of it.
///
/// # Errors
/// [`NoRate::Refused`] when that moves it by more than half a thousandth: a yen at 0.0066667 dollars would become 0.0067.
fn fixed(rate: Decimal, on: Date, source: String) -> Result<Exchange, NoRate> {
    match kept(rate) {
        Some(kept) if (kept - rate).abs() * Decimal::from(2000) <= rate => {
            Ok(Exchange::Rate { rate: kept, on, source })
        }
        _ => {
            let shown = rate.round_dp(10).normalize();
            let message = format!(
                "{source} is {shown}; Intacct keeps {RATE_DECIMALS} decimals of a rate, which would be more than half a thousandth off"
            );
            Err(NoRate::Refused(message, "let the exchange rule name a rate type of Intacct instead"))
        }
    }
}

/// The order's own rate the way the books need it. BigCommerce gives units of the order's currency for one unit of the
/// store's own (`store_default_to_transactional_exchange_rate`, Orders V2); it only helps where the books are kept in that.
fn own_rate(context: &Context) -> Option<(Decimal, Date)> {
    let order = &context.evidence.order;
    let usable = order.store_currency == Some(context.policy.base_currency);
    let rate = order.store_to_order_rate.filter(|rate| usable && *rate > Decimal::ZERO)?;
    Decimal::ONE.checked_div(rate).map(|rate| (rate, context.date))
}

/// How the sale becomes base currency; `None` for the base currency itself, or with a hold.
pub(super) fn of_sale(context: &Context, holds: &mut Holds) -> Option<Exchange> {
    match context.exchange(context.evidence.order.currency, context.date) {
        Ok(exchange) => exchange,
        Err(problem) => {
            context.no_rate(holds, problem, context.evidence.order.totals.total_inc_tax, Blocks::Order);
            None
        }
    }
}

impl Context<'_> {
    /// How `currency` becomes base currency on `day`; `None` for the base currency itself.
    ///
    /// # Errors
    /// [`NoRate`].
    pub fn exchange(&self, currency: Currency, day: Date) -> Result<Option<Exchange>, NoRate> {
        let of_order = currency == self.evidence.order.currency;
        let asked = Asked {
            rulebook: self.rulebook,
            policy: self.policy,
            currency,
            facts: if of_order { self.facts(None) } else { Facts::new().with(Condition::Currency, currency.code()) },
            what: if of_order { "the order" } else { "the cost of its goods" },
            own: own_rate(self).filter(|_| of_order),
        };
        asked.on(day)
    }

    /// The hold for a rate that is missing or cannot be used; `amount` waits for it.
    pub fn no_rate(&self, holds: &mut Holds, problem: NoRate, amount: Decimal, blocks: Blocks) {
        match problem {
            NoRate::Missing(missing) => holds.missing(missing, self.money(amount), blocks),
            NoRate::Refused(message, remedy) => {
                let hold = self.order_hold(HoldCode::CurrencyNotAccepted, message, remedy, amount);
                holds.add(Hold { blocks, ..hold });
            }
        }
    }
}

impl Desk<'_> {
    /// How something of `day` becomes base currency; `None` for the base currency, or when the order is held for it.
    ///
    /// # Errors
    /// [`NoRate`].
    pub fn exchange_on(&self, day: Date) -> Result<Option<Exchange>, NoRate> {
        if self.exchange.is_none() || day == self.context.date {
            return Ok(self.exchange.clone());
        }
        self.context.exchange(self.currency, day)
    }

    /// How one document becomes base currency: what takes the sale back or corrects it as the sale did, everything else
    /// by the rule of `day`, the day it really happened.
    ///
    /// # Errors
    /// [`NoRate`].
    pub fn exchange_of(&self, detail: &Detail, day: Date) -> Result<Option<Exchange>, NoRate> {
        if !matches!(detail, Detail::CreditMemo { .. } | Detail::Correction { .. }) {
            return self.exchange_on(day);
        }
        let on = self.context.date;
        Ok(match &self.exchange {
            Some(Exchange::RateType(name)) if day != on => Some(Exchange::RateTypeOn { name: name.clone(), on }),
            same => same.clone(),
        })
    }
}
