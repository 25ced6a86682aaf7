//! `cartledger rules`: work on rule files without a database or a network, and on the rules of a running service.

mod check;
mod convert;
mod remote;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// What to do with rules.
#[derive(Debug, Args)]
pub(super) struct RulesArguments {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    /// Check rules and show what the team should know about them; exit status 1 when they are refused
    Check(check::CheckArguments),
    /// Print rules as a table or as JSON, without loss
    Convert(convert::ConvertArguments),
    #[command(flatten)]
    Remote(remote::RemoteCommand),
}

pub(super) async fn run(arguments: &RulesArguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        RulesCommand::Check(arguments) => check::run(arguments),
        RulesCommand::Convert(arguments) => convert::run(arguments),
        RulesCommand::Remote(command) => remote::run(command).await,
    }
}
