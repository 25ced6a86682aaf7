//! The addresses of BigCommerce's API. Pure.

use std::fmt::Write;

use jiff::Timestamp;

use super::pages::PAGE_ROWS;

/// Builds the addresses of one store.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// `https://api.bigcommerce.com/stores/{hash}`.
    root: String,
}

/// Why no address can be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The base address has another form.
    #[error(
        "'{0}' is not the address of an API: expected https://api.bigcommerce.com, or another http(s) address without query"
    )]
    Base(String),
    /// The store hash has another form.
    #[error("'{0}' is not a store hash: expected the letters and digits after /stores/ in the API path")]
    StoreHash(String),
}

/// A list that belongs to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderList {
    /// Lines.
    Products,
    /// Addresses shipped to.
    ShippingAddresses,
    /// Coupons used.
    Coupons,
    /// Tax rows with their details.
    Taxes,
    /// Order-level fees.
    Fees,
    /// Payments.
    Transactions,
    /// Refunds.
    Refunds,
    /// Shipments.
    Shipments,
}

impl OrderList {
    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Products => "products",
            Self::ShippingAddresses => "shipping_addresses",
            Self::Coupons => "coupons",
            Self::Taxes => "taxes",
            Self::Fees => "fees",
            Self::Transactions => "transactions",
            Self::Refunds => "refunds",
            Self::Shipments => "shipments",
        }
    }
}

/// Which orders to list. Orders match when all given conditions hold; times are UTC.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Changed at or after.
    pub modified_since: Option<Timestamp>,
    /// Placed at or after.
    pub created_since: Option<Timestamp>,
    /// Placed at or before.
    pub created_until: Option<Timestamp>,
    /// In this status.
    pub status_id: Option<u32>,
}

impl Addresses {
    /// For one store below `base_url`, for example `https://api.bigcommerce.com`.
    ///
    /// # Errors
    /// [`AddressError`] when one of the two cannot be part of an address.
    pub fn new(base_url: &str, store_hash: &str) -> Result<Self, AddressError> {
        let base = base_url.trim_end_matches('/');
        let host = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://")).unwrap_or_default();
        if host.is_empty() || host.contains(['?', '#', '@']) || host.contains(char::is_whitespace) {
            return Err(AddressError::Base(base_url.chars().take(100).collect()));
        }
        if store_hash.is_empty() || !store_hash.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(AddressError::StoreHash(store_hash.chars().take(100).collect()));
        }
        Ok(Self { root: format!("{base}/stores/{store_hash}") })
    }

    /// The order with its fees, its lines and the addresses shipped to embedded, which saves a call each (BigCommerce,
    /// Orders V2, `include` and `consignment_structure`).
    pub fn order(&self, order_id: u64) -> String {
        let include = "include=consignments,consignments.line_items,fees&consignment_structure=object";
        format!("{}/v2/orders/{order_id}?{include}", self.root)
    }

    /// A page (from 1) of a list of an order. Without a limit BigCommerce would stop at 50 rows.
    pub fn order_list(&self, order_id: u64, list: OrderList, page: u64) -> String {
        let root = &self.root;
        let path = match list {
            OrderList::Products => format!("{root}/v2/orders/{order_id}/products?"),
            OrderList::ShippingAddresses => format!("{root}/v2/orders/{order_id}/shipping_addresses?"),
            OrderList::Coupons => format!("{root}/v2/orders/{order_id}/coupons?"),
            OrderList::Taxes => format!("{root}/v2/orders/{order_id}/taxes?details=true&"),
            OrderList::Fees => format!("{root}/v2/orders/{order_id}/fees?"),
            OrderList::Transactions => format!("{root}/v3/orders/{order_id}/transactions?"),
            OrderList::Refunds => format!("{root}/v3/orders/{order_id}/payment_actions/refunds?"),
            OrderList::Shipments => format!("{root}/v2/orders/{order_id}/shipments?"),
        };
        format!("{path}page={page}&limit={PAGE_ROWS}")
    }

    /// Orders with an id above `after_id`, ascending by id.
    ///
    /// Pages are cut by id, not by number: a list sorted by its time of change shifts while it is read, because every
    /// change moves an order to its end.
    pub fn orders(&self, filter: &OrderFilter, after_id: u64) -> String {
        let mut address =
            format!("{}/v2/orders?sort=id:asc&limit={PAGE_ROWS}&min_id={}", self.root, after_id.saturating_add(1));
        let times = [
            ("min_date_modified", filter.modified_since),
            ("min_date_created", filter.created_since),
            ("max_date_created", filter.created_until),
        ];
        // Writing to a string cannot fail.
        for (name, time) in times.into_iter().filter_map(|(name, time)| Some((name, time?))) {
            let _ = write!(address, "&{name}={}", time.strftime("%Y-%m-%dT%H:%M:%SZ"));
        }
        if let Some(status_id) = filter.status_id {
            let _ = write!(address, "&status_id={status_id}");
        }
        address
    }

    /// The order with the highest id within the filter.
    pub fn last_order(&self, filter: &OrderFilter) -> String {
        self.orders(filter, 0).replacen("sort=id:asc&limit=250", "sort=id:desc&limit=1", 1)
    }

    /// A page (from 1) of the refunds made from `from` to `until`, both in whole seconds (BigCommerce, Orders V3, refunds).
    pub fn refunds(&self, from: Timestamp, until: Timestamp, page: u64) -> String {
        let whole = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        format!(
            "{}/v3/orders/payment_actions/refunds?created:min={}&created:max={}&page={page}&limit={PAGE_ROWS}",
            self.root,
            whole(from),
            whole(until)
        )
    }

    /// A page (from 1) of the webhooks of the API account.
    pub fn hooks(&self, page: u64) -> String {
        format!("{}/v3/hooks?page={page}&limit={PAGE_ROWS}", self.root)
    }

    /// Where a webhook is made.
    pub fn new_hook(&self) -> String {
        format!("{}/v3/hooks", self.root)
    }

    /// One webhook.
    pub fn hook(&self, id: u64) -> String {
        format!("{}/v3/hooks/{id}", self.root)
    }

    /// A customer: there is no address of a single one (BigCommerce, Customers V3).
    pub fn customer(&self, id: u64) -> String {
        format!("{}/v3/customers?id:in={id}", self.root)
    }

    /// A page (from 1) of these products with their ids and categories only (BigCommerce, Catalog V3).
    pub fn product_categories(&self, products: &[u64], page: u64) -> String {
        let (root, ids) = (&self.root, listed(products));
        format!("{root}/v3/catalog/products?id:in={ids}&include_fields=categories&page={page}&limit={PAGE_ROWS}")
    }

    /// A page (from 1) of these categories with their ids and names only. Of the two addresses that know categories this
    /// is the one that knows the categories of every storefront (BigCommerce, Catalog V3, category trees).
    pub fn category_names(&self, categories: &[u64], page: u64) -> String {
        let (root, ids) = (&self.root, listed(categories));
        format!(
            "{root}/v3/catalog/trees/categories?category_id:in={ids}&include_fields=name&page={page}&limit={PAGE_ROWS}"
        )
    }

    /// The store's profile.
    pub fn store(&self) -> String {
        format!("{}/v2/store", self.root)
    }

    /// The platform's clock: the cheapest question there is.
    pub fn time(&self) -> String {
        format!("{}/v2/time", self.root)
    }
}

/// Ids as an `:in` filter takes them.
fn listed(ids: &[u64]) -> String {
    ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> Addresses {
        Addresses::new("https://api.bigcommerce.com/", "acme1").unwrap()
    }

    #[test]
    fn lists_are_asked_for_in_the_largest_pages() {
        let list = |list| addresses().order_list(118, list, 2);
        let root = "https://api.bigcommerce.com/stores/acme1";
        assert_eq!(list(OrderList::Products), format!("{root}/v2/orders/118/products?page=2&limit=250"));
        assert_eq!(list(OrderList::Taxes), format!("{root}/v2/orders/118/taxes?details=true&page=2&limit=250"));
        assert_eq!(list(OrderList::Transactions), format!("{root}/v3/orders/118/transactions?page=2&limit=250"));
        assert_eq!(list(OrderList::Refunds), format!("{root}/v3/orders/118/payment_actions/refunds?page=2&limit=250"));
        assert_eq!(list(OrderList::Shipments), format!("{root}/v2/orders/118/shipments?page=2&limit=250"));
    }

    #[test]
    fn the_catalogue_is_asked_for_no_more_than_ids_and_names() {
        let root = "https://api.bigcommerce.com/stores/acme1/v3";
        assert_eq!(
            addresses().product_categories(&[31, 40], 1),
            format!("{root}/catalog/products?id:in=31,40&include_fields=categories&page=1&limit=250")
        );
        assert_eq!(
            addresses().category_names(&[7], 2),
            format!("{root}/catalog/trees/categories?category_id:in=7&include_fields=name&page=2&limit=250")
        );
        assert_eq!(addresses().customer(77), format!("{root}/customers?id:in=77"));
    }

    #[test]
    fn orders_are_listed_by_id_within_the_filter() {
        let filter = OrderFilter {
            modified_since: Some("2026-03-01T12:00:00.25Z".parse().unwrap()),
            status_id: Some(11),
            ..OrderFilter::default()
        };
        assert_eq!(
            addresses().orders(&filter, 117),
            "https://api.bigcommerce.com/stores/acme1/v2/orders?sort=id:asc&limit=250&min_id=118\
             &min_date_modified=2026-03-01T12:00:00Z&status_id=11"
        );
    }

    #[test]
    fn refunds_are_listed_by_the_time_they_were_made_and_hooks_by_page() {
        let root = "https://api.bigcommerce.com/stores/acme1";
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(
            addresses().refunds(at("2026-03-01T12:00:00.9Z"), at("2026-03-01T13:00:00Z"), 2),
            format!(
                "{root}/v3/orders/payment_actions/refunds?created:min=2026-03-01T12:00:00Z\
                 &created:max=2026-03-01T13:00:00Z&page=2&limit=250"
            )
        );
        assert_eq!(addresses().hooks(1), format!("{root}/v3/hooks?page=1&limit=250"));
        assert_eq!(addresses().hook(7), format!("{}/7", addresses().new_hook()));
        assert_eq!(
            addresses().last_order(&OrderFilter::default()),
            format!("{root}/v2/orders?sort=id:desc&limit=1&min_id=1")
        );
    }

    #[test]
    fn an_address_that_could_leak_the_token_elsewhere_is_refused() {
        for base in
            ["", "api.bigcommerce.com", "ftp://x", "https://", "https://user@evil", "https://a b", "https://a?x="]
        {
            assert!(matches!(Addresses::new(base, "acme1"), Err(AddressError::Base(_))), "{base}");
        }
        for hash in ["", "a/b", "../x", "a?b"] {
            assert!(
                matches!(Addresses::new("https://api.bigcommerce.com", hash), Err(AddressError::StoreHash(_))),
                "{hash}"
            );
        }
    }
}
