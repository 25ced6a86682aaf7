//! The integration tests: one binary, real parts, loopback only.

mod embedded;
mod support;
mod test_databases;
