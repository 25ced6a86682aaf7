//! Posting dates: an instant becomes a day in the store's time zone, and a day in a closed period is refused.

use jiff::civil::{Date, Time};
use jiff::{Timestamp, ToSpan};

use super::document::Document;
use super::hold::{Blocks, Hold, HoldCode};
use super::money::Money;
use super::policy::Policy;

/// The day `instant` falls on in the store's time zone. An order placed on the evening of the 31st in New York is of
/// the 31st, though it is already the 1st in UTC. After the store's cut-off time it is of the next day.
pub fn posting_date(instant: Timestamp, policy: &Policy) -> Date {
    let local = instant.to_zoned(policy.time_zone.zone().clone());
    let after_cut_off = policy.cut_off != Time::midnight() && local.time() >= policy.cut_off;
    if after_cut_off { local.date().saturating_add(1.day()) } else { local.date() }
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
        remedy: "reopen the period in Intacct and set the store's books_closed_through back, or book it by hand"
            .to_owned(),
        amount: Some(Money::new(document.total, document.currency)),
        blocks: Blocks::Document(document.key.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::super::policy::StoreTimeZone;
    use super::*;

    #[test]
    fn an_evening_order_stays_in_its_month() {
        let zone = StoreTimeZone::new("America/New_York").unwrap();
        let policy = Policy { time_zone: zone, ..Policy::new("acme-us", "1100") };
        let evening = "2026-04-01T02:30:00Z".parse().unwrap();
        assert_eq!(posting_date(evening, &policy).to_string(), "2026-03-31");
        assert_eq!(posting_date(evening, &Policy::new("acme-us", "1100")).to_string(), "2026-04-01");
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
