//! What the store sells and which taxes it charges. The part of a SKU before the dash is its category.

use rust_decimal::Decimal;

use super::super::actions::ActionError;
use super::super::draft::{LineDraft, ProductDraft, TaxRate};
use super::super::store::Store;

/// A SKU whose category nobody has a rule for.
pub const UNMAPPED_SKU: &str = "UNMAPPED-1";

/// SKU, name, unit price and unit cost in cents.
const PRODUCTS: [(&str, &str, i64, i64); 14] = [
    ("CAMP-TENT", "Two-person tent", 249_99, 121_40),
    ("CAMP-STOVE", "Alcohol stove", 60_00, 23_68),
    ("CAMP-LAMP", "Storm lamp", 45_00, 18_20),
    ("CAMP-MUG", "Enamel mug", 12_50, 3_15),
    ("CAMP-SET", "Cook set, three parts", 80_00, 0),
    ("CAMP-POT", "Cook set: pot", 0, 14_00),
    ("CAMP-PAN", "Cook set: pan", 0, 11_50),
    ("WEAR-BOOT", "Hiking boots", 120_00, 58_75),
    ("WEAR-SHIRT", "Merino shirt", 33_33, 12_90),
    ("WEAR-JACKET", "Rain jacket", 150_00, 66_10),
    ("WEAR-SOCK", "Wool socks", 10_10, 2_80),
    ("GEAR-BOTTLE", "Steel bottle", 19_80, 6_45),
    ("GEAR-MAP", "Trail map", 9_99, 1_20),
    ("DIGI-ROUTE", "Route pack (download)", 15_00, 0),
];

/// Every name a tax row of the day may carry.
pub const TAX_NAMES: [&str; 8] =
    ["Sales Tax", "State Tax", "County Tax", "City Tax", "District Tax", "VAT", "GST", "PST"];

/// Every SKU of the day that a rulebook can know: catalogue, custom work and the lines of the long order; not
/// [`UNMAPPED_SKU`].
pub fn skus() -> Vec<String> {
    let catalogue = PRODUCTS.iter().map(|(sku, ..)| (*sku).to_owned());
    catalogue.chain(["SERV-FIT".to_owned()]).chain((1..=60).map(long_order_sku)).collect()
}

/// Names of the categories by the part of a SKU before the dash.
const CATEGORIES: [(&str, &str); 4] =
    [("CAMP", "Camping"), ("WEAR", "Clothing"), ("GEAR", "Equipment"), ("DIGI", "Downloads")];

/// Puts everything the store sells into its catalogue, parts of the long order included; custom work has no product.
pub(super) fn stock(store: &Store) -> Result<(), ActionError> {
    let products =
        PRODUCTS.iter().map(|(sku, name, price, cost)| ((*sku).to_owned(), (*name).to_owned(), *price, *cost));
    let parts = (1..=60).map(|number| (long_order_sku(number), format!("Spare part {number}"), 0, 0));
    for (sku, name, price, cost) in products.chain(parts) {
        let categories =
            CATEGORIES.iter().filter(|(start, _)| sku.starts_with(start)).map(|(_, name)| (*name).to_owned());
        let categories = categories.collect();
        store.put_product(ProductDraft { sku, name, price: usd(price), cost: usd(cost), categories })?;
    }
    Ok(())
}

/// The SKU of one line of the long order.
pub(super) fn long_order_sku(number: u32) -> String {
    format!("GEAR-PART{number:02}")
}

/// An amount from cents.
pub(super) fn usd(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

/// A line of a catalogue product at its list price; an unknown SKU is sold for a dollar.
pub(super) fn item(sku: &str, quantity: u32) -> LineDraft {
    let known = PRODUCTS.iter().find(|(known, ..)| *known == sku);
    let (name, price, cost) = known.map_or((sku, 1_00, 0), |(_, name, price, cost)| (*name, *price, *cost));
    LineDraft::new(sku, name, quantity, usd(price)).cost(usd(cost)).brand("Lakeshore")
}

/// One tax; `percent` in hundredths of a percent.
fn tax(name: &str, percent: i64) -> TaxRate {
    TaxRate::new(name, Decimal::new(percent, 2))
}

/// Austin, Texas: 8.25 %.
pub(super) fn texas() -> Vec<TaxRate> {
    vec![tax("Sales Tax", 8_25)]
}

/// A place with one tax of 7 %.
pub(super) fn indiana() -> Vec<TaxRate> {
    vec![tax("Sales Tax", 7_00)]
}

/// Four jurisdictions, 8.5 % together.
pub(super) fn four_jurisdictions() -> Vec<TaxRate> {
    vec![tax("State Tax", 6_00), tax("County Tax", 1_00), tax("City Tax", 1_25), tax("District Tax", 25)]
}

/// State and city, 8.81 % together.
pub(super) fn denver() -> Vec<TaxRate> {
    vec![tax("State Tax", 2_90), tax("City Tax", 5_91)]
}

/// British VAT.
pub(super) fn britain() -> Vec<TaxRate> {
    vec![tax("VAT", 20_00)]
}

/// German VAT.
pub(super) fn germany() -> Vec<TaxRate> {
    vec![tax("VAT", 19_00)]
}

/// British Columbia: federal and provincial.
pub(super) fn canada() -> Vec<TaxRate> {
    vec![tax("GST", 5_00), tax("PST", 7_00)]
}
