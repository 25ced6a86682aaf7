//! The currency group of a document: currency and how the exchange rate is found (Intacct docs, AR invoices).
//!
//! A company without multi-currency refuses the whole group ("Enable foreign-currency transactions"), so a document
//! for such a company carries none.

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::accounting::summary::INTACCT_DAILY_RATE;
use crate::intacct::xml::XmlWriter;

/// Currency of a document in a multi-currency company.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrencyGroup {
    /// Base currency of the books (ISO 4217); needed at the top level of a company whose entities differ.
    pub base: Option<String>,
    /// Currency of the amounts (ISO 4217).
    pub currency: String,
    /// How the rate to the base currency is found.
    pub rate: ExchangeRate,
}

/// Where an exchange rate comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExchangeRate {
    /// A rate type of the company, on a date.
    Type {
        /// Name of the rate type; empty means Intacct's own daily rate.
        name: String,
        /// The day of the rate; the document's date when absent.
        date: Option<Date>,
    },
    /// A given rate: units of the base currency for one unit of the document's currency. Intacct keeps four decimals.
    Fixed(Decimal),
}

/// Writes a rate with its own digits; unlike an amount it is not padded.
fn rate_text(rate: Decimal) -> String {
    rate.normalize().to_string()
}

impl CurrencyGroup {
    /// Writes the group of the object-specific functions: `basecurr, currency, (exchratedate, exchratetype) | exchrate`.
    pub(super) fn write_specific(&self, writer: &mut XmlWriter) {
        writer.optional("basecurr", self.base.as_deref());
        writer.text("currency", &self.currency);
        match &self.rate {
            ExchangeRate::Type { name, date } => {
                if let Some(date) = date {
                    writer.split_date("exchratedate", *date);
                }
                if name.is_empty() { writer.empty("exchratetype") } else { writer.text("exchratetype", name) }
            }
            ExchangeRate::Fixed(rate) => writer.text("exchrate", &rate_text(*rate)),
        }
    }

    /// Writes the group of a generic payment: it has no date of the rate (Intacct docs, AR payments).
    pub(super) fn write_generic(&self, writer: &mut XmlWriter) {
        writer.text("CURRENCY", &self.currency);
        writer.optional("BASECURR", self.base.as_deref());
        match &self.rate {
            ExchangeRate::Type { name, .. } if name.is_empty() => {}
            ExchangeRate::Type { name, .. } => writer.text("EXCH_RATE_TYPE_ID", name),
            ExchangeRate::Fixed(rate) => writer.text("EXCHANGE_RATE", &rate_text(*rate)),
        }
    }

    /// Writes the group of an advance: as a payment's, with a date of the rate (Intacct docs, AR advances).
    pub(super) fn write_dated(&self, writer: &mut XmlWriter) {
        if let ExchangeRate::Type { date: Some(date), .. } = &self.rate {
            writer.slash_date("EXCH_RATE_DATE", *date);
        }
        self.write_generic(writer);
    }

    /// Writes the group of a journal line, where a rate type is required (Intacct docs, journal entries).
    pub(super) fn write_journal(&self, writer: &mut XmlWriter) {
        writer.text("CURRENCY", &self.currency);
        match &self.rate {
            ExchangeRate::Type { name, date } => {
                if let Some(date) = date {
                    writer.slash_date("EXCH_RATE_DATE", *date);
                }
                writer.text("EXCH_RATE_TYPE_ID", if name.is_empty() { INTACCT_DAILY_RATE } else { name });
            }
            ExchangeRate::Fixed(rate) => writer.text("EXCHANGE_RATE", &rate_text(*rate)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn specific(rate: ExchangeRate) -> String {
        let mut writer = XmlWriter::new();
        CurrencyGroup { base: Some("USD".into()), currency: "EUR".into(), rate }.write_specific(&mut writer);
        writer.finish()
    }

    #[test]
    fn a_rate_follows_the_currency_always() {
        let date = Some("2026-07-01".parse().unwrap());
        assert_eq!(
            specific(ExchangeRate::Type { name: String::new(), date }),
            "<basecurr>USD</basecurr><currency>EUR</currency><exchratedate><year>2026</year><month>07</month>\
             <day>01</day></exchratedate><exchratetype/>"
        );
        assert_eq!(
            specific(ExchangeRate::Type { name: "Spot".into(), date: None }),
            "<basecurr>USD</basecurr><currency>EUR</currency><exchratetype>Spot</exchratetype>"
        );
        assert_eq!(
            specific(ExchangeRate::Fixed("1.08250".parse().unwrap())),
            "<basecurr>USD</basecurr><currency>EUR</currency><exchrate>1.0825</exchrate>"
        );
    }
}
