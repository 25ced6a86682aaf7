//! A company's budget of API transactions and the forecast of a month: pure functions of what was counted.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// How many days of the previous month's pace count beside the days of this month: a month's first days say little.
const PREVIOUS_WEIGHT_DAYS: u64 = 3;
const SECONDS_OF_DAY: u64 = 86_400;

/// What is done when the forecast of a month is over the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OverBudget {
    /// Nothing but a warning: Intacct bills what is over, it does not refuse it.
    #[default]
    Warn,
    /// New orders of stores that allow it are summed up by day for the rest of the month.
    Daily,
}

/// What a company may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// API transactions of a month that are paid for: Intacct's performance tier.
    pub limit: u64,
    /// From this share of the limit on the forecast is warned of, in percent.
    pub warn_percent: u32,
    /// What is done when the forecast is over the limit.
    pub over: OverBudget,
}

impl Budget {
    /// Whether a number of transactions is to be warned of.
    pub fn is_near(&self, transactions: u64) -> bool {
        u128::from(transactions) * 100 >= u128::from(self.limit) * u128::from(self.warn_percent)
    }

    /// Whether a number of transactions is more than is paid for.
    pub fn is_over(&self, transactions: u64) -> bool {
        transactions > self.limit
    }
}

/// What was counted so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MonthToDate {
    /// Transactions of this month.
    pub used: u64,
    /// Transactions of the month before, as far as it was counted.
    pub previous: u64,
    /// Days of the month before from the first that was counted; 0 when none was.
    pub previous_days: u32,
}

/// What a month will come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// Transactions at the month's end.
    pub transactions: u64,
    /// What a day is taken to cost, rounded down.
    pub per_day: u64,
}

/// The first day of the month (UTC) that a moment is in.
pub fn first_of_month(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date().first_of_month()
}

impl MonthToDate {
    /// Forecasts the month of `now` (UTC): what was used, and for the rest of the month the pace of a day.
    ///
    /// `pace = (used + previous pace * w) / (days gone + w)`, `forecast = used + pace * days left`, days with their parts
    /// by the second. `w` is 3 when the month before was counted and 0 when not: three days of the old pace keep a busy
    /// first morning from being taken for the month, and weigh less with every day.
    pub fn forecast(&self, now: Timestamp) -> Forecast {
        let moment = now.to_zoned(TimeZone::UTC);
        let of_day = |unit: i8| u64::from(unit.unsigned_abs());
        let today = of_day(moment.hour()) * 3600 + of_day(moment.minute()) * 60 + of_day(moment.second());
        let gone = (of_day(moment.day()) - 1) * SECONDS_OF_DAY + today;
        let left = (of_day(moment.date().days_in_month()) * SECONDS_OF_DAY).saturating_sub(gone);
        // previous * w / previous_days, brought to one fraction with the rest: no rounding before the end.
        let (days, weight) = match self.previous_days {
            0 => (1, 0),
            days => (u128::from(days), PREVIOUS_WEIGHT_DAYS),
        };
        let counted = u128::from(self.used) * days + u128::from(self.previous) * u128::from(weight);
        let seconds = (u128::from(gone) + u128::from(weight * SECONDS_OF_DAY)).max(1) * days;
        let times = |span: u64| u64::try_from(counted * u128::from(span) / seconds).unwrap_or(u64::MAX);
        Forecast { transactions: self.used.saturating_add(times(left)), per_day: times(SECONDS_OF_DAY) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(moment: &str) -> Timestamp {
        moment.parse().unwrap()
    }

    fn counted(used: u64, previous: u64, previous_days: u32) -> MonthToDate {
        MonthToDate { used, previous, previous_days }
    }

    #[test]
    fn half_a_month_at_an_even_pace_is_doubled() {
        let forecast = counted(15_000, 0, 0).forecast(at("2026-04-16T00:00:00Z"));
        assert_eq!(forecast, Forecast { transactions: 30_000, per_day: 1_000 });
    }

    #[test]
    fn parts_of_a_day_count_by_the_second() {
        // Two days and a half gone of thirty.
        let forecast = counted(2_500, 0, 0).forecast(at("2026-04-03T12:00:00Z"));
        assert_eq!(forecast, Forecast { transactions: 30_000, per_day: 1_000 });
    }

    #[test]
    fn a_busy_first_morning_is_weighed_against_the_month_before() {
        // 3000 within twelve hours would be 180,000 in April; with 1000 a day before it is (3000 + 3000) / 3.5 a day.
        let alone = counted(3_000, 0, 0).forecast(at("2026-04-01T12:00:00Z"));
        assert_eq!(alone.transactions, 180_000);
        let weighed = counted(3_000, 31_000, 31).forecast(at("2026-04-01T12:00:00Z"));
        assert_eq!(weighed, Forecast { transactions: 53_571, per_day: 1_714 });
    }

    #[test]
    fn the_month_before_weighs_less_with_every_day() {
        let late = counted(60_000, 31_000, 31).forecast(at("2026-04-30T00:00:00Z"));
        assert_eq!(late.transactions, 60_000 + 63_000 / 32);
    }

    #[test]
    fn nothing_counted_forecasts_nothing_and_the_first_second_divides_by_no_zero() {
        assert_eq!(counted(0, 0, 0).forecast(at("2026-04-01T00:00:00Z")).transactions, 0);
        assert_eq!(counted(0, 31_000, 31).forecast(at("2026-05-01T00:00:00Z")).transactions, 31_000);
        assert_eq!(first_of_month(at("2026-02-28T23:59:59Z")).to_string(), "2026-02-01");
    }

    #[test]
    fn near_and_over_are_measured_against_the_limit() {
        let budget = Budget { limit: 100_000, warn_percent: 80, over: OverBudget::Warn };
        assert!(!budget.is_near(79_999) && budget.is_near(80_000));
        assert!(!budget.is_over(100_000) && budget.is_over(100_001));
    }

    proptest! {
        #[test]
        fn a_forecast_is_never_below_what_was_used(
            used in 0u64..10_000_000, previous in 0u64..10_000_000, days in 0u32..32, second in 0i64..31_536_000,
        ) {
            let now = Timestamp::from_second(1_767_225_600 + second).unwrap();
            prop_assert!(counted(used, previous, days).forecast(now).transactions >= used);
        }
    }
}
