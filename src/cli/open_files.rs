//! How many files the process may have open: raised as far as is needed and allowed, because each connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;

/// Beside connections: those to both platforms, the log, the machine's own.
const OTHERS: u64 = 300;

/// Raises the limit to what the settings need. What the machine does not allow is logged: connections beyond it wait.
pub(super) fn allow(config: &Config) {
    let connections = u64::try_from(config.server.connections_max).unwrap_or(u64::MAX);
    let needed = connections.saturating_add(u64::from(config.database.connections)).saturating_add(OTHERS);
    let limits = getrlimit(Resource::Nofile);
    let Some(now) = limits.current.filter(|now| *now < needed) else { return };
    let wanted = limits.maximum.map_or(needed, |most| most.min(needed));
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limits.maximum });
    let allowed = if raised.is_ok() { wanted } else { now };
    if allowed < needed {
        tracing::warn!(
            allowed,
            needed,
            "fewer files may be open than server.connections_max ({connections}) needs, and connections beyond that wait: \
             raise the limit (ulimit -Hn, LimitNOFILE) or lower the setting"
        );
    }
}
