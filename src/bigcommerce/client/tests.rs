//! Tests of the client against a small server on loopback.

#[allow(unused_imports)]
use super::*;
