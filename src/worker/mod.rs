//! Wait, claim, run, record. Read [`run`] first, then [`order`]; days of daily mode are closed in [`daily`],
//! master data is kept in [`mirror`], what is done by the clock in [`schedule`], old orders are read again by [`backfill`].

pub mod backfill;
pub mod budget;
pub mod by_hand;
pub mod collect;
mod completions;
pub mod connection;
pub mod customers;
pub mod daily;
pub mod dry_runs;
mod fence;
pub mod gateway;
pub mod hooks;
pub mod judge;
pub mod ledger_events;
pub mod lookup;
pub mod low_water;
pub mod mirror;
pub mod order;
pub mod receivables;
pub mod retention;
pub mod retry;
pub mod run;
pub mod schedule;
pub mod support;
pub mod task;
pub mod together;
pub mod validation;
pub mod waves;
