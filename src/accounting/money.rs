//! Money: a decimal amount with its currency; rounding in one place and allocation that loses no cent.

use std::fmt;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// Why a text is not money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is no plain decimal number.
    #[error("'{0}' is not an amount: expected digits with an optional minus and decimal point")]
    NotANumber(String),
    /// The amount is too large to be a real order's.
    #[error("'{0}' is too large to be an amount of money (the limit is {LARGEST_AMOUNT})")]
    TooLarge(String),
    /// The code is no ISO 4217 code of three capital letters.
    #[error("'{0}' is not a currency code: expected three letters such as USD (ISO 4217)")]
    NotACurrency(String),
}

/// The largest absolute amount accepted, in major units. Far above any order, far below where decimals overflow.
pub const LARGEST_AMOUNT: i64 = 1_000_000_000_000;

/// An ISO 4217 currency code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// United States dollar, the most frequent one.
    pub const USD: Currency = Currency(*b"USD");

    /// The three letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// How many decimals the currency's smallest unit has (ISO 4217): 2 for USD, 0 for JPY, 3 for KWD.
    pub fn minor_units(self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX"
            | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        }
    }

    /// The smallest unit in major units: 0.01 for USD, 1 for JPY.
    pub fn smallest(self) -> Decimal {
        Decimal::new(1, self.minor_units())
    }

    /// Rounds to the currency's smallest unit, half away from zero ("half up" for the positive amounts of an order).
    pub fn round(self, amount: Decimal) -> Decimal {
        let mut rounded = amount.round_dp_with_strategy(self.minor_units(), RoundingStrategy::MidpointAwayFromZero);
        rounded.rescale(self.minor_units());
        rounded
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        match text.trim().as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|letter| letter.is_ascii_alphabetic()) => {
                Ok(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase(), c.to_ascii_uppercase()]))
            }
            _ => Err(MoneyError::NotACurrency(text.chars().take(12).collect())),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;

    fn try_from(text: String) -> Result<Self, MoneyError> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> String {
        currency.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Parses an amount from its literal text: `12.3400`, `-5`, `0`, `1e2`. Blanks around it are ignored.
///
/// # Errors
/// [`MoneyError`] when the text is no number (`NaN`, `""`, `1,000.00`) or beyond [`LARGEST_AMOUNT`].
pub fn parse_amount(text: &str) -> Result<Decimal, MoneyError> {
    let trimmed = text.trim();
    let shown = || trimmed.chars().take(40).collect::<String>();
    let plain = trimmed.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E'));
    if trimmed.is_empty() || !plain {
        return Err(MoneyError::NotANumber(shown()));
    }
    let amount = if trimmed.contains(['e', 'E']) {
        Decimal::from_scientific(trimmed).map_err(|_| MoneyError::NotANumber(shown()))?
    } else {
        trimmed.parse::<Decimal>().map_err(|_| MoneyError::NotANumber(shown()))?
    };
    if amount.abs() > Decimal::from(LARGEST_AMOUNT) {
        return Err(MoneyError::TooLarge(shown()));
    }
    Ok(amount)
}

/// Splits `total` over `weights` so that the parts add up to it exactly, by largest remainder.
///
/// Each part is first cut down to the currency's smallest unit; the units left over go to the parts that lost most by
/// the cut. Equal remainders are served from the last weight backwards, so that "the last line takes the residue".
/// Negative totals are split as their mirror image. Without any positive weight everything goes to the last part;
/// without parts the answer is empty.
pub fn allocate(total: Decimal, weights: &[Decimal], currency: Currency) -> Vec<Decimal> {
    if total.is_sign_negative() {
        return allocate(-total, weights, currency).into_iter().map(|part| -part).collect();
    }
    let weights: Vec<Decimal> = weights.iter().map(|weight| (*weight).max(Decimal::ZERO)).collect();
    let sum: Decimal = weights.iter().sum();
    let Some(last) = weights.len().checked_sub(1) else { return Vec::new() };
    if sum.is_zero() {
        let mut parts = vec![Decimal::ZERO; weights.len()];
        parts[last] = total;
        return parts;
    }
    let exact: Vec<Decimal> = weights.iter().map(|weight| share(total, *weight, sum)).collect();
    let mut parts: Vec<Decimal> = exact
        .iter()
        .map(|part| part.round_dp_with_strategy(currency.minor_units(), RoundingStrategy::ToZero))
        .collect();
    let mut left = total - parts.iter().sum::<Decimal>();
    let mut by_remainder: Vec<usize> = (0..parts.len()).filter(|i| !weights[*i].is_zero()).collect();
    by_remainder.sort_by(|a, b| (exact[*b] - parts[*b]).cmp(&(exact[*a] - parts[*a])).then(b.cmp(a)));
    for index in by_remainder.iter().cycle() {
        if left.is_zero() {
            break;
        }
        let unit = currency.smallest().min(left);
        parts[*index] += unit;
        left -= unit;
    }
    parts
}

/// `total * weight / sum` without overflowing on long decimals.
fn share(total: Decimal, weight: Decimal, sum: Decimal) -> Decimal {
    total.checked_mul(weight).and_then(|product| product.checked_div(sum)).unwrap_or_else(|| total * (weight / sum))
}

/// Like [`allocate`], but no part above its cap: what a part cannot take goes to the others by the room they have left.
///
/// `total` must not be negative. `None` when the caps together cannot take it.
pub fn allocate_capped(
    total: Decimal,
    weights: &[Decimal],
    caps: &[Decimal],
    currency: Currency,
) -> Option<Vec<Decimal>> {
    if total.is_sign_negative() && !total.is_zero() || caps.len() != weights.len() {
        return None;
    }
    let room: Decimal = caps.iter().sum();
    if total > room {
        return None;
    }
    // Weight without room would be given what it cannot take, so weights fall back to the room itself.
    let usable: Vec<Decimal> =
        weights.iter().zip(caps).map(|(w, cap)| if cap.is_zero() { Decimal::ZERO } else { *w }).collect();
    let weights = if usable.iter().all(Decimal::is_zero) { caps.to_vec() } else { usable };
    let mut parts = allocate(total, &weights, currency);
    let mut over = Decimal::ZERO;
    for (part, cap) in parts.iter_mut().zip(caps) {
        over += (*part - *cap).max(Decimal::ZERO);
        *part = (*part).min(*cap);
    }
    if over.is_zero() {
        return Some(parts);
    }
    let left: Vec<Decimal> = caps.iter().zip(&parts).map(|(cap, part)| *cap - *part).collect();
    let more = allocate_capped(over, &left, &left, currency)?;
    Some(parts.iter().zip(more).map(|(part, more)| *part + more).collect())
}

/// Rounds parts to the smallest unit so that they add up to `total`, which must be near their sum.
///
/// Each part is cut down to the smallest unit below it; the units left over go to the parts that are farthest below what
/// they should ideally be (`ideal`, usually the parts themselves), equal ones from the last backwards. Units too many are
/// taken from the parts farthest above. Parts of exactly zero keep out of it while there are others.
pub fn settle(parts: &[Decimal], ideal: &[Decimal], total: Decimal, currency: Currency) -> Vec<Decimal> {
    settle_by(parts, || ideal.to_vec(), total, currency)
}

/// Like [`settle`]; what the parts should ideally be is only asked for when units are left over.
pub fn settle_by(
    parts: &[Decimal],
    ideal: impl FnOnce() -> Vec<Decimal>,
    total: Decimal,
    currency: Currency,
) -> Vec<Decimal> {
    let cut =
        |part: &Decimal| part.round_dp_with_strategy(currency.minor_units(), RoundingStrategy::ToNegativeInfinity);
    let mut settled: Vec<Decimal> = parts.iter().map(cut).collect();
    let mut left = total - settled.iter().sum::<Decimal>();
    if left.is_zero() {
        return settled;
    }
    let ideal = ideal();
    let gap = |settled: &[Decimal], i: usize| ideal.get(i).copied().unwrap_or(parts[i]) - settled[i];
    let mut order: Vec<usize> = (0..parts.len()).filter(|i| !parts[*i].is_zero()).collect();
    if order.is_empty() {
        order = (0..parts.len()).collect();
    }
    order.sort_by(|a, b| gap(&settled, *b).cmp(&gap(&settled, *a)).then(b.cmp(a)));
    if left.is_sign_negative() {
        order.reverse();
    }
    while !left.is_zero() && !order.is_empty() {
        // Whole rounds at once, so that even a total far away ends quickly.
        let rounds = (left.abs() / (currency.smallest() * Decimal::from(order.len()))).floor();
        let each = (currency.smallest() * rounds).max(currency.smallest());
        for index in &order {
            let step = each.min(left.abs()) * if left.is_sign_negative() { -Decimal::ONE } else { Decimal::ONE };
            settled[*index] += step;
            left -= step;
        }
    }
    settled
}

/// An amount with its currency. Amounts are in major units (dollars, not cents).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// The amount in major units.
    pub amount: Decimal,
    /// Its currency.
    pub currency: Currency,
}

impl Money {
    /// `amount` rounded to the smallest unit of `currency`.
    pub fn new(amount: Decimal, currency: Currency) -> Self {
        Self { amount: currency.round(amount), currency }
    }

    /// Whether there is nothing.
    pub fn is_zero(&self) -> bool {
        self.amount.is_zero()
    }
}

impl fmt::Display for Money {
    /// `1234.50 USD`, with as many decimals as the currency has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} {}", self.currency.round(self.amount), self.currency))
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dec(text: &str) -> Decimal {
        parse_amount(text).unwrap()
    }

    #[test]
    fn amounts_are_read_from_their_literal_text() {
        assert_eq!(dec("361.9500"), dec("361.95"));
        assert_eq!(dec(" -5 "), Decimal::from(-5));
        assert_eq!(dec("1.5e1"), Decimal::from(15));
        assert_eq!(dec("0.1") + dec("0.2"), dec("0.3"));
    }

    #[test]
    fn what_is_no_amount_says_so() {
        for text in ["", "NaN", "1,000.00", "12.3.4", "--1", "inf", "0x10", "1e", "e5"] {
            assert!(matches!(parse_amount(text), Err(MoneyError::NotANumber(_))), "{text}");
        }
        assert!(parse_amount("1e300").is_err());
        assert!(matches!(parse_amount("99999999999999"), Err(MoneyError::TooLarge(_))));
    }

    #[test]
    fn currencies_know_their_decimals() {
        let decimals = |code: &str| code.parse::<Currency>().unwrap().minor_units();
        assert_eq!([decimals("USD"), decimals("jpy"), decimals("KWD")], [2, 0, 3]);
        assert!("US".parse::<Currency>().is_err());
        assert!("U1D".parse::<Currency>().is_err());
    }

    #[test]
    fn rounding_is_half_away_from_zero() {
        assert_eq!(Currency::USD.round(dec("129.115")), dec("129.12"));
        assert_eq!(Currency::USD.round(dec("-0.005")), dec("-0.01"));
        assert_eq!("JPY".parse::<Currency>().unwrap().round(dec("10.5")), dec("11"));
    }

    #[test]
    fn a_cent_goes_to_the_largest_remainder() {
        // accounting case E4: 249.99 taxed at 6, 1, 1.25 and 0.25 percent, charged 21.25
        let parts = allocate(dec("21.25"), &[dec("6"), dec("1"), dec("1.25"), dec("0.25")], Currency::USD);
        assert_eq!(parts, [dec("15.00"), dec("2.50"), dec("3.12"), dec("0.63")]);
    }

    #[test]
    fn the_last_line_takes_the_residue() {
        // accounting case E2: a coupon of 5.00 over what is left of 60.00 and 45.00 after 10 percent
        let parts = allocate(dec("5.00"), &[dec("54.00"), dec("40.50")], Currency::USD);
        assert_eq!(parts, [dec("2.86"), dec("2.14")]);
    }

    #[test]
    fn settling_gives_the_cent_to_the_part_farthest_below_its_ideal() {
        // accounting case E4 again, from rows that were rounded one by one
        let rows = [dec("15.00"), dec("2.50"), dec("3.12"), dec("0.62")];
        let ideal = [dec("14.9994"), dec("2.4999"), dec("3.1249"), dec("0.6250")];
        let settled = settle(&rows, &ideal, dec("21.25"), Currency::USD);
        assert_eq!(settled, [dec("15.00"), dec("2.50"), dec("3.12"), dec("0.63")]);
        let settled = settle(&[dec("1.00"), dec("2.00")], &[dec("1.00"), dec("1.999")], dec("2.99"), Currency::USD);
        assert_eq!(settled, [dec("1.00"), dec("1.99")]);
    }

    #[test]
    fn what_a_part_cannot_take_goes_to_the_others() {
        let caps = [dec("1.00"), dec("10.00"), dec("0")];
        let parts = allocate_capped(dec("6.00"), &[dec("1"), dec("1"), dec("1")], &caps, Currency::USD);
        assert_eq!(parts, Some(vec![dec("1.00"), dec("5.00"), dec("0")]));
        assert_eq!(allocate_capped(dec("11.01"), &[dec("1"), dec("1"), dec("1")], &caps, Currency::USD), None);
    }

    proptest! {
        #[test]
        fn settling_reaches_the_total(
            parts in prop::collection::vec(-1_000_000i64..1_000_000, 1..30),
            off in -500i64..500,
        ) {
            let parts: Vec<Decimal> = parts.into_iter().map(|p| Decimal::new(p, 4)).collect();
            let total = Currency::USD.round(parts.iter().sum::<Decimal>()) + Decimal::new(off, 2);
            let settled = settle(&parts, &parts, total, Currency::USD);
            prop_assert_eq!(settled.iter().sum::<Decimal>(), total);
        }

        #[test]
        fn capped_allocation_keeps_total_and_caps(
            weights in prop::collection::vec((0i64..1_000, 0i64..100_000), 1..20),
            part in 0i64..=100,
        ) {
            let caps: Vec<Decimal> = weights.iter().map(|(_, cap)| Decimal::new(*cap, 2)).collect();
            let weights: Vec<Decimal> = weights.iter().map(|(w, _)| Decimal::from(*w)).collect();
            let total = Currency::USD.round(caps.iter().sum::<Decimal>() * Decimal::new(part, 2));
            let parts = allocate_capped(total, &weights, &caps, Currency::USD).unwrap();
            prop_assert_eq!(parts.iter().sum::<Decimal>(), total);
            prop_assert!(parts.iter().zip(&caps).all(|(part, cap)| part <= cap && !part.is_sign_negative()));
        }
    }

    proptest! {
        #[test]
        fn allocation_loses_nothing(cents in -1_000_000i64..1_000_000, weights in prop::collection::vec(0i64..10_000, 1..40)) {
            let total = Decimal::new(cents, 2);
            let weights: Vec<Decimal> = weights.into_iter().map(|w| Decimal::new(w, 2)).collect();
            let parts = allocate(total, &weights, Currency::USD);
            prop_assert_eq!(parts.iter().sum::<Decimal>(), total);
            prop_assert!(parts.iter().all(|part| part.is_zero() || part.is_sign_negative() == total.is_sign_negative()));
        }
    }
}
