//! The `lineitem` elements of invoices, adjustments and other receipts.

use rust_decimal::Decimal;

use super::super::books::Books;
use super::super::records::{LineTax, ReceivableLine};
use super::super::refusal::Refusal;
use super::super::settings::TaxSolution;
use super::super::values::{amount, round};
use super::super::xml_tree::Element;
use super::Context;
use super::common::{self, DimensionNames};

const NAMES: DimensionNames = DimensionNames {
    location: "locationid",
    department: "departmentid",
    class: "classid",
    item: "itemid",
    customer: "customerid",
    project: "projectid",
    unused: &[
        ("taskid", "Task"),
        ("costtypeid", "Cost type"),
        ("vendorid", "Vendor"),
        ("employeeid", "Employee"),
        ("contractid", "Contract"),
        ("warehouseid", "Warehouse"),
        ("allocationid", "Allocation"),
        ("revrectemplate", "Revenue recognition template"),
    ],
};

/// Reads and checks the lines in the element `items`. Their record numbers are given out when the document is posted.
pub(super) fn read(
    body: &Element,
    items: &str,
    no_ledger: bool,
    books: &Books,
    context: &Context<'_>,
) -> Result<Vec<ReceivableLine>, Refusal> {
    let solution = solution(body, context)?;
    let lines = body.get(items).into_iter().flat_map(|items| &items.children);
    lines.map(|line| read_line(line, no_ledger, solution, books, context)).collect()
}

/// Lines with their taxes in base currency, rounded as they are booked.
pub(super) fn in_base(lines: &[ReceivableLine], rate: Decimal) -> Decimal {
    let amounts =
        lines.iter().flat_map(|line| std::iter::once(line.amount).chain(line.taxes.iter().map(|tax| tax.amount)));
    amounts.map(|amount| round(amount * rate)).sum()
}

/// The tax solution of a document: the one it names, else the only one of the company.
fn solution<'a>(body: &Element, context: &Context<'a>) -> Result<Option<&'a TaxSolution>, Refusal> {
    let solutions = &context.settings.tax_solutions;
    match body.text_of("taxsolutionid") {
        Some(name) => solutions.get(name).map(Some).ok_or_else(|| Refusal::invalid("Tax solution", name)),
        None if solutions.len() == 1 => Ok(solutions.values().next()),
        None => Ok(None),
    }
}

fn read_line(
    line: &Element,
    no_ledger: bool,
    solution: Option<&TaxSolution>,
    books: &Books,
    context: &Context<'_>,
) -> Result<ReceivableLine, Refusal> {
    let account = common::line_account(books, account_number(line, books)?)?;
    if let Some(offset) =
        line.text_of("offsetglaccountno").filter(|offset| *offset != books.masters.receivables_account)
    {
        return Err(Refusal::account_not_valid(offset));
    }
    // "totalpaid/totaldue only with nogl=true" (Intacct docs, AR invoices).
    if let (false, Some(name)) =
        (no_ledger, ["totalpaid", "totaldue"].into_iter().find(|name| line.get(name).is_some()))
    {
        return Err(Refusal::illegal_value(name, line.text_of(name).unwrap_or_default()));
    }
    let net = amount("Amount", line.text_of("amount").unwrap_or_default())?;
    Ok(ReceivableLine {
        record_no: 0,
        account: account.number.clone(),
        amount: net,
        memo: line.text_of("memo").unwrap_or_default().to_owned(),
        dimensions: common::dimensions(line, &NAMES, account, books, context)?,
        taxes: taxes(line, net, solution, context)?,
        custom_fields: common::legacy_custom_fields(line, context)?,
        paid: Decimal::ZERO,
    })
}

/// The taxes of a line. A detail without an amount is worked out by the company (Intacct docs, AR invoices).
fn taxes(
    line: &Element,
    net: Decimal,
    solution: Option<&TaxSolution>,
    context: &Context<'_>,
) -> Result<Vec<LineTax>, Refusal> {
    let entries = line.get("taxentries").into_iter().flat_map(|entries| &entries.children);
    entries
        .map(|entry| {
            let id = entry.text_of("detailid").unwrap_or_default();
            let solution = match solution {
                Some(solution) => solution,
                None if context.settings.tax_solutions.len() > 1 => return Err(Refusal::missing_field("Tax solution")),
                None => return Err(Refusal::invalid("Tax detail", id)),
            };
            let detail = solution.details.get(id).ok_or_else(|| Refusal::invalid("Tax detail", id))?;
            let tax = match entry.text_of("trx_tax") {
                Some(text) => amount("Tax", text)?,
                None => round(net * detail.percent / Decimal::ONE_HUNDRED),
            };
            Ok(LineTax { detail: id.to_owned(), account: detail.account.clone(), amount: tax })
        })
        .collect()
}

fn account_number<'a>(line: &'a Element, books: &'a Books) -> Result<&'a str, Refusal> {
    match line.text_of("accountlabel") {
        Some(label) => common::labelled_account(books, label),
        None => Ok(line.text_of("glaccountno").unwrap_or_default()),
    }
}
