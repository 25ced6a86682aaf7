//! `cartledger rules`: work on rule files, without a database or a network.

mod check;
mod convert;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Context;
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

/// Prints what a command has to say.
fn show(text: &[u8]) -> anyhow::Result<()> {
    match std::io::stdout().lock().write_all(text) {
        // Whoever reads has seen enough, for example `head`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("printing"),
    }
}
