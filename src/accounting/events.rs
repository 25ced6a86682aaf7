//! Ledger events: what happened outside the shop, as the team or a gateway's payout file reports it.
//!
//! Payouts, disputes, tax remitted, breakage, goodwill, fees kept: nothing of this is in BigCommerce, and all of it moves
//! the accounts that orders moved before. Amounts are in major units of the event's currency and written as text, so that
//! no float touches them; dates are days in the store's time zone. Each event is one object whose only key says what it is:
//! `{"payout": {"gateway": "stripe", "id": "po_1", ...}}`.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::money::Currency;

mod amounts;
mod read;
#[cfg(test)]
mod tests;

pub use read::EventsError;

/// A checked list of events: each can be named and no two have the same name. As JSON it is the list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "Vec<Event>", into = "Vec<Event>")]
pub struct Events(Vec<Event>);

impl Events {
    /// The events, in the order they were given.
    pub fn list(&self) -> &[Event] {
        &self.0
    }
}

/// One thing that happened outside the shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A gateway paid out, or took money back.
    Payout(Payout),
    /// A buyer disputes a payment; the gateway took the money back.
    DisputeOpened(Dispute),
    /// A dispute was won; the gateway gave the money back.
    DisputeWon(Dispute),
    /// A dispute was lost; the money is gone.
    DisputeLost(Dispute),
    /// Tax was paid to an authority.
    TaxRemitted(TaxRemitted),
    /// A liability that will not be redeemed any more became income.
    Breakage(Breakage),
    /// Store credit was given away.
    Goodwill(Goodwill),
    /// A gift certificate was given away.
    CardIssued(Goodwill),
    /// A gateway kept its fee of a payment that went back.
    FeeKept(FeeKept),
}

/// A payout of a gateway. `gross - fees - fees_kept - refunds - disputes` must be `net`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payout {
    /// The gateway, as BigCommerce and the payment rules name it.
    pub gateway: String,
    /// The gateway's own name of the payout, for example `po_1`.
    pub id: String,
    /// The day the money reached the bank.
    pub date: Date,
    /// The currency of all amounts but those of `in_base`.
    pub currency: Currency,
    /// Payments captured.
    #[serde(with = "amounts::required")]
    pub gross: Decimal,
    /// Fees taken off; below zero when more were given back.
    #[serde(default, with = "amounts::required", skip_serializing_if = "Decimal::is_zero")]
    pub fees: Decimal,
    /// Fees taken off that [`Event::FeeKept`] reports, so that they are not booked again.
    #[serde(default, with = "amounts::required", skip_serializing_if = "Decimal::is_zero")]
    pub fees_kept: Decimal,
    /// Refunds taken off, which their orders have booked; below zero when more came back.
    #[serde(default, with = "amounts::required", skip_serializing_if = "Decimal::is_zero")]
    pub refunds: Decimal,
    /// Disputed payments and their fees taken off, which the disputes have booked; below zero when more came back.
    #[serde(default, with = "amounts::required", skip_serializing_if = "Decimal::is_zero")]
    pub disputes: Decimal,
    /// What reached the bank; below zero when the gateway took it from there.
    #[serde(with = "amounts::required")]
    pub net: Decimal,
    /// What is known of it in base currency, when its own is a foreign one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_base: Option<InBase>,
    /// The payment method, when the gateway's payment rules ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The sales channel, when rules ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u64>,
}

/// What is known of a payout in base currency. At least one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InBase {
    /// What the bank shows for `net`.
    #[serde(default, with = "amounts::optional", skip_serializing_if = "Option::is_none")]
    pub bank: Option<Decimal>,
    /// Units of base currency for one unit of the payout's currency. Without it the rate is `bank` for `net`, and without
    /// both the exchange rule's of the day.
    #[serde(default, with = "amounts::optional", skip_serializing_if = "Option::is_none")]
    pub rate: Option<Decimal>,
    /// What the ledger carries on the clearing account for what this payout takes off it: the base amounts of its captured
    /// payments less those of its refunds and disputes. The difference to the payout's own base amount is realised.
    #[serde(default, with = "amounts::optional", skip_serializing_if = "Option::is_none")]
    pub carried: Option<Decimal>,
}

/// A dispute (chargeback) as it opens, is won or is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dispute {
    /// The gateway, as BigCommerce and the payment rules name it.
    pub gateway: String,
    /// The gateway's own name of the dispute; the same when it opens and when it is decided.
    pub id: String,
    /// The day it opened or was decided.
    pub date: Date,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The order whose payment is disputed, by BigCommerce's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<u64>,
    /// What is disputed, came back, or is lost. Partly won and partly lost is one event each.
    #[serde(with = "amounts::required")]
    pub amount: Decimal,
    /// The gateway's fee: charged when it opens or is lost, given back when it is won.
    #[serde(default, with = "amounts::required", skip_serializing_if = "Decimal::is_zero")]
    pub fee: Decimal,
    /// The day it opened, for one that is decided and whose opening is not in the list: its exchange rate is that day's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<Date>,
    /// Of a lost one: whether the authority gives the tax of the sale back (bad-debt or return relief).
    #[serde(default, skip_serializing_if = "is_no")]
    pub tax_recoverable: bool,
    /// Of a lost one whose tax is recoverable: how much of which tax. Left out, it is the disputed share of the order's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taxes: Vec<TaxPart>,
    /// The payment method, when the gateway's payment rules ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The sales channel, when rules ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u64>,
}

/// An amount of one tax, with what tax rules ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaxPart {
    /// The tax's name as on orders, for example `CA State Tax`.
    pub name: String,
    /// How much of it.
    #[serde(with = "amounts::required")]
    pub amount: Decimal,
    /// What else a tax rule may ask for.
    #[serde(default, skip_serializing_if = "TaxFacts::is_empty")]
    pub facts: TaxFacts,
}

/// What a tax rule may ask for besides the name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TaxFacts {
    /// The tax class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Percent, without trailing zeros.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// The sales channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<u64>,
    /// State, in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Country, as ISO 3166 alpha-2 code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

impl TaxFacts {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Tax paid to an authority. `due - allowance` must be `paid`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaxRemitted {
    /// A name for it, for example `CA-2026-Q1`.
    pub id: String,
    /// The day it was paid.
    pub date: Date,
    /// The currency of all amounts.
    pub currency: Currency,
    /// The tax's name as on orders, for example `CA State Tax`: the tax rule that fits it gives the liability account.
    pub tax: String,
    /// What was owed.
    #[serde(with = "amounts::required")]
    pub due: Decimal,
    /// What the authority lets the store keep for filing.
    #[serde(default, with = "amounts::required", skip_serializing_if = "Decimal::is_zero")]
    pub allowance: Decimal,
    /// What was paid.
    #[serde(with = "amounts::required")]
    pub paid: Decimal,
    /// What else a tax rule may ask for.
    #[serde(default, skip_serializing_if = "TaxFacts::is_empty")]
    pub facts: TaxFacts,
}

/// A liability to buyers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Liability {
    /// Gift certificates.
    #[default]
    GiftCertificate,
    /// Store credit.
    StoreCredit,
}

/// What of a liability will not be redeemed any more, by the entity's own estimate and escheat law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Breakage {
    /// A name for it, for example `2026-03`.
    pub id: String,
    /// The day it counts from.
    pub date: Date,
    /// The currency.
    pub currency: Currency,
    /// How much.
    #[serde(with = "amounts::required")]
    pub amount: Decimal,
    /// Of which liability: gift certificates unless it says otherwise.
    #[serde(default)]
    pub liability: Liability,
    /// The sales channel, when rules ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u64>,
}

/// Store credit or a gift certificate that was given without payment, for an order or to a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goodwill {
    /// A name for it, for example the ticket's number.
    pub id: String,
    /// The day it was given.
    pub date: Date,
    /// The currency.
    pub currency: Currency,
    /// How much.
    #[serde(with = "amounts::required")]
    pub amount: Decimal,
    /// The order it is for, by BigCommerce's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<u64>,
    /// The customer it was given to, by BigCommerce's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<u64>,
    /// The sales channel, when rules ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u64>,
}

/// A fee that a gateway kept although the payment went back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeeKept {
    /// The gateway, as BigCommerce and the payment rules name it.
    pub gateway: String,
    /// The gateway's own name of the fee or of its payment.
    pub id: String,
    /// The day it was kept.
    pub date: Date,
    /// The currency.
    pub currency: Currency,
    /// The order whose payment went back, by BigCommerce's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<u64>,
    /// How much.
    #[serde(with = "amounts::required")]
    pub amount: Decimal,
    /// The payment method, when the gateway's payment rules ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// The sales channel, when rules ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<u64>,
}

impl Event {
    /// The stable name of its kind, as JSON has it: `dispute_opened`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Payout(_) => "payout",
            Self::DisputeOpened(_) => "dispute_opened",
            Self::DisputeWon(_) => "dispute_won",
            Self::DisputeLost(_) => "dispute_lost",
            Self::TaxRemitted(_) => "tax_remitted",
            Self::Breakage(_) => "breakage",
            Self::Goodwill(_) => "goodwill",
            Self::CardIssued(_) => "card_issued",
            Self::FeeKept(_) => "fee_kept",
        }
    }

    /// Two letters for its number in Intacct.
    pub fn letters(&self) -> &'static str {
        match self {
            Self::Payout(_) => "PO",
            Self::DisputeOpened(_) => "DO",
            Self::DisputeWon(_) => "DW",
            Self::DisputeLost(_) => "DL",
            Self::TaxRemitted(_) => "TX",
            Self::Breakage(_) => "BR",
            Self::Goodwill(_) => "GW",
            Self::CardIssued(_) => "GC",
            Self::FeeKept(_) => "FK",
        }
    }

    /// Its own name, as the team or the gateway gave it.
    pub fn id(&self) -> &str {
        match self {
            Self::Payout(event) => &event.id,
            Self::DisputeOpened(event) | Self::DisputeWon(event) | Self::DisputeLost(event) => &event.id,
            Self::TaxRemitted(event) => &event.id,
            Self::Breakage(event) => &event.id,
            Self::Goodwill(event) | Self::CardIssued(event) => &event.id,
            Self::FeeKept(event) => &event.id,
        }
    }

    /// The gateway it is of, if it is of one.
    pub fn gateway(&self) -> Option<&str> {
        match self {
            Self::Payout(event) => Some(&event.gateway),
            Self::DisputeOpened(event) | Self::DisputeWon(event) | Self::DisputeLost(event) => Some(&event.gateway),
            Self::FeeKept(event) => Some(&event.gateway),
            Self::TaxRemitted(_) | Self::Breakage(_) | Self::Goodwill(_) | Self::CardIssued(_) => None,
        }
    }

    /// The day it happened.
    pub fn date(&self) -> Date {
        match self {
            Self::Payout(event) => event.date,
            Self::DisputeOpened(event) | Self::DisputeWon(event) | Self::DisputeLost(event) => event.date,
            Self::TaxRemitted(event) => event.date,
            Self::Breakage(event) => event.date,
            Self::Goodwill(event) | Self::CardIssued(event) => event.date,
            Self::FeeKept(event) => event.date,
        }
    }

    /// Its currency.
    pub fn currency(&self) -> Currency {
        match self {
            Self::Payout(event) => event.currency,
            Self::DisputeOpened(event) | Self::DisputeWon(event) | Self::DisputeLost(event) => event.currency,
            Self::TaxRemitted(event) => event.currency,
            Self::Breakage(event) => event.currency,
            Self::Goodwill(event) | Self::CardIssued(event) => event.currency,
            Self::FeeKept(event) => event.currency,
        }
    }

    /// What tells it from all others of the store: the gateway in lower-case letters and digits, and its id:
    /// `stripe-po_1`, or `CA-2026-Q1` for one of no gateway.
    pub fn name(&self) -> String {
        let Some(gateway) = self.gateway() else { return self.id().to_owned() };
        let plain: String = gateway.chars().filter(char::is_ascii_alphanumeric).collect();
        format!("{}-{}", plain.to_ascii_lowercase(), self.id())
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_no(answer: &bool) -> bool {
    !*answer
}
