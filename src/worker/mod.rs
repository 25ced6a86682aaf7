//! Wait, claim, run, record. Read [`run`] first, then [`order`].

pub mod connection;
pub mod customers;
pub mod difference;
pub mod gateway;
pub mod lookup;
pub mod order;
pub mod retry;
pub mod run;
pub mod waves;
