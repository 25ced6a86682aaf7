//! The integration tests: one binary, real parts, loopback only.

mod chaos;
mod check;
mod corrections;
mod crashes;
mod currencies;
mod customers;
mod daily;
mod documents;
mod embedded;
mod functions;
mod holds;
mod journey;
mod lanes;
mod ledger_events;
mod lookups;
mod master_data;
mod mirror;
mod queries;
mod reading;
mod request_schema;
mod rules_command;
mod summaries;
mod support;
mod test_databases;
mod timing;
mod webhooks;
