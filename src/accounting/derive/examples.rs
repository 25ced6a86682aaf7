//! The examples of `docs/posting-rules.md`, by the names of their marks there. One more: a line here, a mark there.

use super::super::policy::OrderLevelRefund;
use super::cases::*;
use super::{corrections_specs, cost_specs, events_specs, exchange_specs, order_entry_specs, timing_specs};

/// Name and text of every example.
pub(crate) fn examples() -> Vec<(&'static str, String)> {
    let orders = [
        ("e1-product-sale", e1().table()),
        ("e2-discounts-gross", e2_gross().table()),
        ("e2-discounts-net", e2_net().table()),
        ("e3-shipping-and-handling", e3().table()),
        ("e4-tax-by-jurisdiction", e4().table()),
        ("e5-gift-certificate-sold", e5().table()),
        ("e6-gift-certificate-redeemed", e6().table()),
        ("e7-store-credit-given", e7_returned().refunds_table()),
        ("e7-store-credit-redeemed", e7_redeemed().table()),
        ("e8-split-tender", e8().table()),
        ("e10-full-refund", e10_full().refunds_table()),
        ("e10-partial-refund", e10_partial().refunds_table()),
        ("e10-refunds-one-by-one", e10_one_by_one().refunds_table()),
        ("e11-restocking-fee", e11_restocking().refunds_table()),
        ("e11-merchant-override", e11_override().refunds_table()),
        ("e11-order-level-allowance", e11_order_level(OrderLevelRefund::Allowance).refunds_table()),
        ("e11-order-level-carve-out", e11_order_level(OrderLevelRefund::CarveOut).refunds_table()),
        ("e11-order-level-hold", e11_order_level(OrderLevelRefund::Hold).refunds_table()),
    ];
    let elsewhere = [
        timing_specs::documented(),
        cost_specs::documented(),
        corrections_specs::documented(),
        events_specs::documented(),
        exchange_specs::documented(),
        order_entry_specs::documented(),
    ];
    orders.into_iter().chain(elsewhere.into_iter().flatten()).collect()
}
