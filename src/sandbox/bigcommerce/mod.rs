//! A BigCommerce store on loopback.
