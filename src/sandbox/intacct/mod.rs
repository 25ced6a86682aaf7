//! A Sage Intacct company on loopback.
