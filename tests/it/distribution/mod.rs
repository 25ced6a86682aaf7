//! The tables can be spread over several servers: the schema and every query hold to `store::distribution`.

mod catalog;
mod keys;
mod migration;
mod queries;
