//! The `lineitem` elements of invoices and adjustments.

use super::super::books::Books;
use super::super::records::ReceivableLine;
use super::super::refusal::Refusal;
use super::super::values::amount;
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

/// Reads and checks the lines. Their record numbers are given out when the document is posted.
pub(super) fn read(
    items: &Element,
    no_ledger: bool,
    books: &Books,
    context: &Context<'_>,
) -> Result<Vec<ReceivableLine>, Refusal> {
    items.children.iter().map(|line| read_line(line, no_ledger, books, context)).collect()
}

fn read_line(line: &Element, no_ledger: bool, books: &Books, context: &Context<'_>) -> Result<ReceivableLine, Refusal> {
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
    if let Some(entry) = line.get("taxentries").and_then(|entries| entries.children.first()) {
        return Err(Refusal::invalid("Tax detail", entry.text_of("detailid").unwrap_or_default()));
    }
    Ok(ReceivableLine {
        record_no: 0,
        account: account.number.clone(),
        amount: amount("Amount", line.text_of("amount").unwrap_or_default())?,
        memo: line.text_of("memo").unwrap_or_default().to_owned(),
        dimensions: common::dimensions(line, &NAMES, account, books, context)?,
    })
}

fn account_number<'a>(line: &'a Element, books: &'a Books) -> Result<&'a str, Refusal> {
    match line.text_of("accountlabel") {
        Some(label) => books
            .masters
            .account_labels
            .get(label)
            .map(String::as_str)
            .ok_or_else(|| Refusal::invalid("Account label", label)),
        None => Ok(line.text_of("glaccountno").unwrap_or_default()),
    }
}
