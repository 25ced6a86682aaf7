//! One run: orders that are all due, worked off by the service, with what the counterparts counted meanwhile.

use tokio::time::Instant;

use super::limiter::{Permits, Sample, Sampler};
use super::stand::{Setup, Stand};
use super::{BenchSyncArguments, Progress};
use crate::embedded::EmbeddedPostgres;
use crate::sandbox::bigcommerce::WindowUse;

/// What a run came to.
pub(super) struct Measured {
    pub(super) orders: u32,
    pub(super) at_once: u32,
    pub(super) seconds: f64,
    /// To Intacct.
    pub(super) requests: u64,
    pub(super) api_transactions: u64,
    /// Requests to Intacct under way at the same time, at most.
    pub(super) most_under_way: usize,
    /// Requests that Intacct refused because too many were under way.
    pub(super) refused: u64,
    /// Calls to BigCommerce, and those that were for an order.
    pub(super) calls: u64,
    pub(super) order_calls: u64,
    /// How often orders were read.
    pub(super) reads: u64,
    /// Windows of the quota from the first one that began in the run; the last one had not ended.
    pub(super) windows: Vec<WindowUse>,
    /// Calls that BigCommerce answered with 429.
    pub(super) limited: u64,
    pub(super) samples: Vec<Sample>,
}

/// Works off orders of one known customer in a new database, shop and company.
pub(super) async fn play(
    arguments: &BenchSyncArguments,
    postgres: &EmbeddedPostgres,
    name: &str,
    bar: &Progress,
) -> anyhow::Result<Measured> {
    bar.say(format!("{name}: starting the service"));
    Stand::with(postgres, &Setup::of(arguments), async |stand| measure(arguments, stand, name, bar).await).await
}

async fn measure(
    arguments: &BenchSyncArguments,
    stand: &Stand,
    name: &str,
    bar: &Progress,
) -> anyhow::Result<Measured> {
    let orders = (0..arguments.orders()).map(|_| stand.place()).collect::<anyhow::Result<Vec<u64>>>()?;
    stand.slow_down(arguments.latency());
    let (asked, calls, windows) = (stand.company.requests(), stand.shop.calls_made(), stand.shop.windows().len());
    let permits = Permits { requests: arguments.concurrency.get(), documents: arguments.documents_per_request.get() };
    let sampler = Sampler::start(stand.store.clone(), permits)?;
    let started = Instant::now();
    stand.make_due(&orders).await?;
    let total = orders.len() as u64;
    stand
        .settle(|left| {
            bar.at(total.saturating_sub(left), total);
            bar.say(format!("{name}: {}", sampler.now()));
        })
        .await?;
    let seconds = started.elapsed().as_secs_f64();
    let samples = sampler.stop();
    let (after, concurrency) = (stand.company.requests(), stand.company.concurrency());
    let of_orders: Vec<_> = orders.iter().filter_map(|order| stand.shop.order_calls(*order)).collect();
    let all = stand.shop.windows();
    Ok(Measured {
        orders: arguments.orders(),
        at_once: stand.at_once,
        seconds,
        requests: after.requests - asked.requests,
        api_transactions: after.api_transactions - asked.api_transactions,
        most_under_way: concurrency.peak,
        refused: concurrency.refused,
        calls: stand.shop.calls_made() - calls,
        order_calls: of_orders.iter().map(|order| order.calls).sum(),
        reads: of_orders.iter().map(|order| order.reads).sum(),
        limited: all.iter().map(|window| u64::from(window.refused)).sum(),
        windows: all.into_iter().skip(windows).collect(),
        samples,
    })
}
