//! What goes out: Sage Intacct gateway requests, and what comes back.
