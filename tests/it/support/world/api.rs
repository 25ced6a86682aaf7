//! What a world's admin API is asked: rules, replays, the mirror, webhooks of the shop.

use std::time::Duration;

use cartledger::accounting::masters::MasterKind;
use cartledger::store::master_data::RefreshState;
use serde_json::Value;

use super::{ADMIN, PATIENCE, STORE, World};

impl World {
    /// Asks the API.
    pub async fn get(&self, path: &str) -> reqwest::Result<reqwest::Response> {
        self.client.get(format!("{}{path}", self.address)).bearer_auth(ADMIN).send().await
    }

    /// A request with a token, to be completed and sent.
    pub fn request(&self, token: &str, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.address)).bearer_auth(token)
    }

    /// Asks the API for an answer of a type.
    pub async fn get_as(&self, path: &str, accept: &str) -> reqwest::Response {
        let request = self.client.get(format!("{}{path}", self.address)).bearer_auth(ADMIN).header("accept", accept);
        request.send().await.unwrap()
    }

    /// Puts a rulebook over the API; answers the status.
    pub async fn put_rules(&self, rules: &serde_json::Value) -> u16 {
        self.try_put_rules(rules).await.unwrap()
    }

    /// The same of a program that may be dead.
    pub async fn try_put_rules(&self, rules: &serde_json::Value) -> reqwest::Result<u16> {
        Ok(self.send_rules(rules).await?.status().as_u16())
    }

    /// Puts a rulebook over the API; answers what it said.
    pub async fn send_rules(&self, rules: &serde_json::Value) -> reqwest::Result<reqwest::Response> {
        let body = serde_json::json!({ "author": "test", "rules": rules }).to_string();
        let url = format!("{}/v1/stores/{STORE}/rules", self.address);
        let request = self.client.put(url).bearer_auth(ADMIN).header("content-type", "application/json").body(body);
        request.send().await
    }

    /// Waits until the mirror of every kind of master data was tried.
    pub async fn mirrored(&self) {
        self.mirrored_since(None).await;
    }

    /// Reads what changed in the company now.
    pub async fn refresh_masters(&self) {
        let states = self.store.refresh_states("sandbox").await.unwrap();
        let before = states.iter().filter_map(|state| state.last_read_at).max();
        assert_eq!(self.post("/v1/companies/sandbox/master-data/refresh").await, 202);
        self.mirrored_since(before).await;
    }

    async fn mirrored_since(&self, before: Option<jiff::Timestamp>) {
        let begun = tokio::time::Instant::now();
        loop {
            let states = self.store.refresh_states("sandbox").await.unwrap();
            let fresh = |state: &&RefreshState| state.unavailable.is_some() || state.last_read_at > before;
            if states.len() >= MasterKind::FIXED.len() && states.iter().all(|state| fresh(&state)) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "the mirror is not filled: {states:?} {}", self.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Runs an order again over the API.
    pub async fn replay(&self, order: u64) {
        assert_eq!(self.post(&format!("/v1/stores/{STORE}/orders/{order}/replay")).await, 202);
    }

    /// Asks the API to do something; answers the status.
    pub async fn post(&self, path: &str) -> u16 {
        self.try_post(path).await.unwrap()
    }

    /// The same of a program that may be dead.
    pub async fn try_post(&self, path: &str) -> reqwest::Result<u16> {
        let request = self.client.post(format!("{}{path}", self.address)).bearer_auth(ADMIN);
        Ok(request.send().await?.status().as_u16())
    }

    /// Sends JSON to the API; answers the status and what it says.
    pub async fn post_json(&self, path: &str, body: &serde_json::Value) -> (u16, serde_json::Value) {
        let request = self.client.post(format!("{}{path}", self.address)).bearer_auth(ADMIN);
        let answer = request.header("content-type", "application/json").body(body.to_string()).send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }

    /// Sends JSON to the API of a program that may be dead; answers the status.
    pub async fn try_post_json(&self, path: &str, body: &serde_json::Value) -> reqwest::Result<u16> {
        let request = self.client.post(format!("{}{path}", self.address)).bearer_auth(ADMIN);
        Ok(request.header("content-type", "application/json").body(body.to_string()).send().await?.status().as_u16())
    }

    pub(super) async fn subscribe(&self) {
        let destination = format!("{}/webhooks/bigcommerce/{STORE}", self.address);
        let hook = serde_json::json!({ "scope": "store/order/*", "destination": destination, "is_active": true });
        self.shop_call(reqwest::Method::POST, "/v3/hooks", Some(hook)).await;
    }

    /// Calls the shop's own API as somebody else with its token; answers the `data`.
    pub async fn shop_call(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/stores/testhash1{path}", self.shop_address);
        let mut request = self.client.request(method, url).header("X-Auth-Token", "token");
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        let said: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        said["data"].clone()
    }

    /// The webhooks of the shop.
    pub async fn shop_hooks(&self) -> Vec<Value> {
        let found = self.shop_call(reqwest::Method::GET, "/v3/hooks?limit=250", None).await;
        found.as_array().cloned().unwrap_or_default()
    }

    /// The shop tells nothing any more.
    pub async fn lose_webhooks(&self) {
        for hook in self.shop_hooks().await {
            self.shop_call(reqwest::Method::DELETE, &format!("/v3/hooks/{}", hook["id"]), None).await;
        }
    }

    /// Asks the API for JSON of the store.
    pub async fn of_store(&self, path: &str) -> Value {
        let answer = self.get(&format!("/v1/stores/{STORE}/{path}")).await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// Sends a request to the API of the store; answers the status and what it says.
    pub async fn ask_store(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}/v1/stores/{STORE}/{path}", self.address);
        let mut request = self.client.request(method, url).bearer_auth(ADMIN);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
    }

    /// Runs a schedule now and waits for the end of the run.
    pub async fn run_schedule(&self, name: &str) -> Value {
        let newest = async || self.of_store(&format!("schedules/{name}/runs?limit=1")).await["runs"][0].clone();
        let before = newest().await["id"].clone();
        assert_eq!(self.post(&format!("/v1/stores/{STORE}/schedules/{name}/run")).await, 202);
        let mut run = Value::Null;
        self.wait_until("the schedule has run", async || {
            run = newest().await;
            run["id"] != before && run["result"] == "done"
        })
        .await;
        run
    }
}
