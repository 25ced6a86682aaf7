//! The webhooks of a store: listing, making, changing and deleting them (BigCommerce, Webhooks V3).

use std::collections::BTreeMap;

use reqwest::Method;
use serde::Serialize;

use super::error::{ReadError, unreadable};
use super::{Call, StoreClient};
use crate::bigcommerce::loose::object;
use crate::bigcommerce::wire;

/// A webhook as BigCommerce has it. Only those of the access token's own API account are ever seen.
#[derive(Clone, PartialEq, Eq)]
pub struct Hook {
    /// BigCommerce's number.
    pub id: u64,
    /// What it tells of, for example `store/order/*`.
    pub scope: String,
    /// Where it tells it.
    pub destination: String,
    /// Whether it tells anything.
    pub active: bool,
    /// What it sends along: these may be secrets.
    pub headers: BTreeMap<String, String>,
}

impl std::fmt::Debug for Hook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Hook");
        shown.field("id", &self.id).field("scope", &self.scope).field("destination", &self.destination);
        shown.field("active", &self.active).finish_non_exhaustive()
    }
}

/// What a webhook shall be.
#[derive(Clone, Serialize)]
pub struct HookDraft {
    /// What it tells of.
    pub scope: String,
    /// Where it tells it: https, without a port of its own.
    pub destination: String,
    /// Whether it tells anything.
    #[serde(rename = "is_active")]
    pub active: bool,
    /// What it sends along.
    pub headers: BTreeMap<String, String>,
}

impl StoreClient {
    /// All webhooks of the API account.
    ///
    /// # Errors
    /// [`ReadError`], naming the store.
    pub async fn hooks(&self) -> Result<Vec<Hook>, ReadError> {
        let what = self.what("webhooks");
        let rows = self.rows(&what, |page| self.addresses.hooks(page)).await?;
        rows.iter().map(|row| hook(&what, row.get())).collect()
    }

    /// Makes a webhook. It can take a minute to begin. Not repeated when no answer came: it may be there.
    ///
    /// # Errors
    /// [`ReadError`], naming the store; [`ReadError::Refused`] for a destination that BigCommerce does not take.
    pub async fn create_hook(&self, draft: &HookDraft) -> Result<(), ReadError> {
        let what = self.what(format!("making the webhook for {}", draft.scope));
        self.write(&what, Call::new(Method::POST, self.addresses.new_hook()).with(draft)).await
    }

    /// Changes a webhook; one that BigCommerce deactivated is activated so.
    ///
    /// # Errors
    /// [`ReadError`], naming the store.
    pub async fn update_hook(&self, id: u64, draft: &HookDraft) -> Result<(), ReadError> {
        let what = self.what(format!("changing the webhook {id} for {}", draft.scope));
        self.write(&what, Call::new(Method::PUT, self.addresses.hook(id)).with(draft)).await
    }

    /// Deletes a webhook; one that is gone already is no error.
    ///
    /// # Errors
    /// [`ReadError`], naming the store.
    pub async fn delete_hook(&self, id: u64) -> Result<(), ReadError> {
        let what = self.what(format!("deleting the webhook {id}"));
        match self.write(&what, Call::new(Method::DELETE, self.addresses.hook(id))).await {
            Err(ReadError::NotFound { .. }) => Ok(()),
            other => other,
        }
    }
}

fn hook(what: &str, row: &str) -> Result<Hook, ReadError> {
    let wire: wire::Hook = object(row.as_bytes()).map_err(|error| unreadable(what, &error))?;
    let Some(id) = wire.id.id().ok().flatten() else {
        return Err(ReadError::Retry { why: format!("{what}: a webhook has no id"), after: None });
    };
    Ok(Hook {
        id,
        scope: wire.scope.text(),
        destination: wire.destination.text(),
        active: wire.is_active.flag(),
        headers: wire.headers.object().unwrap_or_default(),
    })
}
