//! Long work of the service, watched from a terminal: a bar until it has ended.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use super::remote::Remote;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// How much there is to do.
#[derive(Clone, Copy)]
pub(super) enum Total {
    /// As this field of the answer says.
    In(&'static str),
    /// Always so much.
    Is(u64),
}

/// What of an answer tells how far the work is.
pub(super) struct Measure {
    /// The field with how much is done.
    pub(super) done: &'static str,
    /// How much there is.
    pub(super) total: Total,
    /// States in which it goes on.
    pub(super) going: &'static [&'static str],
}

/// Watches something until it has ended; answers how it ended. Interrupting this does not stop the work.
///
/// # Errors
/// The service's problem, or that it does not answer.
pub(super) async fn watch(remote: &Remote, path: &str, measure: &Measure) -> anyhow::Result<Value> {
    // Drawn on standard error, and on a terminal only.
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{msg:10} {bar:40} {pos}/{len}  {elapsed}") {
        bar.set_style(style);
    }
    loop {
        let now = remote.get(path, &[]).await?;
        let number = |name: &str| now.get(name).and_then(Value::as_u64);
        let state = now.get("state").and_then(Value::as_str).unwrap_or_default().to_owned();
        bar.set_length(match measure.total {
            Total::In(field) => number(field).unwrap_or_default(),
            Total::Is(total) => total,
        });
        bar.set_position(number(measure.done).unwrap_or_default());
        bar.set_message(state.clone());
        if !measure.going.contains(&state.as_str()) {
            bar.finish_and_clear();
            return Ok(now);
        }
        tokio::time::sleep(PAUSE).await;
    }
}
