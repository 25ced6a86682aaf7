//! What goes wrong or looks wrong: history, edits, unknown products, late evenings, doubled and disordered webhooks.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::super::actions::ActionError;
use super::super::draft::{LineDraft, OrderDraft};
use super::super::outbox::ReleaseOrder;
use super::super::store::Store;
use super::Step;
use super::catalogue::{UNMAPPED_SKU, item, texas, usd};
use super::people::People;

pub(super) const STEPS: &[Step] = &[
    ("migrated history", migrated),
    ("totals edited until they do not add up", edited),
    ("product nobody has a rule for", unmapped),
    ("placed late yesterday evening", late_evening),
    ("noted by staff after payment", noted),
    ("shipped in part", shipped_in_part),
    ("webhooks delivered twice", doubled),
    ("webhooks out of order", disordered),
];

fn guest(people: &People, line: LineDraft) -> OrderDraft {
    OrderDraft::guest(people.guest_austin.clone()).ship("Ground", usd(7_50), Decimal::ZERO, &texas()).line(line)
}

fn migrated(store: &Store, people: &People) -> Result<u64, ActionError> {
    let long_ago = Timestamp::from_second(1_584_455_400).unwrap_or_default();
    let order = store.create_order(&guest(people, item("CAMP-TENT", 1)).external_source("M-MIG").created(long_ago))?;
    store.set_status(order, 10)?;
    store.set_status(order, 2)?;
    Ok(order)
}

/// An app writes new totals over the API: 20.00 less, while lines and taxes stay.
fn edited(store: &Store, people: &People) -> Result<u64, ActionError> {
    let order = store.place_order(&guest(people, item("CAMP-TENT", 1)))?;
    store.override_totals(order, usd(237_49), usd(258_73))?;
    Ok(order)
}

fn unmapped(store: &Store, people: &People) -> Result<u64, ActionError> {
    store.place_order(&guest(people, LineDraft::new(UNMAPPED_SKU, "Experimental hammock", 1, usd(74_90))))
}

/// Half past eleven in the store's time zone: in UTC that is the next day already.
fn late_evening(store: &Store, people: &People) -> Result<u64, ActionError> {
    let now = store.now();
    let zone = jiff::tz::TimeZone::get(&store.settings().time_zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let evening =
        now.to_zoned(zone.clone()).date().yesterday().ok().and_then(|day| day.at(23, 30, 0, 0).to_zoned(zone).ok());
    let at = evening.map_or(now, |zoned| zoned.timestamp());
    store.place_order(&guest(people, item("WEAR-SHIRT", 2)).created(at))
}

fn noted(store: &Store, people: &People) -> Result<u64, ActionError> {
    let order = store.place_order(&guest(people, item("GEAR-BOTTLE", 2)))?;
    store.add_staff_note(order, "Customer rang: please leave at the back door.")?;
    Ok(order)
}

fn shipped_in_part(store: &Store, people: &People) -> Result<u64, ActionError> {
    let order = store.place_order(&guest(people, item("WEAR-SOCK", 5)).line(item("CAMP-LAMP", 1)))?;
    if let Some(first) = store.order_product_ids(order).first() {
        store.ship_part(order, *first, 2)?;
    }
    Ok(order)
}

fn doubled(store: &Store, people: &People) -> Result<u64, ActionError> {
    store.duplicate_next_deliveries(4);
    store.place_order(&guest(people, item("CAMP-MUG", 2)))
}

fn disordered(store: &Store, people: &People) -> Result<u64, ActionError> {
    store.hold_deliveries();
    let played =
        store.place_order(&guest(people, item("WEAR-SOCK", 4))).and_then(|order| store.ship(order).map(|()| order));
    store.release_deliveries(ReleaseOrder::Reversed);
    played
}
