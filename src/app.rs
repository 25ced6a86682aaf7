//! Builds clients, state, router and workers: the only place that knows them all.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::accounting::policy::{Policy, Recognition};
use crate::bigcommerce::client::{Extras, StoreClient};
use crate::clock::Clock;
use crate::config::{self, CompanySettings, Config, Environment, RetentionSettings, StoreSettings};
use crate::http::body::BodyLimits;
use crate::http::intake::Intake;
use crate::http::layers::{Pace, SettingsToken};
use crate::http::server::{self, ServerOptions};
use crate::http::webhooks::WebhookStore;
use crate::http::{self, ApiState, RuleSettings, ScheduleFacts};
use crate::intacct;
use crate::intacct::posting::customer::CustomerForm;
use crate::intacct::xml::FieldName;
use crate::lifecycle::Shutdown;
use crate::store::Store;
use crate::store::lane::WakeUp;
use crate::store::schedule::Intervals;
use crate::store::usage::{Budget, OverBudget};
use crate::telemetry::Metrics;
use crate::worker::backfill;
use crate::worker::connection::StoreConnection;
use crate::worker::customers::keeper::{Keeper, KeeperOptions};
use crate::worker::daily::Daily;
use crate::worker::dry_runs::DryRuns;
use crate::worker::gateway::{Gateway, GatewayOptions};
use crate::worker::ledger_events::LedgerEvents;
use crate::worker::mirror::{Mirror, MirrorOptions};
use crate::worker::retention::{Retention, RetentionOptions};
use crate::worker::run::{Worker, WorkerOptions};
use crate::worker::schedule::{self, ScheduleOptions};
use crate::worker::validation::Masters;

/// What a process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Receives webhooks.
    Ingest,
    /// Works on orders.
    Worker,
    /// Serves the admin API.
    Api,
}

/// Starts everything the roles ask for; all of it ends with `shutdown`.
///
/// # Errors
/// A secret that is not there, or a client that cannot be built.
pub fn start(
    config: &Config,
    environment: &Environment,
    store: Store,
    listener: TcpListener,
    roles: &BTreeSet<Role>,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    // Before anything is measured: what is set without it is lost.
    let metrics = Metrics::install()?;
    let clock = Clock::system();
    let wake = WakeUp::default();
    if roles.contains(&Role::Worker) {
        let gateways = gateways(config, environment, &store, &clock, shutdown)?;
        let connections = Arc::new(connections(config, environment, &store, &clock, &gateways)?);
        let options = WorkerOptions {
            concurrency: config.worker.concurrency,
            lease: Duration::from_secs(config.worker.lease_seconds),
            poll: Duration::from_millis(config.worker.poll_ms),
            retries: config.worker.retry_seconds.iter().copied().map(Duration::from_secs).collect(),
            payment_waits: config.worker.payment_waits_seconds.iter().copied().map(Duration::from_secs).collect(),
        };
        schedule::start(&store, &wake, &options, &schedule_options(config), &connections, shutdown);
        backfill::start(&store, &wake, &options, &connections, shutdown);
        Daily::start(&store, &options, &connections, shutdown);
        LedgerEvents::start(&store, &options, &connections, shutdown);
        DryRuns::start(&store, &options, &connections, shutdown);
        Retention::start(&store, &options, &retention_options(&config.retention), &connections, shutdown);
        for company in &config.companies {
            let gateway = gateways.get(&company.name).context("every company has a gateway")?;
            let mirror = mirror(config, company, &store, gateway.clone(), &wake);
            shutdown.spawn("mirror of master data", mirror.run(shutdown.clone()));
        }
        let keeper = KeeperOptions {
            poll: options.poll,
            lease: options.lease,
            retries: options.retries.clone(),
            try_held_every: Duration::from_secs(config.worker.held_buyers_seconds),
        };
        Keeper::start(&store, &clock, keeper, &connections, shutdown);
        let worker = Worker::new(store.clone(), wake.clone(), clock.clone(), options, connections);
        shutdown.spawn("worker", worker.run(shutdown.clone()));
    }
    let debounce = Duration::from_millis(config.server.debounce_ms);
    let body_within = Duration::from_secs(config.server.body_seconds);
    let state = ApiState {
        intake: Intake::start(store.clone(), wake.clone(), shutdown, config.server.waiting_deliveries_max, debounce),
        store,
        wake,
        clock,
        webhook_stores: Arc::new(webhook_stores(config, environment)?),
        policies: Arc::new(policies(config)?),
        company_of_store: Arc::new(
            config.stores.iter().map(|store| (store.name.clone(), store.company.clone())).collect(),
        ),
        rule_settings: Arc::new(rule_settings(config)?),
        settings_token: settings_token(config, environment)?,
        pace: Pace::new(config.admin.requests_per_minute),
        admin_body: BodyLimits { bytes_max: config.admin.body_bytes_max, within: body_within },
        companies: Arc::new(config.companies.iter().map(|company| (company.name.clone(), budget(company))).collect()),
        schedules: Arc::new(schedule_facts(config)),
        metrics: metrics.clone(),
        webhook_body: BodyLimits { bytes_max: config.server.body_bytes_max, within: body_within },
    };
    let router = http::router(state, roles.contains(&Role::Ingest), roles.contains(&Role::Api));
    let options = ServerOptions {
        connections_max: config.server.connections_max,
        idle_max: Duration::from_secs(config.server.idle_connection_seconds),
    };
    shutdown.spawn("http server", server::serve(listener, router, options, shutdown.soft()));
    let soft = shutdown.soft();
    shutdown.spawn("metrics", async move {
        tokio::select! {
            () = metrics.keep_up() => {}
            () = soft.cancelled() => {}
        }
    });
    Ok(())
}

/// Builds the reader of a store.
///
/// # Errors
/// A secret that is not there, or settings no client can be built from.
pub fn reader(settings: &StoreSettings, environment: &Environment, clock: &Clock) -> anyhow::Result<StoreClient> {
    let access_token = settings.access_token.fetch(&format!("stores.{}.access_token", settings.name), environment)?;
    let connection = crate::bigcommerce::client::StoreConnection {
        name: settings.name.clone(),
        base_url: settings.api_url.clone(),
        store_hash: settings.store_hash.clone(),
        access_token,
        reserve_percent: settings.quota_reserve_percent,
        extras: extras(settings),
    };
    StoreClient::new(connection, clock.clone()).with_context(|| format!("store {}", settings.name))
}

/// What of its orders a store needs beyond what every store does: nothing is asked for that nobody uses.
fn extras(settings: &StoreSettings) -> Extras {
    let policy = &settings.accounting;
    Extras {
        shipments: policy.recognition == Recognition::ShipDate || policy.cost_of_goods,
        customers: settings.read_customer_groups,
        categories: settings.read_categories,
    }
}

/// Builds the client of a company.
///
/// # Errors
/// A secret that is not there, or settings no client can be built from.
pub fn company_client(
    settings: &CompanySettings,
    environment: &Environment,
    clock: &Clock,
) -> anyhow::Result<intacct::client::Client> {
    let fetch = |what: &str, source: &crate::config::SecretSource| {
        source.fetch(&format!("companies.{}.{what}", settings.name), environment)
    };
    let credentials = intacct::client::Credentials {
        sender_id: settings.sender_id.clone(),
        sender_password: fetch("sender_password", &settings.sender_password)?,
        company_id: settings.company_id.clone(),
        user_id: settings.user_id.clone(),
        user_password: fetch("user_password", &settings.user_password)?,
        location_id: settings.entity.clone(),
    };
    let timeout = Duration::from_secs(settings.timeout_seconds);
    let client = intacct::client::Client::new(&settings.url, credentials, timeout, clock.clone())
        .with_context(|| format!("company {}", settings.name))?;
    Ok(client.with_additional_info(settings.additional_error_info))
}

/// The gateway of a company.
pub fn gateway(
    settings: &CompanySettings,
    client: intacct::client::Client,
    store: &Store,
    clock: &Clock,
    shutdown: &Shutdown,
) -> Gateway {
    let options = GatewayOptions {
        company: settings.name.clone(),
        concurrency: settings.concurrency,
        batch: settings.documents_per_request,
        timeout: Duration::from_secs(settings.timeout_seconds),
        budget: budget(settings),
    };
    Gateway::start(client, store.clone(), options, clock.clone(), shutdown)
}

/// The mirror of a company's master data.
pub fn mirror(config: &Config, company: &CompanySettings, store: &Store, gateway: Gateway, wake: &WakeUp) -> Mirror {
    let of_company = config.stores.iter().filter(|settings| settings.company == company.name);
    let stores = of_company.map(|settings| settings.name.clone()).collect();
    let options = MirrorOptions {
        incremental: Duration::from_secs(config.mirror.incremental_minutes * 60),
        full: Duration::from_secs(config.mirror.full_hours * 60 * 60),
    };
    Mirror::new(store.clone(), gateway, company.name.clone(), stores, options, wake.clone())
}

fn gateways(
    config: &Config,
    environment: &Environment,
    store: &Store,
    clock: &Clock,
    shutdown: &Shutdown,
) -> anyhow::Result<BTreeMap<String, Gateway>> {
    let mut gateways = BTreeMap::new();
    for company in &config.companies {
        let client = company_client(company, environment, clock)?;
        gateways.insert(company.name.clone(), gateway(company, client, store, clock, shutdown));
    }
    Ok(gateways)
}

fn connections(
    config: &Config,
    environment: &Environment,
    store: &Store,
    clock: &Clock,
    gateways: &BTreeMap<String, Gateway>,
) -> anyhow::Result<BTreeMap<String, Arc<StoreConnection>>> {
    let of = |company: &CompanySettings| Arc::new(Masters::new(store.clone(), company.name.clone()));
    let masters: BTreeMap<&str, Arc<Masters>> =
        config.companies.iter().map(|company| (company.name.as_str(), of(company))).collect();
    let mut connections = BTreeMap::new();
    for settings in &config.stores {
        let unknown = "a store names an unknown company";
        let gateway = gateways.get(settings.company.as_str()).context(unknown)?.clone();
        let company = config.company(&settings.company).context(unknown)?;
        let connection = StoreConnection {
            name: settings.name.clone(),
            application_account: company.application_account.clone(),
            entity: company.entity.clone(),
            masters: masters.get(settings.company.as_str()).context(unknown)?.clone(),
            answer_within: Duration::from_secs(company.timeout_seconds + 5),
            reader: reader(settings, environment, clock)?,
            customer_form: CustomerForm {
                iso_country_codes: company.iso_country_codes,
                id_field: settings.accounting.customers.id_field.as_deref().map(FieldName::new).transpose()?,
            },
            customer_mirror_within: Duration::from_secs(company.customer_mirror_hours * 60 * 60),
            policy: settings.policy()?,
            company: settings.company.clone(),
            daily_over_budget: settings.daily_over_budget,
            webhook_address: webhook_address(config, &settings.name),
            shared_header: shared_header(settings, environment)?,
            gateway,
        };
        connections.insert(settings.name.clone(), Arc::new(connection));
    }
    Ok(connections)
}

/// What the API says of schedules and webhooks besides what is stored.
fn schedule_facts(config: &Config) -> ScheduleFacts {
    let stores = config.stores.iter();
    let address = |store: &StoreSettings| Some((store.name.clone(), webhook_address(config, &store.name)?));
    ScheduleFacts {
        intervals: intervals(config),
        silent_after_hours: config.schedules.silent_after_hours,
        webhook_addresses: stores.filter_map(address).collect(),
        mirror_seconds: config.mirror.incremental_minutes * 60,
    }
}

/// What the finance team of each store decided, by the store's name.
fn policies(config: &Config) -> anyhow::Result<BTreeMap<String, Policy>> {
    config.stores.iter().map(|settings| Ok((settings.name.clone(), settings.policy()?))).collect()
}

/// What a company may spend.
fn budget(company: &CompanySettings) -> Budget {
    Budget {
        limit: company.transactions_per_month,
        warn_percent: company.warn_percent,
        over: match company.over_budget {
            config::OverBudget::Warn => OverBudget::Warn,
            config::OverBudget::Daily => OverBudget::Daily,
        },
    }
}

fn webhook_stores(config: &Config, environment: &Environment) -> anyhow::Result<BTreeMap<String, WebhookStore>> {
    let mut stores = BTreeMap::new();
    for settings in &config.stores {
        let name = format!("stores.{}", settings.name);
        let client_secrets = settings
            .client_secrets
            .iter()
            .map(|source| source.fetch(&format!("{name}.client_secrets"), environment))
            .collect::<Result<Vec<SecretString>, _>>()?;
        stores.insert(
            settings.name.clone(),
            WebhookStore {
                name: settings.name.clone(),
                store_hash: settings.store_hash.clone(),
                client_secrets,
                shared_header: shared_header(settings, environment)?,
                tolerance: Duration::from_secs(settings.signature_tolerance_seconds),
            },
        );
    }
    Ok(stores)
}

/// How the rules of each store are used and changed.
fn rule_settings(config: &Config) -> anyhow::Result<BTreeMap<String, RuleSettings>> {
    let of_store = |settings: &StoreSettings| {
        let rules = RuleSettings { needs_approval: settings.approve_rules, policy: settings.policy()? };
        Ok((settings.name.clone(), rules))
    };
    config.stores.iter().map(of_store).collect()
}

/// The header that a store's deliveries carry.
fn shared_header(
    settings: &StoreSettings,
    environment: &Environment,
) -> anyhow::Result<Option<(String, SecretString)>> {
    let Some(header) = &settings.shared_header else { return Ok(None) };
    let value = header.value.fetch(&format!("stores.{}.shared_header", settings.name), environment)?;
    Ok(Some((header.name.clone(), value)))
}

/// Where a store's webhooks are to come.
fn webhook_address(config: &Config, store: &str) -> Option<String> {
    config.server.public_url.as_ref().map(|base| format!("{base}/webhooks/bigcommerce/{store}"))
}

fn schedule_options(config: &Config) -> ScheduleOptions {
    ScheduleOptions {
        intervals: intervals(config),
        keep_runs: Duration::from_secs(u64::from(config.schedules.keep_runs_days) * 24 * 60 * 60),
        silent_after_hours: config.schedules.silent_after_hours,
        retries: config.worker.retry_seconds.iter().copied().map(Duration::from_secs).collect(),
    }
}

fn retention_options(settings: &RetentionSettings) -> RetentionOptions {
    RetentionOptions {
        deliveries: RetentionSettings::days(settings.deliveries_days),
        evidence: RetentionSettings::days(settings.evidence_days),
        attempts: RetentionSettings::days(settings.attempts_days),
        dry_runs: RetentionSettings::days(settings.dry_runs_days),
        batch: settings.batch,
    }
}

fn intervals(config: &Config) -> Intervals {
    let schedules = &config.schedules;
    Intervals {
        orders: schedules.orders_seconds,
        refunds: schedules.refunds_seconds,
        webhooks: schedules.webhooks_seconds,
    }
}

fn settings_token(config: &Config, environment: &Environment) -> anyhow::Result<SettingsToken> {
    let token = config.admin.token.as_ref().map(|source| source.fetch("admin.token", environment)).transpose()?;
    Ok(SettingsToken::new(token.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_reads_only_what_its_settings_use() {
        let example = include_str!("../cartledger.example.toml");
        let extras = |change: &dyn Fn(&mut StoreSettings)| {
            let config = Config::from_text(Some(("example", example)), &Environment::default()).unwrap();
            let mut settings = config.stores[0].clone();
            change(&mut settings);
            super::extras(&settings)
        };
        let usual = Extras { shipments: false, customers: true, categories: false };
        assert_eq!(extras(&|_| {}), usual);
        assert!(extras(&|store| store.accounting.recognition = Recognition::ShipDate).shipments);
        assert!(extras(&|store| store.accounting.cost_of_goods = true).shipments);
        assert!(extras(&|store| store.read_categories = true).categories);
        assert!(!extras(&|store| store.read_customer_groups = false).customers);
    }

    #[test]
    fn customer_groups_are_read_unless_the_settings_say_otherwise() {
        let silent = include_str!("../cartledger.example.toml").replace("read_c", "# read_c");
        let config = Config::from_text(Some(("silent", &silent)), &Environment::default()).unwrap();
        assert!(config.stores[0].read_customer_groups && !config.stores[0].read_categories);
    }
}
