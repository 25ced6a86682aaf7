//! Somebody who uses a world's admin API with a token of their own.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::{ADMIN, World};

/// A holder of a token.
pub struct Person {
    client: reqwest::Client,
    address: String,
    token: String,
}

/// What the API answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub etag: String,
    pub text: String,
    /// The body as JSON; null when it is none.
    pub body: Value,
}

impl Answer {
    /// The code of a problem.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

impl World {
    /// Whoever has the token of the settings.
    pub fn owner(&self) -> Person {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(60)).build().unwrap();
        Person { client, address: self.address.clone(), token: ADMIN.to_owned() }
    }

    /// Somebody with a new token of this name and role.
    pub async fn person(&self, name: &str, role: &str) -> Person {
        let owner = self.owner();
        let made = owner.send(Method::POST, "/v1/tokens", None, &json!({ "name": name, "role": role })).await;
        assert_eq!(made.status, 201, "{made:?}");
        Person { token: made.body["token"].as_str().unwrap().to_owned(), ..owner }
    }
}

impl Person {
    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None, None, String::new()).await
    }

    /// Sends JSON; null sends no body.
    pub async fn send(&self, method: Method, path: &str, if_match: Option<&str>, body: &Value) -> Answer {
        let (kind, text) =
            if body.is_null() { (None, String::new()) } else { (Some("application/json"), body.to_string()) };
        self.ask(method, path, if_match, kind, text).await
    }

    /// Posts a table.
    pub async fn send_table(&self, path: &str, if_match: Option<&str>, table: &str) -> Answer {
        self.ask(Method::POST, path, if_match, Some("text/csv"), table.to_owned()).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        if_match: Option<&str>,
        content_type: Option<&str>,
        body: String,
    ) -> Answer {
        let mut request = self.client.request(method, format!("{}{path}", self.address)).bearer_auth(&self.token);
        if let Some(etag) = if_match {
            request = request.header("if-match", etag);
        }
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        let answer = request.body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        let etag = answer.headers().get("etag").map(|etag| etag.to_str().unwrap().to_owned()).unwrap_or_default();
        let text = answer.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or_default();
        Answer { status, etag, text, body }
    }
}
