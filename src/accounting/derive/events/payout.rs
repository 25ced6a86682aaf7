//! Payouts: bank and fees against the gateway's clearing account, and what the exchange rate made of it on the way.

use rust_decimal::Decimal;

use super::super::super::base;
use super::super::super::document::{Document, DocumentKind, Exchange};
use super::super::super::events::{Event, InBase, Payout};
use super::super::super::hold::HoldCode;
use super::super::exchange::{NoRate, kept};
use super::super::tenders::Target;
use super::clerk::{Clearing, Clerk, Sheet};

/// Where a payout goes. What has no amount has no account.
struct Places {
    bank: Option<Target>,
    fee: Option<Target>,
    clearing: Option<Clearing>,
    realised: Option<Target>,
}

/// Dr bank and fees; Cr clearing with what was captured, less refunds, disputes and fees that are booked already.
/// In a foreign currency a second entry realises the difference to what the ledger carries and what the bank shows.
pub(super) fn payout(clerk: &mut Clerk, event: &Event, payout: &Payout) -> Vec<Document> {
    let mut sheet = clerk.sheet(event, DocumentKind::Payout, payout.net.abs().max(payout.gross));
    adds_up(&mut sheet, payout);
    let places = places(&mut sheet, payout);
    let clearing = |refunds: bool| {
        let clearing = places.clearing.as_ref();
        clearing.map(|clearing| if refunds { clearing.refunds.clone() } else { clearing.receipts.clone() })
    };
    // `difference` relies on this order: bank, fees, then everything that is taken off clearing.
    sheet.leg(payout.net, &format!("Paid out by {}", payout.gateway), |_| places.bank.clone());
    sheet.leg(payout.fees, &format!("Fees of {}", payout.gateway), |_| places.fee.clone());
    sheet.leg(-payout.gross, "Captured payments", |_| clearing(false));
    sheet.leg(payout.refunds, "Refunds", |_| clearing(true));
    sheet.leg(payout.disputes, "Disputes", |_| clearing(false));
    sheet.leg(payout.fees_kept, "Fees kept", |_| clearing(false));
    let exchange = exchange(&mut sheet, payout);
    plausible(&mut sheet, payout, exchange.as_ref());
    let description = format!("{} payout {}", payout.gateway, payout.id);
    let Some(document) = sheet.write(exchange, description, Vec::new()) else { return Vec::new() };
    let difference = difference(clerk, event, payout, &document, &places);
    std::iter::once(document).chain(difference).collect()
}

/// Holds a payout whose parts do not make what reached the bank.
fn adds_up(sheet: &mut Sheet, payout: &Payout) {
    let parts = [
        ("fees", payout.fees),
        ("fees kept", payout.fees_kept),
        ("refunds", payout.refunds),
        ("disputes", payout.disputes),
    ];
    let net = payout.gross - parts.iter().map(|(_, amount)| *amount).sum::<Decimal>();
    if net == payout.net {
        return;
    }
    let shown = parts.iter().filter(|(_, amount)| !amount.is_zero());
    let shown: String = shown.map(|(name, amount)| format!(" - {name} {amount}")).collect();
    let message = format!("captured {}{shown} = {net}, but the payout is {}", payout.gross, sheet.money(payout.net));
    let remedy = "correct the event: what is neither fee, refund nor dispute is an entry of its own";
    sheet.hold(HoldCode::TotalsDoNotAddUp, message, remedy);
}

/// Every account the payout needs; missing rules become holds, all at once.
fn places(sheet: &mut Sheet, payout: &Payout) -> Places {
    let bank = if payout.net.is_zero() { None } else { sheet.settlement("bank") };
    let fee = if payout.fees.is_zero() { None } else { sheet.settlement("fee") };
    let clearing = sheet.clearing();
    let measured = payout.in_base.as_ref().is_some_and(|known| known.bank.is_some() || known.carried.is_some());
    let realised = if measured { sheet.settlement("exchange-difference") } else { None };
    if let Some(bank) = clearing.as_ref().and_then(|clearing| clearing.bank_account.as_deref()) {
        let message = format!(
            "the payment rule sends payments by {} straight to the bank account {bank}, so there is nothing to pay out",
            payout.gateway
        );
        let remedy =
            "leave the payout out, or take bank_account off the payment rule so that payments wait on clearing";
        sheet.hold(HoldCode::EventNotBookable, message, remedy);
    }
    Places { bank, fee, clearing, realised }
}

/// How the payout becomes base currency: by its own rate or what the bank shows, else by the exchange rule of its day.
fn exchange(sheet: &mut Sheet, payout: &Payout) -> Option<Exchange> {
    let known = payout.in_base.as_ref();
    let by_bank = known.and_then(|known| known.bank?.checked_div(payout.net));
    let own = known.and_then(|known| known.rate.or(by_bank));
    let Some(rate) = own.filter(|_| payout.currency != sheet.clerk.policy.base_currency) else {
        return sheet.exchange(payout.date);
    };
    if !sheet.foreign() {
        return None;
    }
    let Some(kept) = kept(rate) else {
        let message = format!("its rate to base currency is {}, which cannot be", rate.round_dp(10).normalize());
        sheet.no_rate(NoRate::Refused(message, "correct rate and bank of the event's in_base"));
        return None;
    };
    let given = known.is_some_and(|known| known.rate.is_some());
    let source = if given { "the payout's own rate" } else { "what the bank shows for the payout" };
    Some(Exchange::Rate { rate: kept, on: payout.date, source: source.to_owned() })
}

/// Holds a payout that says things in base currency which cannot be right.
fn plausible(sheet: &mut Sheet, payout: &Payout, exchange: Option<&Exchange>) {
    let Some(known) = &payout.in_base else { return };
    let base = sheet.clerk.policy.base_currency;
    let mut refuse = |code, message: String, remedy: &str| sheet.hold(code, message, remedy);
    if payout.currency == base {
        let message = format!("it is in the base currency {base} and says what it is in base currency");
        return refuse(HoldCode::EventNotBookable, message, "leave in_base out of the event");
    }
    let amounts = [known.bank, known.carried].into_iter().flatten();
    if let Some(amount) = amounts.clone().find(|amount| base.round(*amount) != *amount) {
        let message = format!("{amount} has more decimals than {base}");
        refuse(HoldCode::EventNotBookable, message, "correct the amounts of the event's in_base");
    }
    match exchange {
        Some(Exchange::Rate { rate, .. }) => {
            if let Some(message) = unexplained(payout, known, *rate, base.smallest()) {
                let remedy = "correct rate or bank of the event's in_base; a bank charge is an entry of its own";
                refuse(HoldCode::TotalsDoNotAddUp, message, remedy);
            }
        }
        // Without a rate of ours the base amounts are Intacct's, and nothing can be compared with them.
        Some(_) if amounts.count() > 0 => {
            let message = "it says what the ledger carries, but Intacct picks its rate".to_owned();
            refuse(HoldCode::EventNotBookable, message, "give rate or bank of the event's in_base too");
        }
        _ => {}
    }
    let taken = payout.net + payout.fees;
    if let Some(carried) = known.carried.filter(|carried| opposite(*carried, taken)) {
        let message = format!("the ledger cannot carry {carried} {base} for {taken} {}", payout.currency);
        refuse(HoldCode::EventNotBookable, message, "correct carried of the event's in_base");
    }
}

/// Whether one is above and the other below zero, or there is something for nothing.
fn opposite(a: Decimal, b: Decimal) -> bool {
    !a.is_zero() && (b.is_zero() || a.is_sign_negative() != b.is_sign_negative())
}

/// What the bank shows and the rate does not explain, but for the decimals that Intacct does not keep of a rate.
fn unexplained(payout: &Payout, known: &InBase, rate: Decimal, smallest: Decimal) -> Option<String> {
    let (bank, converted) = (known.bank?, payout.net.checked_mul(rate)?);
    let slack = payout.net.abs() * Decimal::new(1, 4) + smallest;
    let message = || format!("{} {} at {rate} are {converted}, but the bank shows {bank}", payout.net, payout.currency);
    ((bank - converted).abs() > slack).then(message)
}

/// The entry in base currency that brings the bank to what it shows, takes off clearing what the ledger carries, and
/// realises the rest; `None` when there is nothing to put right.
fn difference(
    clerk: &mut Clerk,
    event: &Event,
    payout: &Payout,
    document: &Document,
    places: &Places,
) -> Option<Document> {
    let known = payout.in_base.as_ref()?;
    let converted: Vec<Decimal> = base::lines(document, clerk.policy)?.iter().map(|line| line.signed()).collect();
    let (banks, fees) = (usize::from(!payout.net.is_zero()), usize::from(!payout.fees.is_zero()));
    let bank: Decimal = converted.iter().take(banks).sum();
    let clearing: Decimal = -converted.iter().skip(banks + fees).sum::<Decimal>();
    let bank_off = known.bank.map_or(Decimal::ZERO, |shown| shown - bank);
    let clearing_off = known.carried.map_or(Decimal::ZERO, |carried| carried - clearing);
    if bank_off.is_zero() && clearing_off.is_zero() {
        return None;
    }
    let realised = clearing_off - bank_off;
    let mut sheet = clerk.difference_sheet(event, realised.abs());
    sheet.leg(bank_off, "Bank as it shows", |_| places.bank.clone());
    sheet.leg(realised, "Realised exchange difference", |_| places.realised.clone());
    let clearing = || places.clearing.as_ref().map(|clearing| clearing.receipts.clone());
    sheet.leg(-clearing_off, "Clearing as it was carried", |_| clearing());
    let description = format!("Exchange difference of {} payout {}", payout.gateway, payout.id);
    sheet.write(None, description, vec![document.key.clone()])
}
