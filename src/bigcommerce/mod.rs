//! What comes in: BigCommerce webhooks and REST answers.
//!
//! Webhooks: [`signature`] shows that a delivery is genuine, [`delivery`] reads which order it is about. Orders:
//! [`client`] fetches them (the only I/O here) with the addresses of [`request`], judged by [`response`], at the speed
//! [`pacing`] allows, and puts the pages of a list together by the rules of `pages`; `wire` is how the answers look
//! (`loose` reads their values), and [`evidence`] turns them into facts.

pub mod client;
pub mod delivery;
pub mod evidence;
mod loose;
pub mod pacing;
mod pages;
pub mod request;
pub mod response;
pub mod signature;
mod wire;
