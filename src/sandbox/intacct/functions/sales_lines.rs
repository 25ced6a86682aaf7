//! The `sotransitem` and `subtotal` elements of Order Entry documents.

use rust_decimal::Decimal;

use super::super::books::Books;
use super::super::definitions::{ItemSetup, TransactionDefinition};
use super::super::refusal::Refusal;
use super::super::sales::{SalesDocument, SalesLine, SalesSubtotal};
use super::super::values::{amount, number, round};
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
        ("itemaliasid", "Item alias"),
        ("vendorid", "Vendor"),
        ("employeeid", "Employee"),
        ("contractid", "Contract"),
        ("taskid", "Task"),
        ("costtypeid", "Cost type"),
        ("taskno", "Task"),
        ("revrectemplate", "Revenue recognition template"),
        ("renewalmacro", "Renewal template"),
        ("billingtemplate", "Billing template"),
        ("linelevelsimpletaxtype", "Tax type"),
        ("discountpercent", "Discount"),
        ("bundlenumber", "Bundle"),
    ],
};

/// What stands on a document.
pub(super) struct Lines {
    pub(super) items: Vec<SalesLine>,
    pub(super) subtotals: Vec<SalesSubtotal>,
}

impl Lines {
    pub(super) fn total(&self) -> Decimal {
        let subtotals: Decimal = self.subtotals.iter().map(|row| row.amount).sum();
        self.items.iter().map(|item| item.amount).sum::<Decimal>() + subtotals
    }
}

/// Reads and checks items and subtotals of a document that is made from `source`.
pub(super) fn read(
    body: &Element,
    definition: &TransactionDefinition,
    source: Option<&SalesDocument>,
    books: &Books,
    context: &Context<'_>,
) -> Result<Lines, Refusal> {
    let reader = Reader { definition, source, books, context };
    let items = body.get("sotransitems").into_iter().flat_map(|items| &items.children);
    let mut lines =
        Lines { items: items.map(|item| reader.item(item)).collect::<Result<_, _>>()?, subtotals: Vec::new() };
    for row in body.get("subtotals").into_iter().flat_map(|rows| &rows.children) {
        let row = reader.subtotal(row)?;
        if lines.subtotals.iter().any(|other| other.description == row.description) {
            return Err(Refusal::subtotal_twice(&row.description));
        }
        lines.subtotals.push(row);
    }
    Ok(lines)
}

struct Reader<'a> {
    definition: &'a TransactionDefinition,
    source: Option<&'a SalesDocument>,
    books: &'a Books,
    context: &'a Context<'a>,
}

impl Reader<'_> {
    fn item(&self, line: &Element) -> Result<SalesLine, Refusal> {
        let id = common::required(line, "itemid", "Item")?;
        let masters = &self.books.masters;
        let setup = masters.order_entry.items.get(id).filter(|_| masters.items.contains_key(id));
        let setup = setup.ok_or_else(|| Refusal::item_not_valid(id))?;
        let account = self.definition.accounts.get(&setup.gl_group).ok_or_else(Refusal::no_account)?;
        let account = common::line_account(self.books, account)?;
        let quantity = number("Quantity", line.text_of("quantity").unwrap_or_default())?;
        if quantity <= Decimal::ZERO {
            return Err(Refusal::illegal_value("Quantity", line.text_of("quantity").unwrap_or_default()));
        }
        // No item of this company has a price of its own.
        let price = number("Price", common::required(line, "price", "Price")?)?;
        if let Some(taxable) = line.text_of("taxable").filter(|text| !matches!(*text, "true" | "false")) {
            return Err(Refusal::illegal_value("Taxable", taxable));
        }
        self.check_source_line(line, id)?;
        Ok(SalesLine {
            record_no: 0,
            item: id.to_owned(),
            quantity,
            unit: unit(line, setup)?,
            price,
            amount: round(quantity * price),
            account: account.number.clone(),
            warehouse: self.warehouse(line, setup)?,
            memo: line.text_of("memo").unwrap_or_default().to_owned(),
            dimensions: common::dimensions(line, &NAMES, account, self.books, self.context)?,
        })
    }

    /// A line of the source that is consumed must be one of it, of the same item.
    fn check_source_line(&self, line: &Element, item: &str) -> Result<(), Refusal> {
        let Some(key) = line.text_of("sourcelinekey") else { return Ok(()) };
        let mut lines = self.source.into_iter().flat_map(|source| &source.items);
        match lines.any(|line| line.record_no.to_string() == key && line.item == item) {
            true => Ok(()),
            false => Err(Refusal::no_record(key)),
        }
    }

    fn warehouse(&self, line: &Element, setup: &ItemSetup) -> Result<Option<String>, Refusal> {
        match line.text_of("warehouseid") {
            Some(id) if self.books.masters.order_entry.warehouses.contains_key(id) => Ok(Some(id.to_owned())),
            Some(id) => Err(Refusal::invalid("Warehouse", id)),
            None if setup.stocked => Err(Refusal::missing_field("Warehouse")),
            None => Ok(None),
        }
    }

    fn subtotal(&self, row: &Element) -> Result<SalesSubtotal, Refusal> {
        let description = row.text_of("description").unwrap_or_default();
        let account = self.definition.subtotals.get(description);
        let account = account.ok_or_else(|| Refusal::subtotal_unknown(description))?;
        let account = common::line_account(self.books, account)?;
        if let Some(name) = ["absval", "percentval"].into_iter().find(|name| row.get(name).is_some()) {
            return Err(Refusal::illegal_value(name, row.text_of(name).unwrap_or_default()));
        }
        Ok(SalesSubtotal {
            description: description.to_owned(),
            amount: amount("Total", row.text_of("total").unwrap_or_default())?,
            account: account.number.clone(),
            dimensions: common::dimensions(row, &NAMES, account, self.books, self.context)?,
        })
    }
}

/// A unit of the item's unit group, to the letter.
fn unit(line: &Element, setup: &ItemSetup) -> Result<String, Refusal> {
    let unit = line.text_of("unit").filter(|unit| setup.units.contains(*unit));
    unit.map(str::to_owned).ok_or_else(Refusal::missing_unit)
}
