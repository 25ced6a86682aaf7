//! The orders of the accounting examples, E1 to E11. The golden tests and the documentation both use them, so that what
//! the documentation shows is what the tests prove.

use super::super::evidence::RefundedPart;
use super::super::policy::OrderLevelRefund;
use super::super::rulebook::{Give, Rule, RuleKind};
use super::super::testing::{Case, amount_of, dec, units};

/// A product sale, paid by card.
pub(crate) fn e1() -> Case {
    Case::new().line("TS-1", "1", "120.00", "9.90").tax("Tax", "8.25", "9.90").paid(9001, "stripe", "129.90")
}

/// An order discount of 10 percent and a coupon of 5.00 over two lines, each on its own account.
pub(crate) fn e2_gross() -> Case {
    Case::new()
        .line("A", "1", "60.00", "4.22")
        .discount("manual-discount", "6.00")
        .discount("coupon", "2.86")
        .line("B", "1", "45.00", "3.16")
        .discount("manual-discount", "4.50")
        .discount("coupon", "2.14")
        .tax("Tax", "8.25", "7.38")
        .paid(9001, "stripe", "96.88")
}

/// The same with discounts taken off the revenue.
pub(crate) fn e2_net() -> Case {
    let net = Rule::new("net", RuleKind::Discount).gives(Give::Presentation, "net");
    e2_gross().without_rules(RuleKind::Discount).rule(net)
}

/// Shipping and handling, taxed.
pub(crate) fn e3() -> Case {
    Case::new()
        .line("TS-1", "1", "80.00", "5.60")
        .shipping("12.95", "2.50", ("0.91", "0.17"))
        .tax("Tax", "7", "6.68")
        .paid(9001, "stripe", "102.13")
}

/// Tax of four jurisdictions whose rows are a cent short of the order's tax.
pub(crate) fn e4() -> Case {
    Case::new()
        .line("TV", "1", "249.99", "21.25")
        .tax("State", "6", "15.00")
        .tax("County", "1", "2.50")
        .tax("City", "1.25", "3.12")
        .tax("District", "0.25", "0.62")
        .paid(9001, "stripe", "271.24")
}

/// A gift certificate sold.
pub(crate) fn e5() -> Case {
    Case::new().line("GIFT", "1", "100.00", "0").paid(9001, "stripe", "100.00")
}

/// A sale paid by gift certificate.
pub(crate) fn e6() -> Case {
    Case::new().line("TS-1", "1", "85.00", "7.01").tax("Tax", "8.25", "7.01").paid(9001, "giftcertificate", "92.01")
}

/// A return that becomes store credit.
pub(crate) fn e7_returned() -> Case {
    Case::new().line("TS-1", "1", "40.00", "3.30").tax("Tax", "8.25", "3.30").paid(9001, "stripe", "43.30").refund(
        12,
        "43.30",
        "3.30",
        "storecredit",
        vec![units(1, "1")],
    )
}

/// The next sale, paid by that store credit and a card.
pub(crate) fn e7_redeemed() -> Case {
    Case::new()
        .line("TS-2", "1", "55.00", "4.54")
        .tax("Tax", "8.25", "4.54")
        .paid(9001, "storecredit", "43.30")
        .paid(9002, "stripe", "16.24")
}

/// Three tenders for one sale.
pub(crate) fn e8() -> Case {
    Case::new()
        .line("TS-1", "1", "150.00", "12.38")
        .shipping("9.95", "0", ("0.82", "0"))
        .tax("Tax", "8.25", "13.20")
        .paid(9001, "giftcertificate", "50.00")
        .paid(9002, "storecredit", "25.00")
        .paid(9003, "stripe", "98.15")
}

/// Everything of [`e3`] goes back to the card.
pub(crate) fn e10_full() -> Case {
    let items = vec![
        units(1, "1"),
        amount_of(RefundedPart::Shipping, 42, "12.95"),
        amount_of(RefundedPart::Handling, 42, "2.50"),
    ];
    e3().refund(12, "102.13", "6.68", "stripe", items)
}

/// One of three units goes back.
pub(crate) fn e10_partial() -> Case {
    Case::new().line("TS-1", "3", "99.99", "8.25").tax("Tax", "8.25", "8.25").paid(9001, "stripe", "108.24").refund(
        12,
        "36.08",
        "2.75",
        "stripe",
        vec![units(1, "1")],
    )
}

/// Three units go back one by one; neither value nor tax divides by three.
pub(crate) fn e10_one_by_one() -> Case {
    Case::new()
        .line("TS-1", "3", "100.00", "8.24")
        .tax("Tax", "8.25", "8.24")
        .paid(9001, "stripe", "108.24")
        .refund(12, "36.08", "2.75", "stripe", vec![units(1, "1")])
        .refund(13, "36.08", "2.74", "stripe", vec![units(1, "1")])
        .refund(14, "36.08", "2.75", "stripe", vec![units(1, "1")])
}

/// A return with a restocking fee of 15 percent kept back.
pub(crate) fn e11_restocking() -> Case {
    let mut item = units(1, "1");
    item.adjustments.push((dec("-18.00"), "15% restocking".into()));
    e1().refund(12, "111.90", "9.90", "stripe", vec![item])
}

/// A refund whose amounts the merchant typed in.
pub(crate) fn e11_override() -> Case {
    e1().refund(12, "100.00", "5.00", "stripe", vec![units(1, "1")])
        .refund_with(|refund| refund.merchant_override = true)
}

/// An amount off the whole order, under each policy.
pub(crate) fn e11_order_level(policy: OrderLevelRefund) -> Case {
    e1().refund(12, "20.00", "0", "stripe", vec![amount_of(RefundedPart::Order, 118, "20.00")])
        .policy(|decided| decided.order_level_refund = policy)
}
