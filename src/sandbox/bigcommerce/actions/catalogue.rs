//! What staff do to the catalogue and to customer records: put a product, take one out, delete a customer.

use super::super::draft::ProductDraft;
use super::super::model::{Category, Ids, Product};
use super::super::pricing::product_id;
use super::super::store::Store;
use super::{ActionError, Shop};

impl Store {
    /// Puts a product into the catalogue, or changes the one with this SKU. Returns its id, which the lines of its orders
    /// carry.
    ///
    /// # Errors
    /// [`ActionError::Draft`] without a SKU.
    pub fn put_product(&self, draft: ProductDraft) -> Result<u64, ActionError> {
        self.act(|shop| shop.put_product(draft))
    }

    /// Takes a product out of the catalogue; orders keep its id.
    ///
    /// # Errors
    /// None on a store that works.
    pub fn delete_product(&self, sku: &str) -> Result<(), ActionError> {
        self.act(|shop| {
            shop.state.products.remove(&product_id(sku));
            Ok(())
        })
    }

    /// Deletes a customer's record; orders keep its id.
    ///
    /// # Errors
    /// [`ActionError::UnknownCustomer`].
    pub fn delete_customer(&self, customer: u64) -> Result<(), ActionError> {
        self.act(|shop| shop.state.customers.remove(&customer).map(drop).ok_or(ActionError::UnknownCustomer(customer)))
    }
}

impl Shop<'_> {
    fn put_product(&mut self, draft: ProductDraft) -> Result<u64, ActionError> {
        let ProductDraft { sku, name, price, cost, categories } = draft;
        if sku.is_empty() {
            return Err(ActionError::Draft("a product of the catalogue needs a SKU"));
        }
        let id = product_id(&sku);
        let categories = categories.iter().map(|name| self.category(name)).collect();
        let created = self.state.products.get(&id).map_or(self.now, |before| before.created);
        let product = Product { id, sku, name, price, cost, categories, created, modified: self.now };
        self.state.products.insert(id, product);
        Ok(id)
    }

    /// The category of this name, created when it is new.
    fn category(&mut self, name: &str) -> u64 {
        if let Some(known) = self.state.categories.values().find(|category| category.name == name) {
            return known.id;
        }
        let id = self.state.counters.next(Ids::Category);
        self.state.categories.insert(id, Category { id, name: name.to_owned() });
        id
    }
}
