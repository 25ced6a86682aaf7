//! The admin API under `/v1`: one file per resource.

mod audit;
mod backfills;
mod by_hand;
mod deliveries;
pub(super) mod description;
mod documents;
mod dossier;
mod dry_runs;
mod events;
mod exclusions;
mod hold_groups;
mod holds;
mod hooks;
mod master_data;
mod orders;
mod replays;
mod retries;
mod rules;
mod schedules;
mod summaries;
mod table;
mod timeline;
mod tokens;
mod usage;

use axum::http::StatusCode;
use rust_decimal::Decimal;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::layers::requires;
use super::{ApiState, our_fault};
use crate::accounting::money::Currency;
use crate::problem::Problem;
use crate::store::token::Role;

/// Rows of a page when the caller does not say.
const PAGE: u32 = 100;
/// Rows of a page at most.
const PAGE_MAX: u32 = 500;

/// All routes with their descriptions, each behind the role it asks for.
pub fn routes() -> OpenApiRouter<ApiState> {
    let viewer = OpenApiRouter::new()
        .routes(routes!(orders::list))
        .routes(routes!(orders::one))
        .routes(routes!(documents::of_order))
        .routes(routes!(documents::list))
        .routes(routes!(documents::one))
        .routes(routes!(dossier::show))
        .routes(routes!(dossier::evidence))
        .routes(routes!(timeline::list))
        .routes(routes!(events::list))
        .routes(routes!(holds::list))
        .routes(routes!(holds::one))
        .routes(routes!(hold_groups::list))
        .routes(routes!(hold_groups::csv))
        .routes(routes!(deliveries::list))
        .routes(routes!(by_hand::list))
        .routes(routes!(by_hand::one))
        .routes(routes!(rules::read))
        .routes(routes!(rules::single::search))
        .routes(routes!(rules::single::one))
        .routes(routes!(rules::table::export))
        .routes(routes!(rules::revisions::list))
        .routes(routes!(rules::revisions::one))
        .routes(routes!(rules::revisions::diff))
        .routes(routes!(rules::lint::lint))
        .routes(routes!(rules::unmapped::list))
        .routes(routes!(rules::suggestions::list))
        .routes(routes!(rules::proposals::list))
        .routes(routes!(rules::proposals::one))
        .routes(routes!(master_data::list))
        .routes(routes!(master_data::state))
        .routes(routes!(summaries::list))
        .routes(routes!(summaries::support))
        .routes(routes!(usage::companies))
        .routes(routes!(usage::usage))
        .routes(routes!(audit::list))
        .routes(routes!(audit::verify))
        .routes(routes!(schedules::list))
        .routes(routes!(schedules::one))
        .routes(routes!(schedules::runs))
        .routes(routes!(backfills::list))
        .routes(routes!(backfills::one))
        .routes(routes!(hooks::show))
        .merge(dry_runs::for_viewers());
    let preparer = OpenApiRouter::new()
        .routes(routes!(orders::replay))
        .routes(routes!(replays::orders))
        .routes(routes!(replays::deliveries))
        .routes(routes!(retries::one))
        .routes(routes!(retries::many))
        .routes(routes!(holds::snooze))
        .routes(routes!(holds::unsnooze))
        .routes(routes!(events::report))
        .routes(routes!(events::retry))
        .routes(routes!(rules::replace, rules::single::create))
        .routes(routes!(rules::single::update, rules::single::remove))
        .routes(routes!(rules::single::end))
        .routes(routes!(rules::single::bulk))
        .routes(routes!(rules::table::bring_in))
        .routes(routes!(rules::proposals::withdraw))
        .routes(routes!(master_data::refresh))
        .routes(routes!(summaries::retry))
        .routes(routes!(schedules::run))
        .merge(dry_runs::for_preparers());
    let approver = OpenApiRouter::new()
        .routes(routes!(rules::proposals::approve))
        .routes(routes!(rules::proposals::reject))
        .routes(routes!(exclusions::exclude))
        .routes(routes!(exclusions::include))
        .routes(routes!(by_hand::claim))
        .routes(routes!(by_hand::withdraw));
    let admin = OpenApiRouter::new()
        .routes(routes!(tokens::list, tokens::create))
        .routes(routes!(tokens::revoke))
        .routes(routes!(schedules::change))
        .routes(routes!(backfills::create))
        .routes(routes!(backfills::pause))
        .routes(routes!(backfills::resume))
        .routes(routes!(backfills::cancel))
        .routes(routes!(hooks::install))
        .routes(routes!(hooks::repair))
        .routes(routes!(hooks::remove));
    OpenApiRouter::new()
        .merge(requires(Role::Viewer, viewer))
        .merge(requires(Role::Preparer, preparer))
        .merge(requires(Role::Approver, approver))
        .merge(requires(Role::Admin, admin))
}

/// The whole description, as it is served and kept in openapi/openapi.json.
pub fn description() -> serde_json::Value {
    complete(routes().split_for_parts().1)
}

/// Completes the description of routes.
pub(super) fn complete(document: OpenApi) -> serde_json::Value {
    description::complete(document)
}

/// Refuses a store that is not configured.
fn known_store(state: &ApiState, store: &str) -> Result<(), Problem> {
    if state.webhook_stores.contains_key(store) {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::NOT_FOUND,
        "unknown-store",
        format!("No store named '{store}' is configured"),
        "Use a store's name from the settings.",
    ))
}

/// Rows of a page, as a request asks for them.
#[derive(Debug, Clone, Copy, serde::Deserialize, utoipa::ToSchema)]
#[serde(try_from = "u64")]
#[schema(value_type = u16, minimum = 1, maximum = 500)]
pub(super) struct Limit(u32);

impl TryFrom<u64> for Limit {
    type Error = String;

    fn try_from(limit: u64) -> Result<Self, String> {
        let fitting = u32::try_from(limit).ok().filter(|limit| (1..=PAGE_MAX).contains(limit));
        fitting.map(Self).ok_or_else(|| format!("a page has 1 to {PAGE_MAX} rows, not {limit}"))
    }
}

/// The page size asked for.
fn page_size(limit: Option<Limit>) -> u32 {
    limit.map_or(PAGE, |Limit(limit)| limit)
}

/// An amount with as many decimals as its currency has, or more where it needs them: 129.9 USD is 129.90. Never rounded.
fn in_currency(amount: Decimal, currency: &str) -> Decimal {
    let mut amount = amount.normalize();
    if let Ok(currency) = currency.parse::<Currency>()
        && amount.scale() < currency.minor_units()
    {
        amount.rescale(currency.minor_units());
    }
    amount
}

/// Longest reason or note that somebody gives, in characters.
const SAID_MAX: usize = 500;

/// What somebody says in a field, without spaces around it; refuses nothing said, and too much.
fn said<'a>(field: &str, text: &'a str) -> Result<&'a str, Problem> {
    let text = text.trim();
    if !text.is_empty() && text.chars().count() <= SAID_MAX {
        return Ok(text);
    }
    Err(Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "text-not-valid",
        format!("{field} must have 1 to {SAID_MAX} characters"),
        "Say why, in a sentence: whoever looks at it later reads it. Nothing was changed.",
    ))
}

#[cfg(test)]
mod tests {
    use super::in_currency;

    #[test]
    fn an_amount_has_the_decimals_of_its_currency_and_is_never_rounded() {
        let shown = |amount: &str, currency| in_currency(amount.parse().unwrap(), currency).to_string();
        assert_eq!(shown("129.9", "USD"), "129.90");
        assert_eq!(shown("129.9000", "USD"), "129.90");
        assert_eq!(shown("0", "USD"), "0.00");
        assert_eq!(shown("1500.00", "JPY"), "1500");
        assert_eq!(shown("0.125", "USD"), "0.125");
        assert_eq!(shown("-7", "KWD"), "-7.000");
        assert_eq!(shown("2.50", "no currency"), "2.5");
    }
}
