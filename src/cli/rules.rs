//! `cartledger rules`: work on rule files, without a database or a network.

mod check;
mod convert;

use std::process::ExitCode;

use clap::{Args, Subcommand};

/// What to do with rule files.
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
}

pub(super) fn run(arguments: &RulesArguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        RulesCommand::Check(arguments) => check::run(arguments),
        RulesCommand::Convert(arguments) => convert::run(arguments),
    }
}
