//! Posting dates: an instant becomes a day in the store's time zone, and a day in a closed period is refused.

use jiff::civil::{Date, Time};
use jiff::{Timestamp, ToSpan};

use super::document::Document;
use super::hold::{Blocks, Hold, HoldCode};
use super::money::Money;
use super::policy::Policy;

/// The day `instant` falls on in the store's time zone. An order placed on the evening of the 31st in New York is of
/// the 31st, though it is already the 1st in UTC. From the store's cut-off time on it is of the next day.
///
/// When clocks are set back, the cut-off is where it comes first: the hour that comes again stays with the next day. When
/// they are set forward over it, the day ends where the clocks jump.
pub fn posting_date(instant: Timestamp, policy: &Policy) -> Date {
    let zone = policy.time_zone.zone();
    let local = instant.to_zoned(zone.clone());
    let (day, cut_off) = (local.date(), policy.cut_off);
    if cut_off == Time::midnight() {
        return day;
    }
    let first = day.to_datetime(cut_off).to_zoned(zone.clone());
    let after = local.time() >= cut_off || first.is_ok_and(|first| instant >= first.timestamp());
    if after { day.saturating_add(1.day()) } else { day }
}

/// When `day` is over in the store's time zone: whatever happens then or later has a later posting date (where clocks go
/// back over the cut-off time, the second time counts).
pub fn day_end(day: Date, policy: &Policy) -> Timestamp {
    let end = if policy.cut_off == Time::midnight() {
        day.saturating_add(1.day()).to_datetime(Time::midnight())
    } else {
        day.to_datetime(policy.cut_off)
    };
    policy.time_zone.zone().to_ambiguous_timestamp(end).later().unwrap_or(Timestamp::MAX)
}

/// The hold for a document whose posting date is in a closed period, `None` when the period is open.
///
/// The document is derived all the same: when it was posted before the books were closed, nothing is wrong with it.
pub fn closed(document: &Document, policy: &Policy) -> Option<Hold> {
    let through = policy.books_closed_through.filter(|through| document.date <= *through)?;
    Some(Hold {
        code: HoldCode::PeriodClosed,
        subject: format!("{} {}", document.kind, document.number),
        message: format!(
            "the {} is of {}, and the books of store '{}' are closed through {through}",
            document.kind, document.date, policy.store
        ),
        remedy: "reopen the period in Intacct and set the store's books_closed_through back, let closed_period or a period rule move it, or book it by hand"
            .to_owned(),
        amount: Some(Money::new(document.total, document.currency)),
        blocks: Blocks::Document(document.key.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::policy::StoreTimeZone;
    use super::*;

    fn policy(zone: &str, cut_off: &str) -> Policy {
        let (time_zone, cut_off) = (StoreTimeZone::new(zone).unwrap(), cut_off.parse().unwrap());
        Policy { time_zone, cut_off, ..Policy::new("acme-us", "1100") }
    }

    fn days(policy: &Policy, instants: &[&str]) -> Vec<String> {
        instants.iter().map(|instant| posting_date(instant.parse().unwrap(), policy).to_string()).collect()
    }

    #[test]
    fn an_evening_order_stays_in_its_month() {
        let evening = "2026-04-01T02:30:00Z";
        assert_eq!(days(&policy("America/New_York", "00:00"), &[evening]), ["2026-03-31"]);
        assert_eq!(days(&policy("UTC", "00:00"), &[evening]), ["2026-04-01"]);
        assert_eq!(days(&policy("Europe/Berlin", "00:00"), &["2026-03-31T22:00:00Z"]), ["2026-04-01"]);
    }

    #[test]
    fn from_the_cut_off_on_the_day_is_the_next_one() {
        let policy = policy("America/New_York", "17:00");
        let around =
            ["2026-03-31T20:59:59.999Z", "2026-03-31T21:00:00Z", "2026-04-01T03:59:59Z", "2026-04-01T04:00:00Z"];
        assert_eq!(days(&policy, &around), ["2026-03-31", "2026-04-01", "2026-04-01", "2026-04-01"]);
    }

    #[test]
    fn a_cut_off_that_the_clocks_jump_over_ends_the_day_where_they_jump() {
        // 02:00 becomes 03:00 in New York on 8 March 2026 and in Berlin on 29 March 2026.
        let york = policy("America/New_York", "02:30");
        assert_eq!(days(&york, &["2026-03-08T06:59:59Z", "2026-03-08T07:00:00Z"]), ["2026-03-08", "2026-03-09"]);
        let berlin = policy("Europe/Berlin", "02:30");
        assert_eq!(days(&berlin, &["2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z"]), ["2026-03-29", "2026-03-30"]);
        // A night without a jump, for comparison.
        assert_eq!(days(&york, &["2026-03-09T06:29:59Z", "2026-03-09T06:30:00Z"]), ["2026-03-09", "2026-03-10"]);
    }

    #[test]
    fn an_hour_that_comes_twice_is_not_given_back_to_the_day_that_ended() {
        // 02:00 becomes 01:00 in New York on 1 November 2026; in Berlin 03:00 becomes 02:00 on 25 October 2026.
        let york = policy("America/New_York", "01:30");
        let night = ["2026-11-01T05:29:59Z", "2026-11-01T05:30:00Z", "2026-11-01T06:15:00Z", "2026-11-01T06:45:00Z"];
        assert_eq!(days(&york, &night), ["2026-11-01", "2026-11-02", "2026-11-02", "2026-11-02"]);
        let berlin = policy("Europe/Berlin", "02:30");
        let night = ["2026-10-25T00:29:59Z", "2026-10-25T00:30:00Z", "2026-10-25T01:15:00Z", "2026-10-25T01:45:00Z"];
        assert_eq!(days(&berlin, &night), ["2026-10-25", "2026-10-26", "2026-10-26", "2026-10-26"]);
        // Without a cut-off the repeated hour is of its own day, both times.
        let plain = policy("America/New_York", "00:00");
        assert_eq!(days(&plain, &["2026-11-01T05:15:00Z", "2026-11-01T06:15:00Z"]), ["2026-11-01", "2026-11-01"]);
    }

    #[test]
    fn days_never_run_backwards_while_time_goes_on() {
        for (zone, start) in [("America/New_York", "2026-10-31T00:00:00Z"), ("Europe/Berlin", "2026-03-28T00:00:00Z")] {
            for cut_off in ["00:00", "00:30", "01:30", "02:30", "17:00", "23:59"] {
                let (policy, mut at) = (policy(zone, cut_off), start.parse::<Timestamp>().unwrap());
                let mut last = posting_date(at, &policy);
                for _ in 0..400 {
                    at += 15.minutes();
                    let day = posting_date(at, &policy);
                    assert!(day >= last, "{zone} {cut_off}: {at} is of {day}, after {last}");
                    last = day;
                }
            }
        }
    }

    #[test]
    fn a_day_ends_where_the_next_posting_date_begins() {
        let store = |zone: &str, cut_off: &str| Policy {
            time_zone: StoreTimeZone::new(zone).unwrap(),
            cut_off: cut_off.parse().unwrap(),
            ..Policy::new("acme-us", "1100")
        };
        // The clocks change on 8 March and 1 November; in Beirut at midnight, so that 29 March begins at one.
        let zones = ["America/New_York", "UTC", "Asia/Kolkata", "Asia/Beirut"];
        for (zone, cut_off) in zones.into_iter().flat_map(|zone| [(zone, "00:00"), (zone, "17:30")]) {
            let policy = store(zone, cut_off);
            for day in ["2026-03-08", "2026-03-28", "2026-03-31", "2026-11-01"] {
                let day: Date = day.parse().unwrap();
                let end = day_end(day, &policy);
                assert!(posting_date(end, &policy) > day, "{zone} {cut_off} {day}");
                assert_eq!(posting_date(end - 1.nanosecond(), &policy), day, "{zone} {cut_off} {day}");
            }
        }
    }
}
