//! `cartledger migrate`: brings the database schema up to date.

use std::process::ExitCode;

use super::{SettingsArguments, open_database};

pub(super) async fn run(arguments: &SettingsArguments) -> anyhow::Result<ExitCode> {
    let (config, environment) = arguments.load()?;
    let (store, postgres) = open_database(&config, &environment).await?;
    store.migrate().await?;
    store.close().await;
    postgres.stop().await?;
    println!("The database schema is up to date.");
    Ok(ExitCode::SUCCESS)
}
