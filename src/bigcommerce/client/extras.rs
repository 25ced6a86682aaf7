//! What is read of an order only where it is needed: shipments, the buyer's customer record, the products' categories.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;

use super::cache::Cache;
use super::error::{ReadError, unreadable};
use super::{OrderList, StoreClient, evidence};
use crate::bigcommerce::loose::{Loose, object};
use crate::bigcommerce::wire;
use crate::clock::Clock;

/// Ids in one question to the catalogue, so that its address stays well below 2,000 characters.
const IDS_PER_CALL: usize = 100;
/// How much of a category's name is kept. BigCommerce allows 50 characters (Catalog V3, category trees).
const NAME_LENGTH: usize = 200;

/// What is read of an order beyond what every order needs; each is a request more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extras {
    /// Its shipments: for sales that count from shipment, and for the cost of goods.
    pub shipments: bool,
    /// The customer record of a registered buyer, for its group. The access token needs the scope of customers.
    pub customers: bool,
    /// The names of the categories of its products, for rules that ask for a category. The access token needs the scope of
    /// products.
    pub categories: bool,
}

/// What the catalogue said in the last hour.
pub(super) struct Catalogue {
    clock: Clock,
    /// Categories by product.
    products: Cache<Vec<u64>>,
    /// Names by category.
    names: Cache<String>,
}

impl Catalogue {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, products: Cache::default(), names: Cache::default() }
    }
}

/// The lines of an order as they were answered, and the names of their products' categories.
pub(super) struct Goods {
    pub(super) products: Vec<u8>,
    pub(super) categories: BTreeMap<u64, Vec<String>>,
}

impl StoreClient {
    /// Asks for the customer and the catalogue as [`Extras`] want them, to see whether the access token may.
    pub(super) async fn check_extras(&self) -> Result<(), ReadError> {
        // Whether there are such a customer, product and category does not matter.
        let any = BTreeSet::from([1]);
        self.customer(Some(1)).await?;
        if self.extras.categories {
            self.product_categories(&any).await?;
            self.category_names(&any).await?;
        }
        Ok(())
    }

    /// The lines, with the categories of their products when they are asked for.
    pub(super) async fn goods(&self, order_id: u64, embedded: Option<Vec<u8>>) -> Result<Goods, ReadError> {
        let products = self.unless_embedded(embedded, order_id, OrderList::Products).await?;
        let categories = match self.extras.categories {
            true => self.categories(&evidence::product_ids(&products)).await?,
            false => BTreeMap::new(),
        };
        Ok(Goods { products, categories })
    }

    /// The shipments, when they are asked for.
    pub(super) async fn shipments(&self, order_id: u64) -> Result<Vec<u8>, ReadError> {
        if self.extras.shipments { self.list(order_id, OrderList::Shipments).await } else { Ok(Vec::new()) }
    }

    /// The customer record of a registered buyer, when it is asked for.
    pub(super) async fn customer(&self, id: Option<u64>) -> Result<Vec<u8>, ReadError> {
        match id.filter(|_| self.extras.customers) {
            Some(id) => self.get(&self.what(format!("customer {id}")), &self.addresses.customer(id)).await,
            None => Ok(Vec::new()),
        }
    }

    /// The names of the categories each product is in. A product that was deleted since is in none.
    async fn categories(&self, products: &BTreeSet<u64>) -> Result<BTreeMap<u64, Vec<String>>, ReadError> {
        let categories = self.product_categories(products).await?;
        let names = self.category_names(&categories.values().flatten().copied().collect()).await?;
        let named = |ids: &Vec<u64>| ids.iter().filter_map(|id| names.get(id)).cloned().collect();
        Ok(categories.iter().map(|(product, ids)| (*product, named(ids))).collect())
    }

    async fn product_categories(&self, products: &BTreeSet<u64>) -> Result<BTreeMap<u64, Vec<u64>>, ReadError> {
        let (catalogue, what) = (&self.shared.catalogue, self.what("products of the catalogue"));
        let (mut known, unknown) = catalogue.products.split(products, catalogue.clock.now());
        for ids in unknown.chunks(IDS_PER_CALL) {
            let rows = self.rows(&what, |page| self.addresses.product_categories(ids, page)).await?;
            let found = rows.iter().map(|row| product(&what, row)).collect::<Result<_, _>>()?;
            known.extend(catalogue.products.learn(ids, found, catalogue.clock.now()));
        }
        Ok(known)
    }

    /// Names by category; empty for one that is not there any more.
    async fn category_names(&self, categories: &BTreeSet<u64>) -> Result<BTreeMap<u64, String>, ReadError> {
        let (catalogue, what) = (&self.shared.catalogue, self.what("categories of the catalogue"));
        let (mut known, unknown) = catalogue.names.split(categories, catalogue.clock.now());
        for ids in unknown.chunks(IDS_PER_CALL) {
            let rows = self.rows(&what, |page| self.addresses.category_names(ids, page)).await?;
            let found = rows.iter().map(|row| category(&what, row)).collect::<Result<_, _>>()?;
            known.extend(catalogue.names.learn(ids, found, catalogue.clock.now()));
        }
        Ok(known)
    }
}

/// A product's id and its categories.
fn product(what: &str, row: &RawValue) -> Result<(u64, Vec<u64>), ReadError> {
    let wire: wire::CatalogueProduct = object(row.get().as_bytes()).map_err(|error| unreadable(what, &error))?;
    let id = wire.id.id().ok().flatten();
    let categories = wire
        .categories
        .list::<Loose>()
        .ok()
        .and_then(|list| list.iter().map(|id| id.id().ok().flatten()).collect::<Option<Vec<u64>>>());
    match (id, categories) {
        (Some(id), Some(categories)) => Ok((id, categories)),
        _ => Err(strange(what, "a product has no id, or categories that are no list of ids")),
    }
}

/// A category's id and its name.
fn category(what: &str, row: &RawValue) -> Result<(u64, String), ReadError> {
    let wire: wire::Category = object(row.get().as_bytes()).map_err(|error| unreadable(what, &error))?;
    match wire.category_id.id().ok().flatten() {
        Some(id) => Ok((id, wire.name.text().chars().take(NAME_LENGTH).collect())),
        None => Err(strange(what, "a category has no category_id")),
    }
}

fn strange(what: &str, why: &str) -> ReadError {
    ReadError::Retry { why: format!("{what}: {why}"), after: None }
}
