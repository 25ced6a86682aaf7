//! `cartledger serve`: the service.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use super::{SettingsArguments, open_database, open_files};
use crate::app::{self, Role};
use crate::failpoint;
use crate::lifecycle::Shutdown;
use crate::telemetry::{self, LogFormat};

/// How to serve.
#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    #[command(flatten)]
    settings: SettingsArguments,
    /// What this process does; several processes may share the work on one database
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = [RoleName::Ingest, RoleName::Worker, RoleName::Api])]
    role: Vec<RoleName>,
    /// Stop when standard input closes, for a parent that wants no orphan
    #[arg(long, hide = true)]
    until_input_closes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RoleName {
    /// Receive webhooks
    Ingest,
    /// Work on orders
    Worker,
    /// Serve the admin API
    Api,
}

pub(super) async fn run(arguments: ServeArguments) -> anyhow::Result<ExitCode> {
    let (config, environment) = arguments.settings.load()?;
    if let Some(failpoint) = environment.get(failpoint::VARIABLE) {
        failpoint::arm(failpoint.parse()?);
    }
    let format: LogFormat = config.log.format.parse()?;
    telemetry::install_logs(format, &config.log.filter)?;
    open_files::allow(&config);
    let shutdown = Shutdown::install(Duration::from_secs(config.worker.grace_seconds))?;
    let (store, postgres) = open_database(&config, &environment).await?;
    store.migrate().await?;
    let listener = TcpListener::bind(&config.server.listen).await.with_context(|| {
        format!(
            "listening on {}: set another address with [server] listen or CARTLEDGER_SERVER__LISTEN",
            config.server.listen
        )
    })?;
    let roles: BTreeSet<Role> = arguments
        .role
        .iter()
        .map(|role| match role {
            RoleName::Ingest => Role::Ingest,
            RoleName::Worker => Role::Worker,
            RoleName::Api => Role::Api,
        })
        .collect();
    tracing::info!(address = %listener.local_addr()?, stores = config.stores.len(), "serving");
    app::start(&config, &environment, store.clone(), listener, &roles, &shutdown)?;
    if arguments.until_input_closes {
        stop_with_input(shutdown.clone());
    }
    let clean = shutdown.finish().await;
    store.close().await;
    postgres.stop().await?;
    tracing::info!(clean, "stopped");
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn stop_with_input(shutdown: Shutdown) {
    tokio::spawn(async move {
        let mut ignored = Vec::new();
        // End of input and a broken pipe both mean that the parent is gone.
        let _ = tokio::io::stdin().read_to_end(&mut ignored).await;
        shutdown.begin();
    });
}
