//! Wait, claim, run, record. Read `run.rs` first.
