//! Items and subtotals of an Order Entry document, with their dimensions (Intacct docs, Order Entry transactions; gateway
//! schema 3.0).

use rust_decimal::Decimal;

use super::line::{LineDimensions, write_custom_fields};
use super::{InvalidFunction, check_id};
use crate::intacct::text;
use crate::intacct::xml::XmlWriter;

/// Units of an item at one price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderEntryLine {
    /// Item id.
    pub item: String,
    /// Description; the item's own when absent.
    pub description: Option<String>,
    /// Whether it is taxable; the item's own answer when absent. Tax that a subtotal names is not computed from it.
    pub taxable: Option<bool>,
    /// Warehouse id, for items that have warehouses.
    pub warehouse: Option<String>,
    /// Units, above zero.
    pub quantity: Decimal,
    /// The unit, exactly as in the item's unit group.
    pub unit: String,
    /// Price of one unit, in the currency of the document. Intacct rounds quantity times price to two decimals.
    pub price: Decimal,
    /// Text of the line.
    pub memo: Option<String>,
    /// Its dimensions but the item.
    pub dimensions: LineDimensions,
}

impl OrderEntryLine {
    /// A line with nothing but its item, units and price.
    pub fn new(item: &str, quantity: Decimal, unit: &str, price: Decimal) -> Self {
        Self {
            item: item.to_owned(),
            description: None,
            taxable: None,
            warehouse: None,
            quantity,
            unit: unit.to_owned(),
            price,
            memo: None,
            dimensions: LineDimensions::default(),
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidFunction> {
        check_id("itemid", &self.item, text::ITEM_ID)?;
        if self.quantity <= Decimal::ZERO {
            return Err(InvalidFunction::NotPositive { field: "quantity" });
        }
        if self.unit.trim().is_empty() { Err(InvalidFunction::Empty { field: "unit" }) } else { Ok(()) }
    }

    /// Writes `sotransitem` in the order of the schema.
    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("sotransitem", |writer| {
            writer.text("itemid", &self.item);
            writer.optional("itemdesc", self.description.as_deref());
            if let Some(taxable) = self.taxable {
                writer.boolean("taxable", taxable);
            }
            writer.optional("warehouseid", self.warehouse.as_deref());
            writer.text("quantity", &self.quantity.normalize().to_string());
            writer.text("unit", &self.unit);
            writer.amount("price", self.price);
            let dimensions = &self.dimensions;
            writer.optional("locationid", dimensions.location.as_deref());
            writer.optional("departmentid", dimensions.department.as_deref());
            writer.optional("memo", self.memo.as_deref());
            write_custom_fields(&dimensions.custom_fields, writer);
            writer.optional("projectid", dimensions.project.as_deref());
            writer.optional("customerid", dimensions.customer.as_deref());
            writer.optional("classid", dimensions.class.as_deref());
        });
    }
}

/// An amount on a subtotal of the transaction definition: shipping, discount, tax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subtotal {
    /// Its description in the definition, which names it.
    pub name: String,
    /// What it adds to the document, in its currency; below zero for a discount.
    pub total: Decimal,
    /// Its dimensions.
    pub dimensions: LineDimensions,
}

impl Subtotal {
    /// A subtotal without dimensions.
    pub fn new(name: &str, total: Decimal) -> Self {
        Self { name: name.to_owned(), total, dimensions: LineDimensions::default() }
    }

    /// Writes `subtotal` in the order of the schema.
    pub(super) fn write(&self, writer: &mut XmlWriter) {
        writer.element("subtotal", |writer| {
            writer.text("description", &self.name);
            writer.amount("total", self.total);
            let dimensions = &self.dimensions;
            writer.optional("locationid", dimensions.location.as_deref());
            writer.optional("departmentid", dimensions.department.as_deref());
            writer.optional("projectid", dimensions.project.as_deref());
            writer.optional("customerid", dimensions.customer.as_deref());
            writer.optional("classid", dimensions.class.as_deref());
            writer.optional("itemid", dimensions.item.as_deref());
            write_custom_fields(&dimensions.custom_fields, writer);
        });
    }
}
