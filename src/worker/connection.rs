//! A store as the worker sees it: how to read it, how to judge it, where to post it.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use crate::accounting::policy::Policy;
use crate::bigcommerce::client::StoreClient;
use crate::intacct::posting::customer::CustomerForm;
use crate::worker::gateway::Gateway;
use crate::worker::validation::Masters;

/// One store with its reader, its policy and its company's gateway.
pub struct StoreConnection {
    /// Our name for the store.
    pub name: String,
    /// Reads its orders.
    pub reader: StoreClient,
    /// What its finance team decided.
    pub policy: Policy,
    /// Our name for its Intacct company.
    pub company: String,
    /// The undeposited funds account named when a credit is applied without money.
    pub application_account: String,
    /// The entity that requests are signed in to; `None` at the top level.
    pub entity: Option<String>,
    /// The company's master data, shared with its other stores.
    pub masters: Arc<Masters>,
    /// What of a customer depends on how the company is set up.
    pub customer_form: CustomerForm,
    /// How long ago the company's customers may have been read for the mirror to be believed.
    pub customer_mirror_within: Duration,
    /// After this a request to that company has ended, with an answer or without.
    pub answer_within: Duration,
    /// Whether new orders are summed up by day while the company's budget of API transactions is spent.
    pub daily_over_budget: bool,
    /// Where its webhooks are to come; `None` while the settings name no public address.
    pub webhook_address: Option<String>,
    /// A header that webhooks carry.
    pub shared_header: Option<(String, SecretString)>,
    /// Sends to that company; shared with the company's other stores.
    pub gateway: Gateway,
}
