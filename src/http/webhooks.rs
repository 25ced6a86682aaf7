//! `POST /webhooks/bigcommerce/{store}`: verify, keep, answer. Nothing is decided here: the order is read again later.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use secrecy::SecretString;

use super::ApiState;
use super::body::{self, BodyLimits, NotWhole};
use super::intake::{Intake, NotKept};
use crate::bigcommerce::delivery::Delivery;
use crate::bigcommerce::signature;
use crate::clock::Clock;
use crate::problem::Problem;
use crate::store::inbox::NewDelivery;
use crate::telemetry::DELIVERIES_TOTAL;

/// What a store's deliveries are verified with.
#[derive(Clone)]
pub struct WebhookStore {
    /// Our name for the store.
    pub name: String,
    /// BigCommerce's name for it: must be the sender named in the body.
    pub store_hash: String,
    /// Client secrets; any of them may have signed.
    pub client_secrets: Vec<SecretString>,
    /// A header every delivery must carry, with its value.
    pub shared_header: Option<(String, SecretString)>,
    /// How far a signature's time may be off before it is logged as late.
    pub tolerance: Duration,
}

/// What taking a delivery in needs, and no more: it is handed to each of thousands a second.
struct Reception {
    stores: Arc<BTreeMap<String, WebhookStore>>,
    intake: Intake,
    clock: Clock,
    body: BodyLimits,
}

/// The addresses that BigCommerce sends to. Notices of failed deliveries need one of their own; they are kept like all
/// others.
pub(super) fn routes(state: &ApiState) -> Router {
    let reception = Reception {
        stores: state.webhook_stores.clone(),
        intake: state.intake.clone(),
        clock: state.clock.clone(),
        body: state.webhook_body,
    };
    Router::new()
        .route("/webhooks/bigcommerce/{store}", post(receive))
        .route("/webhooks/bigcommerce/{store}/exceptions", post(receive))
        .with_state(Arc::new(reception))
}

/// Takes a delivery in. 200 only after it is committed.
async fn receive(
    State(state): State<Arc<Reception>>,
    Path(store): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let answer = take_in(&state, &store, headers, body).await;
    let status = answer.as_ref().map_or_else(|problem| problem.status, |status| status.as_u16());
    metrics::counter!(DELIVERIES_TOTAL, "status" => status.to_string()).increment(1);
    answer
}

async fn take_in(state: &Reception, store: &str, headers: HeaderMap, body: Body) -> Result<StatusCode, Problem> {
    let store = state.stores.get(store).ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "unknown-store",
            "No store of this name is configured",
            "Check the destination of the webhook and the name of the store in the settings.",
        )
    })?;
    let body = body::whole(body, state.body).await.map_err(|why| match why {
        NotWhole::TooLarge => too_large(state.body.bytes_max),
        NotWhole::TooSlow | NotWhole::BrokenOff => why.into(),
    })?;
    let webhook_id = verify(state, store, &headers, &body)?;
    let (delivery, text) = read(store, &body)?;
    // Both hold the buffer that the connection reads into; while this waits for its commit it can be used again.
    drop((headers, body));
    let new = NewDelivery {
        store: store.name.clone(),
        webhook_id,
        scope: delivery.scope,
        order_id: delivery.order_id.filter(|_| delivery.concerns_us),
        event_at: delivery.created_at.unwrap_or_else(|| state.clock.now()),
        body: text,
    };
    state.intake.keep(new).await.map_err(|why| match why {
        NotKept::DatabaseDown => Problem::database_down(),
        NotKept::Full => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "too-many-waiting",
            "Too many deliveries are waiting to be stored",
            "Nothing was stored. Send it again later.",
        )
        .retry_after(5),
    })?;
    Ok(StatusCode::OK)
}

/// Checks signature and shared header over the raw bytes, before anything is parsed; answers the delivery's id.
fn verify(state: &Reception, store: &WebhookStore, headers: &HeaderMap, body: &[u8]) -> Result<String, Problem> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if let Some((name, value)) = &store.shared_header
        && !signature::shared_header_fits(value, header(name).as_bytes())
    {
        return Err(not_genuine(store, "the shared header is missing or wrong"));
    }
    let webhook_id = header("webhook-id");
    let verified = signature::verify(
        &store.client_secrets,
        webhook_id,
        header("webhook-timestamp"),
        header("webhook-signature"),
        body,
        state.clock.now(),
        store.tolerance,
    )
    .map_err(|error| not_genuine(store, &error.to_string()))?;
    if !verified.fresh {
        // The sender repeats for 48 hours, and whether it renews the time is not documented. The id guards against
        // replays, and a replay could at worst cause one more read of the order.
        tracing::warn!(store = store.name, webhook_id, "a delivery with a valid signature came late; accepted");
    }
    Ok(webhook_id.to_owned())
}

fn read(store: &WebhookStore, body: &[u8]) -> Result<(Delivery, String), Problem> {
    let unreadable = |why: String| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "unreadable-delivery",
            format!("The body cannot be read: {why}"),
            "It was signed by BigCommerce but is no webhook body we know. Nothing was stored.",
        )
    };
    let delivery = Delivery::parse(body).map_err(|error| unreadable(error.to_string()))?;
    if delivery.store_hash != store.store_hash {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "wrong-store",
            "The delivery is from another store than the address says",
            "Check the destination of the webhook and store_hash in the settings.",
        ));
    }
    let text = std::str::from_utf8(body).map_err(|error| unreadable(error.to_string()))?;
    Ok((delivery, text.to_owned()))
}

fn not_genuine(store: &WebhookStore, why: &str) -> Problem {
    tracing::warn!(store = store.name, why, "a delivery was refused: not shown to be from BigCommerce");
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "not-genuine",
        "The delivery could not be shown to be from BigCommerce",
        format!(
            "{why}. Check client_secrets (the client secret of the API account that made the hook) and shared_header in the settings."
        ),
    )
}

fn too_large(limit: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too-large",
        "The body is too large for a webhook",
        format!("At most {limit} bytes are read; real deliveries have a few hundred."),
    )
}
