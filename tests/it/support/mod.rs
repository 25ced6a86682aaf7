//! What the integration tests share.

pub mod database;
pub mod surface;
pub mod world;
