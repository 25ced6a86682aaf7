//! `cartledger rules convert`: the same rules as a table or as JSON.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::super::rules_files;

/// Which rules to print, and how.
#[derive(Debug, Args)]
pub(super) struct ConvertArguments {
    /// A .json or .csv file of rules, or a folder of them that together are one rulebook
    #[arg(value_name = "FILE|FOLDER")]
    rules: PathBuf,
    /// What to print on standard output
    #[arg(long)]
    to: Format,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// A table for a spreadsheet, comma-separated
    Csv,
    /// A list, a rule a line
    Json,
}

pub(super) fn run(arguments: &ConvertArguments) -> anyhow::Result<ExitCode> {
    let rulebook = rules_files::read(&arguments.rules)?;
    let text = match arguments.to {
        Format::Csv => rulebook.to_csv(),
        Format::Json => rulebook.to_json()?,
    };
    super::super::show(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
