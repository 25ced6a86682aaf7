//! What a world's admin API is asked: rules, replays, the mirror, webhooks of the shop.

use std::time::Duration;

use cartledger::accounting::masters::MasterKind;
use cartledger::store::master_data::RefreshState;

use super::{ADMIN, PATIENCE, STORE, World};

impl World {
    /// Asks the API.
    pub async fn get(&self, path: &str) -> reqwest::Result<reqwest::Response> {
        self.client.get(format!("{}{path}", self.address)).bearer_auth(ADMIN).send().await
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

    pub(super) async fn subscribe(&self, shop_address: &str) {
        let destination = format!("{}/webhooks/bigcommerce/{STORE}", self.address);
        let hook = serde_json::json!({ "scope": "store/order/*", "destination": destination, "is_active": true });
        let request =
            self.client.post(format!("{shop_address}/stores/testhash1/v3/hooks")).header("X-Auth-Token", "token");
        let answer = request.header("content-type", "application/json").body(hook.to_string()).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
    }
}
