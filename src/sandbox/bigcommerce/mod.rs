//! A BigCommerce store on loopback: takes orders, moves money, signs webhooks and answers REST like the platform does.
//!
//! It is a counterpart, not a double of our own code: it knows nothing of this program but the clock, computes its own
//! totals and speaks wire formats only. Start at [`Store`]; describe an order with [`OrderDraft`]; play a whole day
//! with [`scenario::trading_day`].

mod actions;
mod amounts;
mod delivery;
mod draft;
mod events;
mod faults;
mod hooks;
mod introspection;
mod listener;
mod model;
mod outbox;
mod persistence;
mod pricing;
mod rate_limit;
mod rest;
pub mod scenario;
mod settings;
mod signature;
mod state;
mod store;
mod summary;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod wire;

pub use actions::{ActionError, RefundItem, RefundPayment, RefundRequest, TotalsOverride};
pub use delivery::DeliveryReport;
pub use draft::{
    Address, CouponKind, CustomerDraft, Destination, FeeDraft, GiftCertificate, LineDraft, LineKind, OrderDraft,
    Payment, ProductDraft, TaxRate, TaxRounding,
};
pub use faults::Faults;
pub use outbox::ReleaseOrder;
pub use rate_limit::WindowUse;
pub use settings::StoreSettings;
pub use store::{OrderCalls, Store, StoreError};
pub use summary::OrderSummary;
