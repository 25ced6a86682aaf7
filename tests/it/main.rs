//! The integration tests: one binary, real parts, loopback only.

mod crashes;
mod documents;
mod embedded;
mod holds;
mod journey;
mod lanes;
mod queries;
mod rules_command;
mod support;
mod test_databases;
mod webhooks;
