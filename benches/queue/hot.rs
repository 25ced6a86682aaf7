//! One hot order: a fifth of all events are of the same order, against events that are spread evenly.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use cartledger::clock::{Clock, random_id};
use cartledger::store::Store;
use cartledger::store::inbox::NewDelivery;
use tokio::time::Instant;

use super::common::figures::{Figures, print_table};
use super::common::postgres::Server;
use super::common::service::STORE;
use super::workers::{Work, claim_and_complete};

/// Deliveries in one commit, as a busy ingest has them, and writers at the same time.
const BATCH: u64 = 100;
const WRITERS: u64 = 2;
/// Events of an order that is not hot.
const EVENTS_OF_ORDER: u64 = 4;

/// Events a second from the first delivery to an empty queue, deliveries and workers at the same time.
pub async fn measure(server: &Server, events: u64, runs: usize) -> anyhow::Result<()> {
    let (mut even, mut hot, mut ratio) = (Figures::default(), Figures::default(), Figures::default());
    for _ in 0..runs {
        let (evenly, hotly) = (through(server, events, false).await?, through(server, events, true).await?);
        even.add(evenly);
        hot.add(hotly);
        ratio.add(hotly / evenly);
    }
    let rows = [
        vec!["spread evenly".to_owned(), even.show(0), "1.00".into()],
        vec!["a fifth of one order".to_owned(), hot.show(0), ratio.show(2)],
    ];
    print_table(
        &format!("{events} events kept and their orders worked off"),
        &["", "events a second", "of even"],
        &rows,
    );
    Ok(())
}

async fn through(server: &Server, events: u64, hot: bool) -> anyhow::Result<f64> {
    let work = Work::new(server, "hot").await?;
    let (done, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let workers: Vec<_> =
        (0..2).map(|_| tokio::spawn(claim_and_complete(work.store.clone(), 100, done.clone(), stop.clone()))).collect();
    let started = Instant::now();
    let writers: Vec<_> =
        (0..WRITERS).map(|writer| tokio::spawn(write(work.store.clone(), events, writer, hot))).collect();
    for writer in writers {
        writer.await??;
    }
    while work.store.backlog().await?.lanes > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let took = started.elapsed();
    stop.store(true, Ordering::Relaxed);
    for worker in workers {
        worker.await??;
    }
    work.end(server).await?;
    Ok(events as f64 / took.as_secs_f64())
}

async fn write(store: Store, events: u64, writer: u64, hot: bool) -> anyhow::Result<()> {
    for batch in (0..events / BATCH).filter(|batch| batch % WRITERS == writer) {
        let of_batch = batch * BATCH..(batch + 1) * BATCH;
        let deliveries: Vec<NewDelivery> = of_batch.map(|event| delivery(event, hot)).collect();
        store.record_deliveries(&deliveries, Duration::ZERO).await?;
    }
    Ok(())
}

fn delivery(event: u64, hot: bool) -> NewDelivery {
    let order = if hot && event.is_multiple_of(5) { 1 } else { 2 + event / EVENTS_OF_ORDER };
    NewDelivery {
        store: STORE.into(),
        webhook_id: random_id().simple().to_string(),
        scope: "store/order/updated".into(),
        order_id: Some(order),
        event_at: Clock::system().now(),
        body: format!(r#"{{"scope":"store/order/updated","data":{{"type":"order","id":{order}}}}}"#),
    }
}
