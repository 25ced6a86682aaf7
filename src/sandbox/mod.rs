//! Counterparts on loopback: a BigCommerce store and an Intacct company that speak wire formats only.
pub mod bigcommerce;
pub mod intacct;
pub mod settings;
