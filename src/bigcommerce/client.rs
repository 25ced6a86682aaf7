//! Reads a BigCommerce store over HTTP: the only I/O of this room.

mod cache;
mod error;
mod extras;
mod hooks;
mod lists;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

pub use self::error::{ConnectionError, ReadError};
use self::error::{refused, unreadable};
use self::extras::Catalogue;
pub use self::extras::Extras;
pub use self::hooks::{Hook, HookDraft};
pub use self::lists::{OrderPage, OrderSummary, RefundSummary};
use super::evidence::{self, RawOrder};
use super::loose::object;
use super::pacing::{Pacer, Ticket};
use super::pages::{self, Page};
use super::request::{Addresses, OrderFilter, OrderList};
use super::response::{self, Content, RateLimit, Refusal};
use super::wire;
use crate::accounting::evidence::Evidence;
use crate::accounting::money::Currency;
use crate::clock::{self, Clock};
use crate::telemetry::{self, BIGCOMMERCE_QUOTA_WAIT_SECONDS, BIGCOMMERCE_WAITING, ORDERS_BEING_READ, Present};

/// Calls to one store at the same time.
const CONCURRENT_CALLS: usize = 16;
/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an answer may take, to its last byte.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// The largest answer taken. A full page of 250 orders has about one megabyte.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// Times a call is repeated at once, for faults that pass in a moment. Longer back-off is the queue's.
const QUICK_RETRIES: u32 = 2;
/// How long a call waits for quota once it is its turn: a whole window (BigCommerce docs, rate limits: 30 s), so that an
/// order that is half read is not given up.
const PATIENCE: Duration = Duration::from_secs(35);
/// Pages of one list. 250 rows each is more than an order can have.
const PAGES_MAX: u64 = 400;

/// How to reach a store.
#[derive(Clone)]
pub struct StoreConnection {
    /// Our name for it.
    pub name: String,
    /// The API's base address, for example `https://api.bigcommerce.com`.
    pub base_url: String,
    /// BigCommerce's name for it.
    pub store_hash: String,
    /// The access token of its API account.
    pub access_token: SecretString,
    /// The share of the API quota left to other apps, in percent.
    pub reserve_percent: u32,
    /// What is read of an order beyond what every order needs.
    pub extras: Extras,
}

/// What a store says of itself (BigCommerce, Store Information V2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreInformation {
    /// The store hash.
    pub store_hash: String,
    /// The store's number, as in webhooks.
    pub store_id: Option<u64>,
    /// Its name.
    pub name: String,
    /// Its time zone by its IANA name, for example `America/Chicago`; empty when not set.
    pub time_zone: String,
    /// Its own currency, when it is a known code.
    pub currency: Option<Currency>,
    /// Its country, ISO 3166 alpha-2.
    pub country_code: String,
    /// Its plan, which decides its quota.
    pub plan: String,
    /// Prices are entered with tax.
    pub prices_include_tax: bool,
}

/// Reads one store. Cheap to clone; clones share quota, connections and the count of calls.
#[derive(Clone)]
pub struct StoreClient {
    http: reqwest::Client,
    addresses: Addresses,
    name: String,
    reserve_percent: u32,
    extras: Extras,
    shared: Arc<Shared>,
}

struct Shared {
    pacer: Pacer,
    catalogue: Catalogue,
    calls: AtomicU64,
}

/// A call as it is sent.
struct Call {
    method: Method,
    address: String,
    body: Option<String>,
}

impl Call {
    fn new(method: Method, address: String) -> Self {
        Self { method, address, body: None }
    }

    /// The same with a JSON body.
    fn with(self, body: &impl Serialize) -> Self {
        Self { body: serde_json::to_string(body).ok(), ..self }
    }
}

/// An order as it was read.
#[derive(Debug, Clone)]
pub struct OrderReading {
    /// Its facts.
    pub evidence: Evidence,
    /// Its own time of change (UTC), when told.
    pub modified: Option<Timestamp>,
}

/// An answer as it came.
struct Answer {
    status: u16,
    limit: RateLimit,
    body: Vec<u8>,
}

impl std::fmt::Debug for StoreClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreClient").field("name", &self.name).finish_non_exhaustive()
    }
}

impl StoreClient {
    /// A client for one store. Redirects are not followed: they would carry the token elsewhere.
    ///
    /// # Errors
    /// [`ConnectionError`] when the settings cannot be right.
    pub fn new(connection: StoreConnection, clock: Clock) -> Result<Self, ConnectionError> {
        let addresses = Addresses::new(&connection.base_url, &connection.store_hash)?;
        let token = connection.access_token.expose_secret();
        let mut token =
            HeaderValue::from_str(token).ok().filter(|_| !token.is_empty()).ok_or(ConnectionError::Token)?;
        token.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert("x-auth-token", token);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let http = reqwest::Client::builder()
            .default_headers(headers)
            .user_agent(concat!("cartledger/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(ANSWER_TIMEOUT)
            .build()?;
        let shared = Shared {
            catalogue: Catalogue::new(clock.clone()),
            pacer: Pacer::new(CONCURRENT_CALLS, clock),
            calls: AtomicU64::new(0),
        };
        Ok(Self {
            http,
            addresses,
            name: connection.name,
            reserve_percent: connection.reserve_percent,
            extras: connection.extras,
            shared: Arc::new(shared),
        })
    }

    /// The same store, leaving more of the quota to others: for a backfill beside live orders.
    #[must_use]
    pub fn leaving(&self, reserve_percent: u32) -> Self {
        Self { reserve_percent, ..self.clone() }
    }

    /// Calls made so far, repeated ones included, by all clones together.
    pub fn calls_made(&self) -> u64 {
        self.shared.calls.load(Ordering::Relaxed)
    }

    /// Reads an order with everything that belongs to it and is asked for ([`Extras`]), every list to its last page.
    ///
    /// # Errors
    /// [`ReadError`], naming order and store.
    pub async fn read_order(&self, order_id: u64) -> Result<Evidence, ReadError> {
        Ok(self.read_order_and_change(order_id).await?.evidence)
    }

    /// The same with the order's own time of change.
    ///
    /// # Errors
    /// [`ReadError`], naming order and store.
    pub async fn read_order_and_change(&self, order_id: u64) -> Result<OrderReading, ReadError> {
        let raw = self.read_raw_order(order_id).await?;
        Ok(OrderReading { evidence: evidence::assemble(&self.name, &raw)?, modified: evidence::modified(&raw.order) })
    }

    /// The same as it was answered, for checks.
    ///
    /// # Errors
    /// [`ReadError`], naming order and store.
    pub async fn read_raw_order(&self, order_id: u64) -> Result<RawOrder, ReadError> {
        let _reading = Present::in_gauge(metrics::gauge!(ORDERS_BEING_READ, "store" => self.name.clone()));
        let order = self.get(&self.what(format!("order {order_id}")), &self.addresses.order(order_id)).await?;
        let (customer_id, parts) = (evidence::customer_id(&order), evidence::embedded(&order));
        let (goods, shipping_addresses, coupons, taxes, fees, transactions, refunds, shipments, customer) = tokio::try_join!(
            self.goods(order_id, parts.products),
            self.unless_embedded(parts.shipping_addresses, order_id, OrderList::ShippingAddresses),
            self.unless_embedded(parts.coupons, order_id, OrderList::Coupons),
            self.list(order_id, OrderList::Taxes),
            self.fees(order_id, &order),
            self.list(order_id, OrderList::Transactions),
            self.list(order_id, OrderList::Refunds),
            self.shipments(order_id),
            self.customer(customer_id),
        )?;
        Ok(RawOrder {
            order_id,
            order,
            products: goods.products,
            shipping_addresses,
            coupons,
            taxes,
            fees,
            transactions,
            refunds,
            shipments,
            customer,
            categories: goods.categories,
        })
    }

    /// A list of an order, unless its own answer has told it.
    async fn unless_embedded(
        &self,
        embedded: Option<Vec<u8>>,
        order_id: u64,
        list: OrderList,
    ) -> Result<Vec<u8>, ReadError> {
        match embedded {
            Some(rows) => Ok(rows),
            None => self.list(order_id, list).await,
        }
    }

    /// The fees of an order whose own answer does not embed them.
    async fn fees(&self, order_id: u64, order: &[u8]) -> Result<Vec<u8>, ReadError> {
        if evidence::embeds_fees(order) {
            return Ok(Vec::new());
        }
        match self.list(order_id, OrderList::Fees).await {
            // Stores older than fees do not know the list.
            Err(ReadError::NotFound { .. }) => Ok(Vec::new()),
            other => other,
        }
    }

    /// What the store says of itself.
    ///
    /// # Errors
    /// [`ReadError`], naming the store.
    pub async fn store_information(&self) -> Result<StoreInformation, ReadError> {
        let what = self.what("store information");
        let profile: wire::StoreProfile = self.get_object(&what, &self.addresses.store()).await?;
        Ok(StoreInformation {
            store_hash: profile.id.text(),
            store_id: profile.store_id.id().ok().flatten(),
            name: profile.name.text(),
            time_zone: profile.timezone.object::<wire::TimeZone>().map(|zone| zone.name.text()).unwrap_or_default(),
            currency: profile.currency.text().parse().ok(),
            country_code: profile.country_code.text(),
            plan: profile.plan_name.text(),
            prices_include_tax: profile.is_price_entered_with_tax.flag(),
        })
    }

    /// Whether the store answers, with the platform's time (UTC): the cheapest call there is.
    ///
    /// # Errors
    /// [`ReadError`], naming the store.
    pub async fn ping(&self) -> Result<Timestamp, ReadError> {
        let what = self.what("time");
        let answer: wire::ServerTime = self.get_object(&what, &self.addresses.time()).await?;
        let time = answer.time.time().ok().flatten();
        time.ok_or_else(|| ReadError::Retry { why: format!("{what}: the answer holds no time"), after: None })
    }

    /// Reads what every order needs, and what [`Extras`] ask for, to see whether the access token may.
    ///
    /// # Errors
    /// [`ReadError`], naming the store; [`ReadError::Access`] when the access token lacks a scope.
    pub async fn check_access(&self) -> Result<(), ReadError> {
        let page = self.orders_page(&OrderFilter::default(), 0).await?;
        // In a store without orders a made-up one will do: whether it exists does not matter.
        let order = page.orders.first().map_or(1, |order| order.id);
        for list in [OrderList::Transactions, OrderList::Refunds] {
            match self.list(order, list).await {
                Ok(_) | Err(ReadError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        self.check_extras().await
    }

    /// What is asked for, in words, for errors.
    fn what(&self, what: impl std::fmt::Display) -> String {
        format!("store {}, {what}", self.name)
    }

    /// All pages of a list of an order as one JSON array.
    async fn list(&self, order_id: u64, list: OrderList) -> Result<Vec<u8>, ReadError> {
        let what = self.what(format!("order {order_id}, {}", list.name()));
        let rows = self.rows(&what, |page| self.addresses.order_list(order_id, list, page)).await?;
        Ok(pages::join(&rows))
    }

    /// The rows of all pages of a list whose pages have these addresses.
    async fn rows(&self, what: &str, address: impl Fn(u64) -> String) -> Result<Vec<Box<RawValue>>, ReadError> {
        let mut rows = Vec::new();
        let mut last_body = Vec::new();
        for number in 1..=PAGES_MAX {
            let body = self.get(what, &address(number)).await?;
            // The same page again: the list is not paged, and this was all of it.
            if !body.is_empty() && body == last_body {
                return Ok(rows);
            }
            let page = read_page(what, &body)?;
            let more = page.has_next(number);
            rows.extend(page.rows);
            if !more {
                return Ok(rows);
            }
            last_body = body;
        }
        Err(ReadError::Retry { why: format!("{what}: the list does not end after {PAGES_MAX} pages"), after: None })
    }

    async fn get_object<T: DeserializeOwned>(&self, what: &str, address: &str) -> Result<T, ReadError> {
        let body = self.get(what, address).await?;
        object(&body).map_err(|error| unreadable(what, &error))
    }

    /// A body that is JSON, or empty for "nothing". Waits for quota and repeats what passes in a moment.
    async fn get(&self, what: &str, address: &str) -> Result<Vec<u8>, ReadError> {
        let call = Call::new(Method::GET, address.to_owned());
        let mut repeats = 0;
        loop {
            let error = match self.once(what, &call).await {
                Ok(Answer { status, limit, body }) => match response::judge(status, &limit, &body) {
                    Ok(Content::Json) => return Ok(body),
                    Ok(Content::Nothing) => return Ok(Vec::new()),
                    // The pacer has been told, and waits for as long as was asked.
                    Err(Refusal::Retry { status: 429, .. }) if repeats < QUICK_RETRIES => {
                        repeats += 1;
                        continue;
                    }
                    Err(refusal) => return Err(refused(what, refusal)),
                },
                Err(Fault::Quota(after)) => {
                    let why = format!("{what}: the API quota of the store is used up");
                    return Err(ReadError::Retry { why, after: Some(after) });
                }
                Err(Fault::Passing(error)) if repeats < QUICK_RETRIES => error,
                Err(Fault::Passing(error) | Fault::Lasting(error)) => {
                    return Err(ReadError::Retry { why: format!("{what}: {error}"), after: None });
                }
            };
            tracing::debug!(what, error, "a call is repeated");
            repeats += 1;
            tokio::time::sleep(Duration::from_millis(200 << repeats).mul_f64(0.5 + clock::jitter() / 2.0)).await;
        }
    }

    /// Sends something that changes the store. Only what was certainly not done, because of the quota, is sent again.
    async fn write(&self, what: &str, call: Call) -> Result<(), ReadError> {
        let mut repeats = 0;
        loop {
            let (why, after) = match self.once(what, &call).await {
                Ok(Answer { status, limit, body }) => match response::judge(status, &limit, &body) {
                    Ok(_) => return Ok(()),
                    Err(Refusal::Retry { status: 429, .. }) if repeats < QUICK_RETRIES => {
                        repeats += 1;
                        continue;
                    }
                    Err(refusal) => return Err(refused(what, refusal)),
                },
                Err(Fault::Quota(after)) => ("the API quota of the store is used up".to_owned(), Some(after)),
                Err(Fault::Passing(error) | Fault::Lasting(error)) => (error, None),
            };
            return Err(ReadError::Retry { why: format!("{what}: {why}"), after });
        }
    }

    /// Waits until the quota allows one more call.
    async fn ticket(&self) -> Result<(Ticket<'_>, Option<SemaphorePermit<'_>>), Fault> {
        let (store, asked) = (self.name.clone(), Instant::now());
        let waiting = Present::in_gauge(metrics::gauge!(BIGCOMMERCE_WAITING, "store" => store.clone()));
        let ticket = self.shared.pacer.ticket(self.reserve_percent, PATIENCE).await.map_err(Fault::Quota);
        drop(waiting);
        metrics::histogram!(BIGCOMMERCE_QUOTA_WAIT_SECONDS, "store" => store).record(asked.elapsed());
        ticket
    }

    /// One call, within the quota.
    async fn once(&self, what: &str, call: &Call) -> Result<Answer, Fault> {
        let (ticket, _place) = self.ticket().await?;
        self.shared.calls.fetch_add(1, Ordering::Relaxed);
        let asked = Instant::now();
        let answer = self.exchange(what, call, ticket).await;
        let outcome = match &answer {
            Ok(answer) if answer.status < 400 => "ok",
            Ok(_) => "error",
            Err(_) => "unknown",
        };
        let operation = if call.method == Method::GET { "read" } else { "write" };
        telemetry::platform_answered("bigcommerce", operation, outcome, asked.elapsed());
        answer
    }

    /// Sends a request and reads its answer up to a size.
    async fn exchange(&self, what: &str, call: &Call, ticket: Ticket<'_>) -> Result<Answer, Fault> {
        let mut request = self.http.request(call.method.clone(), &call.address);
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let mut response = request.send().await.map_err(transport)?;
        let status = response.status().as_u16();
        let limit = RateLimit::read(response.headers());
        if status == 429 {
            tracing::warn!(what, "BigCommerce limits our calls");
            ticket.refused(&limit);
        } else {
            ticket.answered(&limit);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(transport)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(Fault::Lasting(format!("the answer is larger than {ANSWER_BYTES_MAX} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, limit, body })
    }
}

/// Why a call brought no answer.
enum Fault {
    /// There is no quota for so long.
    Quota(Duration),
    /// The answer did not come through; it may at once.
    Passing(String),
    /// The answer did not come through, and asking again at once would cost as much again.
    Lasting(String),
}

/// The innermost cause: the outer ones only say that a request failed.
fn transport(error: reqwest::Error) -> Fault {
    let timed_out = error.is_timeout();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    if timed_out {
        return Fault::Lasting(format!("no answer came through in time: {cause}"));
    }
    Fault::Passing(format!("no answer came through: {cause}"))
}

fn read_page(what: &str, body: &[u8]) -> Result<Page, ReadError> {
    Page::read(body).map_err(|error| unreadable(what, &error))
}

#[cfg(test)]
mod tests;
