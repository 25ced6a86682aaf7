//! A Sage Intacct company on loopback: a strict counterpart that speaks the XML gateway's wire format and keeps real books.
//!
//! It refuses what the gateway refuses (element order, unknown accounts, closed periods, repeated control ids, unbalanced
//! entries) and can go wrong on demand. Nothing here knows the client: the two meet on the wire only.
//!
//! Bytes pass through `gateway` (HTTP and faults), `xml_tree` (strict XML), `shape` (element order), `envelope`,
//! `execution` (sign-in, control ids, transactions), `functions` and `query` (one file per function), `books`, and back
//! through `answers`.

mod answers;
mod books;
mod chart;
mod company;
mod connection;
mod definitions;
mod envelope;
mod execution;
mod faults;
mod functions;
mod gateway;
mod introspection;
mod objects;
mod page;
mod query;
mod records;
mod refusal;
mod request_log;
mod sales;
mod sessions;
mod settings;
mod shape;
#[cfg(test)]
mod tests;
mod values;
mod xml_tree;

pub use chart::{Account, AccountType, Dimension, JournalBook, Location, MasterData, Side};
pub use company::{Company, CompanyError, Concurrency, Served, SettingsChange};
pub use definitions::{ItemSetup, OrderEntrySetup, Posts, TransactionDefinition};
pub use faults::{Fault, FaultKind};
pub use records::{
    Application, AttachedFile, Attachment, Contact, CreditKind, Customer, Deposit, Dimensions, DocumentState, Journal,
    JournalLine, LedgerLine, LineTax, OtherReceipt, Payment, PaymentKind, Portion, Receivable, ReceivableKind,
    ReceivableLine, TrialBalanceRow, UnappliedLine,
};
pub use request_log::{FunctionCount, LoggedCall, LoggedRequest, RequestLog};
pub use sales::{SalesDocument, SalesLine, SalesState, SalesSubtotal};
pub use settings::{CompanySettings, TaxDetail, TaxSolution};
