//! The command line: one file per command.

mod audit;
mod backfill;
#[cfg(feature = "sandbox")]
mod bench_sync;
mod check;
#[cfg(feature = "sandbox")]
mod demo;
mod derive;
mod describe;
mod dry_run;
mod holds;
mod migrate;
mod open_files;
mod orders;
mod output;
mod progress;
mod remote;
mod replay;
mod rules;
mod rules_files;
#[cfg(feature = "sandbox")]
mod sandbox;
mod schedules;
mod serve;
mod token;
mod usage;

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};

use crate::config::{Config, Environment};
use crate::embedded::{EmbeddedPostgres, Purpose};
use crate::store::Store;

/// Posts BigCommerce orders into Sage Intacct, exactly once and to the cent.
#[derive(Debug, Parser)]
#[command(name = "cartledger", version, about, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service: receive webhooks, work on orders, serve the admin API
    Serve(serve::ServeArguments),
    /// Bring the database schema up to date and exit
    Migrate(SettingsArguments),
    /// Check the settings and that both sides answer; change nothing
    Check(SettingsArguments),
    /// Show what an order puts into the ledger, from files; needs no database and no network
    Derive(derive::DeriveArguments),
    /// See where orders stand and what was posted of them, in a running service
    Orders(orders::OrdersArguments),
    /// See what the API transactions of each Intacct company come to, in a running service
    Usage(usage::UsageArguments),
    /// Make, list and revoke tokens of the admin API
    Token(token::TokenArguments),
    /// See who did what, and verify that the log of it was not changed
    Audit(audit::AuditArguments),
    /// Print the description of the admin API (OpenAPI 3.1)
    Openapi,
    /// Print what a shell needs to complete the commands
    Completions(describe::CompletionsArguments),
    /// See what is held, grouped by cause, and act on it, in a running service
    Holds(holds::HoldsArguments),
    /// Read orders again and post what is missing, in a running service
    Replay(replay::ReplayArguments),
    /// Derive orders without posting anything, in a running service
    DryRun(dry_run::DryRunArguments),
    /// Post orders of the past at a pace of their own, in a running service
    Backfill(backfill::BackfillArguments),
    /// See and change what a running service does by itself
    Schedules(schedules::SchedulesArguments),
    /// Install, see, repair and remove the hooks of a store in BigCommerce
    Webhooks(schedules::WebhooksArguments),
    /// Work on the rules of a running service; check rule files, or print them in another format
    Rules(rules::RulesArguments),
    /// Play a trading day against counterparts on this machine and show the books
    #[cfg(feature = "sandbox")]
    Demo(demo::DemoArguments),
    /// Measure how fast orders go through the service, against counterparts on this machine
    #[cfg(feature = "sandbox")]
    BenchSync(bench_sync::BenchSyncArguments),
    /// Run a BigCommerce store and an Intacct company on this machine
    #[cfg(feature = "sandbox")]
    Sandbox(sandbox::SandboxArguments),
}

/// Where the settings are.
#[derive(Debug, Clone, Args)]
struct SettingsArguments {
    /// The settings file; see cartledger.example.toml
    #[arg(long, default_value = "cartledger.toml", value_name = "FILE")]
    config: PathBuf,
}

impl SettingsArguments {
    fn load(&self) -> anyhow::Result<(Config, Environment)> {
        let environment = Environment::of_process();
        let config = Config::load(Some(&self.config), &environment)?;
        Ok((config, environment))
    }
}

/// Runs a command; the answer is the process's exit status.
///
/// # Errors
/// Anything that ends the command, with what to do about it.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Serve(arguments) => serve::run(arguments).await,
        Command::Migrate(arguments) => migrate::run(&arguments).await,
        Command::Check(arguments) => check::run(&arguments).await,
        Command::Derive(arguments) => derive::run(&arguments),
        Command::Orders(arguments) => orders::run(arguments).await,
        Command::Usage(arguments) => usage::run(arguments).await,
        Command::Token(arguments) => token::run(arguments).await,
        Command::Audit(arguments) => audit::run(arguments).await,
        Command::Openapi => describe::openapi(),
        Command::Completions(arguments) => describe::completions(&arguments),
        Command::Holds(arguments) => holds::run(arguments).await,
        Command::Replay(arguments) => replay::run(arguments).await,
        Command::DryRun(arguments) => dry_run::run(arguments).await,
        Command::Backfill(arguments) => backfill::run(arguments).await,
        Command::Schedules(arguments) => schedules::run(arguments).await,
        Command::Webhooks(arguments) => schedules::webhooks(arguments).await,
        Command::Rules(arguments) => rules::run(&arguments).await,
        #[cfg(feature = "sandbox")]
        Command::Demo(arguments) => demo::run(arguments).await,
        #[cfg(feature = "sandbox")]
        Command::BenchSync(arguments) => bench_sync::run(arguments).await,
        #[cfg(feature = "sandbox")]
        Command::Sandbox(arguments) => sandbox::run(arguments).await,
    }
}

/// The database's name on the private server.
const DATABASE: &str = "cartledger";

/// Opens the database the settings name, or a private server of our own when they name none.
async fn open_database(config: &Config, environment: &Environment) -> anyhow::Result<(Store, EmbeddedPostgres)> {
    use secrecy::ExposeSecret;

    let url = match &config.database.url {
        Some(source) => Some(source.fetch("database.url", environment)?.expose_secret().to_owned()),
        None => environment.get("DATABASE_URL").map(str::to_owned),
    };
    let postgres = EmbeddedPostgres::given_or_start(url.as_deref(), Purpose::Run, None).await?;
    let options = if url.is_some() {
        postgres.maintenance_options()
    } else {
        postgres.ensure_database(DATABASE).await?;
        postgres.connect_options(DATABASE)
    };
    let store = Store::connect(options, config.database.connections).await.context("opening the database")?;
    Ok((store, postgres))
}

/// Prints what a command has to say.
fn show(text: &[u8]) -> anyhow::Result<()> {
    match std::io::stdout().lock().write_all(text) {
        // Whoever reads has seen enough, for example `head`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("printing"),
    }
}
