//! `cartledger openapi` and `cartledger completions`: what programs and shells want to know about this one.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, CommandFactory};

use super::{Arguments, show};
use crate::http::admin;

/// Which shell.
#[derive(Debug, Args)]
pub(super) struct CompletionsArguments {
    /// The shell to complete for
    shell: clap_complete::Shell,
}

/// Prints the description of the admin API.
pub(super) fn openapi() -> anyhow::Result<ExitCode> {
    let text = serde_json::to_string_pretty(&admin::description()).context("writing the description")?;
    show(format!("{text}\n").as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Prints what a shell needs to complete commands.
pub(super) fn completions(arguments: &CompletionsArguments) -> anyhow::Result<ExitCode> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "cartledger", &mut text);
    show(&text)?;
    Ok(ExitCode::SUCCESS)
}
