//! What stands in a company's books, without what chance decides: record numbers and the order of things.

use std::collections::{BTreeMap, BTreeSet};

use cartledger::sandbox::intacct::Company;
use rust_decimal::Decimal;

/// The books of a company, to be compared with those of another that was told the same.
#[derive(Debug, PartialEq, Eq)]
pub struct Posted {
    pub documents: BTreeSet<String>,
    pub balances: BTreeMap<String, Decimal>,
}

impl Posted {
    /// What stands in this company. Two of the same would be one here: whether there are is asked elsewhere.
    pub fn of(company: &Company) -> Self {
        let receivables = company.invoices().into_iter().chain(company.adjustments()).map(|record| {
            let lines: Vec<String> =
                record.lines.iter().map(|line| format!("{} {} {}", line.account, line.amount, line.memo)).collect();
            let (kind, number, customer) = (record.kind, record.number, record.customer_id);
            format!("{kind:?} {number} of {customer}, {}, {}: {}", record.posting_date, record.total, lines.join("; "))
        });
        let payments = company.payments().into_iter().map(|payment| {
            let (customer, account) = (payment.customer_id, payment.account);
            format!(
                "{} of {customer:?}, {}, {} on {account}",
                payment.description, payment.receipt_date, payment.amount
            )
        });
        let customers = company.customers().into_iter().map(|customer| format!("{} {}", customer.id, customer.name));
        let rows = company.trial_balance().into_iter().map(|row| (row.account, row.debit - row.credit));
        Self {
            documents: receivables.chain(payments).chain(customers).collect(),
            balances: rows.filter(|(_, balance)| !balance.is_zero()).collect(),
        }
    }
}
