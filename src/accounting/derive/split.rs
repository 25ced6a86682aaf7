//! Splitting a refund: what of it takes back which charge and which tax. Cumulative, so that nothing is taken back twice.

use std::collections::{BTreeMap, HashSet};

use rust_decimal::Decimal;

use super::super::evidence::{Refund, RefundItem, RefundedPart};
use super::super::hold::HoldCode;
use super::super::money::{Currency, allocate_capped};
use super::super::policy::OrderLevelRefund;
use super::charges::Part;
use super::invoice::Sale;

/// What is left of a sale after the refunds so far. Amounts are whole minor units.
pub(super) struct Remaining {
    /// Of each charge, without tax.
    pub nets: Vec<Decimal>,
    /// Units already refunded of each charge.
    pub quantities: Vec<Decimal>,
    /// Of each tax.
    pub taxes: Vec<Decimal>,
    /// Of everything, with tax.
    pub total: Decimal,
}

/// A refund split. Amounts are whole minor units; charges and order level less restocking, plus taxes, make its total.
#[derive(Debug)]
pub(super) struct Split {
    /// By charge: amount without tax, and units.
    pub charges: BTreeMap<usize, (Decimal, Decimal)>,
    /// Off the whole order, without tax.
    pub order_level: Decimal,
    /// Kept back, with its description.
    pub restocking: Vec<(String, Decimal)>,
    /// By tax.
    pub taxes: Vec<Decimal>,
}

/// Why a refund cannot be split: the code of its hold and the figures.
pub(super) type Trouble = (HoldCode, String);

/// One charge that is refunded, wholly or in part.
struct Slice {
    charge: usize,
    quantity: Decimal,
    /// By units: what they come to without tax, cumulative.
    computed: Decimal,
    requested: Option<Decimal>,
}

impl Remaining {
    /// Everything of a sale.
    pub fn of(sale: &Sale) -> Self {
        Self {
            nets: sale.charges.iter().map(|charge| charge.net).collect(),
            quantities: vec![Decimal::ZERO; sale.charges.len()],
            taxes: sale.taxes.iter().map(|tax| tax.amount).collect(),
            total: sale.total + sale.marketplace_tax,
        }
    }

    /// Takes a refund off.
    pub fn take(&mut self, split: &Split, total: Decimal) {
        for (charge, (amount, quantity)) in &split.charges {
            self.nets[*charge] -= *amount;
            self.quantities[*charge] += *quantity;
        }
        self.taxes.iter_mut().zip(&split.taxes).for_each(|(left, tax)| *left -= *tax);
        self.total -= total;
    }
}

/// Finds the charge a refund item is about. Shipping, handling and fees may be named by the order's id when there is one only.
pub(super) fn charge_of(sale: &Sale, item: &RefundItem) -> Option<usize> {
    let (exact, alike) = match &item.part {
        RefundedPart::Product => (Part::Line(item.item), None),
        RefundedPart::GiftWrapping => (Part::Wrapping(item.item), None),
        RefundedPart::Shipping => (Part::Shipping(item.item), Some(&sale.places().shipping)),
        RefundedPart::Handling => (Part::Handling(item.item), Some(&sale.places().handling)),
        RefundedPart::Fee => (Part::Fee(item.item), Some(&sale.places().fees)),
        RefundedPart::Order | RefundedPart::Other(_) => return None,
    };
    let found = sale.places().exact.get(&exact).copied();
    found.or_else(|| alike.and_then(|alike| if let [only] = alike[..] { Some(only) } else { None }))
}

/// Splits a refund of `sale`.
///
/// # Errors
/// [`Trouble`] when more would go back than is left, or the figures do not say what is taken back.
pub(super) fn split(
    sale: &Sale,
    left: &Remaining,
    refund: &Refund,
    order_level: OrderLevelRefund,
    cap: Decimal,
    currency: Currency,
) -> Result<Split, Trouble> {
    let (total, tax) = (currency.round(refund.total), currency.round(refund.tax));
    bounds(left, total, tax, currency)?;
    let restocking = restocking(refund, currency)?;
    let kept: Decimal = restocking.iter().map(|(_, amount)| *amount).sum();
    let slices = slices(sale, left, refund, currency)?;
    let order_items: Vec<&RefundItem> = refund.items.iter().filter(|item| item.part == RefundedPart::Order).collect();
    let wanted = Wanted { net: total - tax + kept, order_items: &order_items, typed_in: refund.merchant_override };
    let (weights, order_amount) = wanted.amounts(sale, &slices, cap, currency)?;
    if !order_amount.is_zero() && order_level == OrderLevelRefund::Hold {
        let message =
            format!("{order_amount} {currency} goes back on the whole order, which this store looks at by hand");
        return Err((HoldCode::UnsupportedRefund, message));
    }
    let caps: Vec<Decimal> = slices.iter().map(|slice| left.nets[slice.charge]).collect();
    let (target, room): (Decimal, Decimal) = (wanted.net - order_amount, caps.iter().sum());
    let exceeds = || {
        let message = format!("{target} {currency} would go back on charges of which {room} is left");
        (HoldCode::RefundExceedsSale, message)
    };
    let lent = lend(sale, left, &slices, target - room, cap).ok_or_else(exceeds)?;
    let amounts = allocate_capped(target.min(room), &weights, &caps, currency).ok_or_else(exceeds)?;
    let taken = slices.iter().zip(amounts).map(|(slice, amount)| (slice.charge, (amount, slice.quantity)));
    let mut charges: BTreeMap<usize, (Decimal, Decimal)> = taken.collect();
    charges.extend(lent.into_iter().map(|(charge, amount)| (charge, (amount, Decimal::ZERO))));
    let mut taxes = share_tax(sale, &left.taxes, tax, &charges, currency)?;
    let mut order_net = order_amount;
    if order_level == OrderLevelRefund::CarveOut {
        let room: Vec<Decimal> = left.taxes.iter().zip(&taxes).map(|(left, tax)| *left - *tax).collect();
        let carved = carve(sale, order_amount, room.iter().sum(), currency);
        order_net -= carved;
        let more = share_tax(sale, &room, carved, &BTreeMap::new(), currency)?;
        taxes.iter_mut().zip(more).for_each(|(tax, more)| *tax += more);
    }
    Ok(Split { charges, order_level: order_net, restocking, taxes })
}

/// Refuses what cannot be right whatever is refunded.
fn bounds(left: &Remaining, total: Decimal, tax: Decimal, currency: Currency) -> Result<(), Trouble> {
    if tax < Decimal::ZERO || total < tax {
        let message = format!("its tax is {tax} {currency} of a total of {total}, which cannot be split");
        return Err((HoldCode::UnsupportedRefund, message));
    }
    if total > left.total {
        let message =
            format!("{total} {currency} would go back, but only {} of the sale is left to refund", left.total);
        return Err((HoldCode::RefundExceedsSale, message));
    }
    let taxes: Decimal = left.taxes.iter().sum();
    if tax > taxes {
        let message = format!("{tax} {currency} of tax would go back, but only {taxes} of the sale's tax is left");
        return Err((HoldCode::RefundExceedsSale, message));
    }
    Ok(())
}

/// Deductions such as restocking fees, as positive amounts.
fn restocking(refund: &Refund, currency: Currency) -> Result<Vec<(String, Decimal)>, Trouble> {
    let mut kept = Vec::new();
    for (amount, description) in refund.items.iter().flat_map(|item| &item.adjustments) {
        let amount = currency.round(*amount);
        if amount > Decimal::ZERO {
            let message = format!("an adjustment of {amount} {currency} adds to the refund instead of taking from it");
            return Err((HoldCode::UnsupportedRefund, message));
        }
        if !amount.is_zero() {
            kept.push((description.clone(), -amount));
        }
    }
    Ok(kept)
}

/// The charges that are refunded, each once. Items about something that cost nothing are left out.
fn slices(sale: &Sale, left: &Remaining, refund: &Refund, currency: Currency) -> Result<Vec<Slice>, Trouble> {
    let mut found: BTreeMap<usize, Slice> = BTreeMap::new();
    for item in refund.items.iter().filter(|item| item.part != RefundedPart::Order) {
        let Some(charge) = charge_of(sale, item) else {
            let free = item.requested.is_none_or(|amount| amount.is_zero());
            if free && !matches!(item.part, RefundedPart::Other(_)) {
                continue;
            }
            let message = format!("it refunds {:?} {} which is not part of the sale", item.part, item.item);
            return Err((HoldCode::UnsupportedRefund, message));
        };
        let slice = found.entry(charge).or_insert(Slice {
            charge,
            quantity: Decimal::ZERO,
            computed: Decimal::ZERO,
            requested: None,
        });
        slice.quantity += item.quantity.unwrap_or_default();
        if let Some(requested) = item.requested {
            slice.requested = Some(slice.requested.unwrap_or_default() + requested);
        }
    }
    for slice in found.values_mut() {
        let sold = &sale.charges[slice.charge];
        let units = left.quantities[slice.charge] + slice.quantity;
        if units > sold.quantity && matches!(sold.part, Part::Line(_)) {
            let (units, sold) = (units.normalize(), sold.quantity.normalize());
            let message = format!("{units} units of a line would be refunded in all, but {sold} were sold");
            return Err((HoldCode::RefundExceedsSale, message));
        }
        slice.computed = if slice.quantity.is_zero() || !matches!(sold.part, Part::Line(_)) {
            left.nets[slice.charge]
        } else {
            let so_far = (sold.net * units).checked_div(sold.quantity).unwrap_or(sold.net);
            (currency.round(so_far) - (sold.net - left.nets[slice.charge])).max(Decimal::ZERO)
        };
    }
    Ok(found.into_values().collect())
}

/// Takes what is `missing` on the refunded charges from the others, by charge. `None` when it is more than `cap`, or more
/// than they have.
///
/// A discount or tax of the whole order is split over its lines by us, and BigCommerce may have given another line the odd
/// cent. Then a line can come back a cent dearer than it stands in our books, and some other line has that cent.
fn lend(
    sale: &Sale,
    left: &Remaining,
    slices: &[Slice],
    missing: Decimal,
    cap: Decimal,
) -> Option<BTreeMap<usize, Decimal>> {
    let mut lent = BTreeMap::new();
    if missing <= Decimal::ZERO {
        return Some(lent);
    }
    if missing > cap {
        return None;
    }
    let refunded: HashSet<usize> = slices.iter().map(|slice| slice.charge).collect();
    let accounts: HashSet<&str> = refunded.iter().map(|charge| sale.charges[*charge].account).collect();
    let can = |charge: &usize| !refunded.contains(charge) && left.nets[*charge] > Decimal::ZERO;
    let mut lenders: Vec<usize> = (0..sale.charges.len()).filter(can).collect();
    // From the same account where there is one, so that no account goes back more than it had.
    lenders.sort_by_key(|charge| (!accounts.contains(sale.charges[*charge].account), *charge));
    let mut missing = missing;
    for lender in lenders {
        let part = missing.min(left.nets[lender]);
        lent.insert(lender, part);
        missing -= part;
        if missing.is_zero() {
            return Some(lent);
        }
    }
    None
}

/// What the parts of a refund must come to.
struct Wanted<'a> {
    /// Without tax, with what is kept back.
    net: Decimal,
    order_items: &'a [&'a RefundItem],
    typed_in: bool,
}

impl Wanted<'_> {
    /// What each slice comes to, and what is off the whole order. BigCommerce does not say whether requested amounts have
    /// tax in them: the way of reading them that reaches the refund's own total is the right one.
    fn amounts(
        &self,
        sale: &Sale,
        slices: &[Slice],
        cap: Decimal,
        currency: Currency,
    ) -> Result<(Vec<Decimal>, Decimal), Trouble> {
        if slices.is_empty() && (self.typed_in || !self.order_items.is_empty()) {
            return Ok((Vec::new(), self.net));
        }
        let order_amount = match self.order_items {
            [] => Some(Decimal::ZERO),
            items => items.iter().map(|item| item.requested).sum::<Option<Decimal>>().map(|sum| currency.round(sum)),
        };
        let Some(order_amount) = order_amount.filter(|amount| *amount <= self.net) else {
            let message =
                "it refunds items and an amount of the whole order together, and does not say how much is which";
            return Err((HoldCode::UnsupportedRefund, message.to_owned()));
        };
        let with_tax = |slice: &Slice, requested: Decimal| {
            let sold = &sale.charges[slice.charge];
            (requested * sold.net).checked_div(sold.net + sold.tax).unwrap_or(requested)
        };
        let ways: [Vec<Decimal>; 3] = [
            slices.iter().map(|slice| slice.requested.unwrap_or(slice.computed)).collect(),
            slices.iter().map(|slice| slice.requested.map_or(slice.computed, |r| with_tax(slice, r))).collect(),
            slices.iter().map(|slice| slice.computed).collect(),
        ];
        let off = |way: &Vec<Decimal>| (way.iter().sum::<Decimal>() + order_amount - self.net).abs();
        // Each slice may be half a minor unit off: in a currency without decimals that is more than the cap.
        let unavoidable = currency.smallest() * Decimal::from(slices.len()) / Decimal::TWO;
        let found =
            ways.iter().position(|way| off(way) <= cap.max(unavoidable)).or(if self.typed_in { Some(0) } else { None });
        match found {
            Some(way) => Ok((ways[way].clone(), order_amount)),
            None => {
                let items = currency.round(ways[0].iter().sum::<Decimal>() + order_amount);
                let message = format!(
                    "its items come to {items} {currency} without tax, but the refund without tax is {}",
                    self.net
                );
                Err((HoldCode::UnsupportedRefund, message))
            }
        }
    }
}

/// Shares tax over the taxes of the sale, by what is on the refunded charges and never more than is left of each.
fn share_tax(
    sale: &Sale,
    left: &[Decimal],
    tax: Decimal,
    charges: &BTreeMap<usize, (Decimal, Decimal)>,
    currency: Currency,
) -> Result<Vec<Decimal>, Trouble> {
    let all: Decimal = sale.taxes.iter().map(|tax| tax.amount).sum();
    let weight = |bucket: &super::taxes::TaxBucket| -> Decimal {
        let on = |(charge, (amount, _)): (&usize, &(Decimal, Decimal))| {
            let sold = &sale.charges[*charge];
            let part = sale.taxes.iter().any(|any| any.on(sold.part).is_some());
            let whole = if part {
                bucket.on(sold.part).unwrap_or_default()
            } else {
                (sold.tax * bucket.amount).checked_div(all).unwrap_or_default()
            };
            (whole * *amount).checked_div(sold.net).unwrap_or(whole)
        };
        charges.iter().map(on).sum()
    };
    let weights: Vec<Decimal> = sale.taxes.iter().map(weight).collect();
    allocate_capped(tax, &weights, left, currency).ok_or_else(|| {
        let room: Decimal = left.iter().sum();
        (HoldCode::RefundExceedsSale, format!("{tax} {currency} of tax would go back, but only {room} is left"))
    })
}

/// The tax inside an order-level refund, at the order's effective rate, never more than is left.
fn carve(sale: &Sale, amount: Decimal, left: Decimal, currency: Currency) -> Decimal {
    let tax: Decimal = sale.taxes.iter().map(|tax| tax.amount).sum();
    let inside = (amount * tax).checked_div(sale.total + sale.marketplace_tax).unwrap_or_default();
    currency.round(inside).min(left)
}
