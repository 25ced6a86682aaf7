//! Cartledger: posts BigCommerce orders into Sage Intacct exactly once and to the cent.
//!
//! This file is the map of the house. Imports run downwards only; `tests/architecture.rs` holds the table.
//!
//! | floor | room | what it does |
//! |---|---|---|
//! | 0 | [`accounting`] | the pure heart: evidence in, documents and holds out |
//! | 0 | [`clock`], [`problem`], [`config`] | time and randomness as inputs, HTTP problems, typed settings |
//! | 0 | [`group_commit`] | whoever waits at the same moment shares one commit |
//! | 0 | [`failpoint`] | where tests make the program die |
//! | 1-2 | [`bigcommerce`] | what comes in: signature, delivery, wire, client |
//! | 1-2 | [`intacct`] | what goes out: XML, functions, answers, errors, session, client |
//! | 2 | [`store`], [`telemetry`] | everything that touches Postgres; logs and metrics |
//! | 3 | [`worker`] | wait, claim, run, record |
//! | 3 | [`http`] | the axum surface: webhooks, health, the admin API |
//! | 4 | [`embedded`], [`sandbox`] | a private Postgres; counterparts of both platforms on loopback |
//! | 5 | [`app`], [`cli`], [`lifecycle`] | puts it all together |
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod accounting;
pub mod app;
pub mod bigcommerce;
pub mod cli;
pub mod clock;
pub mod config;
#[cfg(test)]
mod documentation;
pub mod embedded;
pub mod failpoint;
pub mod group_commit;
pub mod http;
pub mod intacct;
pub mod lifecycle;
pub mod problem;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod store;
pub mod telemetry;
pub mod worker;
