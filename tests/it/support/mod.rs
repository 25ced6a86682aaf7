//! What the integration tests share.

pub mod cable;
pub mod database;
pub mod surface;
pub mod world;
