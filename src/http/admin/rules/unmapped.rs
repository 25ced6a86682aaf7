//! What orders have that no rule covers: by what a rule would ask for, the most money first, each with a draft of a rule.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::saving::current;
use super::suggestions::ranked;
use super::view::RuleSchema;
use crate::accounting::masters::MasterKind;
use crate::accounting::rulebook::wanted::Wanted;
use crate::accounting::rulebook::{Rule, RuleKind};
use crate::accounting::similar::words;
use crate::http::admin::{Limit, known_store, page_size};
use crate::http::extract::{Json, Path, Query};
use crate::http::{ApiState, our_fault};
use crate::problem::Problem;
use crate::store::missing_rule::MissingRule;

/// Order numbers that are shown of each.
const SHOWN_ORDERS: usize = 10;
/// How like an account's name must be to be drafted.
const ALIKE: u32 = 50;

/// Which to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct UnmappedQuery {
    /// Only what rules of this kind are missing for, for example `product`.
    #[param(value_type = Option<String>)]
    kind: Option<RuleKind>,
    /// Only those that come after this rank.
    after: Option<usize>,
    /// How many on a page, at most 500.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

/// What is missing, by rank.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct UnmappedPage {
    unmapped: Vec<Unmapped>,
    /// Give this as `after` for the next page; missing on the last one. Ranks move as holds open and close.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<usize>,
}

/// One rule that is missing.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct Unmapped {
    /// Its place: most money in the base currency first, then most orders.
    rank: usize,
    /// The kind of rule.
    kind: &'static str,
    /// What the rule would have to ask for; nothing: a catch-all.
    facts: Vec<Fact>,
    /// Whether rules fit equally, so that a more specific one is missing.
    tied: bool,
    /// What one of the holds says.
    message: String,
    /// How many orders wait for it.
    orders: usize,
    /// Some of them, the oldest first.
    order_ids: Vec<u64>,
    /// How many documents of no single order wait for it, such as ledger events.
    documents: u64,
    /// The money that waits, by currency.
    #[schema(value_type = BTreeMap<String, String>, example = json!({"USD": "1249.90"}))]
    amounts: BTreeMap<String, Decimal>,
    /// The day of the first order, as far as it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    first_order_date: Option<Date>,
    /// Since when the first of them is held (UTC).
    since: String,
    /// A draft to look at; its `request` can be posted to `/v1/stores/{store}/rules` as it is. Missing when nothing
    /// tells what the rule should give, when a rule like it would fit equally with another, or when the value has a `*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    proposal: Option<DraftView>,
}

/// Something a rule can ask for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"condition": "sku", "value": "TS-1"}))]
pub(in super::super) struct Fact {
    condition: &'static str,
    value: String,
}

/// The draft of a rule.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct DraftView {
    /// What to post to create it.
    request: DraftRequest,
    /// Where what it gives comes from.
    basis: String,
}

/// What to post to create a rule.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct DraftRequest {
    #[schema(value_type = RuleSchema)]
    rule: Rule,
    note: String,
}

/// What belongs to one missing rule.
struct Group {
    tied: bool,
    message: String,
    orders: BTreeSet<u64>,
    documents: u64,
    amounts: BTreeMap<String, Decimal>,
    first_order_date: Option<Date>,
    since: Timestamp,
}

/// Lists what orders have that no rule covers, from the open holds, the most money first.
#[utoipa::path(get, path = "/v1/stores/{store}/rules/unmapped", tag = "rules", operation_id = "list_unmapped",
    params(("store" = String, Path), UnmappedQuery), responses((status = 200, body = UnmappedPage)))]
pub(in super::super) async fn list(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Query(query): Query<UnmappedQuery>,
) -> Result<Json<UnmappedPage>, Problem> {
    known_store(&state, &store)?;
    let mut groups: BTreeMap<Wanted, Group> = BTreeMap::new();
    for missing in state.store.missing_rules(&store).await? {
        let Some(wanted) = Wanted::of_subject(&missing.subject) else { continue };
        if query.kind.is_none_or(|kind| kind == wanted.kind) {
            add(&mut groups, wanted.leading(), missing);
        }
    }
    let base = state.rule_settings.get(&store).map(|settings| settings.policy.base_currency.code().to_owned());
    let money = |group: &Group| base.as_ref().and_then(|base| group.amounts.get(base)).copied().unwrap_or_default();
    let mut all: Vec<(Wanted, Group)> = groups.into_iter().collect();
    all.sort_by(|(one, a), (other, b)| {
        let order = money(b).cmp(&money(a)).then_with(|| b.orders.len().cmp(&a.orders.len()));
        order.then_with(|| one.cmp(other))
    });
    let after = query.after.unwrap_or_default();
    let limit = page_size(query.limit) as usize;
    let more = all.len() > after.saturating_add(limit);
    let page: Vec<(usize, (Wanted, Group))> =
        all.into_iter().enumerate().skip(after).take(limit).map(|(at, one)| (at + 1, one)).collect();
    let drafts = drafts(&state, &store, page.iter().map(|(_, (wanted, _))| wanted.clone()).collect()).await?;
    let next_after = page.last().filter(|_| more).map(|(rank, _)| *rank);
    let unmapped =
        page.into_iter().zip(drafts).map(|((rank, (wanted, group)), draft)| view(rank, &wanted, group, draft));
    Ok(Json(UnmappedPage { unmapped: unmapped.collect(), next_after }))
}

fn add(groups: &mut BTreeMap<Wanted, Group>, wanted: Wanted, missing: MissingRule) {
    let tied = missing.message.starts_with(&format!("the {} rules '", wanted.kind));
    let group = groups.entry(wanted).or_insert_with(|| Group {
        tied,
        message: missing.message,
        orders: BTreeSet::new(),
        documents: 0,
        amounts: BTreeMap::new(),
        first_order_date: missing.first_order_date,
        since: missing.since,
    });
    group.orders.extend(missing.orders);
    group.documents += missing.documents;
    if let Some(currency) = missing.currency {
        *group.amounts.entry(currency).or_default() += missing.amount;
    }
    group.first_order_date = group.first_order_date.into_iter().chain(missing.first_order_date).min();
    group.since = group.since.min(missing.since);
}

fn view(rank: usize, wanted: &Wanted, group: Group, proposal: Option<DraftView>) -> Unmapped {
    let fact = |(condition, value): &(crate::accounting::rulebook::Condition, String)| Fact {
        condition: condition.as_str(),
        value: value.clone(),
    };
    Unmapped {
        rank,
        kind: wanted.kind.as_str(),
        facts: wanted.facts.iter().map(fact).collect(),
        tied: group.tied,
        message: group.message,
        orders: group.orders.len(),
        order_ids: group.orders.into_iter().take(SHOWN_ORDERS).collect(),
        documents: group.documents,
        amounts: group.amounts,
        first_order_date: group.first_order_date,
        since: group.since.to_string(),
        proposal,
    }
}

/// The account of rules by kind: id and name.
type Accounts = BTreeMap<RuleKind, Option<(String, String)>>;

/// A draft of a rule for each that is wanted, where one can be made that goes with the rules that are there.
async fn drafts(state: &ApiState, store: &str, wanted: Vec<Wanted>) -> Result<Vec<Option<DraftView>>, Problem> {
    let rules = current(state, store).await?.rules;
    let mut accounts = Accounts::new();
    for wanted in &wanted {
        if let Entry::Vacant(unknown) = accounts.entry(wanted.kind) {
            unknown.insert(account(state, store, wanted).await?);
        }
    }
    // Many rules take a while; other requests go on meanwhile.
    let drafted = tokio::task::spawn_blocking(move || drafted(&rules, &wanted, &accounts));
    drafted.await.map_err(|_| our_fault())
}

fn drafted(rules: &[Rule], wanted: &[Wanted], accounts: &Accounts) -> Vec<Option<DraftView>> {
    let mut taken = BTreeSet::new();
    let mut drafts = Vec::new();
    for wanted in wanted {
        let account = accounts.get(&wanted.kind).and_then(Option::as_ref);
        let account = account.map(|(id, name)| (id.as_str(), name.as_str()));
        drafts.push(wanted.draft(rules, account, &mut taken));
    }
    // All at once, because a look at the whole rulebook for each would take long.
    let mut all = rules.to_vec();
    all.extend(drafts.iter().flatten().map(|draft| draft.rule.clone()));
    let problems = Rule::problems_of(&all);
    let wrong: BTreeSet<usize> = problems.iter().flat_map(|one| [Some(one.position), one.other]).flatten().collect();
    let refused: BTreeSet<&str> =
        wrong.iter().filter_map(|place| all.get(*place)).map(|rule| rule.id.as_str()).collect();
    let shown = |draft: crate::accounting::rulebook::wanted::Draft| {
        (!refused.contains(draft.rule.id.as_str())).then(|| DraftView {
            basis: draft.basis,
            request: DraftRequest {
                note: format!("Orders were held for want of a {} rule", draft.rule.kind),
                rule: draft.rule,
            },
        })
    };
    drafts.into_iter().map(|draft| draft.and_then(shown)).collect()
}

/// The account whose name is likest to what accounts of such a rule are called.
async fn account(state: &ApiState, store: &str, wanted: &Wanted) -> Result<Option<(String, String)>, Problem> {
    let asked = wanted.account_words();
    let Some(company) = state.company_of_store.get(store).filter(|_| !asked.is_empty()) else { return Ok(None) };
    let found = state.store.master_candidates(company, &MasterKind::GlAccount, &words(asked), 500).await?;
    let found = found.into_iter().map(|record| (record.id, record.name)).collect();
    let best = ranked(found, asked, &BTreeMap::new(), 1);
    let likest = best.first().map(super::suggestions::Suggestion::parts).filter(|(.., likeness)| *likeness >= ALIKE);
    Ok(likest.map(|(id, name, _)| (id.to_owned(), name.to_owned())))
}
