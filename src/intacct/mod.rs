//! What goes out: Sage Intacct gateway requests, and what comes back.
//!
//! Everything here is pure except [`client`], the only file that talks to the network.
//!
//! | room | what it does |
//! |---|---|
//! | [`xml`], [`tree`] | writing and reading XML, safely |
//! | [`text`] | what Intacct accepts in ids, names and lengths |
//! | [`functions`] | one file per gateway function we send |
//! | [`request`] | the envelope around functions |
//! | [`response`], [`outcome`] | what an answer says, and what became of each function |
//! | [`errors`], [`diagnosis`] | gateway errors, their class and the remedy in an accountant's words |
//! | [`lookup`] | queries that find out what is already in the company |
//! | [`claimed`] | queries that find what somebody entered by hand |
//! | [`reading`] | what answers to reads say: sums, object definitions, dimensions, closed books |
//! | [`masters`] | reading accounts, dimensions, customers and other master data page by page |
//! | [`order_entry`] | the same for Order Entry documents, and their receivables |
//! | [`posting`] | from an accounting document to the function that posts it |
//! | [`session`] | the state of a sign-in |
//! | [`client`] | signing in and sending |

pub mod claimed;
pub mod client;
pub mod diagnosis;
pub mod errors;
pub mod functions;
pub mod lookup;
pub mod masters;
pub mod order_entry;
pub mod outcome;
pub mod posting;
pub mod reading;
pub mod request;
pub mod response;
mod rules;
#[cfg(test)]
mod samples;
pub mod session;
pub mod text;
pub mod tree;
pub mod xml;
