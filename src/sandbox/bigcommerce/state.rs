//! Everything a store remembers, as one value behind one lock.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::hooks::Hook;
use super::model::{Category, Counters, Customer, Order, Product};
use super::outbox::Outbox;

/// The store's memory; the state file is this value as JSON.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct State {
    pub counters: Counters,
    pub customers: BTreeMap<u64, Customer>,
    pub orders: BTreeMap<u64, Order>,
    pub hooks: BTreeMap<u64, Hook>,
    pub outbox: Outbox,
    // State files of earlier runs have no catalogue.
    #[serde(default)]
    pub products: BTreeMap<u64, Product>,
    #[serde(default)]
    pub categories: BTreeMap<u64, Category>,
}
