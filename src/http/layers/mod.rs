//! What every request to the admin API passes, from the outside in: its token, its pace, its body, the audit log, its
//! idempotency key, and the role its route asks for.

mod audit;
mod authenticate;
mod body;
mod idempotency;
mod pace;
mod role;

use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa_axum::router::OpenApiRouter;

pub use self::authenticate::SettingsToken;
pub use self::idempotency::NO_STORE;
pub use self::pace::Pace;
pub use self::role::{FIELD as ROLE_FIELD, requires};
use super::{ApiState, our_fault};

/// Puts all of it around the routes.
pub fn around(routes: OpenApiRouter<ApiState>, state: &ApiState) -> OpenApiRouter<ApiState> {
    // The last one is the outermost. How long a body may be is the body layer's alone.
    routes
        .layer(DefaultBodyLimit::disable())
        // Innermost, so that a fault of ours is an answer like any other to the layers around it.
        .layer(CatchPanicLayer::custom(|_| our_fault().into_response()))
        .layer(from_fn_with_state(state.clone(), idempotency::layer))
        .layer(from_fn_with_state(state.clone(), audit::layer))
        .layer(from_fn_with_state(state.clone(), body::layer))
        .layer(from_fn_with_state(state.clone(), pace::layer))
        .layer(from_fn_with_state(state.clone(), authenticate::layer))
}
