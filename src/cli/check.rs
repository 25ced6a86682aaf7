//! `cartledger check`: are the settings right, do both sides answer, and does everything the rules name exist?

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use anyhow::Context;

use super::{SettingsArguments, open_database};
use crate::accounting::policy::{ChangedOrders, PostingMode, Recognition};
use crate::accounting::rulebook::{Give, Rule, Rulebook};
use crate::app;
use crate::clock::{self, Clock};
use crate::config::{CompanySettings, Config, Environment, StoreSettings};
use crate::intacct::client::Client;
use crate::intacct::functions::{Function, Query};
use crate::intacct::lookup::{self, Absence, MasterRecord};
use crate::intacct::outcome::Outcome;
use crate::intacct::request::{ControlId, FunctionCall};
use crate::intacct::response::FunctionResult;
use crate::store::Store;

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
    for settings in config.stores.iter().filter(|settings| settings.company == company.name) {
        match rules_of(store, &settings.name).await {
            Ok(Some(rules)) => check_names(&client, company, settings, &rules, report).await,
            Ok(None) => report.bad(
                &format!("rules of {}", settings.name),
                "there are none yet; put them with PUT /v1/stores/{store}/rules",
            ),
            Err(error) => report.bad(&format!("rules of {}", settings.name), error),
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

/// Everything the rules and the settings name in Intacct, by kind.
fn names(
    company: &CompanySettings,
    settings: &StoreSettings,
    rules: &[Rule],
) -> BTreeMap<MasterRecord, BTreeSet<String>> {
    let mut names: BTreeMap<MasterRecord, BTreeSet<String>> = BTreeMap::new();
    let mut add = |kind, name: &str| {
        if !name.is_empty() {
            names.entry(kind).or_default().insert(name.to_owned());
        }
    };
    add(MasterRecord::GlAccount, &company.application_account);
    let policy = &settings.accounting;
    add(MasterRecord::GlAccount, &policy.receivable_account);
    for account in [&policy.rounding_account, &policy.deposit_account] {
        add(MasterRecord::GlAccount, account.as_deref().unwrap_or_default());
    }
    let daily =
        std::iter::once(&policy.posting).chain(policy.posting_changes.values()).any(|m| *m == PostingMode::Daily);
    let corrects = policy.changed_orders == ChangedOrders::Correct;
    if daily || corrects || policy.cost_of_goods || policy.recognition == Recognition::ShipDate {
        add(MasterRecord::Journal, &policy.journal);
    }
    for (give, value) in rules.iter().flat_map(|rule| &rule.gives) {
        match give {
            Give::Account | Give::RefundAccount | Give::CostAccount | Give::InventoryAccount | Give::ScrapAccount => {
                add(MasterRecord::GlAccount, value)
            }
            Give::BankAccount => add(MasterRecord::BankAccount, value),
            Give::SummaryCustomer => add(MasterRecord::Customer, value),
            Give::Terms => add(MasterRecord::Term, value),
            Give::Dimension(name) => match name.as_str() {
                "location" => add(MasterRecord::Location, value),
                "department" => add(MasterRecord::Department, value),
                "class" => add(MasterRecord::Class, value),
                "project" => add(MasterRecord::Project, value),
                "item" => add(MasterRecord::Item, value),
                _ => {}
            },
            _ => {}
        }
    }
    names
}

async fn check_names(
    client: &Client,
    company: &CompanySettings,
    settings: &StoreSettings,
    rules: &[Rule],
    report: &mut Report,
) {
    for (kind, ids) in names(company, settings, rules) {
        let what = format!("{} of {}", kind.label(), settings.name);
        let results = match read(client, lookup::master_records(kind, &ids)).await {
            Ok(results) => results,
            Err(error) => {
                report.bad(&what, error);
                continue;
            }
        };
        match lookup::absences(kind, &ids, &results) {
            Ok(absent) if absent.is_empty() => report.good(&format!("{what}: all {} exist and are active", ids.len())),
            Ok(absent) => {
                for (id, absence) in absent {
                    let why = match absence {
                        Absence::Missing => "does not exist in Intacct: create it, or change the rule that names it",
                        Absence::Inactive => "is inactive in Intacct: activate it, or change the rule that names it",
                    };
                    report.bad(&format!("{what} {id}"), why);
                }
            }
            Err(error) => report.bad(&what, error),
        }
    }
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
