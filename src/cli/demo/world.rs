//! The two counterparts of the demo, in this process, speaking to the service over HTTP only.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::lifecycle::Shutdown;
use crate::sandbox::{bigcommerce, intacct};

/// Secrets of the demo. They open nothing outside this machine's loopback.
pub(super) const ACCESS_TOKEN: &str = "demo-access-token";
pub(super) const CLIENT_SECRET: &str = "demo-client-secret";
pub(super) const STORE_HASH: &str = "demoshop1";

/// Requests of the store's window of 30 seconds: the demo is about books, not about waiting for a quota.
const QUOTA: u32 = 6000;
/// Retries of webhooks come this many times sooner than the documented 60 seconds to 24 hours.
const RETRY_SPEEDUP: u32 = 60;

/// The store and the company.
pub(super) struct World {
    pub(super) shop: bigcommerce::Store,
    pub(super) company: intacct::Company,
    pub(super) shop_address: String,
    pub(super) company_address: String,
    pub(super) gateway_url: String,
}

impl World {
    pub(super) async fn start(folder: &Path, shutdown: &Shutdown) -> anyhow::Result<Self> {
        let settings = bigcommerce::StoreSettings {
            quota: QUOTA,
            retry_speedup: RETRY_SPEEDUP,
            state_file: Some(folder.join("bigcommerce.json")),
            ..bigcommerce::StoreSettings::new(
                STORE_HASH,
                SecretString::from(ACCESS_TOKEN),
                SecretString::from(CLIENT_SECRET),
            )
        };
        let shop = bigcommerce::Store::new(settings).context("opening the sandbox store")?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let shop_address = format!("http://{}", listener.local_addr()?);
        let (serving, soft) = (shop.clone(), shutdown.soft());
        shutdown.spawn("sandbox store", async move {
            if let Err(error) = serving.serve(listener, soft).await {
                tracing::error!(%error, "the sandbox store ended");
            }
        });

        let settings = intacct::CompanySettings {
            books_file: Some(folder.join("intacct.json")),
            dump_folder: Some(folder.join("requests")),
            ..intacct::CompanySettings::default()
        };
        let company = intacct::Company::new(settings).context("opening the sandbox company")?;
        let served = company.serve(TcpListener::bind("127.0.0.1:0").await?)?;
        let (company_address, gateway_url) = (format!("http://{}", served.address()), served.gateway_url());
        let soft = shutdown.soft();
        shutdown.spawn("sandbox company", async move {
            soft.cancelled().await;
            if let Err(error) = served.stop().await {
                tracing::error!(%error, "the sandbox company ended badly");
            }
        });
        Ok(Self { shop, company, shop_address, company_address, gateway_url })
    }

    /// Makes the store send its order webhooks to `destination`, over its REST API as an installer would.
    pub(super) async fn subscribe(&self, destination: &str) -> anyhow::Result<()> {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build()?;
        let hooks = format!("{}/stores/{STORE_HASH}/v3/hooks", self.shop_address);
        let call = |request: reqwest::RequestBuilder| async move {
            let answer =
                request.header("X-Auth-Token", ACCESS_TOKEN).header("Accept", "application/json").send().await?;
            anyhow::ensure!(answer.status().is_success(), "the store answered {}", answer.status());
            Ok(serde_json::from_slice::<Value>(&answer.bytes().await?)?)
        };
        let found = call(client.get(&hooks)).await.context("listing webhooks")?;
        let hook = json!({ "scope": "store/order/*", "destination": destination, "is_active": true });
        let request = match found["data"][0]["id"].as_u64() {
            Some(id) => client.put(format!("{hooks}/{id}")),
            None => client.post(&hooks),
        };
        call(request.header("Content-Type", "application/json").body(hook.to_string()))
            .await
            .context("creating a webhook")?;
        Ok(())
    }
}
