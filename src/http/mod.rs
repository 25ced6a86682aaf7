//! The axum surface: webhooks in, health and metrics out, and the admin API.

pub mod admin;
pub mod body;
pub mod caller;
pub mod extract;
pub mod health;
pub mod intake;
pub mod layers;
pub mod server;
pub mod webhooks;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use utoipa_swagger_ui::SwaggerUi;

use crate::accounting::policy::Policy;
use crate::clock::Clock;
use crate::problem::Problem;
use crate::store::lane::WakeUp;
use crate::store::schedule::Intervals;
use crate::store::usage::Budget;
use crate::store::{Store, StoreError};
use crate::telemetry::{HTTP_REQUEST_SECONDS, Metrics};

/// Everything the handlers may use. Cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    /// The store of record.
    pub store: Store,
    /// Tells this process's workers that something is due.
    pub wake: WakeUp,
    /// Time.
    pub clock: Clock,
    /// The stores webhooks are accepted for, by name.
    pub webhook_stores: Arc<BTreeMap<String, webhooks::WebhookStore>>,
    /// What the finance team of each store decided, by the store's name.
    pub policies: Arc<BTreeMap<String, Policy>>,
    /// The Intacct company of each store, by the store's name.
    pub company_of_store: Arc<BTreeMap<String, String>>,
    /// How the rules of each store are used and changed, by the store's name.
    pub rule_settings: Arc<BTreeMap<String, RuleSettings>>,
    /// The Intacct companies and what each may spend, by name.
    pub companies: Arc<BTreeMap<String, Budget>>,
    /// Where deliveries wait for their commit.
    pub intake: intake::Intake,
    /// The admin token of the settings.
    pub settings_token: layers::SettingsToken,
    /// How many requests a token may send.
    pub pace: layers::Pace,
    /// What is read of the body of a request to the admin API.
    pub admin_body: body::BodyLimits,
    /// What is done by the clock, as far as the settings say it.
    pub schedules: Arc<ScheduleFacts>,
    /// What `/metrics` shows.
    pub metrics: Metrics,
    /// What is read of a webhook's body.
    pub webhook_body: body::BodyLimits,
}

/// What the settings say of a store's rules.
#[derive(Debug, Clone)]
pub struct RuleSettings {
    /// Whether a change of the rules waits for a second person.
    pub needs_approval: bool,
    /// How the store's orders are posted.
    pub policy: Policy,
}

/// What the settings say of schedules and webhooks.
#[derive(Debug, Clone)]
pub struct ScheduleFacts {
    /// How often each is done when nobody has said otherwise.
    pub intervals: Intervals,
    /// After so many hours without a webhook a store is called silent.
    pub silent_after_hours: u32,
    /// Where each store's webhooks are to come, by the store's name; missing without a public address.
    pub webhook_addresses: BTreeMap<String, String>,
    /// How often the mirror of master data reads what changed, in seconds.
    pub mirror_seconds: u64,
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if error.is_bad_value() {
            return Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "value-not-valid",
                "A value cannot be stored or looked for",
                "It has a character that no text may have (NUL), or a moment that is out of range. Nothing was changed.",
            );
        }
        tracing::error!(%error, "a request failed in the database");
        Self::database_down()
    }
}

/// The whole surface as one router: with the webhooks when `ingest`, with the admin API when `api`.
pub fn router(state: ApiState, ingest: bool, api: bool) -> Router {
    let mut router = Router::new()
        .route("/", get(front_page))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .with_state(state.clone());
    if ingest {
        router = router.merge(webhooks::routes(&state));
    }
    if api {
        let (admin, document) = layers::around(admin::routes(), &state).with_state(state).split_for_parts();
        let docs = SwaggerUi::new("/docs")
            .external_url_unchecked("/openapi.json", admin::complete(document))
            .config(docs_settings());
        router = router.merge(admin).merge(docs);
    }
    router
        .fallback(nothing_here)
        .method_not_allowed_fallback(not_this_method)
        // One layer of the router instead of four: each is copied for each request.
        .layer(
            ServiceBuilder::new()
                .layer(CatchPanicLayer::custom(|_| our_fault().into_response()))
                .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
                .layer(PropagateRequestIdLayer::x_request_id())
                .layer(axum::middleware::from_fn(measure)),
        )
}

/// How /docs shows the description: all closed, and no validator of another host.
fn docs_settings() -> utoipa_swagger_ui::Config<'static> {
    utoipa_swagger_ui::Config::default().validator_url("none").doc_expansion("none").display_request_duration(true)
}

async fn measure(request: Request, next: Next) -> Response {
    // The route's pattern, not the path: paths carry ids and would make a new series each.
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let started = tokio::time::Instant::now();
    let response = next.run(request).await;
    metrics::histogram!(HTTP_REQUEST_SECONDS, "route" => route, "status" => response.status().as_u16().to_string())
        .record(started.elapsed().as_secs_f64());
    response
}

async fn front_page() -> &'static str {
    "Cartledger: BigCommerce orders into Sage Intacct.\n\n\
     /docs /openapi.json /healthz /readyz /metrics\n\
     /v1/stores/{store}/orders      where each order stands (bearer token)\n\
     /v1/stores/{store}/holds       what is held, why, and what to do\n\
     /v1/stores/{store}/summaries   the days of daily mode\n\
     /v1/stores/{store}/schedules   what is done by the clock; backfills and webhooks are beside it\n\
     /v1/companies                  what each Intacct company has spent, and whether it answers\n\
     /v1/companies/{company}/master-data   what Intacct has: accounts, dimensions, items, customers\n"
}

async fn not_this_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "This address does not take that method",
        "The header Allow names those that it takes; /docs shows them all.",
    )
}

async fn nothing_here() -> Problem {
    Problem::not_found("There is nothing at this address")
}

fn our_fault() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal-error",
        "The service failed by a fault of its own",
        "Try again; report it with the x-request-id of this answer if it stays.",
    )
}
