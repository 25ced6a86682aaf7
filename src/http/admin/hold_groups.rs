//! `/v1/stores/{store}/hold-groups`: open holds by what they come of, the most money first.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Limit, known_store, our_fault, page_size};
use crate::accounting::spreadsheet::guarded;
use crate::http::ApiState;
use crate::http::extract::{Json, Path, Query};
use crate::problem::Problem;
use crate::store::open_hold::HoldGroup;

/// Holds that come of the same.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GroupView {
    /// A stable code, for example `missing-rule`.
    code: String,
    /// What they come of: the subject without the order's own number; of a refusal Intacct's reason. POST /holds/retry takes
    /// `code` and `cause` to try all of them again.
    #[schema(example = "product 'TS-1'")]
    cause: String,
    /// Open holds.
    holds: u64,
    /// Orders they block.
    orders: u64,
    /// The money they block by currency, in major units.
    #[schema(value_type = BTreeMap<String, String>, example = json!({ "USD": "129.90" }))]
    amounts: BTreeMap<String, Decimal>,
    /// Since when the oldest is open (UTC).
    oldest: String,
    /// An order to look at: that of the oldest.
    #[serde(skip_serializing_if = "Option::is_none")]
    example_order: Option<u64>,
    /// What the oldest says.
    message: String,
    /// What to do.
    remedy: String,
}

/// A page of groups.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GroupPage {
    groups: Vec<GroupView>,
    /// Give this as `after` for the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<u32>,
}

/// Which groups to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupQuery {
    /// How many groups to pass over: the ranks change as holds open and close.
    after: Option<u32>,
    /// Groups on a page, at most 500.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

impl From<HoldGroup> for GroupView {
    fn from(group: HoldGroup) -> Self {
        Self {
            code: group.code,
            cause: group.cause,
            holds: group.holds,
            orders: group.orders,
            amounts: group.amounts,
            oldest: group.oldest.to_string(),
            example_order: group.example_order,
            message: group.message,
            remedy: group.remedy,
        }
    }
}

/// Lists open holds and refused documents by what they come of: first what blocks the largest amount in one currency, then
/// what blocks the most orders. Those that are put aside are not counted.
#[utoipa::path(get, path = "/v1/stores/{store}/hold-groups", tag = "holds", operation_id = "list_hold_groups",
    params(("store" = String, Path), GroupQuery), responses((status = 200, body = GroupPage)))]
pub(super) async fn list(
    State(state): State<ApiState>,
    Path(store): Path<String>,
    Query(query): Query<GroupQuery>,
) -> Result<Json<GroupPage>, Problem> {
    known_store(&state, &store)?;
    let (skip, limit) = (query.after.unwrap_or_default(), page_size(query.limit));
    let found = state.store.hold_groups(&store, skip, Some(limit)).await?;
    let full = found.len() == limit as usize;
    let next_after = full.then(|| skip.saturating_add(limit));
    Ok(Json(GroupPage { groups: found.into_iter().map(GroupView::from).collect(), next_after }))
}

/// The same as comma-separated values, all groups: a row for each currency of a group.
#[utoipa::path(get, path = "/v1/stores/{store}/hold-groups.csv", tag = "holds", operation_id = "export_hold_groups",
    params(("store" = String, Path)), responses((status = 200, content_type = "text/csv", body = String)))]
pub(super) async fn csv(State(state): State<ApiState>, Path(store): Path<String>) -> Result<Response, Problem> {
    known_store(&state, &store)?;
    // At once: the ranks of groups change as holds open and close.
    let groups = state.store.hold_groups(&store, 0, None).await?;
    let table = table(&groups).map_err(|error| {
        tracing::error!(%error, "the groups of holds could not be written");
        our_fault()
    })?;
    let name = format!("attachment; filename=\"{store}-holds.csv\"");
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, table).into_response())
}

fn table(groups: &[HoldGroup]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let names =
        ["code", "cause", "currency", "amount", "holds", "orders", "oldest", "example_order", "message", "remedy"];
    writer.write_record(names)?;
    for group in groups {
        let none = (String::new(), String::new());
        let mut amounts: Vec<_> =
            group.amounts.iter().map(|(currency, amount)| (currency.clone(), amount.to_string())).collect();
        if amounts.is_empty() {
            amounts.push(none);
        }
        for (currency, amount) in amounts {
            writer.write_record([
                group.code.clone(),
                guarded(&group.cause),
                currency,
                amount,
                group.holds.to_string(),
                group.orders.to_string(),
                group.oldest.to_string(),
                group.example_order.map(|order| order.to_string()).unwrap_or_default(),
                guarded(&group.message),
                guarded(&group.remedy),
            ])?;
        }
    }
    Ok(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_has_a_row_for_each_currency_and_one_without_money() {
        let group = |cause: &str, amounts: &[(&str, &str)]| HoldGroup {
            code: "missing-rule".into(),
            cause: cause.into(),
            holds: 2,
            orders: 2,
            amounts: amounts.iter().map(|(code, amount)| ((*code).into(), amount.parse().unwrap())).collect(),
            oldest: jiff::Timestamp::UNIX_EPOCH,
            example_order: Some(118),
            message: "no rule, none".into(),
            remedy: "Add a rule".into(),
        };
        let groups = [group("product 'A'", &[("EUR", "5.00"), ("USD", "129.90")]), group("=1+1", &[])];
        let text = String::from_utf8(table(&groups).unwrap()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "code,cause,currency,amount,holds,orders,oldest,example_order,message,remedy");
        assert!(
            lines[1].starts_with("missing-rule,product 'A',EUR,5.00,2,2,1970-01-01T00:00:00Z,118,\"no rule, none\"")
        );
        assert!(lines[2].starts_with("missing-rule,product 'A',USD,129.90,"), "{}", lines[2]);
        assert!(lines[3].starts_with("missing-rule,'=1+1,,,2,"), "no cell is a formula: {}", lines[3]);
    }
}
