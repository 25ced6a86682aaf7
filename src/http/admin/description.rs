//! The description of the admin API, completed: who it is for, how to sign in, and the problems any route may answer.

use serde_json::Value;
use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::info::InfoBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{OpenApi, Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::Problem;

const PROBLEM_JSON: &str = "application/problem+json";
const BEARER: &str = "bearer";

/// What a route may answer besides what it describes itself.
const PROBLEMS: [(u16, &str); 11] = [
    (400, "The address, the query or the body cannot be read"),
    (401, "The bearer token is missing, unknown, expired or revoked"),
    (403, "The token's role is too low"),
    (404, "There is nothing by this name"),
    (409, "A request with this Idempotency-Key is being executed, or it does not fit what is there"),
    (413, "The body is larger than is taken"),
    (415, "The body is not of the type that is taken"),
    (422, "It is understood and does not fit"),
    (429, "The token sends more requests than it may; Retry-After says when to go on"),
    (500, "The service failed by a fault of its own"),
    (503, "The database does not answer; Retry-After says when to go on"),
];

/// The operations of a path with their methods.
pub fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("GET", &mut item.get),
        ("PUT", &mut item.put),
        ("POST", &mut item.post),
        ("DELETE", &mut item.delete),
        ("PATCH", &mut item.patch),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// Completes the description, as JSON.
pub(super) fn complete(mut document: OpenApi) -> Value {
    document.info = InfoBuilder::new()
        .title("Cartledger")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Posts BigCommerce orders into Sage Intacct. Amounts are decimal strings in major units of the currency that \
             stands beside them; moments are UTC. Errors are problems (RFC 9457) with a stable code and what to do. \
             x-required-role names the role a route asks for. POST takes an Idempotency-Key.",
        ))
        .build();
    document.security = Some(vec![SecurityRequirement::new(BEARER, Vec::<String>::new())]);
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    let mut components = document.components.take().unwrap_or_else(|| ComponentsBuilder::new().build());
    components.security_schemes.insert(BEARER.to_owned(), bearer.into());
    components.schemas.insert(Problem::name().into_owned(), Problem::schema());
    document.components = Some(components);
    for (path, item) in &mut document.paths.paths {
        let named = path.contains('{');
        for (method, operation) in operations(item) {
            add_problems(operation, named, method);
        }
    }
    let mut value = serde_json::to_value(&document).unwrap_or_default();
    widen(&mut value);
    value
}

/// Numbers that are never negative are taken as long as 64 bits are, which the formats of OpenAPI do not say.
fn widen(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let narrow = fields.get("format").is_some_and(|format| format == "int64" || format == "int32");
            if narrow && fields.get("minimum").is_some_and(|least| least.as_f64() == Some(0.0)) {
                fields.remove("format");
            }
            fields.values_mut().for_each(widen);
        }
        Value::Array(values) => values.iter_mut().for_each(widen),
        _ => {}
    }
}

fn add_problems(operation: &mut Operation, named: bool, method: &str) {
    for (status, what) in PROBLEMS {
        let possible = match status {
            404 => named,
            409 | 413 => method != "GET",
            415 => operation.request_body.is_some(),
            _ => true,
        };
        if possible {
            let response = ResponseBuilder::new().description(what).content(PROBLEM_JSON, problem()).build();
            operation.responses.responses.entry(status.to_string()).or_insert(response.into());
        }
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.as_str() >= "400"
        {
            as_problem(response);
        }
    }
}

fn problem() -> Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name(Problem::name()))).build()
}

/// Every error is a problem, whatever a route's description calls its type.
fn as_problem(response: &mut Response) {
    response.content = [(PROBLEM_JSON.to_owned(), problem().into())].into_iter().collect();
}
