//! The role matrix: every route by name, with the role it asks for, tried with a token of each role.

use std::collections::BTreeSet;

use cartledger::http::admin;
use cartledger::http::layers::ROLE_FIELD;
use cartledger::store::token::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::surface::Surface;

/// Every route and the least role that may use it.
const ROUTES: &[(&str, &str, &str)] = &[
    ("viewer", "GET", "/v1/audit"),
    ("viewer", "GET", "/v1/audit/verification"),
    ("viewer", "GET", "/v1/companies"),
    ("viewer", "GET", "/v1/companies/{company}/master-data"),
    ("viewer", "GET", "/v1/companies/{company}/master-data/state"),
    ("viewer", "GET", "/v1/companies/{company}/usage"),
    ("viewer", "GET", "/v1/stores/{store}/backfills"),
    ("viewer", "GET", "/v1/stores/{store}/backfills/{id}"),
    ("viewer", "GET", "/v1/stores/{store}/deliveries"),
    ("viewer", "GET", "/v1/stores/{store}/documents"),
    ("viewer", "GET", "/v1/stores/{store}/documents/by-hand"),
    ("viewer", "GET", "/v1/stores/{store}/documents/by-hand/{id}"),
    ("viewer", "GET", "/v1/stores/{store}/documents/{key}"),
    ("viewer", "GET", "/v1/stores/{store}/dry-runs"),
    ("viewer", "GET", "/v1/stores/{store}/dry-runs/{id}"),
    ("viewer", "GET", "/v1/stores/{store}/dry-runs/{id}/differences"),
    ("viewer", "GET", "/v1/stores/{store}/dry-runs/{id}/effects"),
    ("viewer", "GET", "/v1/stores/{store}/dry-runs/{id}/holds"),
    ("viewer", "GET", "/v1/stores/{store}/dry-runs/{id}/journals"),
    ("viewer", "GET", "/v1/stores/{store}/dry-runs/{id}/missing"),
    ("viewer", "GET", "/v1/stores/{store}/dry-runs/{id}/orders"),
    ("viewer", "GET", "/v1/stores/{store}/events"),
    ("viewer", "GET", "/v1/stores/{store}/hold-groups"),
    ("viewer", "GET", "/v1/stores/{store}/hold-groups.csv"),
    ("viewer", "GET", "/v1/stores/{store}/holds"),
    ("viewer", "GET", "/v1/stores/{store}/holds/{id}"),
    ("viewer", "GET", "/v1/stores/{store}/orders"),
    ("viewer", "GET", "/v1/stores/{store}/orders/{order_id}"),
    ("viewer", "GET", "/v1/stores/{store}/orders/{order_id}/documents"),
    ("viewer", "GET", "/v1/stores/{store}/orders/{order_id}/dossier"),
    ("viewer", "GET", "/v1/stores/{store}/orders/{order_id}/evidence/{hash}"),
    ("viewer", "GET", "/v1/stores/{store}/orders/{order_id}/timeline"),
    ("viewer", "GET", "/v1/stores/{store}/rules"),
    ("viewer", "GET", "/v1/stores/{store}/rules.csv"),
    ("viewer", "GET", "/v1/stores/{store}/rules/by-id/{id}"),
    ("viewer", "GET", "/v1/stores/{store}/rules/diff"),
    ("viewer", "POST", "/v1/stores/{store}/rules/lint"),
    ("viewer", "GET", "/v1/stores/{store}/rules/proposals"),
    ("viewer", "GET", "/v1/stores/{store}/rules/proposals/{id}"),
    ("viewer", "GET", "/v1/stores/{store}/rules/revisions"),
    ("viewer", "GET", "/v1/stores/{store}/rules/revisions/{revision}"),
    ("viewer", "GET", "/v1/stores/{store}/rules/search"),
    ("viewer", "GET", "/v1/stores/{store}/rules/suggestions"),
    ("viewer", "GET", "/v1/stores/{store}/rules/unmapped"),
    ("viewer", "GET", "/v1/stores/{store}/schedules"),
    ("viewer", "GET", "/v1/stores/{store}/schedules/{name}"),
    ("viewer", "GET", "/v1/stores/{store}/schedules/{name}/runs"),
    ("viewer", "GET", "/v1/stores/{store}/summaries"),
    ("viewer", "GET", "/v1/stores/{store}/summaries/{day}/{currency}/support"),
    ("viewer", "GET", "/v1/stores/{store}/webhooks"),
    ("preparer", "POST", "/v1/companies/{company}/master-data/refresh"),
    ("preparer", "POST", "/v1/stores/{store}/deliveries/replay"),
    ("preparer", "POST", "/v1/stores/{store}/dry-runs"),
    ("preparer", "POST", "/v1/stores/{store}/dry-runs/{id}/cancel"),
    ("preparer", "POST", "/v1/stores/{store}/events"),
    ("preparer", "POST", "/v1/stores/{store}/events/retry"),
    ("preparer", "POST", "/v1/stores/{store}/holds/retry"),
    ("preparer", "POST", "/v1/stores/{store}/holds/{id}/retry"),
    ("preparer", "POST", "/v1/stores/{store}/holds/{id}/snooze"),
    ("preparer", "POST", "/v1/stores/{store}/holds/{id}/unsnooze"),
    ("preparer", "POST", "/v1/stores/{store}/orders/replay"),
    ("preparer", "POST", "/v1/stores/{store}/orders/{order_id}/replay"),
    ("preparer", "POST", "/v1/stores/{store}/rules"),
    ("preparer", "PUT", "/v1/stores/{store}/rules"),
    ("preparer", "POST", "/v1/stores/{store}/rules/bulk"),
    ("preparer", "DELETE", "/v1/stores/{store}/rules/by-id/{id}"),
    ("preparer", "PUT", "/v1/stores/{store}/rules/by-id/{id}"),
    ("preparer", "POST", "/v1/stores/{store}/rules/by-id/{id}/end"),
    ("preparer", "POST", "/v1/stores/{store}/rules/import"),
    ("preparer", "POST", "/v1/stores/{store}/rules/proposals/{id}/withdraw"),
    ("preparer", "POST", "/v1/stores/{store}/schedules/{name}/run"),
    ("preparer", "POST", "/v1/stores/{store}/summaries/{day}/{currency}/retry"),
    ("approver", "POST", "/v1/stores/{store}/documents/by-hand"),
    ("approver", "POST", "/v1/stores/{store}/documents/by-hand/{id}/withdraw"),
    ("approver", "POST", "/v1/stores/{store}/orders/{order_id}/exclude"),
    ("approver", "POST", "/v1/stores/{store}/orders/{order_id}/include"),
    ("approver", "POST", "/v1/stores/{store}/rules/proposals/{id}/approve"),
    ("approver", "POST", "/v1/stores/{store}/rules/proposals/{id}/reject"),
    ("admin", "POST", "/v1/stores/{store}/backfills"),
    ("admin", "POST", "/v1/stores/{store}/backfills/{id}/cancel"),
    ("admin", "POST", "/v1/stores/{store}/backfills/{id}/pause"),
    ("admin", "POST", "/v1/stores/{store}/backfills/{id}/resume"),
    ("admin", "PUT", "/v1/stores/{store}/schedules/{name}"),
    ("admin", "DELETE", "/v1/stores/{store}/webhooks"),
    ("admin", "POST", "/v1/stores/{store}/webhooks/install"),
    ("admin", "POST", "/v1/stores/{store}/webhooks/repair"),
    ("admin", "GET", "/v1/tokens"),
    ("admin", "POST", "/v1/tokens"),
    ("admin", "DELETE", "/v1/tokens/{id}"),
];

/// Every operation of the description: the role it names, its method, its path.
fn described() -> BTreeSet<(String, String, String)> {
    let document = admin::description();
    let mut all = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let role = operation[ROLE_FIELD].as_str().unwrap_or("no role").to_owned();
            all.insert((role, method.to_uppercase(), path.clone()));
        }
    }
    all
}

#[test]
fn every_route_is_named_here_with_the_role_that_its_description_names() {
    let here = ROUTES.iter().map(|(role, method, path)| (role.to_string(), method.to_string(), path.to_string()));
    pretty(&here.collect(), &described());
}

fn pretty(here: &BTreeSet<(String, String, String)>, described: &BTreeSet<(String, String, String)>) {
    let only_here: Vec<_> = here.difference(described).collect();
    let only_described: Vec<_> = described.difference(here).collect();
    assert!(only_here.is_empty() && only_described.is_empty(), "gone: {only_here:#?} new: {only_described:#?}");
}

/// A path of the store and the company that are there, and of things that are not.
fn filled(path: &str) -> String {
    let mut filled = path.to_owned();
    for (name, value) in [("{store}", "acme-us"), ("{company}", "acme"), ("{day}", "2026-03-12"), ("{currency}", "USD")]
    {
        filled = filled.replace(name, value);
    }
    while let (Some(from), Some(to)) = (filled.find('{'), filled.find('}')) {
        filled.replace_range(from..=to, "999999");
    }
    filled
}

#[tokio::test]
async fn a_token_can_do_what_its_role_can_and_nothing_more() {
    let surface = Surface::start().await;
    let mut tokens = Vec::new();
    for role in Role::ALL {
        tokens.push((role, surface.token(role.as_str(), role.as_str()).await.0));
    }
    let mut wrong = Vec::new();
    for (least, method, path) in ROUTES {
        let least: Role = least.parse().unwrap();
        for (role, token) in &tokens {
            let method: Method = method.parse().unwrap();
            let (status, problem) =
                surface.answer(surface.json(token, method.clone(), &filled(path), &json!({}))).await;
            let refused = (status, &problem["code"]) == (403, &json!("role-too-low"));
            if refused != (*role < least) || status == 401 || status >= 500 {
                wrong.push(format!("{method} {path} as {role}: {status} {problem}"));
            }
        }
        let (status, _): (u16, Value) = surface.answer(surface.plain(method.parse().unwrap(), &filled(path))).await;
        if status != 401 {
            wrong.push(format!("{method} {path} without a token: {status}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
