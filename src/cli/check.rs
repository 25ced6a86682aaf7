//! `cartledger check`: are the settings right, do both sides answer, and does everything the rules name exist?

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;

use super::{SettingsArguments, open_database};
use crate::accounting::masters::MasterKind;
use crate::accounting::masters::named::{self, Problem};
use crate::accounting::rulebook::{Rule, Rulebook};
use crate::app;
use crate::clock::{self, Clock};
use crate::config::{CompanySettings, Config, Environment, StoreSettings};
use crate::intacct::client::Client;
use crate::intacct::functions::{Function, Query};
use crate::intacct::lookup;
use crate::intacct::outcome::Outcome;
use crate::intacct::request::{ControlId, FunctionCall};
use crate::intacct::response::FunctionResult;
use crate::lifecycle::Shutdown;
use crate::store::Store;
use crate::store::lane::WakeUp;

/// How long a reading of a running service is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Collects findings and prints them as they come.
#[derive(Default)]
struct Report {
    wrong: usize,
}

impl Report {
    fn good(&self, what: &str) {
        println!("ok     {what}");
    }

    fn bad(&mut self, what: &str, why: impl std::fmt::Display) {
        self.wrong += 1;
        println!("WRONG  {what}: {why:#}");
    }
}

pub(super) async fn run(arguments: &SettingsArguments) -> anyhow::Result<ExitCode> {
    let (config, environment) = arguments.load()?;
    let mut report = Report::default();
    report.good(&format!("settings in {}", arguments.config.display()));
    let clock = Clock::system();
    let (store, postgres) = open_database(&config, &environment).await?;
    match store.migrate().await {
        Ok(()) => report.good("database: answers, schema up to date"),
        Err(error) => report.bad("database", error),
    }
    for settings in &config.stores {
        check_store(settings, &environment, &clock, &mut report).await;
    }
    for company in &config.companies {
        check_company(&config, company, &environment, &clock, &store, &mut report).await;
    }
    store.close().await;
    postgres.stop().await?;
    if report.wrong == 0 {
        println!("Everything is in order.");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} to mend.", report.wrong);
    Ok(ExitCode::from(1))
}

async fn check_store(settings: &StoreSettings, environment: &Environment, clock: &Clock, report: &mut Report) {
    let what = format!("store {}", settings.name);
    for source in &settings.client_secrets {
        if let Err(error) = source.fetch("client_secrets", environment) {
            report.bad(&what, error);
        }
    }
    let reader = match app::reader(settings, environment, clock) {
        Ok(reader) => reader,
        Err(error) => return report.bad(&what, error),
    };
    if let Err(error) = reader.check_access().await {
        report.bad(&what, error);
    }
    match reader.store_information().await {
        Ok(found) if found.time_zone != settings.accounting.time_zone.name() => report.bad(
            &what,
            format!(
                "BigCommerce says its time zone is {}, the settings say {}: orders near midnight would get another posting date",
                found.time_zone,
                settings.accounting.time_zone.name()
            ),
        ),
        Ok(found) => report.good(&format!("{what}: {} answers, currency {}, time zone {}", found.name, found.currency.map(String::from).unwrap_or_default(), found.time_zone)),
        Err(error) => report.bad(&what, error),
    }
}

async fn check_company(
    config: &Config,
    company: &CompanySettings,
    environment: &Environment,
    clock: &Clock,
    store: &Store,
    report: &mut Report,
) {
    let what = format!("company {}", company.name);
    let client = match app::company_client(company, environment, clock) {
        Ok(client) => client,
        Err(error) => return report.bad(&what, error),
    };
    match read(&client, vec![lookup::ping()]).await {
        Ok(_) => report.good(&format!("{what}: signed in to {} and read", company.company_id)),
        Err(error) => return report.bad(&what, error),
    }
    let stores: Vec<&StoreSettings> =
        config.stores.iter().filter(|settings| settings.company == company.name).collect();
    for settings in &stores {
        check_customer_field(&client, settings, report).await;
    }
    if let Err(error) = refresh(config, company, client, store, clock).await {
        return report.bad(&format!("master data of {}", company.name), error);
    }
    for settings in stores {
        match rules_of(store, &settings.name).await {
            Ok(Some(rules)) => check_names(company, settings, &rules, store, report).await,
            Ok(None) => report.bad(
                &format!("rules of {}", settings.name),
                format!("there are none yet; put them with PUT /v1/stores/{}/rules", settings.name),
            ),
            Err(error) => report.bad(&format!("rules of {}", settings.name), error),
        }
    }
}

/// Whether Intacct has the custom field on customers that the store's settings name.
async fn check_customer_field(client: &Client, settings: &StoreSettings, report: &mut Report) {
    let Some(field) = &settings.accounting.customers.id_field else { return };
    let what = format!("custom field {field} of {}", settings.name);
    let query = Query { page_size: 1, ..Query::new("CUSTOMER", &["RECORDNO", field], None) };
    match read(client, vec![query]).await {
        Ok(_) => report.good(&format!("{what}: customers have it")),
        Err(error) => {
            report.bad(&what, format!("add it to customers in Intacct, or correct customers.id_field: {error}"))
        }
    }
}

async fn rules_of(store: &Store, name: &str) -> anyhow::Result<Option<Vec<Rule>>> {
    let Some(revision) = store.latest_rulebook(name).await? else { return Ok(None) };
    let rules: Vec<Rule> = serde_json::from_value(revision.rules).context("the stored rules cannot be read")?;
    if let Err(problems) = Rulebook::new(rules.clone()) {
        anyhow::bail!("{}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
    }
    Ok(Some(rules))
}

/// Looks up everything that the rules and the settings name.
async fn check_names(
    company: &CompanySettings,
    settings: &StoreSettings,
    rules: &[Rule],
    store: &Store,
    report: &mut Report,
) {
    let mut named = named::of_settings(&settings.accounting, &company.application_account);
    named.extend(named::of_rules(rules));
    let states = match store.refresh_states(&company.name).await {
        Ok(states) => states,
        Err(error) => return report.bad("master data", error),
    };
    let masters = match store.named_masters(&company.name, named.iter().map(|one| (&one.kind, one.id.as_str()))).await {
        Ok(masters) => masters,
        Err(error) => return report.bad("master data", error),
    };
    let problems = named::problems(&named, &masters);
    let kinds: BTreeSet<&MasterKind> = named.iter().map(|one| &one.kind).collect();
    for kind in kinds {
        let what = format!("{} of {}", kind.label(), settings.name);
        let wrong: Vec<&Problem> = problems.iter().filter(|problem| problem.kind == *kind).collect();
        for problem in &wrong {
            report.bad(&format!("{what} {}{}", problem.id, problem.name), problem.advice());
        }
        let ids: BTreeSet<&str> = named.iter().filter(|one| one.kind == *kind).map(|one| one.id.as_str()).collect();
        if masters.of(kind).is_none() {
            let state = states.iter().find(|state| state.kind == *kind);
            let why = state.and_then(|state| state.unavailable.clone().or_else(|| state.last_error.clone()));
            let why = why.unwrap_or_else(|| "it was never read".to_owned());
            report.bad(&what, format!("{} cannot be looked up: {why}", ids.len()));
        } else if wrong.is_empty() {
            report.good(&format!("{what}: all {} exist and are active", ids.len()));
        }
    }
}

/// Brings the mirror up to date; while a running service does that, its work is waited for.
async fn refresh(
    config: &Config,
    company: &CompanySettings,
    client: Client,
    store: &Store,
    clock: &Clock,
) -> anyhow::Result<()> {
    let shutdown = Shutdown::new(Duration::from_secs(5));
    let gateway = app::gateway(company, client, store, clock, &shutdown);
    let mirror = app::mirror(config, company, store, gateway, &WakeUp::default());
    let read = mirror.refresh_now(PATIENCE).await;
    // Its permits are given back and its counts written before the answer.
    drop(mirror);
    shutdown.begin();
    shutdown.finish().await;
    anyhow::ensure!(read?, "another process is still reading it; try again later");
    Ok(())
}

async fn read(client: &Client, queries: Vec<Query>) -> anyhow::Result<Vec<FunctionResult>> {
    let calls = queries
        .into_iter()
        .map(|query| {
            let control_id = ControlId::new(format!("check-{}", clock::random_id()))?;
            Ok(FunctionCall { control_id, function: Function::Query(query) })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let mut results = Vec::new();
    for outcome in client.call(&calls).await? {
        match outcome {
            Outcome::Done(result) => results.push(result),
            Outcome::Failed(result) => anyhow::bail!("{}", crate::intacct::errors::summary(&result.errors)),
            Outcome::Unknown { reason, .. } => anyhow::bail!("{reason}"),
        }
    }
    Ok(results)
}
