//! Wait, claim, run, record. Read [`run`] first, then [`order`]; days of daily mode are closed in [`daily`],
//! master data is kept in [`mirror`].

pub mod budget;
pub mod collect;
pub mod connection;
pub mod customers;
pub mod daily;
pub mod dry_runs;
pub mod gateway;
pub mod judge;
pub mod ledger_events;
pub mod lookup;
pub mod mirror;
pub mod order;
pub mod receivables;
pub mod retry;
pub mod run;
pub mod support;
pub mod task;
pub mod together;
pub mod validation;
pub mod waves;
