//! What the benchmarks share: a Postgres that keeps every commit, what processes spend, medians and tables.
#![allow(dead_code, reason = "each benchmark uses a part of it")]

pub mod cpu;
pub mod figures;
pub mod peers;
pub mod pgbench;
pub mod postgres;
pub mod service;
