//! Products and categories as the Catalog V3 API writes them. Money goes through [`Number`], never a float.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use super::super::amounts::Number;
use super::super::model::{Category, Product};
use super::v3_date;

/// A row as its fields, so that a caller can leave some out.
#[derive(Serialize)]
#[serde(transparent)]
pub(in super::super) struct Row(BTreeMap<&'static str, Box<RawValue>>);

impl Row {
    fn with(mut self, name: &'static str, value: &impl Serialize) -> Self {
        // Texts, numbers and flags, which always serialise.
        self.0.extend(to_raw_value(value).ok().map(|value| (name, value)));
        self
    }

    /// The id and the fields asked for only; all fields when none are asked for (`include_fields`).
    pub fn only(mut self, id: &str, fields: Option<&str>) -> Self {
        if let Some(fields) = fields {
            self.0.retain(|name, _| *name == id || fields.split(',').any(|field| field.trim() == *name));
        }
        self
    }
}

/// One row of `GET /v3/catalog/products`.
pub(in super::super) fn product(product: &Product) -> Row {
    let zero = Number(rust_decimal::Decimal::ZERO);
    Row(BTreeMap::new())
        .with("id", &product.id)
        .with("name", &product.name)
        .with("type", &"physical")
        .with("sku", &product.sku)
        .with("description", &"")
        .with("weight", &1)
        .with("price", &Number(product.price))
        .with("cost_price", &Number(product.cost))
        .with("retail_price", &zero)
        .with("sale_price", &zero)
        .with("calculated_price", &Number(product.price))
        .with("tax_class_id", &0)
        .with("product_tax_code", &"")
        .with("categories", &product.categories)
        .with("brand_id", &0)
        .with("inventory_level", &0)
        .with("inventory_tracking", &"none")
        .with("is_visible", &true)
        .with("is_featured", &false)
        .with("availability", &"available")
        .with("condition", &"New")
        .with("option_set_id", &json!(null))
        .with("custom_url", &json!({ "url": format!("/{}/", slug(&product.name)), "is_customized": false }))
        .with("base_variant_id", &product.id)
        .with("date_created", &v3_date(product.created))
        .with("date_modified", &v3_date(product.modified))
}

/// One row of `GET /v3/catalog/trees/categories`; the id is `category_id` here.
pub(in super::super) fn category(category: &Category) -> Row {
    Row(BTreeMap::new())
        .with("category_id", &category.id)
        .with("category_uuid", &format!("00000000-0000-4000-8000-{:012}", category.id))
        .with("parent_id", &0)
        .with("tree_id", &1)
        .with("name", &category.name)
        .with("description", &"")
        .with("views", &0)
        .with("sort_order", &0)
        .with("page_title", &"")
        .with("meta_keywords", &[""])
        .with("meta_description", &"")
        .with("layout_file", &"category.html")
        .with("image_url", &"")
        .with("is_visible", &true)
        .with("search_keywords", &"")
        .with("default_product_sort", &"use_store_settings")
        .with("url", &json!({ "path": format!("/{}/", slug(&category.name)), "is_customized": false }))
}

/// A name as the platform makes an address of it.
fn slug(name: &str) -> String {
    name.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}
