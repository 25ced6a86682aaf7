//! The axum surface.
