//! Wait, claim, run, record. Read [`run`] first, then [`order`].

pub mod connection;
pub mod customers;
pub mod difference;
#[cfg(test)]
mod difference_specs;
pub mod gateway;
pub mod lookup;
pub mod order;
pub mod retry;
pub mod run;
pub mod waves;
