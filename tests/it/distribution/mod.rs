//! The tables can be spread over several servers: the schema and every query hold to `store::distribution`.

mod catalog;
mod citus;
mod keys;
mod migration;
mod page;
mod queries;
