//! Deliveries a second through the real service, beside what Postgres takes from pgbench and what a receiver in Node takes.
//!
//! `cargo bench --bench ingest -- [--only closed|open|overload] [--seconds S] [--runs R] [--no-peers]`. See
//! benches/README.md.

#[path = "../common/mod.rs"]
mod common;
mod fastify;
mod load;
mod overload;

use std::path::PathBuf;
use std::time::Duration;

use common::cpu;
use common::figures::{Figures, given, option, print_table, wanted};
use common::pgbench;
use common::postgres::Server;
use common::service::{self, Counterparts, Service};
use load::{Answers, Events, Load};

/// Clients of the reference and connections of the first figure.
const CLIENTS: usize = 64;
const MANY: usize = 256;

struct Settings {
    time: Duration,
    runs: usize,
}

/// What a receiver reached under one load.
struct Measured {
    answers: Answers,
    /// Microseconds of processor time for each delivery: of the receiver and of Postgres.
    receiver_us: f64,
    postgres_us: f64,
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> anyhow::Result<()> {
    let settings = Settings {
        time: Duration::from_secs(option("--seconds").unwrap_or(5)),
        runs: usize::try_from(option("--runs").unwrap_or(3))?,
    };
    let peers = if given("--no-peers") || !wanted("closed") { None } else { common::peers::installed().await };
    let server = Server::start().await?;
    println!(
        "{} s a figure, medians of {} runs; compilers running now: {}",
        settings.time.as_secs(),
        settings.runs,
        cpu::compilers()
    );
    let mut bench = Bench { server, settings, events: Events::default(), databases: 0, reference: Figures::default() };
    if wanted("closed") {
        bench.closed_loops(peers.as_ref()).await?;
    }
    if wanted("open") || wanted("overload") {
        let saturation = bench.saturation().await?;
        if wanted("open") {
            bench.open_loop(saturation).await?;
        }
        if wanted("overload") {
            bench.overloaded(saturation).await?;
        }
    }
    println!("compilers running at the end: {}", cpu::compilers());
    bench.server.stop().await
}

struct Bench {
    server: Server,
    settings: Settings,
    events: Events,
    databases: usize,
    reference: Figures,
}

impl Bench {
    /// The reference, then every receiver, then the reference again, run by run.
    async fn closed_loops(&mut self, peers: Option<&PathBuf>) -> anyhow::Result<()> {
        let mut kinds = vec![("service", CLIENTS), ("service", MANY)];
        if peers.is_some() {
            kinds.push(("fastify", CLIENTS));
        }
        let mut all: Vec<Columns> = kinds.iter().map(|_| Columns::default()).collect();
        let mut reference_us = Figures::default();
        for _ in 0..self.settings.runs {
            let first = self.pgbench(&mut reference_us).await?;
            let mut measured = Vec::new();
            for (kind, connections) in &kinds {
                let peer = peers.filter(|_| *kind == "fastify");
                measured.push(self.closed(peer, *connections).await?);
            }
            let last = self.pgbench(&mut reference_us).await?;
            let (reference, peer) =
                ((first + last) / 2.0, (kinds.len() == 3).then(|| measured[2].answers.per_second()));
            for (columns, measured) in all.iter_mut().zip(&measured) {
                columns.add(measured, reference, peer);
            }
        }
        let mut rows = vec![vec![
            format!("pgbench INSERT, {CLIENTS} clients"),
            self.reference.show(0),
            "1.00".into(),
            String::new(),
            reference_us.show(0),
        ]];
        for ((kind, connections), columns) in kinds.iter().zip(&all) {
            rows.push(columns.row(&format!("{kind}, {connections} connections")));
        }
        print_table(
            "closed loop",
            &[
                "",
                "a second",
                "of pgbench",
                "of fastify",
                "CPU us",
                "of it Postgres",
                "p50 ms",
                "p99 ms",
                "p99.9 ms",
                "errors",
            ],
            &rows,
        );
        Ok(())
    }

    async fn database(&mut self) -> anyhow::Result<String> {
        self.databases += 1;
        let name = format!("ingest_{}", self.databases);
        self.server.database(&name, 1).await?.close().await;
        Ok(name)
    }

    async fn service(&self, database: &str) -> anyhow::Result<Service> {
        service::start(&self.server, database, "ingest,api", &Counterparts::none()).await
    }

    async fn pgbench(&mut self, microseconds: &mut Figures) -> anyhow::Result<f64> {
        let database = self.database().await?;
        let reached = pgbench::insert_rows(&self.server, &database, CLIENTS, self.settings.time).await?;
        self.server.drop_database(&database).await?;
        self.reference.add(reached.per_second);
        microseconds.add(reached.microseconds);
        Ok(reached.per_second)
    }

    async fn closed(&mut self, peer: Option<&PathBuf>, connections: usize) -> anyhow::Result<Measured> {
        let database = self.database().await?;
        let receiver = match peer {
            Some(folder) => fastify::start(folder, &self.server, &database).await?,
            None => self.service(&database).await?,
        };
        // A second to warm up: connections to Postgres, prepared statements, compiled scripts.
        let warm = Load { connections, rate: None, time: Duration::from_secs(1) };
        load::send(receiver.address, warm, &self.events).await?;
        let load = Load { time: self.settings.time, ..warm };
        let measured = self.under(&receiver, load).await?;
        receiver.stop().await?;
        self.server.drop_database(&database).await?;
        Ok(measured)
    }

    async fn under(&self, receiver: &Service, load: Load) -> anyhow::Result<Measured> {
        let (own, postgres) = (cpu::spent(receiver.pid()), cpu::spent(self.server.pid()?));
        let answers = load::send(receiver.address, load, &self.events).await?;
        let each = |spent: Duration| spent.as_secs_f64() * 1e6 / answers.taken().max(1) as f64;
        let receiver_us = each(cpu::spent(receiver.pid()).saturating_sub(own));
        let postgres_us = each(cpu::spent(self.server.pid()?).saturating_sub(postgres));
        Ok(Measured { answers, receiver_us, postgres_us })
    }

    /// What the service takes in a second from many connections.
    async fn saturation(&mut self) -> anyhow::Result<f64> {
        Ok(self.closed(None, MANY).await?.answers.per_second())
    }

    async fn open_loop(&mut self, saturation: f64) -> anyhow::Result<()> {
        let mut rows = Vec::new();
        for (name, rate) in [("1,000 a second", 1000.0), ("half of saturation", saturation / 2.0)] {
            let mut columns = Columns::default();
            for _ in 0..self.settings.runs {
                let database = self.database().await?;
                let receiver = self.service(&database).await?;
                let warm = Load { connections: MANY, rate: Some(rate), time: Duration::from_secs(1) };
                load::send(receiver.address, warm, &self.events).await?;
                let load = Load { time: self.settings.time, ..warm };
                columns.add(&self.under(&receiver, load).await?, rate, None);
                receiver.stop().await?;
                self.server.drop_database(&database).await?;
            }
            rows.push(columns.row(name));
        }
        print_table(
            "open loop, latency from the intended time",
            &["", "a second", "of intended", "", "CPU us", "of it Postgres", "p50 ms", "p99 ms", "p99.9 ms", "errors"],
            &rows,
        );
        Ok(())
    }

    async fn overloaded(&mut self, saturation: f64) -> anyhow::Result<()> {
        let database = self.database().await?;
        let receiver = self.service(&database).await?;
        overload::measure(&self.server, &database, &receiver, &self.events, saturation, self.settings.time).await?;
        receiver.stop().await?;
        self.server.drop_database(&database).await
    }
}

/// The figures of one line of a table.
#[derive(Default)]
struct Columns {
    per_second: Figures,
    of_reference: Figures,
    of_peer: Figures,
    microseconds: Figures,
    postgres: Figures,
    p50: Figures,
    p99: Figures,
    p999: Figures,
    errors: u64,
}

impl Columns {
    fn add(&mut self, measured: &Measured, reference: f64, peer: Option<f64>) {
        let answers = &measured.answers;
        self.per_second.add(answers.per_second());
        self.of_reference.add(answers.per_second() / reference);
        if let Some(peer) = peer {
            self.of_peer.add(answers.per_second() / peer);
        }
        self.microseconds.add(measured.receiver_us + measured.postgres_us);
        self.postgres.add(measured.postgres_us);
        self.p50.add(answers.milliseconds(0.5));
        self.p99.add(answers.milliseconds(0.99));
        self.p999.add(answers.milliseconds(0.999));
        self.errors += answers.errors();
    }

    fn row(&self, name: &str) -> Vec<String> {
        let of_peer = if self.of_peer.median().is_nan() { String::new() } else { self.of_peer.show(2) };
        vec![
            name.to_owned(),
            self.per_second.show(0),
            self.of_reference.show(2),
            of_peer,
            self.microseconds.show(0),
            self.postgres.show(0),
            self.p50.show(1),
            self.p99.show(1),
            self.p999.show(1),
            self.errors.to_string(),
        ]
    }
}
