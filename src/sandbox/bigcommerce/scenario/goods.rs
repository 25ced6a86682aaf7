//! What is bought: one thing or sixty, downloads, bundles, custom work, gifts; by guests, returning customers, a
//! company.

use rust_decimal::Decimal;

use super::super::actions::ActionError;
use super::super::draft::{Destination, LineDraft, OrderDraft, Payment, TaxRounding};
use super::super::store::Store;
use super::Step;
use super::catalogue::{denver, indiana, item, long_order_sku, texas, usd};
use super::people::People;

pub(super) const STEPS: &[Step] = &[
    ("one item", one_item),
    ("sixty lines", sixty_lines),
    ("digital product", digital),
    ("custom product", custom_product),
    ("bundle with free parts", bundle),
    ("gift wrapping", gift_wrapping),
    ("names hostile to XML", hostile_names),
    ("two shipping addresses", two_addresses),
    ("gift certificate sold", gift_certificate_sold),
    ("first order of a customer", first_order),
    ("second order of the same customer", second_order),
    ("company customer", company),
    ("three lines with awkward cents", awkward_cents),
    ("free item beside a paid one", free_item),
];

fn one_item(store: &Store, people: &People) -> Result<u64, ActionError> {
    let draft =
        OrderDraft::guest(people.guest_austin.clone()).ship("Pickup point", Decimal::ZERO, Decimal::ZERO, &texas());
    store.place_order(&draft.line(item("WEAR-BOOT", 1)))
}

/// More lines than a page holds by default. Prices climb from 1.42 by 0.37.
fn sixty_lines(store: &Store, people: &People) -> Result<u64, ActionError> {
    let draft = OrderDraft::guest(people.guest_denver.clone()).ship("Ground", usd(18_40), Decimal::ZERO, &denver());
    let draft = (1..=60).fold(draft, |draft, number| {
        let price = usd(1_05) + usd(37) * Decimal::from(number);
        draft.line(LineDraft::new(long_order_sku(number), format!("Spare part {number}"), 1 + number % 3, price))
    });
    store.place_order(&draft)
}

fn digital(store: &Store, people: &People) -> Result<u64, ActionError> {
    let (customer, address) = people.noah.clone();
    store.place_order(
        &OrderDraft::customer(customer, address).billing_rates(&texas()).line(item("DIGI-ROUTE", 2).digital()),
    )
}

fn custom_product(store: &Store, people: &People) -> Result<u64, ActionError> {
    let fitting = LineDraft::new("SERV-FIT", "Boot fitting, made to measure", 1, usd(65_00)).custom();
    let draft = OrderDraft::guest(people.guest_gary.clone()).ship("Counter", Decimal::ZERO, Decimal::ZERO, &indiana());
    store.place_order(&draft.line(fitting).channel(1, "manual"))
}

fn bundle(store: &Store, people: &People) -> Result<u64, ActionError> {
    let draft = OrderDraft::guest(people.guest_gary.clone()).ship("Ground", usd(8_95), Decimal::ZERO, &indiana());
    let draft =
        draft.line(item("CAMP-SET", 1)).line(item("CAMP-POT", 1).part_of(0)).line(item("CAMP-PAN", 2).part_of(0));
    store.place_order(&draft)
}

fn gift_wrapping(store: &Store, people: &People) -> Result<u64, ActionError> {
    let (customer, address) = people.emma.clone();
    let draft = OrderDraft::customer(customer, address).ship("Ground", usd(6_50), Decimal::ZERO, &texas());
    store.place_order(&draft.line(item("CAMP-MUG", 4).wrapped(usd(7_80))).line(item("GEAR-MAP", 1)))
}

fn hostile_names(store: &Store, people: &People) -> Result<u64, ActionError> {
    let (customer, address) = people.ohara.clone();
    let mug = LineDraft::new("CAMP-MUG", "Mug \"Früh & Spät\" <0.3 l> ☕🏕️ ]]>", 2, usd(12_50)).cost(usd(3_15));
    store.place_order(
        &OrderDraft::customer(customer, address).ship("Ground", usd(5_25), Decimal::ZERO, &texas()).line(mug),
    )
}

fn two_addresses(store: &Store, people: &People) -> Result<u64, ActionError> {
    let (customer, address) = people.noah.clone();
    let gary = Destination {
        address: people.guest_gary.clone(),
        method: "Express".into(),
        shipping: usd(14_00),
        handling: usd(1_50),
        rates: indiana(),
    };
    let draft =
        OrderDraft::customer(customer, address).ship("Ground", usd(7_25), Decimal::ZERO, &texas()).destination(gary);
    store.place_order(&draft.line(item("GEAR-BOTTLE", 2)).line(item("WEAR-SOCK", 3).to(1)))
}

fn gift_certificate_sold(store: &Store, people: &People) -> Result<u64, ActionError> {
    let (customer, address) = people.emma.clone();
    let draft = OrderDraft::customer(customer, address).billing_rates(&texas());
    store.place_order(&draft.line(LineDraft::gift_certificate("100.00 Gift Certificate", usd(100_00))))
}

fn first_order(store: &Store, people: &People) -> Result<u64, ActionError> {
    let (customer, address) = people.noah.clone();
    let draft = OrderDraft::customer(customer, address).ship("Ground", usd(5_95), Decimal::ZERO, &indiana());
    store.place_order(&draft.line(item("CAMP-LAMP", 1)))
}

fn second_order(store: &Store, people: &People) -> Result<u64, ActionError> {
    let (customer, address) = people.noah.clone();
    let draft = OrderDraft::customer(customer, address).ship("Ground", usd(5_95), Decimal::ZERO, &indiana());
    store.place_order(&draft.line(item("CAMP-STOVE", 2)).pay_with(Payment::paypal()))
}

fn company(store: &Store, people: &People) -> Result<u64, ActionError> {
    let (customer, address) = people.company.clone();
    let draft = OrderDraft::customer(customer, address).ship("Freight", usd(42_00), usd(6_00), &indiana());
    store.place_order(&draft.line(item("CAMP-TENT", 6)).line(item("WEAR-JACKET", 4)))
}

/// Three lines of 10.10 at 8.25 %: 2.49 rounded by line, 2.50 rounded once.
fn awkward_cents(store: &Store, people: &People) -> Result<u64, ActionError> {
    let draft = OrderDraft::guest(people.guest_austin.clone()).ship("Ground", Decimal::ZERO, Decimal::ZERO, &texas());
    let draft = draft.line(item("WEAR-SOCK", 1)).line(item("WEAR-SOCK", 1)).line(item("WEAR-SOCK", 1));
    store.place_order(&draft.rounding(TaxRounding::WholeOrder))
}

fn free_item(store: &Store, people: &People) -> Result<u64, ActionError> {
    let draft = OrderDraft::guest(people.guest_portland.clone()).ship("Ground", usd(4_50), Decimal::ZERO, &[]);
    store.place_order(&draft.line(item("WEAR-SHIRT", 1)).line(LineDraft::new(
        "GEAR-MAP",
        "Trail map (gift)",
        1,
        Decimal::ZERO,
    )))
}
