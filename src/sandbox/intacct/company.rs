//! The company itself: a handle that can be cloned, asked, changed, and served.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::books::Books;
use super::chart::{Account, AccountType, MasterData, Side};
use super::connection::{CuttableListener, Scissors};
use super::execution::State;
use super::faults::{Fault, Faults};
use super::records::{
    Attachment, Contact, Customer, Deposit, Journal, LedgerLine, OtherReceipt, Payment, Receivable, ReceivableKind,
    TrialBalanceRow,
};
use super::request_log::RequestLog;
use super::sales::SalesDocument;
use super::sessions::Sessions;
use super::settings::CompanySettings;
use super::{gateway, introspection};

/// Why a company could not be opened or changed.
#[derive(Debug, thiserror::Error)]
pub enum CompanyError {
    /// The books file is there, but cannot be read.
    #[error(
        "the books of the sandbox company in {path} cannot be read ({source}); move the file away to start with empty books"
    )]
    Books {
        /// Where the books are.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The books cannot be written.
    #[error(
        "the books of the sandbox company cannot be written to {path} ({source}); check the folder and its permissions"
    )]
    Write {
        /// Where the books should go.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A change names something that is not there.
    #[error("the sandbox company has no {0}; look at the chart under /books/accounts or at /books/customers")]
    Unknown(String),
}

/// A Sage Intacct company on loopback. Clones share the same books.
#[derive(Clone)]
pub struct Company(Arc<Inner>);

struct Inner {
    settings: CompanySettings,
    state: Mutex<State>,
    faults: Mutex<Faults>,
    in_flight: AtomicUsize,
    /// Requests that were under way at the same time, at most; those that were refused count too.
    peak: AtomicUsize,
    /// Requests that were refused because too many were under way.
    refused: AtomicU64,
    /// The version of the books that is in the file.
    saved: Mutex<u64>,
}

/// A change of the company's set-up while it runs. What is left out stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SettingsChange {
    /// Closes the periods up to and including this day.
    pub close_books_through: Option<Date>,
    /// Opens all periods.
    pub reopen_books: bool,
    /// An account that takes no postings any more.
    pub deactivate_account: Option<String>,
    /// An account that takes postings again.
    pub activate_account: Option<String>,
    /// An account that is new: its number. It is a revenue account.
    pub create_account: Option<String>,
    /// Any other record that cannot be used any more, as `kind/id`, for example `item/SKU-1`.
    pub deactivate: Option<String>,
    /// Any other record that can be used again.
    pub activate: Option<String>,
    /// A customer that takes no documents any more.
    pub deactivate_customer: Option<String>,
    /// A customer that takes documents again.
    pub activate_customer: Option<String>,
    /// Ends all sessions: the next request with one is told that it is invalid.
    pub expire_sessions: bool,
}

/// How many requests were under way at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Concurrency {
    /// At most.
    pub peak: usize,
    /// Requests that were refused because too many others were.
    pub refused: u64,
}

/// A company that is being served; it stops when this is dropped.
#[derive(Debug)]
pub struct Served {
    address: SocketAddr,
    stop: DropGuard,
    task: tokio::task::JoinHandle<io::Result<()>>,
}

impl Served {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The gateway's URL.
    pub fn gateway_url(&self) -> String {
        format!("http://{}{}", self.address, gateway::PATH)
    }

    /// Stops serving, after the requests in flight.
    ///
    /// # Errors
    /// When the listener failed meanwhile.
    pub async fn stop(self) -> io::Result<()> {
        drop(self.stop);
        self.task.await.map_err(io::Error::other)?
    }
}

impl Company {
    /// Opens a company: with the books of its file when there is one, else with empty books.
    ///
    /// # Errors
    /// When the books file cannot be read.
    pub fn new(settings: CompanySettings) -> Result<Self, CompanyError> {
        let books = match &settings.books_file {
            Some(path) => Books::load(path).map_err(|source| CompanyError::Books { path: path.clone(), source })?,
            None => None,
        };
        let now = settings.clock.now();
        let mut books = books.unwrap_or_else(|| Books::new(settings.masters.clone(), now));
        // Books of an older program have no numbers for their master data.
        books.mark_masters(now);
        let state = State {
            books,
            sessions: Sessions::default(),
            log: RequestLog::default(),
            running: std::collections::HashSet::new(),
            version: 0,
        };
        Ok(Self(Arc::new(Inner {
            settings,
            state: Mutex::new(state),
            faults: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
            saved: Mutex::new(0),
        })))
    }

    /// The gateway, the books as JSON, and a readable page at `/`.
    pub fn router(&self) -> Router {
        Router::new()
            .route(gateway::PATH, post(gateway::handle))
            .layer(DefaultBodyLimit::max(gateway::LARGEST_BODY))
            .merge(introspection::router())
            .with_state(self.clone())
    }

    /// Serves the company on a listener, in the background. Only a company served this way can really cut connections.
    ///
    /// # Errors
    /// When the listener has no address.
    pub fn serve(&self, listener: TcpListener) -> io::Result<Served> {
        let address = listener.local_addr()?;
        let stop = CancellationToken::new();
        let service = self.router().into_make_service_with_connect_info::<Scissors>();
        let server =
            axum::serve(CuttableListener(listener), service).with_graceful_shutdown(stop.clone().cancelled_owned());
        Ok(Served { address, stop: stop.drop_guard(), task: tokio::spawn(server.into_future()) })
    }

    /// The balance of every account that was posted to, in base currency.
    pub fn trial_balance(&self) -> Vec<TrialBalanceRow> {
        self.state().books.trial_balance()
    }

    /// The balance of one account, debits positive, in base currency.
    pub fn balance(&self, account: &str) -> Decimal {
        let state = self.state();
        state.books.ledger.iter().filter(|line| line.account == account).map(|line| line.debit - line.credit).sum()
    }

    /// The chart of accounts by number.
    pub fn accounts(&self) -> Vec<Account> {
        self.state().books.masters.accounts.values().cloned().collect()
    }

    /// All invoices by record number.
    pub fn invoices(&self) -> Vec<Receivable> {
        self.receivables(ReceivableKind::Invoice)
    }

    /// All credit and debit memos by record number.
    pub fn adjustments(&self) -> Vec<Receivable> {
        self.receivables(ReceivableKind::Adjustment)
    }

    /// All Order Entry documents by record number.
    pub fn sales_documents(&self) -> Vec<SalesDocument> {
        self.state().books.sales.values().cloned().collect()
    }

    /// Edits an Order Entry document the way a person would in Intacct: its receivable is deleted and made anew under
    /// another RECORDNO, which is answered.
    ///
    /// # Errors
    /// When there is no such document, or nothing of it can be edited because it is paid. When the books cannot be written.
    pub fn edit_sales_document(&self, id: &str) -> Result<u64, CompanyError> {
        let edited = {
            let state = &mut *self.state();
            state.version += 1;
            state.books.edit_sales_document(id)
        };
        let record_no = edited.ok_or_else(|| CompanyError::Unknown(format!("Order Entry document {id} to edit")))?;
        self.0.save()?;
        Ok(record_no)
    }

    fn receivables(&self, kind: ReceivableKind) -> Vec<Receivable> {
        self.state().books.receivables.values().filter(|receivable| receivable.kind == kind).cloned().collect()
    }

    /// All customers by id.
    pub fn customers(&self) -> Vec<Customer> {
        self.state().books.customers.values().cloned().collect()
    }

    /// All contacts by name.
    pub fn contacts(&self) -> Vec<Contact> {
        self.state().books.contacts.values().cloned().collect()
    }

    /// All payments by record number.
    pub fn payments(&self) -> Vec<Payment> {
        self.state().books.payments.values().cloned().collect()
    }

    /// All other receipts by record number.
    pub fn other_receipts(&self) -> Vec<OtherReceipt> {
        self.state().books.other_receipts.values().cloned().collect()
    }

    /// All deposits by record number.
    pub fn deposits(&self) -> Vec<Deposit> {
        self.state().books.deposits.values().cloned().collect()
    }

    /// All journal entries by record number.
    pub fn journals(&self) -> Vec<Journal> {
        self.state().books.journals.values().cloned().collect()
    }

    /// All attachments by id.
    pub fn attachments(&self) -> Vec<Attachment> {
        self.state().books.attachments.values().cloned().collect()
    }

    /// The general ledger in the order of posting.
    pub fn ledger(&self) -> Vec<LedgerLine> {
        self.state().books.ledger.clone()
    }

    /// What the company was asked.
    pub fn requests(&self) -> RequestLog {
        self.state().log.clone()
    }

    /// How many requests were under way at the same time.
    pub fn concurrency(&self) -> Concurrency {
        Concurrency { peak: self.0.peak.load(Ordering::SeqCst), refused: self.0.refused.load(Ordering::SeqCst) }
    }

    /// Switches a fault on.
    pub fn add_fault(&self, fault: Fault) {
        self.faults().add(fault);
    }

    /// Switches all faults off.
    pub fn clear_faults(&self) {
        self.faults().clear();
    }

    /// The faults that have not struck often enough yet.
    pub fn pending_faults(&self) -> Vec<Fault> {
        self.faults().list()
    }

    /// Changes the set-up.
    ///
    /// # Errors
    /// When an account or customer named is not there; then nothing is changed. When the books cannot be written.
    pub fn change(&self, change: &SettingsChange) -> Result<(), CompanyError> {
        {
            let now = self.now();
            let state = &mut *self.state();
            check_names(change, &state.books)?;
            change_accounts(change, &mut state.books, now);
            change_others(change, &mut state.books, now);
            let masters = &mut state.books.masters;
            if change.reopen_books {
                masters.closed_through = None;
            }
            masters.closed_through = change.close_books_through.or(masters.closed_through);
            if change.expire_sessions {
                state.sessions.clear();
            }
            state.version += 1;
        }
        self.0.save()
    }

    /// Writes the books to their file, when there is one and they changed.
    pub(super) async fn keep(&self) {
        if self.0.settings.books_file.is_none() {
            return;
        }
        let inner = Arc::clone(&self.0);
        let saved = tokio::task::spawn_blocking(move || inner.save()).await;
        if let Ok(Err(error)) = saved {
            tracing::error!(%error, "the sandbox company could not keep its books");
        }
    }

    /// A place among the requests in flight, until the guard is dropped; `None` when all are taken.
    pub(super) fn take_place(&self) -> Option<Place> {
        let before = self.0.in_flight.fetch_add(1, Ordering::SeqCst);
        let place = Place(self.clone());
        self.0.peak.fetch_max(before + 1, Ordering::SeqCst);
        match self.0.settings.concurrency {
            Some(most) if before >= most => {
                self.0.refused.fetch_add(1, Ordering::SeqCst);
                None
            }
            _ => Some(place),
        }
    }

    /// The address that sessions are told to use.
    pub(super) fn endpoint(&self, host: Option<&str>) -> String {
        let own = || format!("http://{}{}", host.unwrap_or("127.0.0.1"), gateway::PATH);
        self.0.settings.endpoint.clone().unwrap_or_else(own)
    }

    pub(super) fn settings(&self) -> &CompanySettings {
        &self.0.settings
    }

    pub(super) fn now(&self) -> Timestamp {
        self.0.settings.clock.now()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    pub(super) fn faults(&self) -> MutexGuard<'_, Faults> {
        self.0.faults.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

/// Refuses a change that names what is not there.
fn check_names(change: &SettingsChange, books: &Books) -> Result<(), CompanyError> {
    let accounts = [&change.deactivate_account, &change.activate_account];
    if let Some(unknown) = accounts.into_iter().flatten().find(|number| !books.masters.accounts.contains_key(*number)) {
        return Err(CompanyError::Unknown(format!("account {unknown}")));
    }
    let customers = [&change.deactivate_customer, &change.activate_customer];
    if let Some(unknown) = customers.into_iter().flatten().find(|id| !books.customers.contains_key(*id)) {
        return Err(CompanyError::Unknown(format!("customer {unknown}")));
    }
    let others = [&change.deactivate, &change.activate];
    let known = |name: &str| books.masters.ids().iter().any(|(object, id)| record_name(object, id) == name);
    match others.into_iter().flatten().find(|name| !known(name)) {
        Some(unknown) => Err(CompanyError::Unknown(unknown.clone())),
        None => Ok(()),
    }
}

fn record_name(object: &str, id: &str) -> String {
    format!("{}/{id}", MasterData::kind_of(object))
}

fn change_accounts(change: &SettingsChange, books: &mut Books, now: Timestamp) {
    if let Some(number) = &change.create_account {
        let account = Account {
            number: number.clone(),
            title: format!("New account {number}"),
            account_type: AccountType::IncomeStatement,
            normal_balance: Side::Credit,
            active: true,
            required: Vec::new(),
            bank_account: None,
        };
        books.masters.accounts.entry(number.clone()).or_insert(account);
        books.mark_masters(now);
    }
    for (number, active) in [(&change.deactivate_account, false), (&change.activate_account, true)] {
        let Some(number) = number else { continue };
        if let Some(account) = books.masters.accounts.get_mut(number) {
            account.active = active;
        }
        books.touch("GLACCOUNT", number, now);
    }
}

fn change_others(change: &SettingsChange, books: &mut Books, now: Timestamp) {
    for (id, active) in [(&change.deactivate_customer, false), (&change.activate_customer, true)] {
        if let Some(customer) = id.as_ref().and_then(|id| books.customers.get_mut(id)) {
            (customer.active, customer.modified_at) = (active, now);
        }
    }
    for (name, active) in [(&change.deactivate, false), (&change.activate, true)] {
        let Some(name) = name else { continue };
        if active {
            books.masters.inactive.remove(name);
        } else {
            books.masters.inactive.insert(name.clone());
        }
        let named = books.masters.ids().into_iter().filter(|(object, id)| record_name(object, id) == *name);
        for (object, id) in named.collect::<Vec<_>>() {
            books.touch(object, &id, now);
        }
    }
}

impl Inner {
    /// Writes the books unless somebody else has written this version already: writers that wait share one write.
    fn save(&self) -> Result<(), CompanyError> {
        let Some(path) = &self.settings.books_file else { return Ok(()) };
        let mut saved = self.saved.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let (version, books) = {
            let state = self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            if state.version == *saved {
                return Ok(());
            }
            (state.version, serde_json::to_vec(&state.books).map_err(io::Error::from))
        };
        let written = books.and_then(|books| Books::write(path, &books));
        written.map_err(|source| CompanyError::Write { path: path.clone(), source })?;
        *saved = version;
        Ok(())
    }
}

/// One request in flight.
pub(super) struct Place(Company);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}
