//! The lines of a summary: what members book, summed by account, dimensions, what it is for, and side.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;

use super::super::document::{Detail, Dimensions, Document, DocumentKind, JournalLine};
use super::super::money::Currency;

/// What the receivable legs are for.
const RECEIVABLE: &str = "Receivable";

/// The longest text of a line, in characters.
const LONGEST_TEXT: usize = 200;

/// Sums, one per place.
pub(super) struct Totals<'a> {
    receivable: &'a str,
    currency: Currency,
    // Its order never shows: lines are sorted once at the end.
    sums: HashMap<Place, Sums>,
    /// Of everything, so that no sum of the lines can be too large either.
    all: Sums,
}

/// Where an amount goes: lines of the same place are one.
#[derive(PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Place {
    account: String,
    purpose: String,
    dimensions: BTreeMap<String, String>,
}

#[derive(Default)]
struct Sums {
    debit: Sum,
    credit: Sum,
}

#[derive(Default, Clone, Copy)]
struct Sum {
    amount: Decimal,
    lines: usize,
}

impl Sum {
    fn add(&mut self, amount: Decimal) -> Option<()> {
        if !amount.is_zero() {
            self.amount = self.amount.checked_add(amount)?;
            self.lines += 1;
        }
        Some(())
    }
}

impl<'a> Totals<'a> {
    /// No sums yet; `receivable` is the account that is netted.
    pub fn new(receivable: &'a str, currency: Currency) -> Self {
        Self { receivable, currency, sums: HashMap::new(), all: Sums::default() }
    }

    /// Adds the lines of a document; `None` when a sum becomes too large.
    pub fn add(&mut self, document: &Document) -> Option<()> {
        for line in &document.lines {
            let purpose = if line.account == self.receivable { RECEIVABLE.to_owned() } else { purpose(document, line) };
            let place = Place { account: line.account.clone(), purpose, dimensions: line.dimensions.ids() };
            let sums = self.sums.entry(place).or_default();
            for sums in [sums, &mut self.all] {
                sums.debit.add(line.debit)?;
                sums.credit.add(line.credit)?;
            }
        }
        Some(())
    }

    /// The lines, sorted by account, purpose, dimensions and side.
    pub fn into_lines(self) -> Vec<JournalLine> {
        let mut places: Vec<(Place, Sums)> = self.sums.into_iter().collect();
        places.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        // An entry must have lines: one that moves nothing but the receivable, and that to and fro, shows both sides.
        let settled =
            |(place, sums): &(Place, Sums)| place.account == self.receivable && sums.debit.amount == sums.credit.amount;
        let nothing_else = places.iter().all(settled);
        let mut lines = Vec::with_capacity(places.len());
        for (place, sums) in places {
            let sides = if place.account == self.receivable && !nothing_else { vec![net(&sums)] } else { both(&sums) };
            for (sum, is_debit) in sides.into_iter().filter(|(sum, _)| !sum.amount.is_zero()) {
                lines.push(line(&place, sum, is_debit, self.currency));
            }
        }
        lines
    }
}

/// Debit and credit apart.
fn both(sums: &Sums) -> Vec<(Sum, bool)> {
    vec![(sums.debit, true), (sums.credit, false)]
}

/// What is left of debit and credit together.
fn net(sums: &Sums) -> (Sum, bool) {
    let lines = sums.debit.lines + sums.credit.lines;
    let (debit, credit) = (sums.debit.amount, sums.credit.amount);
    (Sum { amount: (debit - credit).abs(), lines }, debit > credit)
}

fn line(place: &Place, sum: Sum, is_debit: bool, currency: Currency) -> JournalLine {
    let rule = format!("summary of {} {}", sum.lines, if sum.lines == 1 { "line" } else { "lines" });
    let mut dimensions = Dimensions::default();
    for (name, id) in &place.dimensions {
        dimensions.set(name, id, &rule);
    }
    let amount = currency.round(sum.amount);
    let (debit, credit) = if is_debit { (amount, Decimal::ZERO) } else { (Decimal::ZERO, amount) };
    JournalLine { account: place.account.clone(), debit, credit, dimensions, memo: place.purpose.clone(), rule }
}

/// What an amount is for, so that totals per tax, per gateway and of refunds can be seen: by the kind of rule that chose the
/// account, and the kind of document. Never by what only one order has, such as a stock keeping unit or a coupon's code.
fn purpose(document: &Document, line: &JournalLine) -> String {
    let kind = line.rule.split_once(" rule '").map(|(kind, _)| kind);
    let what = match kind {
        Some("product") if document.kind == DocumentKind::CostOfGoods => "Cost of goods".to_owned(),
        Some("product") => "Product sales".to_owned(),
        Some("shipping") => "Shipping".to_owned(),
        Some("handling") => "Handling".to_owned(),
        Some("gift_wrapping") => "Gift wrapping".to_owned(),
        Some("fee") => "Fees".to_owned(),
        Some("discount") => "Discounts".to_owned(),
        // The memo of a tax leg is the name of the tax.
        Some("tax") => line.memo.clone(),
        Some("payment") => gateway(document, line),
        Some("gift_certificate") => "Gift certificates".to_owned(),
        Some("store_credit") => "Store credit".to_owned(),
        Some("refund") => "Returns and allowances".to_owned(),
        _ => capitalised(line.rule.strip_prefix("policy: ").unwrap_or(kind.unwrap_or(&line.rule))),
    };
    let apart = match document.kind {
        DocumentKind::CreditMemo if kind != Some("refund") => ", refunded",
        DocumentKind::RefundPayout if kind != Some("payment") => ", given back",
        DocumentKind::LiabilityTender => ", redeemed",
        DocumentKind::Correction => ", corrected",
        _ => "",
    };
    format!("{what}{apart}").chars().take(LONGEST_TEXT).collect()
}

/// Which gateway the money came in or went out by; the memo ends in it where the document does not say.
fn gateway(document: &Document, line: &JournalLine) -> String {
    let told = match &document.detail {
        Detail::Receipt { gateway, .. } if !gateway.is_empty() => Some(gateway.as_str()),
        _ => line.memo.rsplit_once(" by ").map(|(_, name)| name),
    };
    let direction = if line.debit.is_zero() { "Paid back by" } else { "Received by" };
    match told {
        Some(name) => format!("{direction} {name}"),
        None => line.memo.clone(),
    }
}

fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}
