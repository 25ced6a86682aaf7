//! `cartledger token`: who may use the admin API. The first token is made in the database itself.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::ToSpan;
use reqwest::Method;

use super::output::OutputArguments;
use super::remote::{Body, RemoteArguments};
use super::{SettingsArguments, open_database, show};
use crate::clock::{self, Clock};
use crate::config::Environment;
use crate::store::token::{NewToken, OF_COMMAND_LINE, Role, hash_of, token_name};

/// What to do with tokens.
#[derive(Debug, Args)]
pub(super) struct TokenArguments {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a token in the database of the settings; prints it, this once
    Create(CreateArguments),
    /// List the tokens of a running service
    List {
        #[command(flatten)]
        remote: RemoteArguments,
        #[command(flatten)]
        output: OutputArguments,
    },
    /// Make a token of a running service invalid, at once and for good
    Revoke {
        /// Its number, as the list shows it
        id: i64,
        #[command(flatten)]
        remote: RemoteArguments,
    },
}

/// The token to make.
#[derive(Debug, Args)]
struct CreateArguments {
    /// Whose it is: the name in the audit log
    name: String,
    /// viewer, preparer, approver or admin
    #[arg(long)]
    role: Role,
    /// After how many days it expires; never when not given
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..))]
    days: Option<u16>,
    #[command(flatten)]
    settings: SettingsArguments,
}

pub(super) async fn run(arguments: TokenArguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        TokenCommand::Create(arguments) => create(&arguments).await?,
        TokenCommand::List { remote, output } => {
            let tokens = remote.open()?.get("/v1/tokens", &[]).await?;
            let columns = [
                ("Id", "id"),
                ("Name", "name"),
                ("Role", "role"),
                ("Made by", "created_by"),
                ("Made at", "created_at"),
                ("Expires", "expires_at"),
                ("Last used", "last_used_at"),
                ("Revoked", "revoked_at"),
            ];
            output.rows(tokens.as_array().map_or(&[], Vec::as_slice), &columns)?;
        }
        TokenCommand::Revoke { id, remote } => {
            remote.open()?.ask(Method::DELETE, &format!("/v1/tokens/{id}"), &[], Body::None).await?;
            show(format!("Token {id} is not valid any more.\n").as_bytes())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(arguments: &CreateArguments) -> anyhow::Result<()> {
    let name = token_name(&arguments.name).map_err(|why| anyhow::anyhow!(why))?;
    let (config, environment) = arguments.settings.load()?;
    let expires_at =
        arguments.days.map(|days| Clock::system().now().checked_add((i64::from(days) * 24).hours())).transpose()?;
    let (store, postgres) = open_database(&config, &environment).await?;
    store.migrate().await?;
    let token = clock::random_token();
    let created_by = person(&environment);
    let new = NewToken { name, role: arguments.role, expires_at, created_by: &created_by };
    let made = store.create_token(&new, &hash_of(&token)).await?;
    store.close().await;
    postgres.stop().await?;
    if made.is_none() {
        anyhow::bail!("'{name}' has a token already; choose another name, or revoke the other token first");
    }
    eprintln!("A token for {name} ({}). Keep it now: it is not shown again.", arguments.role);
    show(format!("{token}\n").as_bytes())
}

/// Who uses the command line, for the audit log.
fn person(environment: &Environment) -> String {
    format!("{OF_COMMAND_LINE}: {}", environment.get("USER").unwrap_or("unknown"))
}
