//! A trading day: every kind of order and refund an accountant meets, one after the other, always the same.
//!
//! Amounts are chosen by hand. Dates follow the store's clock, so the day is today unless an order says otherwise.
#![expect(clippy::inconsistent_digit_grouping, reason = "amounts are written in cents, set apart: 249_99 is 249.99")]

mod catalogue;
mod charges;
mod goods;
mod oddities;
mod payments;
mod people;
mod refunds;

use super::actions::ActionError;
use super::store::Store;
use people::People;

pub use catalogue::{TAX_NAMES, UNMAPPED_SKU, skus};

/// One thing that happens during the day; gives back the order it happened to.
type Play = fn(&Store, &People) -> Result<u64, ActionError>;

/// A step with the title shown while it is played.
type Step = (&'static str, Play);

/// How far the day is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Steps played so far, with this one.
    pub done: usize,
    /// Steps of the day.
    pub of: usize,
    /// What happened.
    pub title: &'static str,
    /// The order it happened to.
    pub order_id: u64,
}

fn steps() -> Vec<Step> {
    [goods::STEPS, charges::STEPS, payments::STEPS, oddities::STEPS, refunds::STEPS].concat()
}

/// Plays the whole day on an empty store or any other, telling `progress` after each step. Returns what happened.
///
/// # Errors
/// Those of the store's actions; none on a store that works.
pub fn trading_day(store: &Store, mut progress: impl FnMut(Progress)) -> Result<Vec<Progress>, ActionError> {
    catalogue::stock(store)?;
    let people = People::register(store);
    let steps = steps();
    let of = steps.len();
    let mut played = Vec::with_capacity(of);
    for (index, (title, play)) in steps.into_iter().enumerate() {
        let step = Progress { done: index + 1, of, title, order_id: play(store, &people)? };
        progress(step);
        played.push(step);
    }
    Ok(played)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rust_decimal::Decimal;

    use super::super::summary::OrderSummary;
    use super::super::testing;
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn day() -> (Vec<Progress>, Vec<OrderSummary>) {
        let store = testing::store();
        let played = trading_day(&store, |_| {}).unwrap();
        (played, store.expected_summary())
    }

    fn order<'a>(day: &'a (Vec<Progress>, Vec<OrderSummary>), title: &str) -> &'a OrderSummary {
        let id = day.0.iter().find(|step| step.title == title).unwrap().order_id;
        day.1.iter().find(|order| order.order_id == id).unwrap()
    }

    #[test]
    fn a_day_has_enough_of_everything_and_is_always_the_same() {
        let (played, orders) = day();
        let refunds: usize = orders.iter().map(|order| order.refunds).sum();
        assert!(orders.len() + refunds >= 48, "{} orders and {refunds} refunds", orders.len());
        let statuses: BTreeSet<u64> = orders.iter().map(|order| order.status_id).collect();
        assert_eq!(statuses, BTreeSet::from([0, 2, 3, 4, 5, 6, 7, 11, 14]));
        let titles: BTreeSet<&str> = played.iter().map(|step| step.title).collect();
        assert_eq!(titles.len(), played.len());
        assert_eq!(day().1, orders);
    }

    #[test]
    fn orders_come_to_the_amounts_chosen_for_them() {
        let day = day();
        let gross = |title| order(&day, title).gross;
        assert_eq!(gross("one item"), decimal("129.90"));
        assert_eq!(gross("order discount and coupon"), decimal("96.88"));
        assert_eq!(gross("shipping and handling"), decimal("102.13"));
        assert_eq!(gross("tax of four jurisdictions"), decimal("271.24"));
        assert_eq!(gross("gift certificate sold"), decimal("100"));
        assert_eq!(gross("inclusive prices"), decimal("118.80"));
        assert_eq!(gross("everything discounted away"), Decimal::ZERO);
        let split = order(&day, "gift certificate, store credit and card");
        assert_eq!(
            (split.gross, split.liability_tenders, split.captured),
            (decimal("173.15"), decimal("75"), decimal("173.15"))
        );
    }

    #[test]
    fn money_is_where_the_story_left_it() {
        let day = day();
        let money = |title| (order(&day, title).captured, order(&day, title).refunded);
        assert_eq!(money("authorised only"), (Decimal::ZERO, Decimal::ZERO));
        assert_eq!(money("captured in two steps").0, order(&day, "captured in two steps").gross);
        assert_eq!(money("one unit of three returned"), (decimal("108.24"), decimal("36.08")));
        assert_eq!(money("full refund with shipping"), (decimal("102.13"), decimal("102.13")));
        assert_eq!(money("refund declined by the gateway").1, Decimal::ZERO);
        assert_eq!(money("return with a restocking fee").1, decimal("111.90"));
        assert_eq!(order(&day, "refund with typed-in totals").refunded_tax, decimal("5"));
    }
}
