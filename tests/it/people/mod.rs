//! Who may use the admin API, what the audit log says of it, and how the API behaves towards everybody.

mod audit;
mod manners;
mod roles;
mod tokens;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::surface::{ADMIN, Surface};

impl Surface {
    /// Makes a token over the API; answers it and its number.
    async fn token(&self, name: &str, role: &str) -> (String, i64) {
        let wish = json!({ "name": name, "role": role });
        let made = self.json(ADMIN, Method::POST, "/v1/tokens", &wish).send().await.unwrap();
        assert_eq!(made.status(), 201);
        let made: Value = serde_json::from_slice(&made.bytes().await.unwrap()).unwrap();
        (made["token"].as_str().unwrap().to_owned(), made["id"].as_i64().unwrap())
    }

    /// Sends a request; answers the status and the JSON of the answer, null when it has none.
    async fn answer(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default())
    }

    /// What a look at an address brings.
    async fn look(&self, token: &str, path: &str) -> (u16, Value) {
        self.answer(self.with(token, Method::GET, path)).await
    }
}
