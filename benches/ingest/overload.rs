//! Twice what the service can take: it must refuse in order, lose nothing that it has taken, stay small, and recover.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::common::cpu;
use super::common::figures::print_table;
use super::common::postgres::Server;
use super::common::service::Service;
use super::load::{self, Events, Load};

/// More connections than deliveries may wait (`waiting_deliveries_max`), or nothing would ever be refused.
const CONNECTIONS: usize = 6000;

/// Measures and prints it.
pub async fn measure(
    server: &Server,
    database: &str,
    receiver: &Service,
    events: &Events,
    saturation: f64,
    time: Duration,
) -> anyhow::Result<()> {
    let usual = Load { connections: 64, rate: Some(saturation / 4.0), time: Duration::from_secs(2) };
    let before = load::send(receiver.address, usual, events).await?;
    let memory_before = cpu::resident(receiver.pid());
    let peak = Peak::watch(receiver.pid());
    let twice = Load { connections: CONNECTIONS, rate: Some(saturation * 2.0), time: time * 2 };
    let over = load::send(receiver.address, twice, events).await?;
    let peak = peak.end();
    let after = load::send(receiver.address, usual, events).await?;
    let pool = sqlx::postgres::PgPoolOptions::new().max_connections(1).connect(&server.url(database)?).await?;
    let kept: i64 = sqlx::query_scalar("select count(*) from inbox").fetch_one(&pool).await?;
    pool.close().await;
    let taken = before.taken() + over.taken() + after.taken();
    let other: u64 = over.statuses.iter().filter(|(status, _)| ![200, 503].contains(*status)).map(|(_, n)| n).sum();
    let megabytes = |bytes: u64| format!("{:.0} MB", bytes as f64 / 1e6);
    let rows = [
        ("sent a second", format!("{:.0}", (over.taken() + over.errors()) as f64 / over.took.as_secs_f64())),
        ("taken in a second", format!("{:.0}", over.per_second())),
        ("of saturation", format!("{:.2}", over.per_second() / saturation)),
        ("refused with 503", over.statuses.get(&503).copied().unwrap_or_default().to_string()),
        ("of it without Retry-After", over.without_retry_after.to_string()),
        ("other answers, or none", (other + over.broken).to_string()),
        ("taken in, all in all", taken.to_string()),
        ("of it kept in Postgres", kept.to_string()),
        ("memory before, at its peak", format!("{}, {}", megabytes(memory_before), megabytes(peak))),
        (
            "p99 before, and once the last answer had come",
            format!("{:.1} ms, {:.1} ms", before.milliseconds(0.99), after.milliseconds(0.99)),
        ),
        ("refused or failed after", after.errors().to_string()),
    ];
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    print_table("twice saturation, open loop", &["", ""], &rows);
    Ok(())
}

/// The most memory a process has had while it was watched.
struct Peak {
    most: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl Peak {
    fn watch(pid: u32) -> Self {
        let (most, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (seen, stopped) = (most.clone(), stop.clone());
        std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                seen.fetch_max(cpu::resident(pid), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(50));
            }
        });
        Self { most, stop }
    }

    fn end(self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.most.load(Ordering::Relaxed)
    }
}
