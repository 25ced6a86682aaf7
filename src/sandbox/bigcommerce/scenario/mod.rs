//! A trading day.
