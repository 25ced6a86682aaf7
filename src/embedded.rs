//! A private Postgres for the demo, for `serve` without `DATABASE_URL`, and for tests.
