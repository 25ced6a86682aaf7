//! Tests of turning what BigCommerce answers into evidence.

#[allow(unused_imports)]
use super::*;
