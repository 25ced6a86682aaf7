//! How a sandbox company is set up: its credentials, features, master data, and where it keeps its books.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use rust_decimal::Decimal;
use secrecy::SecretString;

use super::chart::MasterData;
use crate::clock::Clock;

/// A tax solution: the tax details that lines of its documents can name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaxSolution {
    /// Details by id.
    pub details: BTreeMap<String, TaxDetail>,
}

/// How one tax is worked out and where it is booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxDetail {
    /// The liability account.
    pub account: String,
    /// In percent of the line; for lines that leave the tax to Intacct.
    pub percent: Decimal,
}

/// The settings of a sandbox company. Start from `default()` and change what the case needs.
#[derive(Clone, Debug)]
pub struct CompanySettings {
    /// The Web Services sender of the integrator.
    pub sender_id: String,
    /// Its password.
    pub sender_password: SecretString,
    /// Whether the company has put the sender on its list of Web Services authorizations.
    pub sender_authorised: bool,
    /// The company.
    pub company_id: String,
    /// Its Web Services user.
    pub user_id: String,
    /// The user's password.
    pub user_password: SecretString,
    /// How long a session lives after it was last used.
    pub session_length: Duration,
    /// Whether every line must name a location.
    pub multi_entity: bool,
    /// Whether currencies other than the base currency are allowed.
    pub multi_currency: bool,
    /// The base currency, ISO 4217.
    pub base_currency: String,
    /// The company's daily rates: base currency per unit of the currency named (used when a request leaves the rate to Intacct).
    pub exchange_rates: BTreeMap<String, Decimal>,
    /// Whether an invoice number can be used once only.
    pub unique_invoice_numbers: bool,
    /// Whether an adjustment may total zero; what Intacct does is not documented, so the default refuses.
    pub zero_adjustments: bool,
    /// Whether an address needs both the country and its ISO code.
    pub iso_country_codes: bool,
    /// The prefix of automatic customer numbers; `None` when customers must bring their own.
    pub customer_numbering: Option<String>,
    /// Names of custom fields that customers, invoices, payments, receipts, journals and their lines accept.
    pub custom_fields: BTreeSet<String>,
    /// The company's own dimensions by integration name, each with its values by record number.
    pub user_defined_dimensions: BTreeMap<String, BTreeMap<u64, String>>,
    /// Tax solutions for VAT by name; none in a company without.
    pub tax_solutions: BTreeMap<String, TaxSolution>,
    /// The account of discounts that payments take off invoices.
    pub discount_account: String,
    /// Objects the company has not (modules it did not subscribe to), such as `PROJECT`, and fields, such as
    /// `GLACCOUNT.REQUIRETASK`.
    pub absent: BTreeSet<String>,
    /// Chart of accounts, dimensions, terms, journals, periods. A books file that exists takes precedence.
    pub masters: MasterData,
    /// Requests in flight beyond this are refused with HTTP 429 (Intacct, performance tiers); `None` for no limit.
    pub concurrency: Option<usize>,
    /// Where the company keeps its books, so that a restarted process still has them; `None` for memory only.
    pub books_file: Option<PathBuf>,
    /// A folder into which each request body is written, passwords and session ids replaced.
    pub dump_folder: Option<PathBuf>,
    /// The address that sessions are told to use; `None` for the address the client itself used.
    pub endpoint: Option<String>,
    /// Where the company takes the time from.
    pub clock: Clock,
}

impl Default for CompanySettings {
    fn default() -> Self {
        Self {
            sender_id: "sandbox_sender".to_owned(),
            sender_password: SecretString::from("sandbox-sender-password"),
            sender_authorised: true,
            company_id: "SANDBOX".to_owned(),
            user_id: "ws_cartledger".to_owned(),
            user_password: SecretString::from("sandbox-user-password"),
            session_length: Duration::from_secs(2 * 60 * 60),
            multi_entity: true,
            multi_currency: false,
            base_currency: "USD".to_owned(),
            exchange_rates: BTreeMap::new(),
            unique_invoice_numbers: true,
            zero_adjustments: false,
            iso_country_codes: true,
            customer_numbering: None,
            custom_fields: ["BC_CUSTOMER_ID", "BC_ORDER_ID"].map(str::to_owned).into(),
            user_defined_dimensions: BTreeMap::new(),
            tax_solutions: BTreeMap::new(),
            discount_account: "4090".to_owned(),
            absent: BTreeSet::new(),
            masters: MasterData::default(),
            concurrency: Some(8),
            books_file: None,
            dump_folder: None,
            endpoint: None,
            clock: Clock::system(),
        }
    }
}
