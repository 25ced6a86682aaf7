//! `cartledger audit`: what was done, and whether the log of it is as it was written.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::output::OutputArguments;
use super::remote::{RemoteArguments, filters};
use super::{SettingsArguments, open_database, show};
use crate::store::audit::Verification;

/// What to do with the audit log.
#[derive(Debug, Args)]
pub(super) struct AuditArguments {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// List the log of a running service, oldest first
    List(ListArguments),
    /// Check every hash of the log in the database of the settings; exit status 1 and the first wrong row when it was changed
    Verify {
        /// A place and its hash that were noted earlier, for example 1042:9f86...: they must still be there
        #[arg(long, value_name = "PLACE:HASH")]
        known: Option<String>,
        #[command(flatten)]
        settings: SettingsArguments,
    },
}

/// Which entries to list.
#[derive(Debug, Args)]
struct ListArguments {
    /// Only by this name
    #[arg(long)]
    actor: Option<String>,
    /// Only entries whose action or subject contains this
    #[arg(long)]
    about: Option<String>,
    /// Only entries of this request
    #[arg(long)]
    request_id: Option<String>,
    /// Only entries from this moment on (UTC)
    #[arg(long)]
    from: Option<Timestamp>,
    /// Only entries before this moment (UTC)
    #[arg(long)]
    to: Option<Timestamp>,
    /// At most so many
    #[arg(long, default_value_t = 1000)]
    limit: usize,
    #[command(flatten)]
    remote: RemoteArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(super) async fn run(arguments: AuditArguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        AuditCommand::List(arguments) => list(arguments).await,
        AuditCommand::Verify { known, settings } => verify(known.as_deref(), &settings).await,
    }
}

async fn list(arguments: ListArguments) -> anyhow::Result<ExitCode> {
    let query = filters([
        ("actor", arguments.actor),
        ("about", arguments.about),
        ("request_id", arguments.request_id),
        ("from", arguments.from.map(|at| at.to_string())),
        ("to", arguments.to.map(|at| at.to_string())),
    ]);
    let entries = arguments.remote.open()?.all("/v1/audit", &query, "entries", arguments.limit).await?;
    let columns = [
        ("Place", "seq"),
        ("At (UTC)", "at"),
        ("Who", "actor"),
        ("Role", "role"),
        ("What", "action"),
        ("Of", "subject"),
        ("Phase", "phase"),
        ("Answer", "detail.status"),
    ];
    arguments.output.rows(&entries, &columns)?;
    Ok(ExitCode::SUCCESS)
}

async fn verify(known: Option<&str>, settings: &SettingsArguments) -> anyhow::Result<ExitCode> {
    let known = known.map(place_and_hash).transpose()?;
    let (config, environment) = settings.load()?;
    let (store, postgres) = open_database(&config, &environment).await?;
    let found = store.verify_audit(known).await;
    store.close().await;
    postgres.stop().await?;
    match found.context("reading the audit log; is the schema up to date (cartledger migrate)?")? {
        Verification::Intact { entries, head } => {
            let note = format!(
                "Note {entries}:{head} elsewhere; --known proves with it later that nothing before it was changed."
            );
            show(format!("The audit log is as it was written: {entries} entries.\n{note}\n").as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        Verification::Broken { seq, why } => {
            show(format!("The audit log was changed. First wrong row: entry {seq}: {why}.\n").as_bytes())?;
            Ok(ExitCode::FAILURE)
        }
    }
}

fn place_and_hash(text: &str) -> anyhow::Result<(i64, &str)> {
    let (place, hash) = text.split_once(':').context("--known takes a place and a hash: 1042:9f86...")?;
    let place: i64 = place.parse().context("the place of --known is no number")?;
    let noted = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    anyhow::ensure!(place > 0 && noted, "--known takes a place from 1 on and a hash of 64 hexadecimal digits");
    Ok((place, hash))
}
