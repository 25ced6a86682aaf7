//! `cartledger demo`: plays a trading day against counterparts on this machine and shows the books.

mod report;
mod service;
mod world;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use self::service::{Service, ServiceSettings};
use self::world::World;
use crate::config::Environment;
use crate::embedded::{EmbeddedPostgres, Purpose};
use crate::lifecycle::Shutdown;
use crate::sandbox::bigcommerce::scenario;
use crate::store::Store;

/// The store's name in the demo.
const STORE: &str = "demo";
/// The port tried first.
const PORT: u16 = 8080;
/// How long the day may take to arrive in the books.
const PATIENCE: Duration = Duration::from_secs(300);

/// How to play.
#[derive(Debug, Args)]
pub(super) struct DemoArguments {
    /// Where the counterparts keep their state; without it beside the private Postgres
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Start without rules: every order is held until somebody makes them, as docs/tutorial.md shows
    #[arg(long)]
    empty: bool,
}

pub(super) async fn run(arguments: DemoArguments) -> anyhow::Result<ExitCode> {
    let environment = Environment::of_process();
    let shutdown = Shutdown::install(Duration::from_secs(20))?;
    step("starting Postgres");
    let postgres = EmbeddedPostgres::given_or_start(environment.get("DATABASE_URL"), Purpose::Run, None).await?;
    let folder = demo_folder(arguments.data, &postgres, &environment)?;
    std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let database = database_of(&folder)?;
    postgres.ensure_database(&database).await?;
    let store = Store::connect(postgres.connect_options(&database), 4).await?;
    store.migrate().await?;

    step("starting a BigCommerce store and an Intacct company on this machine");
    let world = World::start(&folder, &shutdown).await?;
    let port = free_port().await?;
    let settings = ServiceSettings { folder: folder.clone(), port, database_url: postgres.url(&database) };
    step("starting the service");
    let service = Service::start(settings, &world, &shutdown).await?;
    world.subscribe(&service.webhook_address()).await?;
    if !arguments.empty {
        service.ensure_rules(include_str!("../../../fixtures/demo/rules.json")).await?;
    }

    let played = play(&world, &store, &shutdown).await;
    let complete = match played {
        Ok(()) => report::print(&world, &store).await?,
        Err(_) if shutdown.soft().is_cancelled() => false,
        Err(error) => return Err(error),
    };
    let leave = environment.get("DEMO_EXIT").is_some_and(|value| value != "0");
    if !leave && !shutdown.soft().is_cancelled() {
        report::addresses(&world, &service, &folder);
        shutdown.soft().cancelled().await;
    }
    shutdown.begin();
    service.stop().await;
    shutdown.finish().await;
    store.close().await;
    postgres.stop().await?;
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Plays the day and waits until everything it caused is in the books.
async fn play(world: &World, store: &Store, shutdown: &Shutdown) -> anyhow::Result<()> {
    let steps = scenario::trading_day(&world.shop, |_| {}).context("playing the day")?;
    let total = steps.len();
    step(&format!("played {total} orders and refunds; their signed webhooks are on the way"));
    let terminal = std::io::stdout().is_terminal();
    let begun = tokio::time::Instant::now();
    let mut shown = String::new();
    loop {
        anyhow::ensure!(!shutdown.soft().is_cancelled(), "interrupted");
        let (deliveries, backlog) = (world.shop.pending_deliveries(), store.backlog().await?);
        let line = format!(
            "  {deliveries} webhooks to deliver, {} orders to post, {} invoices and {} payments in Intacct",
            backlog.lanes,
            world.company.invoices().len(),
            world.company.payments().len()
        );
        if terminal && line != shown {
            print!("\r{line:<100}");
            std::io::stdout().flush()?;
            shown = line;
        }
        if deliveries == 0 && backlog.lanes == 0 {
            break;
        }
        anyhow::ensure!(
            begun.elapsed() < PATIENCE,
            "after {} s there are still {deliveries} webhooks to deliver and {} orders to post; see service.log",
            PATIENCE.as_secs(),
            backlog.lanes
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    if terminal {
        println!();
    }
    step(&format!("everything has arrived after {:.1} s", begun.elapsed().as_secs_f64()));
    Ok(())
}

fn step(what: &str) {
    println!("- {what}");
}

/// Beside the private Postgres, or in the user's state folder when Postgres is somebody else's.
fn demo_folder(
    given: Option<PathBuf>,
    postgres: &EmbeddedPostgres,
    environment: &Environment,
) -> anyhow::Result<PathBuf> {
    if let Some(folder) = given {
        return Ok(folder);
    }
    if let Some(folder) = postgres.folder() {
        return Ok(folder.with_file_name("cartledger-demo"));
    }
    let state = environment.get("XDG_STATE_HOME").map(PathBuf::from);
    let home = environment.get("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let state = state.or(home).context("no folder for the demo's state: give one with --data")?;
    Ok(state.join("cartledger/demo"))
}

/// The counterparts' state and the database belong together: the folder names its database, a new folder a new one.
fn database_of(folder: &std::path::Path) -> anyhow::Result<String> {
    let file = folder.join("database");
    if let Ok(name) = std::fs::read_to_string(&file) {
        return Ok(name.trim().to_owned());
    }
    let name = format!("cartledger_demo_{}", &crate::clock::random_id().simple().to_string()[..8]);
    std::fs::write(&file, &name).with_context(|| format!("writing {}", file.display()))?;
    Ok(name)
}

/// The usual port, or any free one, saying so. Asks by listening: it is given back at once for the service to take.
async fn free_port() -> anyhow::Result<u16> {
    if tokio::net::TcpListener::bind(("127.0.0.1", PORT)).await.is_ok() {
        return Ok(PORT);
    }
    let port = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?.local_addr()?.port();
    step(&format!("port {PORT} is taken; using {port}"));
    Ok(port)
}
