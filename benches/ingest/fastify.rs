//! The peer: a receiver in Node, with an INSERT and a commit for each delivery.

use std::path::Path;

use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::common::peers;
use super::common::postgres::Server;
use super::common::service::{SECRET, Service, free_address};

/// Starts it.
pub async fn start(folder: &Path, server: &Server, database: &str) -> anyhow::Result<Service> {
    let address = free_address()?;
    let environment =
        [("DATABASE_URL", server.url(database)?), ("PORT", address.port().to_string()), ("SECRET", SECRET.to_owned())];
    let mut child = peers::start(folder, "fastify.mjs", &environment)?;
    if let Some(output) = child.stdout.take() {
        let _ = BufReader::new(output).lines().next_line().await?;
    }
    Service::listening(child, address).await
}
