//! What was measured, as JSON and as text.

use std::fmt::Write;

use serde::Serialize;

use super::limiter::{self, Part};
use super::run::Measured;
use super::wake::{Together, Wake};
use super::{BenchSyncArguments, Mode};

/// Into how many parts a run is cut to tell what limited it when.
const PARTS: u32 = 10;

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Orders through the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) speed: Option<Speed>,
    /// From a webhook to the first request for its order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wake: Option<Wake>,
    /// Webhooks of one order.
    pub(super) together: Together,
}

/// How orders went through.
#[derive(Debug, Serialize)]
pub(super) struct Speed {
    setting: Setting,
    ceiling: Ceiling,
    /// Of the run in the middle, like everything that follows.
    orders_per_second: f64,
    /// Of each run, slowest first.
    runs: Vec<f64>,
    seconds: f64,
    /// Of what the counterparts allow: orders per second where Intacct limits, quota used in whole windows where that
    /// does. Nothing when neither can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    percent_of_ceiling: Option<f64>,
    intacct: Intacct,
    bigcommerce: BigCommerce,
    /// What limited, part by part.
    timeline: Vec<Part>,
    /// The same over the whole run.
    limited_by: Part,
}

#[derive(Debug, Serialize)]
struct Setting {
    orders: u32,
    mode: Mode,
    latency_ms: u32,
    concurrency: u32,
    documents_per_request: u32,
    orders_at_a_time: u32,
}

/// What the counterparts allow.
#[derive(Debug, Serialize)]
struct Ceiling {
    /// What clients that only ask get out of the company, before and after.
    requests_per_second: [f64; 2],
    /// Orders per second by that; nothing in daily mode, where orders share their documents.
    #[serde(skip_serializing_if = "Option::is_none")]
    orders_per_second_by_intacct: Option<f64>,
    /// Orders per second by the quota; nothing without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    orders_per_second_by_quota: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Intacct {
    requests_per_second: f64,
    functions_per_request: f64,
    api_transactions_per_order: f64,
    /// Requests at the same time, as the company counted them: most, allowed, and refused for being too many.
    most_under_way: usize,
    allowed: u32,
    refused: u64,
}

#[derive(Debug, Serialize)]
struct BigCommerce {
    calls: u64,
    calls_per_order: f64,
    reads_per_order: f64,
    /// Calls answered with 429.
    limited: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota: Option<Quota>,
}

#[derive(Debug, Serialize)]
struct Quota {
    calls: u32,
    window_seconds: u32,
    reserve_percent: u32,
    /// Calls in each window that began and ended in the run.
    whole_windows: Vec<u32>,
    /// The share of what is ours of the quota that was used in the worst of them, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    percent_used: Option<f64>,
}

impl Speed {
    /// Reports the run in the middle.
    ///
    /// # Errors
    /// When there is no run, or one without anything in it.
    pub(super) fn of(
        arguments: &BenchSyncArguments,
        requests_per_second: [f64; 2],
        mut runs: Vec<Measured>,
    ) -> anyhow::Result<Self> {
        let pace = |run: &Measured| f64::from(run.orders) / run.seconds;
        runs.sort_by(|one, other| pace(one).total_cmp(&pace(other)));
        let paces: Vec<f64> = runs.iter().map(pace).collect();
        let run = runs.swap_remove(runs.len() / 2);
        let orders = f64::from(run.orders);
        let limited_by = limiter::parts(&run.samples, run.seconds, 1).pop();
        let intacct = Intacct {
            requests_per_second: run.requests as f64 / run.seconds,
            functions_per_request: run.api_transactions as f64 / run.requests.max(1) as f64,
            api_transactions_per_order: run.api_transactions as f64 / orders,
            most_under_way: run.most_under_way,
            allowed: arguments.concurrency.get(),
            refused: run.refused,
        };
        let bigcommerce = BigCommerce {
            calls: run.calls,
            calls_per_order: run.order_calls as f64 / orders,
            reads_per_order: run.reads as f64 / orders,
            limited: run.limited,
            quota: arguments.quota.map(|_| Quota::of(arguments, &run)),
        };
        let ceiling = Ceiling::of(arguments, requests_per_second, &intacct, &bigcommerce);
        let orders_per_second = pace(&run);
        Ok(Self {
            percent_of_ceiling: ceiling.percent(orders_per_second, &bigcommerce),
            setting: Setting {
                orders: run.orders,
                mode: arguments.mode,
                latency_ms: arguments.latency,
                concurrency: arguments.concurrency.get(),
                documents_per_request: arguments.documents_per_request.get(),
                orders_at_a_time: run.at_once,
            },
            ceiling,
            orders_per_second,
            runs: paces,
            seconds: run.seconds,
            intacct,
            bigcommerce,
            timeline: limiter::parts(&run.samples, run.seconds, PARTS),
            limited_by: limited_by.ok_or_else(|| anyhow::anyhow!("the run was over before anything was seen of it"))?,
        })
    }
}

impl Ceiling {
    fn of(
        arguments: &BenchSyncArguments,
        requests_per_second: [f64; 2],
        intacct: &Intacct,
        bigcommerce: &BigCommerce,
    ) -> Self {
        let requests = (requests_per_second[0] + requests_per_second[1]) / 2.0;
        let documents = requests * f64::from(arguments.documents_per_request.get());
        let calls = bigcommerce.quota.as_ref().map(|quota| f64::from(quota.ours()) / f64::from(quota.window_seconds));
        Self {
            requests_per_second,
            orders_per_second_by_intacct: (arguments.mode == Mode::Order)
                .then(|| documents / intacct.api_transactions_per_order),
            orders_per_second_by_quota: calls.map(|calls| calls / bigcommerce.calls_per_order),
        }
    }

    fn percent(&self, orders_per_second: f64, bigcommerce: &BigCommerce) -> Option<f64> {
        let by_intacct = self.orders_per_second_by_intacct.unwrap_or(f64::INFINITY);
        let by_quota = self.orders_per_second_by_quota.unwrap_or(f64::INFINITY);
        if by_quota < by_intacct {
            return bigcommerce.quota.as_ref().and_then(|quota| quota.percent_used);
        }
        by_intacct.is_finite().then(|| orders_per_second / by_intacct * 100.0)
    }
}

impl Quota {
    fn of(arguments: &BenchSyncArguments, run: &Measured) -> Self {
        // The last window had not ended when the work had.
        let ended = run.windows.len().saturating_sub(1);
        let mut quota = Self {
            calls: arguments.quota.map_or(0, std::num::NonZeroU32::get),
            window_seconds: arguments.window.get(),
            reserve_percent: arguments.reserve,
            whole_windows: run.windows.iter().take(ended).map(|window| window.used).collect(),
            percent_used: None,
        };
        let worst = quota.whole_windows.iter().min();
        quota.percent_used = worst.map(|used| f64::from(*used) / f64::from(quota.ours()) * 100.0);
        quota
    }

    /// Calls of a window that are not left to others.
    fn ours(&self) -> u32 {
        self.calls - self.calls * self.reserve_percent / 100
    }
}

impl Report {
    /// For people.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        if let Some(speed) = &self.speed {
            let _ = speed.write(&mut text);
        }
        if let Some(wake) = &self.wake {
            let _ = writeln!(text, "webhooks     {wake}");
        }
        let _ = writeln!(text, "one order    {}", self.together);
        text
    }
}

impl Speed {
    fn write(&self, text: &mut String) -> std::fmt::Result {
        let Setting { orders, latency_ms, concurrency, documents_per_request, orders_at_a_time, mode } = &self.setting;
        let mode = match mode {
            Mode::Order => "each by itself",
            Mode::Daily => "by day",
        };
        writeln!(text, "orders       {orders}, posted {mode}; {orders_at_a_time} at a time")?;
        writeln!(
            text,
            "company      {latency_ms} ms a request, {concurrency} requests at a time, up to {documents_per_request} documents in each"
        )?;
        writeln!(text, "ceiling      {}", self.ceiling)?;
        write!(text, "speed        {:.2} orders/s", self.orders_per_second)?;
        if let Some(percent) = self.percent_of_ceiling {
            write!(text, ", {percent:.1} % of the ceiling")?;
        }
        let runs: Vec<String> = self.runs.iter().map(|run| format!("{run:.2}")).collect();
        writeln!(text, " ({:.1} s; runs: {})", self.seconds, runs.join(", "))?;
        writeln!(text, "Intacct      {}", self.intacct)?;
        writeln!(text, "BigCommerce  {}", self.bigcommerce)?;
        writeln!(text, "limited by")?;
        for part in self.timeline.iter().chain([&self.limited_by]) {
            writeln!(text, "  {part}")?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Ceiling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [before, after] = self.requests_per_second;
        write!(f, "the company alone {before:.2} requests/s before, {after:.2} after")?;
        if let Some(orders) = self.orders_per_second_by_intacct {
            write!(f, ": {orders:.2} orders/s")?;
        }
        if let Some(orders) = self.orders_per_second_by_quota {
            write!(f, "; the quota: {orders:.2} orders/s")?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Intacct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { requests_per_second, functions_per_request, api_transactions_per_order, .. } = self;
        write!(
            f,
            "{requests_per_second:.2} requests/s with {functions_per_request:.2} functions each; at most {} under way of {}, \
             {} refused for being too many; {api_transactions_per_order:.3} API transactions an order",
            self.most_under_way, self.allowed, self.refused
        )
    }
}

impl std::fmt::Display for BigCommerce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.2} calls an order, {} in all, {} answered 429", self.calls_per_order, self.calls, self.limited)?;
        let Some(quota) = &self.quota else { return Ok(()) };
        write!(f, "; quota {} in {} s", quota.calls, quota.window_seconds)?;
        if quota.reserve_percent > 0 {
            write!(f, ", {} % left to others", quota.reserve_percent)?;
        }
        match quota.percent_used {
            Some(percent) => write!(f, "; whole windows: {:?}, the worst {percent:.1} %", quota.whole_windows),
            None => write!(f, "; no whole window"),
        }
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:>6.1} to {:>6.1} s  ", self.from, self.to)?;
        let mut shares: Vec<_> = self.percent.iter().collect();
        shares.sort_by(|one, other| other.1.total_cmp(one.1));
        let shares: Vec<String> = shares.iter().map(|(limiter, share)| format!("{limiter} {share:.0} %")).collect();
        f.write_str(&shares.join(", "))
    }
}

impl std::fmt::Display for Wake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to an idle service, one at a time: the shop is asked for the order after", self.webhooks)?;
        write!(f, " {:.1} ms (median), {:.1} ms (p99), {:.1} ms (most)", self.p50_ms, self.p99_ms, self.max_ms)?;
        if self.debounce_ms > 0 {
            write!(f, ", counted from the end of its rest of {} ms", self.debounce_ms)?;
        }
        Ok(())
    }
}

impl std::fmt::Display for Together {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { webhooks, within_ms, reads, calls } = self;
        write!(f, "{webhooks} webhooks within {within_ms} ms: read {reads} time(s), {calls} calls to BigCommerce")
    }
}
