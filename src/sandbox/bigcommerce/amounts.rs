//! How the store rounds, spreads and writes money. Amounts are [`Decimal`] in units of the order's currency throughout.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// Rounds half up (away from zero) to `places` decimals.
pub(super) fn round(amount: Decimal, places: u32) -> Decimal {
    amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

/// Rounds half up to the cent.
pub(super) fn cents(amount: Decimal) -> Decimal {
    round(amount, 2)
}

/// Money as Orders V2 writes it: a string with four decimals, `"361.9500"`.
pub(super) fn four_places(amount: Decimal) -> String {
    format!("{:.4}", round(amount, 4))
}

/// Spreads `total` over `weights` in proportion, each share rounded to the cent; the last weighted share takes the
/// residue, as the control panel does with order discounts. All shares are zero when the weights are.
pub(super) fn spread(total: Decimal, weights: &[Decimal]) -> Vec<Decimal> {
    let whole: Decimal = weights.iter().sum();
    let mut shares = vec![Decimal::ZERO; weights.len()];
    let Some(last) = weights.iter().rposition(|weight| !weight.is_zero()) else { return shares };
    if whole.is_zero() {
        return shares;
    }
    let mut left = total;
    for (share, weight) in shares.iter_mut().zip(weights).take(last) {
        *share = cents(total * *weight / whole);
        left -= *share;
    }
    shares[last] = left;
    shares
}

/// Money as the V3 APIs write it: a JSON number without trailing zeros (`98.15`, `100`), taken from the decimal text
/// and never through a float.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number(pub(super) Decimal);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.0.normalize().to_string();
        RawValue::from_string(text).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn numbers_keep_their_decimal_text() {
        let written = |text| serde_json::to_string(&Number(decimal(text))).unwrap();
        assert_eq!(written("98.1500"), "98.15");
        assert_eq!(written("100.00"), "100");
        assert_eq!(written("0.0000"), "0");
        assert_eq!(written("-10.20"), "-10.2");
        // A double cannot hold this one.
        assert_eq!(written("90071992547409.9301"), "90071992547409.9301");
    }

    #[test]
    fn four_decimals_are_always_written() {
        assert_eq!(four_places(decimal("361.95")), "361.9500");
        assert_eq!(four_places(decimal("0.90655")), "0.9066");
    }

    #[test]
    fn the_last_share_takes_the_residue() {
        assert_eq!(spread(decimal("10.50"), &[decimal("60"), decimal("45")]), [decimal("6"), decimal("4.5")]);
        assert_eq!(spread(decimal("5"), &[decimal("54"), decimal("40.5")]), [decimal("2.86"), decimal("2.14")]);
        assert_eq!(
            spread(decimal("1"), &[decimal("1"), decimal("1"), Decimal::ZERO]),
            [decimal("0.5"), decimal("0.5"), Decimal::ZERO]
        );
        assert_eq!(spread(decimal("1"), &[Decimal::ZERO]), [Decimal::ZERO]);
    }
}
