//! Everything that touches Postgres, one file per table family; row types private, domain types out.
