//! `cartledger usage`: what the API transactions of each Intacct company come to.

use std::process::ExitCode;

use clap::Args;

use super::output::{Column, OutputArguments};
use super::remote::{RemoteArguments, encoded};

/// Whose usage to show.
#[derive(Debug, Args)]
pub(super) struct UsageArguments {
    /// One company, in detail; all of them when not given
    company: Option<String>,
    #[command(flatten)]
    remote: RemoteArguments,
    #[command(flatten)]
    output: OutputArguments,
}

const COMPANIES: [Column; 6] = [
    ("Company", "name"),
    ("Month", "budget.month"),
    ("Spent", "budget.used"),
    ("Forecast", "budget.forecast"),
    ("Limit", "budget.limit"),
    ("Standing", "budget.standing"),
];

pub(super) async fn run(arguments: UsageArguments) -> anyhow::Result<ExitCode> {
    let remote = arguments.remote.open()?;
    match &arguments.company {
        Some(company) => {
            let usage = remote.get(&format!("/v1/companies/{}/usage", encoded(company)), &[]).await?;
            arguments.output.one(&usage)?;
        }
        None => {
            let companies = remote.get("/v1/companies", &[]).await?;
            let rows = companies.get("companies").and_then(serde_json::Value::as_array);
            arguments.output.rows(rows.map_or(&[], Vec::as_slice), &COMPANIES)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
