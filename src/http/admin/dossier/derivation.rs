//! What an order gives under the rules it was judged by, with every rule that answered and how it won.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::accounting::derive::{Derivation, Eligibility, derive_explained};
use crate::accounting::document::{Document, JournalLine};
use crate::accounting::evidence::Evidence;
use crate::accounting::hold::Hold;
use crate::accounting::rulebook::{Resolution, Rulebook};
use crate::http::ApiState;
use crate::problem::Problem;
use crate::store::document::StoredDocument;
use crate::store::go_live;
use crate::store::order::OrderStanding;
use crate::store::order_history::EvidenceVersion;

/// What the order gives. Amounts are decimal strings in major units of the order's currency unless one stands beside them.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct DerivationView {
    /// The evidence it was derived from: how the order reads now.
    evidence_hash: String,
    /// The revision of the rules it was judged by last; the newest when it was not judged yet.
    rulebook_revision: Option<i64>,
    /// Why it cannot be derived; then the rest is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// `post`, `waiting` or `excluded`, with the reason.
    status: String,
    order_total: Option<Decimal>,
    open_balance: Option<Decimal>,
    documents: Vec<DerivedDocument>,
    /// How each rule that answered was found, by its name as lines have it: once for each thing it was asked about. Settings
    /// and rules that give dimensions only are not here.
    resolutions: BTreeMap<String, Vec<ResolutionView>>,
    holds: Vec<DerivedHold>,
}

/// A document that the order gives, whether it is posted or not.
#[derive(Debug, Serialize, ToSchema)]
struct DerivedDocument {
    key: String,
    kind: String,
    number: String,
    posting_date: String,
    currency: String,
    total: Decimal,
    description: String,
    lines: Vec<DerivedLine>,
}

/// A line with what chose it.
#[derive(Debug, Serialize, ToSchema)]
struct DerivedLine {
    account: String,
    debit: Decimal,
    credit: Decimal,
    memo: String,
    /// The rule or the setting that chose the account.
    #[schema(example = "product rule 'p-shirts'")]
    rule: String,
    /// Each dimension with the rule that gave it.
    dimensions: BTreeMap<String, DerivedDimension>,
}

/// A dimension's value and what gave it.
#[derive(Debug, Serialize, ToSchema)]
struct DerivedDimension {
    id: String,
    rule: String,
}

/// One answer of the rulebook.
#[derive(Debug, Serialize, ToSchema)]
struct ResolutionView {
    /// What was known.
    #[schema(example = "sku 'TS-1', channel '1'")]
    facts: String,
    /// The posting date it was asked for.
    date: String,
    /// How the rule won, step by step.
    path: Vec<String>,
}

/// A reason not to post.
#[derive(Debug, Serialize, ToSchema)]
struct DerivedHold {
    code: String,
    subject: String,
    message: String,
    remedy: String,
    amount: Option<Decimal>,
    currency: Option<String>,
}

/// Derives the order anew from how it reads now, by the rules it was judged by last.
pub(super) async fn of(
    state: &ApiState,
    standing: &OrderStanding,
    version: &EvidenceVersion,
    stored: &[StoredDocument],
) -> Result<DerivationView, Problem> {
    let found = match standing.revision {
        Some(revision) => state.store.rulebook_revision(&standing.store, revision).await?,
        None => state.store.latest_rulebook(&standing.store).await?,
    };
    let view = DerivationView {
        evidence_hash: version.hash.clone(),
        rulebook_revision: found.as_ref().map(|found| found.number),
        ..DerivationView::default()
    };
    let Some(found) = found else {
        return Ok(DerivationView { problem: Some("the store has no rules yet".to_owned()), ..view });
    };
    let Some(policy) = state.policies.get(&standing.store) else {
        return Ok(DerivationView { problem: Some("the store has no settings".to_owned()), ..view });
    };
    let evidence: Result<Evidence, _> = serde_json::from_value(version.facts.clone());
    let rulebook: Result<Rulebook, _> = serde_json::from_value(found.rules);
    Ok(match (evidence, rulebook) {
        (Ok(evidence), Ok(rulebook)) => {
            let policy = go_live::policy(&state.store, &standing.store, policy, &evidence.order, stored).await?;
            let (derivation, resolutions) = derive_explained(&evidence, &rulebook, &policy);
            explained(view, derivation, resolutions)
        }
        (Err(error), _) => DerivationView { problem: Some(format!("the evidence cannot be read: {error}")), ..view },
        (_, Err(error)) => DerivationView { problem: Some(format!("the rules cannot be read: {error}")), ..view },
    })
}

fn explained(view: DerivationView, derivation: Derivation, resolutions: Vec<Resolution>) -> DerivationView {
    let mut by_rule: BTreeMap<String, Vec<ResolutionView>> = BTreeMap::new();
    for found in resolutions {
        let view = ResolutionView { facts: found.facts, date: found.date.to_string(), path: found.path };
        by_rule.entry(found.rule).or_default().push(view);
    }
    DerivationView {
        status: match derivation.status {
            Eligibility::Post => "post".to_owned(),
            Eligibility::Waiting(reason) => format!("waiting: {reason}"),
            Eligibility::Excluded(reason) => format!("excluded: {reason}"),
        },
        order_total: Some(derivation.order_total.amount),
        open_balance: Some(derivation.open_balance.amount),
        documents: derivation.documents.iter().map(of_document).collect(),
        resolutions: by_rule,
        holds: derivation.holds.into_iter().map(of_hold).collect(),
        ..view
    }
}

fn of_document(document: &Document) -> DerivedDocument {
    DerivedDocument {
        key: document.key.as_str().to_owned(),
        kind: document.kind.as_str().to_owned(),
        number: document.number.clone(),
        posting_date: document.date.to_string(),
        currency: document.currency.code().to_owned(),
        total: document.total,
        description: document.description.clone(),
        lines: document.lines.iter().map(of_line).collect(),
    }
}

fn of_line(line: &JournalLine) -> DerivedLine {
    let dimensions = line.dimensions.iter().map(|(name, dimension)| {
        (name.to_owned(), DerivedDimension { id: dimension.id.clone(), rule: dimension.rule.clone() })
    });
    DerivedLine {
        account: line.account.clone(),
        debit: line.debit,
        credit: line.credit,
        memo: line.memo.clone(),
        rule: line.rule.clone(),
        dimensions: dimensions.collect(),
    }
}

fn of_hold(hold: Hold) -> DerivedHold {
    DerivedHold {
        code: hold.code.as_str().to_owned(),
        subject: hold.subject,
        message: hold.message,
        remedy: hold.remedy,
        amount: hold.amount.map(|money| money.amount),
        currency: hold.amount.map(|money| money.currency.code().to_owned()),
    }
}
