//! Discounts as the lines of an order carry them: which are coupons, and what each is on the exact side of the prices.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::evidence::{AppliedDiscount, Line};

impl Line {
    /// The discounts of the line on the exact side of its prices.
    ///
    /// With prices that include tax, what the line really came to after all discounts is told separately
    /// (`discounted_total_inc_tax`); the applied discounts are then scaled to it, because it is not documented which side
    /// they are on.
    pub fn exact_discounts(&self, prices_include_tax: bool) -> Cow<'_, [AppliedDiscount]> {
        let Some(discounted) = self.discounted_total_inc_tax.filter(|_| prices_include_tax) else {
            return Cow::Borrowed(&self.discounts);
        };
        let (applied, real): (Decimal, Decimal) =
            (self.discounts.iter().map(|d| d.amount).sum(), self.total_inc_tax - discounted);
        if applied == real {
            return Cow::Borrowed(&self.discounts);
        }
        if applied.is_zero() {
            let (id, name) = ("manual-discount".to_owned(), "Discount".to_owned());
            let target = "order".to_owned();
            return Cow::Owned(vec![AppliedDiscount { id, amount: real, name, code: None, target }]);
        }
        let scaled = |d: &AppliedDiscount| AppliedDiscount { amount: d.amount * real / applied, ..d.clone() };
        self.discounts.iter().map(scaled).collect()
    }
}

impl AppliedDiscount {
    /// Whether it came from a coupon rather than a manual discount or a promotion.
    pub fn is_coupon(&self) -> bool {
        self.id.eq_ignore_ascii_case("coupon") || self.code.as_deref().is_some_and(|code| !code.is_empty())
    }
}
