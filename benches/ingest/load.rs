//! The load generator: signs real deliveries and sends them over connections that stay open.
//!
//! Closed loop: every connection sends its next delivery when the last one is answered. Open loop: deliveries have a
//! time at which they are to be sent, and how long an answer took is counted from that time, so that a server that
//! stalls is not spared what would have been sent meanwhile.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::common::service::{SECRET, STORE, STORE_HASH};

/// Events of one order: a paid order sends three within seconds.
const EVENTS_OF_ORDER: u64 = 3;
/// So many orders have events under way at the same time.
const ORDERS_AT_ONCE: u64 = 1000;

/// How deliveries are sent.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Connections.
    pub connections: usize,
    /// Deliveries a second; `None` in a closed loop.
    pub rate: Option<f64>,
    /// For so long.
    pub time: Duration,
}

/// What was answered.
#[derive(Debug)]
pub struct Answers {
    /// How often each status was answered.
    pub statuses: BTreeMap<u16, u64>,
    /// Refusals that did not say when to come again.
    pub without_retry_after: u64,
    /// Deliveries that got no answer.
    pub broken: u64,
    /// Microseconds to an answer of 200.
    pub latency: Histogram<u64>,
    /// From the first delivery to the last answer.
    pub took: Duration,
}

impl Answers {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            statuses: BTreeMap::new(),
            without_retry_after: 0,
            broken: 0,
            latency: Histogram::new_with_max(120_000_000, 3)?,
            took: Duration::ZERO,
        })
    }

    /// Deliveries that were taken in.
    pub fn taken(&self) -> u64 {
        self.statuses.get(&200).copied().unwrap_or_default()
    }

    /// Everything but 200.
    pub fn errors(&self) -> u64 {
        self.statuses.iter().filter(|(status, _)| **status != 200).map(|(_, count)| count).sum::<u64>() + self.broken
    }

    /// Taken in a second.
    pub fn per_second(&self) -> f64 {
        self.taken() as f64 / self.took.as_secs_f64()
    }

    /// Milliseconds within which this share of the answers came.
    pub fn milliseconds(&self, quantile: f64) -> f64 {
        self.latency.value_at_quantile(quantile) as f64 / 1000.0
    }

    /// One more answer to a delivery that was to be sent at `intended`.
    fn add(&mut self, answer: &Answer, intended: Instant) {
        *self.statuses.entry(answer.status).or_default() += 1;
        if answer.status == 200 {
            let microseconds = u64::try_from(intended.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.latency.saturating_record(microseconds);
        } else if answer.status == 503 && !answer.retry_after {
            self.without_retry_after += 1;
        }
    }
}

/// Numbers events, over all loads of a benchmark.
#[derive(Clone, Default)]
pub struct Events(Arc<AtomicU64>);

impl Events {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// Sends deliveries on a thread of its own, as a machine of its own would.
pub async fn send(address: SocketAddr, load: Load, events: &Events) -> anyhow::Result<Answers> {
    let events = events.clone();
    let (answer, answered) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let answers = match runtime {
            Ok(runtime) => runtime.block_on(send_all(address, load, events)),
            Err(error) => Err(error.into()),
        };
        let _ = answer.send(answers);
    });
    answered.await?
}

async fn send_all(address: SocketAddr, load: Load, events: Events) -> anyhow::Result<Answers> {
    let mut connections = Vec::with_capacity(load.connections);
    for _ in 0..load.connections {
        connections.push(Connection::open(address).await?);
    }
    // Once, so that the server has taken all of them in before the first delivery is to be sent.
    for connection in &mut connections {
        connection.ask(b"GET /healthz HTTP/1.1\r\nhost: ledger.example.com\r\n\r\n").await?;
    }
    // One for all of them: making one for each takes longer than many an answer.
    let answers = Arc::new(Mutex::new(Answers::new()?));
    let (started, slots) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let senders = connections.into_iter().map(|connection| {
        tokio::spawn(keep_sending(connection, address, load, started, slots.clone(), events.clone(), answers.clone()))
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await??;
    }
    let answers = Arc::into_inner(answers).context("a sender still runs")?;
    let mut answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    answers.took = started.elapsed();
    Ok(answers)
}

async fn keep_sending(
    mut connection: Connection,
    address: SocketAddr,
    load: Load,
    started: Instant,
    slots: Arc<AtomicU64>,
    events: Events,
    answers: Arc<Mutex<Answers>>,
) -> anyhow::Result<()> {
    loop {
        let intended = match load.rate {
            None => Instant::now(),
            Some(rate) => {
                let slot = slots.fetch_add(1, Ordering::Relaxed);
                started + Duration::from_secs_f64(slot as f64 / rate)
            }
        };
        if intended.duration_since(started) >= load.time {
            return Ok(());
        }
        tokio::time::sleep_until(intended).await;
        let request = delivery(events.next());
        match connection.ask(&request).await {
            Ok(answer) => locked(&answers).add(&answer, intended),
            Err(_) => {
                locked(&answers).broken += 1;
                connection = Connection::open(address).await?;
            }
        }
    }
}

fn locked(answers: &Mutex<Answers>) -> MutexGuard<'_, Answers> {
    answers.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The bytes of a signed delivery. Three events of an order come one after the other, with those of others between.
fn delivery(event: u64) -> Vec<u8> {
    let round = ORDERS_AT_ONCE * EVENTS_OF_ORDER;
    let order = event / round * ORDERS_AT_ONCE + event % ORDERS_AT_ONCE + 1;
    let scope = ["store/order/created", "store/order/updated", "store/order/statusUpdated"]
        [usize::try_from(event / ORDERS_AT_ONCE % EVENTS_OF_ORDER).unwrap_or_default()];
    #[expect(clippy::disallowed_methods, reason = "a sender has a clock of its own")]
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let (now, hash) = (now.as_secs(), hash(event, now.as_nanos() as u64));
    let body = format!(
        r#"{{"producer":"stores/{STORE_HASH}","hash":"{hash}","created_at":{now},"store_id":"1000000001","scope":"{scope}","data":{{"type":"order","id":{order}}}}}"#
    );
    let mut mac = match Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()) {
        Ok(mac) => mac,
        Err(_) => unreachable!("a key of any length is taken"),
    };
    mac.update(format!("{hash}.{now}.").as_bytes());
    mac.update(body.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    format!(
        "POST /webhooks/bigcommerce/{STORE} HTTP/1.1\r\nhost: ledger.example.com\r\ncontent-type: application/json\r\n\
         user-agent: pekko-http/1.3.0\r\nwebhook-id: {hash}\r\nwebhook-timestamp: {now}\r\n\
         webhook-signature: v1,{signature}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Forty digits that look as if they were drawn, as BigCommerce's do: each lies somewhere else in an index.
fn hash(event: u64, now: u64) -> String {
    // Odd multipliers: different events never share a number.
    let mix = |number: u64| (number ^ (number >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    format!("{:016x}{:016x}{:08x}", mix(event.wrapping_mul(0x9e37_79b9_7f4a_7c15)), mix(now), event as u32)
}

struct Answer {
    status: u16,
    retry_after: bool,
}

struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::with_capacity(1024) })
    }

    /// Sends a request and reads its whole answer.
    async fn ask(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.stream.write_all(request).await?;
        loop {
            let got = self.stream.read_buf(&mut self.read).await?;
            anyhow::ensure!(got > 0, "the server closed the connection");
            let mut headers = [httparse::EMPTY_HEADER; 32];
            let mut response = httparse::Response::new(&mut headers);
            let httparse::Status::Complete(head) = response.parse(&self.read)? else { continue };
            let header = |name: &str| response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
            let length =
                header("content-length").and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok());
            let whole = head + length.unwrap_or(0_usize);
            if self.read.len() < whole {
                continue;
            }
            let answer =
                Answer { status: response.code.unwrap_or_default(), retry_after: header("retry-after").is_some() };
            self.read.drain(..whole);
            return Ok(answer);
        }
    }
}
