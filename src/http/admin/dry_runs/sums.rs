//! Results of a dry run, summed up: what each account would move, which mappings are missing, what differs from the ledger.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::known_run;
use crate::http::ApiState;
use crate::http::admin::table::{Format, RowPage, Table, amount, answer, no_place, number, words};
use crate::http::admin::{Limit, in_currency};
use crate::http::extract::{Path, Query};
use crate::problem::Problem;

/// Which page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct PageQuery {
    /// The `next_after` of the page before.
    after: Option<String>,
    /// Rows on a page, at most 500. A table without it is whole.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

/// What an account would move in a month. Amounts are decimal strings in major units of `currency`.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct EffectRow {
    #[schema(example = "4000")]
    account: String,
    /// The month, by posting date.
    #[schema(example = "2026-03")]
    month: String,
    #[schema(example = "USD")]
    currency: String,
    debit: Decimal,
    credit: Decimal,
    /// Debit less credit.
    net: Decimal,
    /// Lines summed up.
    lines: u64,
}

struct Effects(ApiState, String, i64);

impl Table for Effects {
    type Row = EffectRow;
    const NAME: &str = "dry-run-effects";
    const COLUMNS: &[&str] = &["account", "month", "currency", "debit", "credit", "net", "lines"];

    fn cells(row: &EffectRow) -> Vec<Vec<String>> {
        let cells = [
            words(&row.account),
            row.month.clone(),
            row.currency.clone(),
            row.debit.to_string(),
            row.credit.to_string(),
            row.net.to_string(),
            row.lines.to_string(),
        ];
        vec![cells.into()]
    }

    fn place(row: &EffectRow) -> String {
        format!("{}|{}|{}", row.account, row.month, row.currency)
    }

    async fn page(&self, after: Option<&str>, limit: u32) -> Result<Vec<EffectRow>, Problem> {
        let Self(state, store, run) = self;
        let after = after.map(effect_place).transpose()?;
        let found = state.store.dry_effects(store, *run, after, limit).await?;
        let rows = found.into_iter().map(|effect| EffectRow {
            account: effect.account,
            month: effect.month.strftime("%Y-%m").to_string(),
            net: in_currency(effect.debit - effect.credit, &effect.currency),
            debit: in_currency(effect.debit, &effect.currency),
            credit: in_currency(effect.credit, &effect.currency),
            currency: effect.currency,
            lines: effect.lines,
        });
        Ok(rows.collect())
    }
}

/// Account, month and currency of `4000|2026-03|USD`.
fn effect_place(text: &str) -> Result<(&str, Date, &str), Problem> {
    let parts = || {
        let (rest, currency) = text.rsplit_once('|')?;
        let (account, month) = rest.rsplit_once('|')?;
        Some((account, format!("{month}-01").parse().ok()?, currency))
    };
    parts().ok_or_else(|| no_place(text))
}

/// What each account would move by month and currency.
#[utoipa::path(get, path = "/v1/stores/{store}/dry-runs/{id}/effects", tag = "dry runs", operation_id = "list_dry_run_effects",
    params(("store" = String, Path), ("id" = i64, Path), PageQuery),
    responses((status = 200, content((RowPage<EffectRow> = "application/json"), (String = "text/csv")))))]
pub(in super::super) async fn effects(
    State(state): State<ApiState>,
    Path((store, id)): Path<(String, i64)>,
    Query(query): Query<PageQuery>,
    format: Format,
) -> Result<Response, Problem> {
    known_run(&state, &store, id).await?;
    answer(Effects(state, store, id), format, query.after, query.limit).await
}

/// A mapping that is missing. Amounts are decimal strings in major units of `currency`.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct MissingRow {
    /// 1 for the one that blocks the most money.
    rank: i64,
    /// `missing-rule`, or that Intacct does not have what a rule names, for example `not-in-intacct`.
    #[schema(example = "missing-rule")]
    code: String,
    #[schema(example = "product rule for sku 'TS-1'")]
    mapping: String,
    /// The money that waits for it.
    amount: Decimal,
    currency: Option<String>,
    /// Orders that wait for it.
    orders: u64,
    /// One of them.
    order_id: u64,
    /// What is wrong, of one of them.
    message: String,
    remedy: String,
}

struct Missing(ApiState, String, i64);

impl Table for Missing {
    type Row = MissingRow;
    const NAME: &str = "dry-run-missing";
    const COLUMNS: &[&str] =
        &["rank", "code", "mapping", "amount", "currency", "orders", "order_id", "message", "remedy"];

    fn cells(row: &MissingRow) -> Vec<Vec<String>> {
        let cells = [
            row.rank.to_string(),
            row.code.clone(),
            words(&row.mapping),
            row.amount.to_string(),
            row.currency.clone().unwrap_or_default(),
            row.orders.to_string(),
            row.order_id.to_string(),
            words(&row.message),
            words(&row.remedy),
        ];
        vec![cells.into()]
    }

    fn place(row: &MissingRow) -> String {
        row.rank.to_string()
    }

    async fn page(&self, after: Option<&str>, limit: u32) -> Result<Vec<MissingRow>, Problem> {
        let Self(state, store, run) = self;
        let base = state.rule_settings.get(store).map(|settings| settings.policy.base_currency.code().to_owned());
        let found = state.store.dry_missing((store, *run), base.as_deref(), number(after)?, limit).await?;
        let rows = found.into_iter().map(|missing| MissingRow {
            rank: missing.rank,
            code: missing.code,
            mapping: missing.mapping,
            amount: missing.amount,
            currency: missing.currency,
            orders: missing.orders,
            order_id: missing.order_id,
            message: missing.message,
            remedy: missing.remedy,
        });
        Ok(rows.collect())
    }
}

/// Every mapping that is missing, all at once: those in the store's base currency first, then those that block the most money.
#[utoipa::path(get, path = "/v1/stores/{store}/dry-runs/{id}/missing", tag = "dry runs", operation_id = "list_dry_run_missing",
    params(("store" = String, Path), ("id" = i64, Path), PageQuery),
    responses((status = 200, content((RowPage<MissingRow> = "application/json"), (String = "text/csv")))))]
pub(in super::super) async fn missing(
    State(state): State<ApiState>,
    Path((store, id)): Path<(String, i64)>,
    Query(query): Query<PageQuery>,
    format: Format,
) -> Result<Response, Problem> {
    known_run(&state, &store, id).await?;
    answer(Missing(state, store, id), format, query.after, query.limit).await
}

/// One balance that a document moves otherwise. Debits above zero, decimal strings in major units.
#[derive(Debug, Serialize, ToSchema)]
struct AccountDifference {
    account: String,
    /// Dimensions by name; none on the receivable account.
    dimensions: BTreeMap<String, String>,
    /// What stands in the ledger, with corrections.
    posted: Decimal,
    /// What was derived.
    derived: Decimal,
    /// What was derived less what stands.
    difference: Decimal,
}

/// A document that is not what stands in the ledger. Amounts are decimal strings in major units of `currency`.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct DifferenceRow {
    id: i64,
    order_id: u64,
    /// Of a document and its corrections, the key of the first.
    #[schema(example = "acme-us/118/invoice/r1")]
    document_key: String,
    kind: String,
    number: String,
    currency: String,
    /// `new`: derived, and not posted. `changed`: posted with other lines. `gone`: posted, and no longer derived.
    #[schema(example = "changed")]
    change: String,
    /// Its total as it stands, with corrections.
    posted_total: Option<Decimal>,
    /// Its total as derived.
    derived_total: Option<Decimal>,
    /// Balance by balance; those that agree are left out.
    accounts: Vec<AccountDifference>,
}

/// Which differences to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct DifferenceQuery {
    /// Only those of this order.
    order_id: Option<u64>,
    /// Only those of this kind: `new`, `changed` or `gone`.
    change: Option<String>,
    /// The `next_after` of the page before.
    after: Option<String>,
    /// Documents on a page, at most 500. A table without it is whole.
    #[param(value_type = Option<Limit>, inline)]
    limit: Option<Limit>,
}

struct Differences {
    state: ApiState,
    store: String,
    run: i64,
    order_id: Option<u64>,
    change: Option<String>,
}

impl Table for Differences {
    type Row = DifferenceRow;
    const NAME: &str = "dry-run-differences";
    const COLUMNS: &[&str] = &[
        "id",
        "order_id",
        "document_key",
        "kind",
        "number",
        "currency",
        "change",
        "posted_total",
        "derived_total",
        "account",
        "dimensions",
        "posted",
        "derived",
        "difference",
    ];

    /// A line for each balance; the document's totals stand in its first one only, so that columns can be summed.
    fn cells(row: &DifferenceRow) -> Vec<Vec<String>> {
        let of = |(place, account): (usize, &AccountDifference)| {
            let total = |total| if place == 0 { amount(total) } else { String::new() };
            vec![
                row.id.to_string(),
                row.order_id.to_string(),
                words(&row.document_key),
                row.kind.clone(),
                words(&row.number),
                row.currency.clone(),
                row.change.clone(),
                total(row.posted_total),
                total(row.derived_total),
                words(&account.account),
                serde_json::to_string(&account.dimensions).unwrap_or_default(),
                account.posted.to_string(),
                account.derived.to_string(),
                account.difference.to_string(),
            ]
        };
        row.accounts.iter().enumerate().map(of).collect()
    }

    fn place(row: &DifferenceRow) -> String {
        row.id.to_string()
    }

    async fn page(&self, after: Option<&str>, limit: u32) -> Result<Vec<DifferenceRow>, Problem> {
        let run = (self.store.as_str(), self.run);
        let found =
            self.state.store.dry_differences(run, self.order_id, self.change.as_deref(), number(after)?, limit).await?;
        let rows = found.into_iter().map(|found| DifferenceRow {
            id: found.id,
            order_id: found.difference.order_id,
            document_key: found.difference.document_key,
            kind: found.difference.kind,
            number: found.difference.number,
            currency: found.difference.currency,
            change: found.difference.change,
            posted_total: found.difference.posted_total,
            derived_total: found.difference.derived_total,
            accounts: found
                .difference
                .accounts
                .into_iter()
                .map(|place| AccountDifference {
                    account: place.account,
                    dimensions: place.dimensions,
                    posted: place.posted,
                    derived: place.derived,
                    difference: place.difference,
                })
                .collect(),
        });
        Ok(rows.collect())
    }
}

/// What differs from what is posted, document by document and account by account. Orders that a hold leaves without
/// documents are not compared.
#[utoipa::path(get, path = "/v1/stores/{store}/dry-runs/{id}/differences", tag = "dry runs", operation_id = "list_dry_run_differences",
    params(("store" = String, Path), ("id" = i64, Path), DifferenceQuery),
    responses((status = 200, content((RowPage<DifferenceRow> = "application/json"), (String = "text/csv")))))]
pub(in super::super) async fn differences(
    State(state): State<ApiState>,
    Path((store, id)): Path<(String, i64)>,
    Query(query): Query<DifferenceQuery>,
    format: Format,
) -> Result<Response, Problem> {
    known_run(&state, &store, id).await?;
    let differences = Differences { state, store, run: id, order_id: query.order_id, change: query.change };
    answer(differences, format, query.after, query.limit).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_effect_is_read_as_it_was_written() {
        let month: Date = "2026-03-01".parse().unwrap();
        assert_eq!(effect_place("40|00|2026-03|USD"), Ok(("40|00", month, "USD")));
        assert!(effect_place("4000").is_err() && effect_place("4000|March|USD").is_err());
    }
}
