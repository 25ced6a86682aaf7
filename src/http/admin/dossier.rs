//! `/v1/stores/{store}/orders/{order_id}/dossier`: everything there is to know about one order in one answer.

mod changes;
mod derivation;

use axum::extract::State;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use self::changes::{FieldChange, changes};
use self::derivation::DerivationView;
use super::documents::{self, DocumentView};
use super::known_store;
use super::orders::{self, OneOrder};
use crate::accounting::document::DocumentKey;
use crate::http::ApiState;
use crate::http::extract::{Json, Path};
use crate::problem::Problem;
use crate::store::document::StoredDocument;
use crate::store::order_history::{EvidenceVersion, PastHold};

/// Everything about an order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Dossier {
    /// Where it stands, and what it cost at Intacct.
    order: OneOrder,
    /// The order in BigCommerce's control panel.
    #[schema(example = "https://store-abc123.mybigcommerce.com/manage/orders/118")]
    bigcommerce_url: String,
    /// How it read over time, oldest first; the last one is how it reads now.
    evidence: Vec<VersionView>,
    /// Readings that were replaced up to this moment (UTC) are kept only where something names them; missing as
    /// long as none was looked through.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence_removed_through: Option<String>,
    /// What it gives under the rules it was judged by last, from how it reads now; missing when nothing was read of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    derivation: Option<DerivationView>,
    /// Its documents in the order they were planned, corrections among them, with requests and answers.
    documents: Vec<DossierDocument>,
    /// Every hold it ever had, oldest first.
    holds: Vec<OrderHoldView>,
}

/// How the order read from some moment on.
#[derive(Debug, Serialize, ToSchema)]
struct VersionView {
    hash: String,
    /// When it was first read like this (UTC).
    read_at: String,
    /// Since when it reads like this: later than `read_at` when it read otherwise in between (UTC).
    current_since: String,
    /// Whether it reads like this now.
    current: bool,
    /// What is otherwise than in the version before, of those that are kept.
    changes: Vec<FieldChange>,
}

/// A document of the order.
#[derive(Debug, Serialize, ToSchema)]
struct DossierDocument {
    #[serde(flatten)]
    document: DocumentView,
    /// The document that it corrects.
    #[serde(skip_serializing_if = "Option::is_none")]
    corrects: Option<String>,
}

/// A hold, open or released. Amounts are decimal strings in major units of `currency`.
#[derive(Debug, Serialize, ToSchema)]
struct OrderHoldView {
    id: i64,
    code: String,
    subject: String,
    message: String,
    remedy: String,
    amount: Option<Decimal>,
    currency: Option<String>,
    /// Since when (UTC).
    opened_at: String,
    /// Until when (UTC); missing while it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    released_at: Option<String>,
}

impl From<PastHold> for OrderHoldView {
    fn from(past: PastHold) -> Self {
        Self {
            id: past.id,
            code: past.hold.code,
            subject: past.hold.subject,
            message: past.hold.message,
            remedy: past.hold.remedy,
            amount: past.hold.amount,
            currency: past.hold.currency,
            opened_at: past.opened_at.to_string(),
            released_at: past.released_at.map(|at| at.to_string()),
        }
    }
}

/// What was read of an order at one time.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EvidenceView {
    hash: String,
    /// When it was first read like this (UTC).
    read_at: String,
    /// The order as facts, without personal data that accounting does not need. Amounts in major units of its currency.
    #[schema(value_type = Object)]
    facts: Value,
}

/// Shows everything about one order.
#[utoipa::path(get, path = "/v1/stores/{store}/orders/{order_id}/dossier", tag = "orders", operation_id = "show_order_dossier",
    params(("store" = String, Path), ("order_id" = u64, Path)), responses((status = 200, body = Dossier)))]
pub(super) async fn show(
    State(state): State<ApiState>,
    Path((store, order_id)): Path<(String, u64)>,
) -> Result<Json<Dossier>, Problem> {
    known_store(&state, &store)?;
    let (standing, order) = orders::view(&state, &store, order_id).await?;
    let versions = state.store.evidence_versions(&store, order_id).await?;
    let stored = state.store.documents(&store, order_id).await?;
    let derivation = match versions.last() {
        Some(version) => Some(derivation::of(&state, &standing, version, &stored).await?),
        None => None,
    };
    let mut documents = Vec::with_capacity(stored.len());
    for document in stored {
        documents.push(shown(&state, document).await?);
    }
    let holds = state.store.holds_of_order(&store, order_id).await?;
    let not_kept = state.store.not_kept(&store).await?;
    Ok(Json(Dossier {
        order,
        bigcommerce_url: control_panel(&state, &store, order_id),
        evidence: told(&versions),
        evidence_removed_through: not_kept.evidence_through.map(|at| at.to_string()),
        derivation,
        documents,
        holds: holds.into_iter().map(OrderHoldView::from).collect(),
    }))
}

/// Shows what was read of an order at one time.
#[utoipa::path(get, path = "/v1/stores/{store}/orders/{order_id}/evidence/{hash}", tag = "orders", operation_id = "show_order_evidence",
    params(("store" = String, Path), ("order_id" = u64, Path), ("hash" = String, Path)),
    responses((status = 200, body = EvidenceView)))]
pub(super) async fn evidence(
    State(state): State<ApiState>,
    Path((store, order_id, hash)): Path<(String, u64, String)>,
) -> Result<Json<EvidenceView>, Problem> {
    known_store(&state, &store)?;
    let versions = state.store.evidence_versions(&store, order_id).await?;
    let found = versions.into_iter().find(|version| version.hash == hash);
    let Some(found) = found else {
        let through = state.store.not_kept(&store).await?.evidence_through;
        return Err(Problem::not_found(match through {
            None => format!("Order {order_id} never read as {hash}"),
            Some(through) => format!(
                "Order {order_id} never read as {hash}, or that was replaced before {through} and nothing names it, so it is not kept"
            ),
        }));
    };
    Ok(Json(EvidenceView { hash: found.hash, read_at: found.read_at.to_string(), facts: found.facts }))
}

/// The order's page in the control panel, whose address has the store's hash in it (BigCommerce, store information).
fn control_panel(state: &ApiState, store: &str, order_id: u64) -> String {
    let hash = state.webhook_stores.get(store).map_or("", |store| store.store_hash.as_str());
    format!("https://store-{hash}.mybigcommerce.com/manage/orders/{order_id}")
}

/// The versions with what changed from each to the next.
fn told(versions: &[EvidenceVersion]) -> Vec<VersionView> {
    let last = versions.len().saturating_sub(1);
    let of = |(place, version): (usize, &EvidenceVersion)| {
        let before = place.checked_sub(1).and_then(|before| versions.get(before));
        VersionView {
            hash: version.hash.clone(),
            read_at: version.read_at.to_string(),
            current_since: version.current_since.to_string(),
            current: place == last,
            changes: before.map(|before| changes(&before.facts, &version.facts)).unwrap_or_default(),
        }
    };
    versions.iter().enumerate().map(of).collect()
}

async fn shown(state: &ApiState, document: StoredDocument) -> Result<DossierDocument, Problem> {
    let key = DocumentKey::stored(document.planned.key.as_str());
    let corrects = (key.revision() > 1).then(|| key.in_revision(1).as_str().to_owned());
    Ok(DossierDocument { document: documents::view(state, document).await?, corrects })
}
