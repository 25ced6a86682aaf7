//! The totals check: lines and charges must reach the order's total, in one way only, or the order is held.
//!
//! BigCommerce does not promise that an order's totals add up: writers over the API may override them. Nor is it documented
//! whether order-level fees, discounts that are not on the lines, and redeemed gift certificates and store credit are
//! already inside the total. So every combination is tried against the figures, and what fits is what is true of this order.

use rust_decimal::Decimal;

use super::evidence::{Evidence, LineType};
use super::money::Currency;

/// The order's figures as they add up. All amounts are in major units of the order's currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reckoning {
    /// What the buyer owes with tax, before gift certificates and store credit; whole minor units.
    pub gross: Decimal,
    /// The order's tax, whole minor units.
    pub tax: Decimal,
    /// Order-level fees are part of the total.
    pub fees_included: bool,
    /// Manual discount of the header that no line carries; on the exact side of the prices.
    pub unspread_manual: Decimal,
    /// Coupon discount of the header that no line carries; on the exact side of the prices.
    pub unspread_coupon: Decimal,
    /// The header's total has gift certificates and store credit taken off.
    pub net_of_stored_value: bool,
    /// Gross less the sum of the parts: positive when the buyer paid more than the parts. Within the cap.
    pub difference: Decimal,
}

/// Why the totals cannot be trusted: the arithmetic, for a reader.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TotalsProblem {
    /// An amount that cannot be below zero is.
    #[error("{what} is {amount}, below zero")]
    Negative {
        /// Which amount.
        what: String,
        /// Its value.
        amount: Decimal,
    },
    /// The parts do not reach the total.
    #[error("{0}")]
    Arithmetic(String),
}

/// The sums of an order's parts, on the side of its prices that is exact: with tax or without.
struct Sums {
    lines: Decimal,
    shipping: Decimal,
    handling: Decimal,
    wrapping: Decimal,
    fees: Decimal,
    line_manual: Decimal,
    line_coupon: Decimal,
    tax_on_top: Decimal,
}

/// One way the parts may make the total.
struct Candidate {
    fees: bool,
    header_discounts: bool,
    net: bool,
    gross: Decimal,
    difference: Decimal,
}

/// Adds the order up.
///
/// # Errors
/// [`TotalsProblem`] when an amount is negative, when no way of adding up comes within `cap` of the order's total, or when
/// two different ways do equally well.
pub fn reckon(evidence: &Evidence, cap: Decimal) -> Result<Reckoning, TotalsProblem> {
    negative(evidence)?;
    let currency = evidence.order.currency;
    let totals = &evidence.order.totals;
    let sums = Sums::of(evidence);
    sums.agree_with_header(evidence, cap)?;
    let mut found = candidates(evidence, &sums);
    found.sort_by_key(|candidate| candidate.difference.abs());
    let Some(best) = found.first() else {
        return Err(TotalsProblem::Arithmetic("the order has no figures to add up".to_owned()));
    };
    if best.difference.abs() > cap {
        return Err(TotalsProblem::Arithmetic(sums.arithmetic(evidence, best)));
    }
    if found.get(1).is_some_and(|second| second.difference.abs() == best.difference.abs()) {
        return Err(TotalsProblem::Arithmetic(format!(
            "two different ways of adding up reach the total, one of them: {}",
            sums.arithmetic(evidence, best)
        )));
    }
    let stored_value = totals.gift_certificate + totals.store_credit;
    let parts = totals.total_ex_tax + totals.total_tax;
    if stored_value.is_zero() && (parts - totals.total_inc_tax).abs() > cap {
        return Err(TotalsProblem::Arithmetic(format!(
            "total without tax {} + tax {} = {}, but the total with tax is {}",
            shown(totals.total_ex_tax, currency),
            shown(totals.total_tax, currency),
            shown(parts, currency),
            shown(totals.total_inc_tax, currency)
        )));
    }
    let (unspread_manual, unspread_coupon) =
        if best.header_discounts { sums.unspread(evidence) } else { (Decimal::ZERO, Decimal::ZERO) };
    Ok(Reckoning {
        gross: best.gross,
        tax: currency.round(totals.total_tax),
        fees_included: best.fees,
        unspread_manual,
        unspread_coupon,
        net_of_stored_value: best.net,
        difference: best.difference,
    })
}

/// Every way the parts may make the total. Ways that cannot differ are listed once.
fn candidates(evidence: &Evidence, sums: &Sums) -> Vec<Candidate> {
    let totals = &evidence.order.totals;
    let stored_value = totals.gift_certificate + totals.store_credit;
    let (manual, coupon) = sums.unspread(evidence);
    let both = |differ: bool| if differ { vec![false, true] } else { vec![false] };
    let mut found = Vec::new();
    for fees in both(!sums.fees.is_zero()) {
        for header_discounts in both(!(manual + coupon).is_zero()) {
            for net in both(!stored_value.is_zero()) {
                let gross = totals.total_inc_tax + if net { stored_value } else { Decimal::ZERO };
                let gross = evidence.order.currency.round(gross);
                let parts = sums.base() + if fees { sums.fees } else { Decimal::ZERO }
                    - if header_discounts { manual + coupon } else { Decimal::ZERO };
                found.push(Candidate { fees, header_discounts, net, gross, difference: gross - parts });
            }
        }
    }
    found
}

impl Sums {
    fn of(evidence: &Evidence) -> Self {
        let inclusive = evidence.order.prices_include_tax;
        let side = |ex: Decimal, inc: Decimal| if inclusive { inc } else { ex };
        let totals = &evidence.order.totals;
        let mut sums = Self {
            lines: evidence.lines.iter().map(|line| side(line.total_ex_tax, line.total_inc_tax)).sum(),
            shipping: evidence.shipping.iter().map(|to| side(to.cost_ex_tax, to.cost_inc_tax)).sum(),
            handling: evidence.shipping.iter().map(|to| side(to.handling_ex_tax, to.handling_inc_tax)).sum(),
            wrapping: evidence.lines.iter().map(|line| side(line.wrapping_ex_tax, line.wrapping_inc_tax)).sum(),
            fees: evidence.fees.iter().map(|fee| side(fee.cost_ex_tax, fee.cost_inc_tax)).sum(),
            line_manual: Decimal::ZERO,
            line_coupon: Decimal::ZERO,
            tax_on_top: if inclusive { Decimal::ZERO } else { totals.total_tax },
        };
        if evidence.shipping.is_empty() {
            // Pickup and digital orders have no address; the header alone knows what was charged.
            sums.shipping = side(totals.shipping_ex_tax, totals.shipping_inc_tax);
            sums.handling = side(totals.handling_ex_tax, totals.handling_inc_tax);
        }
        for line in &evidence.lines {
            for discount in &*line.exact_discounts(inclusive) {
                *(if discount.is_coupon() { &mut sums.line_coupon } else { &mut sums.line_manual }) += discount.amount;
            }
        }
        sums
    }

    /// Everything but fees and discounts that no line carries.
    fn base(&self) -> Decimal {
        self.lines + self.shipping + self.handling + self.wrapping - self.line_manual - self.line_coupon
            + self.tax_on_top
    }

    /// Discounts of the header beyond those on the lines: manual, coupon.
    fn unspread(&self, evidence: &Evidence) -> (Decimal, Decimal) {
        let totals = &evidence.order.totals;
        let manual = (totals.discount - self.line_manual).max(Decimal::ZERO);
        let coupon = (totals.coupon_discount - self.line_coupon).max(Decimal::ZERO);
        // Promotions can be listed under either name: only what no line carries at all is left.
        let all = (totals.discount + totals.coupon_discount - self.line_manual - self.line_coupon).max(Decimal::ZERO);
        if manual + coupon <= all {
            (manual, coupon)
        } else if manual >= all {
            (all, Decimal::ZERO)
        } else {
            (manual, all - manual)
        }
    }

    /// Shipping, handling and wrapping stand on the header and on addresses or lines: both must say the same.
    fn agree_with_header(&self, evidence: &Evidence, cap: Decimal) -> Result<(), TotalsProblem> {
        let inclusive = evidence.order.prices_include_tax;
        let side = |ex: Decimal, inc: Decimal| if inclusive { inc } else { ex };
        let totals = &evidence.order.totals;
        let pairs = [
            ("shipping", self.shipping, side(totals.shipping_ex_tax, totals.shipping_inc_tax), "addresses"),
            ("handling", self.handling, side(totals.handling_ex_tax, totals.handling_inc_tax), "addresses"),
            ("gift wrapping", self.wrapping, side(totals.wrapping_ex_tax, totals.wrapping_inc_tax), "lines"),
        ];
        for (what, parts, header, place) in pairs {
            if (parts - header).abs() > cap {
                let (parts, header) = (shown(parts, evidence.order.currency), shown(header, evidence.order.currency));
                return Err(TotalsProblem::Arithmetic(format!(
                    "{what} of the {place} adds up to {parts}, but the order says {header}"
                )));
            }
        }
        Ok(())
    }

    /// The sum as a reader would write it down.
    fn arithmetic(&self, evidence: &Evidence, way: &Candidate) -> String {
        let order = &evidence.order;
        let money = |amount: Decimal| shown(amount, order.currency);
        let (manual, coupon) = self.unspread(evidence);
        let more = if way.header_discounts { manual + coupon } else { Decimal::ZERO };
        let fees = if way.fees { self.fees } else { Decimal::ZERO };
        let mut text = format!("lines {}", money(self.lines));
        let parts = [
            ("+ shipping", self.shipping),
            ("+ handling", self.handling),
            ("+ gift wrapping", self.wrapping),
            ("+ fees", fees),
            ("- discounts", self.line_manual + self.line_coupon + more),
            ("+ tax", self.tax_on_top),
        ];
        for (name, amount) in parts.iter().filter(|(_, amount)| !amount.is_zero()) {
            text.push_str(&format!(" {name} {}", money(*amount)));
        }
        let sum = way.gross - way.difference;
        text.push_str(&format!(" = {}, but the order's total is {}", money(sum), money(order.totals.total_inc_tax)));
        if way.net {
            let stored_value = order.totals.gift_certificate + order.totals.store_credit;
            text.push_str(&format!(" with {} paid by gift certificate and store credit", money(stored_value)));
        }
        text.push_str(&format!(" (difference {} {})", money(way.difference), order.currency));
        let quantity: Decimal = evidence.lines.iter().map(|line| line.quantity).sum();
        if quantity != order.totals.items {
            let items = order.totals.items.normalize();
            text.push_str(&format!("; the lines have {} items, the order says {items}", quantity.normalize()));
        }
        text
    }
}

/// Amounts with at least the currency's decimals, and the source's own when it has more.
fn shown(amount: Decimal, currency: Currency) -> String {
    let short = amount.normalize();
    let mut long = short;
    long.rescale(currency.minor_units().max(short.scale()));
    long.to_string()
}

/// Refuses what cannot be below zero. Discounts faked as products with a negative price end here.
fn negative(evidence: &Evidence) -> Result<(), TotalsProblem> {
    let totals = &evidence.order.totals;
    let header = [
        ("the total with tax", totals.total_inc_tax),
        ("the tax", totals.total_tax),
        ("the discount", totals.discount),
        ("the coupon discount", totals.coupon_discount),
        ("the gift certificate amount", totals.gift_certificate),
        ("the store credit amount", totals.store_credit),
    ];
    for (what, amount) in header {
        not_below_zero(amount, || what.to_owned())?;
    }
    for line in &evidence.lines {
        let what = if line.line_type == LineType::GiftCertificate { "gift certificate" } else { "line" };
        let name = if line.sku.is_empty() { &line.name } else { &line.sku };
        for amount in [line.total_ex_tax, line.total_inc_tax, line.total_tax, line.wrapping_ex_tax, line.quantity] {
            not_below_zero(amount, || format!("{what} {} ('{name}')", line.id))?;
        }
        for discount in &line.discounts {
            not_below_zero(discount.amount, || format!("the discount on line {}", line.id))?;
        }
    }
    for to in &evidence.shipping {
        not_below_zero(to.cost_ex_tax.min(to.cost_inc_tax), || format!("shipping '{}'", to.method))?;
        let handling = to.handling_ex_tax.min(to.handling_inc_tax);
        not_below_zero(handling, || format!("handling of shipping '{}'", to.method))?;
    }
    for fee in &evidence.fees {
        not_below_zero(fee.cost_ex_tax, || format!("fee '{}'", fee.name))?;
    }
    for row in &evidence.taxes {
        not_below_zero(row.amount, || format!("tax '{}'", row.name))?;
    }
    Ok(())
}

/// Refuses an amount below zero by its name, which nearly no order needs.
fn not_below_zero(amount: Decimal, what: impl FnOnce() -> String) -> Result<(), TotalsProblem> {
    if amount < Decimal::ZERO { Err(TotalsProblem::Negative { what: what(), amount }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Case, dec};
    use super::*;

    fn reckoned(case: Case) -> Result<Reckoning, TotalsProblem> {
        reckon(&case.evidence, dec("0.05"))
    }

    fn sale() -> Case {
        Case::new().line("TS-1", "1", "100.00", "8.00")
    }

    #[test]
    fn gift_certificates_may_be_taken_off_the_total_or_not() {
        let gross = reckoned(sale().paid(1, "giftcertificate", "30.00")).unwrap();
        assert_eq!((gross.gross, gross.net_of_stored_value), (dec("108.00"), false));
        let net = sale().paid(1, "giftcertificate", "30.00").with(|e| e.order.totals.total_inc_tax -= dec("30.00"));
        let net = reckoned(net).unwrap();
        assert_eq!((net.gross, net.net_of_stored_value), (dec("108.00"), true));
        let odd = sale().paid(1, "giftcertificate", "30.00").with(|e| e.order.totals.total_inc_tax -= dec("10.00"));
        assert!(matches!(reckoned(odd), Err(TotalsProblem::Arithmetic(_))));
    }

    #[test]
    fn a_discount_already_inside_the_shipping_is_not_taken_off_twice() {
        // A free-shipping coupon of 9.95 on an order that already shows no shipping.
        let inside = reckoned(sale().with(|e| e.order.totals.coupon_discount = dec("9.95"))).unwrap();
        assert_eq!((inside.gross, inside.unspread_coupon), (dec("108.00"), dec("0")));
        let outside = sale().with(|e| {
            e.order.totals.coupon_discount = dec("9.95");
            e.order.totals.total_ex_tax -= dec("9.95");
            e.order.totals.total_inc_tax -= dec("9.95");
        });
        let outside = reckoned(outside).unwrap();
        assert_eq!((outside.gross, outside.unspread_coupon), (dec("98.05"), dec("9.95")));
    }

    #[test]
    fn two_ways_that_fit_equally_are_no_answer() {
        // The header's discount equals the gift certificate: either could explain the total.
        let case = sale().paid(1, "giftcertificate", "10.00").with(|e| {
            e.order.totals.discount = dec("10.00");
            e.order.totals.total_inc_tax -= dec("10.00");
        });
        let Err(TotalsProblem::Arithmetic(text)) = reckoned(case) else { panic!("two ways fit") };
        assert!(text.starts_with("two different ways"), "{text}");
    }

    #[test]
    fn a_missing_page_of_lines_is_named() {
        let case = sale().line("TS-2", "3", "50.00", "4.00").with(|e| drop(e.lines.pop()));
        let Err(TotalsProblem::Arithmetic(text)) = reckoned(case) else { panic!("a line is missing") };
        assert!(text.ends_with("; the lines have 1 items, the order says 4"), "{text}");
    }

    #[test]
    fn overridden_totals_are_found() {
        let case = sale().with(|e| e.order.totals.total_ex_tax = dec("108.00"));
        let Err(TotalsProblem::Arithmetic(text)) = reckoned(case) else { panic!("the totals disagree") };
        assert_eq!(text, "total without tax 108.00 + tax 8.00 = 116.00, but the total with tax is 108.00");
        let shipping = sale().shipping("5.00", "0", ("0", "0")).with(|e| e.order.totals.shipping_ex_tax = dec("9.00"));
        assert!(matches!(reckoned(shipping), Err(TotalsProblem::Arithmetic(_))));
    }
}
