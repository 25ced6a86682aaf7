//! The integration tests: one binary, real parts, loopback only.

mod crashes;
mod documents;
mod embedded;
mod holds;
mod journey;
mod lanes;
mod queries;
mod support;
mod test_databases;
mod timing;
mod webhooks;
