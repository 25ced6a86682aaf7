//! The role a route asks for: enforced before its handler, and written into its description.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa_axum::router::OpenApiRouter;

use crate::http::ApiState;
use crate::http::admin::description::operations;
use crate::http::caller::Caller;
use crate::problem::Problem;
use crate::store::token::Role;

/// The field of a described operation that names the role.
pub const FIELD: &str = "x-required-role";

/// The same routes for this role and those above it only.
pub fn requires(role: Role, mut routes: OpenApiRouter<ApiState>) -> OpenApiRouter<ApiState> {
    for (_, operation) in routes.get_openapi_mut().paths.paths.values_mut().flat_map(operations) {
        operation.extensions = Some(ExtensionsBuilder::new().add(FIELD, role.as_str()).build());
    }
    routes.layer(from_fn(move |caller: Caller, request: Request, next: Next| check(role, caller, request, next)))
}

async fn check(role: Role, caller: Caller, request: Request, next: Next) -> Response {
    if caller.role >= role {
        return next.run(request).await;
    }
    Problem::new(
        StatusCode::FORBIDDEN,
        "role-too-low",
        format!("The token '{}' is of a {} and this asks for {role}", caller.name, caller.role),
        format!("Use a token whose role is {role} or above, or ask somebody who has one. Nothing was changed."),
    )
    .into_response()
}
