//! Logs and metrics: how they are set up, and the name of every metric.
//!
//! Logs go to standard error, so that a command's own output can be piped. Neither logs nor metric labels hold bodies,
//! secrets, names or mail addresses; labels are few-valued (a store or an outcome, never an order).

use std::io::IsTerminal;
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::Duration;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Webhook deliveries received. Label: `status`, that of our answer.
pub const DELIVERIES_TOTAL: &str = "cartledger_deliveries_total";
/// Runs of orders that ended. Label: `outcome`: `done` (posted or held), `waiting` (for payment data), `paused` (with the
/// company), `retry`, `lost` (with the lease).
pub const ORDERS_TOTAL: &str = "cartledger_orders_total";
/// Documents sent to Intacct. Labels: `kind` (`invoice`, `receipt`, `credit-memo`, ...), `outcome` (`posted`, `rejected`,
/// `later`, `duplicate`).
pub const POSTINGS_TOTAL: &str = "cartledger_postings_total";
/// Intacct API transactions used; Intacct bills them by company and month. Labels: `company`, `store`, `function`.
pub const INTACCT_TRANSACTIONS_TOTAL: &str = "cartledger_intacct_transactions_total";
/// What the month's API transactions will come to. Label: `company`.
pub const INTACCT_FORECAST: &str = "cartledger_intacct_forecast_transactions";
/// API transactions of a month that are paid for. Label: `company`.
pub const INTACCT_LIMIT: &str = "cartledger_intacct_limit_transactions";
/// 1 when the month's forecast has passed the limit, else 0. Label: `company`.
pub const INTACCT_OVER_BUDGET: &str = "cartledger_intacct_over_budget";
/// New orders that go daily because the budget is spent. Label: `store`.
pub const ORDERS_OVER_BUDGET_TOTAL: &str = "cartledger_orders_over_budget_total";
/// 1 while a company is left in peace or a probe has to show that it is better, else 0. Label: `company`.
pub const INTACCT_PAUSED: &str = "cartledger_intacct_paused";
/// 1 from the fifth request in a row of this process without an answer until one has an answer, else 0. Label: `company`.
pub const INTACCT_UNREACHED: &str = "cartledger_intacct_unreached";
/// Functions in each request to Intacct. Label: `company`.
pub const INTACCT_FUNCTIONS_PER_REQUEST: &str = "cartledger_intacct_functions_per_request";
/// Requests to Intacct that are under way: of as many as there are permits. Label: `company`.
pub const INTACCT_REQUESTS_UNDER_WAY: &str = "cartledger_intacct_requests_under_way";
/// What was handed in for Intacct and waits for a permit. Label: `company`.
pub const INTACCT_WAITING: &str = "cartledger_intacct_waiting";
/// Seconds from handing something in for Intacct until its request began: the wait for a permit. Label: `company`.
pub const INTACCT_PERMIT_WAIT_SECONDS: &str = "cartledger_intacct_permit_wait_duration_seconds";
/// Calls to BigCommerce that wait because the quota is used up. Label: `store`.
pub const BIGCOMMERCE_WAITING: &str = "cartledger_bigcommerce_quota_waiting";
/// Seconds that a call to BigCommerce waited for quota, or for its turn to ask for it. Label: `store`.
pub const BIGCOMMERCE_QUOTA_WAIT_SECONDS: &str = "cartledger_bigcommerce_quota_wait_duration_seconds";
/// Orders that may be worked on at a time.
pub const ORDERS_AT_ONCE: &str = "cartledger_orders_at_once";
/// Orders that are worked on. Label: `store`.
pub const ORDERS_UNDER_WAY: &str = "cartledger_orders_under_way";
/// Those of them that are being read from BigCommerce. Label: `store`.
pub const ORDERS_BEING_READ: &str = "cartledger_orders_being_read";
/// Those of them that wait for Intacct, for a permit or an answer. Label: `company`.
pub const ORDERS_AT_INTACCT: &str = "cartledger_orders_at_intacct";
/// Orders that are due now. Label: `store`.
pub const QUEUE_DEPTH: &str = "cartledger_queue_depth";
/// Age in seconds of the order that has been due the longest, 0 when none is. Label: `store`.
pub const QUEUE_OLDEST_DUE_SECONDS: &str = "cartledger_queue_oldest_due_seconds";
/// Orders that polling marked as due: their webhooks never came. Labels: `store`, `schedule`.
pub const POLLED_ORDERS_TOTAL: &str = "cartledger_polled_orders_total";
/// 1 while a store has sent no webhook for longer than the settings allow, else 0. Label: `store`.
pub const WEBHOOKS_SILENT: &str = "cartledger_webhooks_silent";
/// Seconds since the last webhook of a store, as of the last poll. Label: `store`.
pub const WEBHOOKS_QUIET_SECONDS: &str = "cartledger_webhooks_quiet_seconds";
/// Rows removed because they were older than the settings keep them. Labels: `store`, `what` (`deliveries`, `evidence`,
/// `attempts`, `dry_runs`).
pub const REMOVED_ROWS_TOTAL: &str = "cartledger_removed_rows_total";
/// Seconds our own answers took. Labels: `method`, `route` (the pattern, not the path), `status`.
pub const HTTP_REQUEST_SECONDS: &str = "cartledger_http_request_duration_seconds";
/// Seconds BigCommerce and Intacct took to answer. Labels: `platform` (`bigcommerce`, `intacct`), `operation` (`read` and
/// `write`; `sign-in` and `functions`), `outcome` (`ok`; `error`: a refusal; `unknown`: no answer, or one that says nothing).
pub const PLATFORM_REQUEST_SECONDS: &str = "cartledger_platform_request_duration_seconds";

/// Upper bounds of the duration buckets, in seconds: from a webhook's few milliseconds to Intacct's slow minutes.
const DURATION_BUCKETS_S: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 120.0];

/// How often collected durations are folded into their buckets; unread samples take memory until then.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Notes how long a platform took to answer, for the labels of [`PLATFORM_REQUEST_SECONDS`].
pub fn platform_answered(platform: &'static str, operation: &'static str, outcome: &'static str, took: Duration) {
    metrics::histogram!(PLATFORM_REQUEST_SECONDS, "platform" => platform, "operation" => operation, "outcome" => outcome)
        .record(took);
}

/// Counts one in a gauge for as long as this lives, however it ends.
#[derive(Debug)]
pub struct Present(metrics::Gauge);

impl Present {
    /// Counts one from now on.
    pub fn in_gauge(gauge: metrics::Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// [`LogFormat::Text`] on a terminal, otherwise [`LogFormat::Json`].
    #[default]
    Auto,
    /// One short line per event, for people; coloured on a terminal.
    Text,
    /// One JSON object per line, for log collectors.
    Json,
}

impl FromStr for LogFormat {
    type Err = TelemetryError;

    /// Reads the setting `log.format`: `auto`, `text` or `json`.
    fn from_str(name: &str) -> Result<Self, TelemetryError> {
        match name {
            "auto" => Ok(Self::Auto),
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(TelemetryError::Format(name.to_owned())),
        }
    }
}

/// Why logs or metrics could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// There is no such format.
    #[error("there is no log format {0:?}: write auto, text or json")]
    Format(String),
    /// The filter is no list of directives.
    #[error("the log filter {filter:?} cannot be read: {source}; write for example `info,cartledger=debug`")]
    Filter {
        /// The filter as it was given.
        filter: String,
        /// What is wrong with it.
        source: tracing_subscriber::filter::ParseError,
    },
    /// The metrics' set-up is refused.
    #[error("metrics cannot be collected: {0}")]
    Metrics(String),
}

/// Sends this process' logs to standard error; `filter` is a list of directives such as `info,sqlx=warn`.
///
/// Only the first call in a process has an effect, so that every test may call it.
pub fn install_logs(format: LogFormat, filter: &str) -> Result<(), TelemetryError> {
    let on_terminal = std::io::stderr().is_terminal();
    let subscriber = subscriber(format, on_terminal, filter, std::io::stderr)?;
    // An error says that logs have been set up before.
    let _ = subscriber.try_init();
    Ok(())
}

fn subscriber<W>(
    format: LogFormat,
    on_terminal: bool,
    filter: &str,
    writer: W,
) -> Result<Box<dyn tracing::Subscriber + Send + Sync>, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let unread = |source| TelemetryError::Filter { filter: filter.to_owned(), source };
    let registry = tracing_subscriber::registry().with(EnvFilter::try_new(filter).map_err(unread)?);
    let layer = tracing_subscriber::fmt::layer().with_writer(writer);
    let human = match format {
        LogFormat::Auto => on_terminal,
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    Ok(if human {
        Box::new(registry.with(layer.compact().with_target(false).with_ansi(on_terminal)))
    } else {
        Box::new(registry.with(layer.json().flatten_event(true).with_ansi(false)))
    })
}

/// The metrics of this process, as Prometheus reads them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics(PrometheusHandle);

static METRICS: OnceLock<Result<Metrics, String>> = OnceLock::new();

impl Metrics {
    /// Starts collecting metrics in this process; later calls return the same collection, so every test may call it.
    pub fn install() -> Result<Self, TelemetryError> {
        let installed = METRICS.get_or_init(|| Self::collect().map_err(|error| error.to_string()));
        installed.clone().map_err(TelemetryError::Metrics)
    }

    fn collect() -> Result<Self, BuildError> {
        let durations = Matcher::Suffix("_duration_seconds".to_owned());
        let builder = PrometheusBuilder::new().set_buckets_for_metric(durations, &DURATION_BUCKETS_S)?;
        let handle = builder.install_recorder()?;
        describe();
        Ok(Self(handle))
    }

    /// All metrics in Prometheus' text format, version 0.0.4.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Keeps memory bounded while nobody reads the metrics; runs for ever, so spawn it and drop it at the end.
    pub async fn keep_up(self) {
        let mut ticks = tokio::time::interval(UPKEEP_EVERY);
        loop {
            ticks.tick().await;
            self.0.run_upkeep();
        }
    }
}

fn describe() {
    describe_counter!(DELIVERIES_TOTAL, "Webhook deliveries received, by answer");
    describe_counter!(ORDERS_TOTAL, "Orders that went through the worker, by outcome");
    describe_counter!(POSTINGS_TOTAL, "Documents sent to Intacct, by kind and outcome");
    describe_counter!(INTACCT_TRANSACTIONS_TOTAL, "Intacct API transactions used");
    describe_gauge!(INTACCT_FORECAST, "What the month's API transactions will come to");
    describe_gauge!(INTACCT_LIMIT, "API transactions of a month that are paid for");
    describe_gauge!(INTACCT_OVER_BUDGET, "1 when the month's forecast of API transactions has passed the limit");
    describe_counter!(ORDERS_OVER_BUDGET_TOTAL, "New orders that go daily because the budget is spent");
    describe_gauge!(INTACCT_PAUSED, "1 while nothing, or only a probe, is sent to a company");
    describe_gauge!(INTACCT_UNREACHED, "1 while requests of this process to a company have no answers");
    describe_histogram!(INTACCT_FUNCTIONS_PER_REQUEST, "Functions in each request to Intacct");
    describe_gauge!(INTACCT_REQUESTS_UNDER_WAY, "Requests to Intacct that are under way");
    describe_gauge!(INTACCT_WAITING, "What was handed in for Intacct and waits for a permit");
    describe_histogram!(INTACCT_PERMIT_WAIT_SECONDS, Unit::Seconds, "How long requests to Intacct waited for a permit");
    describe_gauge!(BIGCOMMERCE_WAITING, "Calls to BigCommerce that wait because the quota is used up");
    describe_histogram!(
        BIGCOMMERCE_QUOTA_WAIT_SECONDS,
        Unit::Seconds,
        "How long calls to BigCommerce waited for quota"
    );
    describe_gauge!(ORDERS_AT_ONCE, "Orders that may be worked on at a time");
    describe_gauge!(ORDERS_UNDER_WAY, "Orders that are worked on");
    describe_gauge!(ORDERS_BEING_READ, "Orders that are being read from BigCommerce");
    describe_gauge!(ORDERS_AT_INTACCT, "Orders that wait for Intacct, for a permit or an answer");
    describe_gauge!(QUEUE_DEPTH, "Orders that are due now");
    describe_gauge!(QUEUE_OLDEST_DUE_SECONDS, Unit::Seconds, "Age of the order that has been due the longest");
    describe_counter!(POLLED_ORDERS_TOTAL, "Orders that polling marked as due: their webhooks never came");
    describe_gauge!(WEBHOOKS_SILENT, "1 while a store has sent no webhook for longer than the settings allow");
    describe_gauge!(WEBHOOKS_QUIET_SECONDS, Unit::Seconds, "Since the last webhook of a store");
    describe_counter!(REMOVED_ROWS_TOTAL, "Rows removed because they were older than the settings keep them");
    describe_histogram!(HTTP_REQUEST_SECONDS, Unit::Seconds, "How long our own answers took");
    describe_histogram!(PLATFORM_REQUEST_SECONDS, Unit::Seconds, "How long BigCommerce and Intacct took to answer");
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, on_terminal: bool) -> String {
        let written = Written::default();
        let writer = written.clone();
        let subscriber = subscriber(format, on_terminal, "info", move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::debug!("not shown");
            tracing::info!(order = 118, "order posted");
        });
        String::from_utf8(written.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn logs_are_json_unless_a_person_reads_them() {
        let line: serde_json::Value = serde_json::from_str(&logged(LogFormat::Auto, false)).unwrap();
        assert_eq!((&line["message"], &line["order"]), (&"order posted".into(), &118.into()));
        assert!(logged(LogFormat::Json, true).starts_with('{'));
    }

    #[test]
    fn people_get_colours_on_a_terminal_only() {
        let (terminal, file) = (logged(LogFormat::Auto, true), logged(LogFormat::Text, false));
        assert!(terminal.contains("order posted") && terminal.contains('\u{1b}'), "{terminal:?}");
        assert!(file.contains("order posted") && !file.contains('\u{1b}'), "{file:?}");
        assert_eq!(file.lines().count(), 1);
    }

    #[test]
    fn a_format_is_read_by_its_name() {
        assert_eq!("text".parse::<LogFormat>().unwrap(), LogFormat::Text);
        assert!("xml".parse::<LogFormat>().unwrap_err().to_string().contains("auto, text or json"));
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_answered_with_an_example() {
        let error = install_logs(LogFormat::Auto, "cartledger=loud").unwrap_err();
        assert!(error.to_string().contains("cartledger=loud") && error.to_string().contains("info,cartledger=debug"));
    }

    #[test]
    fn metrics_are_collected_once_and_rendered_with_their_description() {
        let metrics = Metrics::install().unwrap();
        metrics::counter!(DELIVERIES_TOTAL, "status" => "299").increment(2);
        metrics::histogram!(HTTP_REQUEST_SECONDS, "route" => "/telemetry-test").record(0.02);
        let text = Metrics::install().unwrap().render();
        assert!(text.contains("# HELP cartledger_deliveries_total Webhook deliveries received, by answer"), "{text}");
        assert!(text.contains("cartledger_deliveries_total{status=\"299\"} 2"), "{text}");
        assert!(
            text.contains("cartledger_http_request_duration_seconds_bucket{route=\"/telemetry-test\",le=\"0.025\"} 1")
        );
        drop(metrics);
    }
}
