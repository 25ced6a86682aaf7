//! What is charged and what comes off: shipping, handling, fees, discounts, coupons, and taxes of several countries.

use rust_decimal::Decimal;

use super::super::actions::ActionError;
use super::super::draft::{CouponKind, FeeDraft, LineDraft, OrderDraft, Payment, TaxRounding};
use super::super::store::Store;
use super::Step;
use super::catalogue::{britain, canada, denver, four_jurisdictions, germany, indiana, item, texas, usd};
use super::people::People;

pub(super) const STEPS: &[Step] = &[
    ("shipping and handling", shipping_and_handling),
    ("tax of four jurisdictions", jurisdictions),
    ("order discount and coupon", discount_and_coupon),
    ("percent coupon", percent_coupon),
    ("free shipping coupon", free_shipping),
    ("automatic promotion", promotion),
    ("fee at checkout", fee),
    ("inclusive prices", inclusive),
    ("inclusive prices with a discount", inclusive_discounted),
    ("two Canadian taxes", two_taxes),
    ("no tax at all", untaxed),
    ("everything discounted away", all_discounted),
];

fn shipping_and_handling(store: &Store, people: &People) -> Result<u64, ActionError> {
    let draft = OrderDraft::guest(people.guest_gary.clone()).ship("Ground", usd(12_95), usd(2_50), &indiana());
    store.place_order(&draft.line(item("CAMP-SET", 1)).rounding(TaxRounding::WholeOrder))
}

fn jurisdictions(store: &Store, people: &People) -> Result<u64, ActionError> {
    let draft = OrderDraft::guest(people.guest_denver.clone()).ship(
        "Ground",
        Decimal::ZERO,
        Decimal::ZERO,
        &four_jurisdictions(),
    );
    store.place_order(&draft.line(item("CAMP-TENT", 1)).rounding(TaxRounding::RowsShownInCents))
}

fn discount_and_coupon(store: &Store, people: &People) -> Result<u64, ActionError> {
    let (customer, address) = people.emma.clone();
    let draft = OrderDraft::customer(customer, address).ship("Ground", Decimal::ZERO, Decimal::ZERO, &texas());
    let draft = draft.line(item("CAMP-STOVE", 1)).line(item("CAMP-LAMP", 1)).discount_percent(Decimal::TEN);
    store.place_order(&draft.coupon(CouponKind::Amount, "FIVE-OFF", usd(5_00)))
}

fn percent_coupon(store: &Store, people: &People) -> Result<u64, ActionError> {
    let draft = OrderDraft::guest(people.guest_austin.clone()).ship("Ground", usd(6_00), Decimal::ZERO, &texas());
    let draft = draft.line(item("WEAR-SHIRT", 2)).line(item("GEAR-MAP", 1));
    store.place_order(&draft.coupon(CouponKind::Percent, "SPRING15", Decimal::from(15)))
}

fn free_shipping(store: &Store, people: &People) -> Result<u64, ActionError> {
    let draft = OrderDraft::guest(people.guest_gary.clone()).ship("Ground", usd(7_95), Decimal::ZERO, &indiana());
    store.place_order(&draft.line(item("WEAR-JACKET", 1)).coupon(CouponKind::FreeShipping, "SHIPFREE", Decimal::ZERO))
}

fn promotion(store: &Store, people: &People) -> Result<u64, ActionError> {
    let draft = OrderDraft::guest(people.guest_denver.clone()).ship("Ground", usd(9_00), Decimal::ZERO, &denver());
    let draft = draft.line(item("GEAR-BOTTLE", 3)).line(item("CAMP-MUG", 2));
    store.place_order(&draft.coupon(CouponKind::Promotion, "3-FOR-2", usd(19_80)).pay_with(Payment::paypal()))
}

fn fee(store: &Store, people: &People) -> Result<u64, ActionError> {
    let protection =
        FeeDraft { name: "Package protection".into(), source: "protect-app".into(), cost: usd(2_98), taxable: false };
    let draft = OrderDraft::guest(people.guest_austin.clone()).ship("Ground", usd(8_10), Decimal::ZERO, &texas());
    store.place_order(&draft.line(item("CAMP-LAMP", 2)).fee(protection))
}

/// 48.00 + 61.20 + 9.60, with 20 % VAT inside.
fn inclusive(store: &Store, people: &People) -> Result<u64, ActionError> {
    let draft = OrderDraft::guest(people.guest_london.clone())
        .ship("Royal Mail", usd(9_60), Decimal::ZERO, &britain())
        .inclusive();
    let stove = LineDraft::new("CAMP-STOVE", "Alcohol stove", 1, usd(61_20)).cost(usd(23_68));
    let mug = LineDraft::new("CAMP-MUG", "Enamel mug", 3, usd(16_00)).cost(usd(3_15));
    store.place_order(&draft.line(mug).line(stove))
}

fn inclusive_discounted(store: &Store, people: &People) -> Result<u64, ActionError> {
    let draft =
        OrderDraft::guest(people.guest_berlin.clone()).ship("DHL", usd(11_90), Decimal::ZERO, &germany()).inclusive();
    let draft = draft.line(item("WEAR-JACKET", 1)).line(item("WEAR-SOCK", 2)).discount(usd(17_02));
    store.place_order(&draft.pay_with(Payment::paypal()))
}

fn two_taxes(store: &Store, people: &People) -> Result<u64, ActionError> {
    let draft =
        OrderDraft::guest(people.guest_vancouver.clone()).ship("Canada Post", usd(16_75), Decimal::ZERO, &canada());
    store.place_order(&draft.line(item("GEAR-BOTTLE", 1)).line(item("CAMP-LAMP", 1)))
}

fn untaxed(store: &Store, people: &People) -> Result<u64, ActionError> {
    let draft = OrderDraft::guest(people.guest_portland.clone()).ship("Ground", usd(5_00), Decimal::ZERO, &[]);
    store.place_order(&draft.line(item("GEAR-MAP", 5)))
}

fn all_discounted(store: &Store, people: &People) -> Result<u64, ActionError> {
    let (customer, address) = people.company.clone();
    let draft = OrderDraft::customer(customer, address).ship("Ground", Decimal::ZERO, Decimal::ZERO, &indiana());
    let draft = draft.line(item("CAMP-MUG", 1)).discount_percent(Decimal::ONE_HUNDRED);
    store.place_order(&draft.pay_with(Payment::Nothing))
}
