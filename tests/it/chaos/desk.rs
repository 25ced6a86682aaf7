//! What people do at their desks during a round, over the API: none of it may change what the books come to.

use cartledger::clock::random_id;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::campaign::Campaign;
use crate::support::world::ADMIN;

/// Something that is done over the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Desk {
    /// A token is made, used and revoked.
    Token,
}

impl Desk {
    /// All of it.
    pub const ALL: [Self; 1] = [Self::Token];
}

impl Campaign {
    /// Does something. The program may be dead or dying: then nobody answers, and nothing is owed.
    pub(super) async fn at_the_desk(&self, what: Desk) {
        match what {
            Desk::Token => drop(self.use_a_token().await),
        }
    }

    async fn use_a_token(&self) -> Option<Value> {
        let wish = json!({ "name": random_id().to_string(), "role": "viewer" });
        let made = answer(self.post("/v1/tokens", &wish)).await?;
        let (token, id) = (made["token"].as_str()?, made["id"].as_i64()?);
        answer(self.world.request(token, Method::GET, "/v1/companies")).await;
        answer(self.world.request(ADMIN, Method::DELETE, &format!("/v1/tokens/{id}"))).await
    }

    /// Asks for something to be done, with an idempotency key.
    pub(super) async fn ask(&self, path: &str) {
        answer(self.post(path, &Value::Null)).await;
    }

    /// A request that changes something, with an idempotency key.
    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        let request = self.world.request(ADMIN, Method::POST, path);
        let request = request.header("idempotency-key", random_id().to_string());
        if body.is_null() { request } else { request.header("content-type", "application/json").body(body.to_string()) }
    }
}

/// The JSON of an answer that is no refusal.
async fn answer(request: RequestBuilder) -> Option<Value> {
    let response = request.send().await.ok()?.error_for_status().ok()?;
    serde_json::from_slice(&response.bytes().await.ok()?).ok()
}
