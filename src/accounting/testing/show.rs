//! Documents as text and as balances, the way tests and the documentation show them.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::super::derive::Derivation;
use super::super::document::{Detail, Document, DocumentKey, DocumentKind, JournalLine};
use super::super::hold::Hold;

/// Sums by kind of document and account, in the order they appear: `invoice 1100 Dr 129.90`, a line each. Applications
/// are left out: they move nothing.
pub(crate) fn journal(derivation: &Derivation) -> String {
    let mut rows: Vec<(DocumentKind, String, Decimal)> = Vec::new();
    for document in &derivation.documents {
        for line in &document.lines {
            let signed = line.debit - line.credit;
            match rows.iter_mut().find(|(kind, account, _)| *kind == document.kind && *account == line.account) {
                Some((.., sum)) => *sum += signed,
                None => rows.push((document.kind, line.account.clone(), signed)),
            }
        }
    }
    let shown = |(kind, account, signed): &(DocumentKind, String, Decimal)| {
        let side = if signed.is_sign_negative() { "Cr" } else { "Dr" };
        format!("{kind} {account} {side} {}", signed.abs())
    };
    rows.iter().map(shown).collect::<Vec<_>>().join("\n")
}

/// Documents and holds as the documentation shows them: a row per leg, amounts aligned, the rule behind each account.
pub(crate) fn table(documents: &[Document], holds: &[Hold]) -> String {
    let mut rows = vec![["document", "account", "debit", "credit", "rule"].map(str::to_owned)];
    for document in documents {
        let mut name = format!("{} {}", document.kind, document.number);
        if let Detail::Application { credit, debit, amount } = &document.detail {
            let number = |key: &DocumentKey| {
                documents.iter().find(|other| other.key == *key).map_or("the invoice", |found| found.number.as_str())
            };
            let what = format!("sets {amount} of {} off against {}", number(credit), number(debit));
            rows.push([std::mem::take(&mut name), String::new(), String::new(), String::new(), what]);
        }
        for line in &document.lines {
            let side = |amount: Decimal| if amount.is_zero() { String::new() } else { amount.to_string() };
            let row = [std::mem::take(&mut name), line.account.clone(), side(line.debit), side(line.credit)];
            let [name, account, debit, credit] = row;
            rows.push([name, account, debit, credit, line.rule.clone()]);
        }
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let (a, b, c, d) = (width(0), width(1), width(2), width(3));
    let shown = |[name, account, debit, credit, rule]: &[String; 5]| {
        format!("{name:a$}  {account:b$}  {debit:>c$}  {credit:>d$}  {rule}").trim_end().to_owned()
    };
    let mut lines: Vec<String> = if documents.is_empty() { Vec::new() } else { rows.iter().map(shown).collect() };
    lines.extend(holds.iter().map(|hold| format!("held: {}, {}: {}", hold.code, hold.subject, hold.message)));
    lines.join("\n")
}

/// Every document in a line: number, posting date, legs. `BC-118-D9001 2026-03-10 Dr 1150-S 64.95 Cr 2320 64.95`.
pub(crate) fn entries(derivation: &Derivation) -> Vec<String> {
    let leg = |line: &JournalLine| {
        let side = if line.credit.is_zero() { "Dr" } else { "Cr" };
        format!(" {side} {} {}", line.account, line.debit + line.credit)
    };
    let entry = |document: &Document| {
        format!("{} {}{}", document.number, document.date, document.lines.iter().map(leg).collect::<String>())
    };
    derivation.documents.iter().map(entry).collect()
}

/// What every account stands at after all documents; debit is positive, zero is left out.
pub(crate) fn balances(derivation: &Derivation) -> BTreeMap<String, Decimal> {
    balances_of(&derivation.documents)
}

/// The same of any documents.
pub(crate) fn balances_of<'a>(documents: impl IntoIterator<Item = &'a Document>) -> BTreeMap<String, Decimal> {
    let mut balances: BTreeMap<String, Decimal> = BTreeMap::new();
    for line in documents.into_iter().flat_map(|document| &document.lines) {
        *balances.entry(line.account.clone()).or_default() += line.signed();
    }
    balances.retain(|_, balance| !balance.is_zero());
    balances
}
