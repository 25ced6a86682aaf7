//! How a service is told of its counterparts: the company's and the store's sections of a settings file.

/// The sections. Further settings are lines that end with a line feed; `[stores.accounting]` may follow the text.
#[derive(Clone, Copy, Debug)]
pub struct Sections<'a> {
    /// What the environment variables of the secrets begin with: `_SENDER_PASSWORD`, `_USER_PASSWORD`, `_ACCESS_TOKEN`
    /// and `_CLIENT_SECRET` follow.
    pub secrets: &'a str,
    /// The company's name in the settings.
    pub company: &'a str,
    /// Where its gateway answers.
    pub gateway: &'a str,
    /// Further settings of the company.
    pub more_of_company: &'a str,
    /// The store's name in the settings.
    pub store: &'a str,
    /// Its hash.
    pub store_hash: &'a str,
    /// Where its API answers.
    pub shop: &'a str,
    /// Further settings of the store.
    pub more_of_store: &'a str,
}

impl Sections<'_> {
    /// The text, for a company with the credentials of [`super::intacct::CompanySettings::default`].
    pub fn text(&self) -> String {
        let Self { secrets, company, gateway, more_of_company, store, store_hash, shop, more_of_store } = self;
        format!(
            r#"[[companies]]
name = "{company}"
url = "{gateway}"
company_id = "SANDBOX"
sender_id = "sandbox_sender"
sender_password = {{ env = "{secrets}_SENDER_PASSWORD" }}
user_id = "ws_cartledger"
user_password = {{ env = "{secrets}_USER_PASSWORD" }}
application_account = "1190"
{more_of_company}
[[stores]]
name = "{store}"
store_hash = "{store_hash}"
api_url = "{shop}"
access_token = {{ env = "{secrets}_ACCESS_TOKEN" }}
client_secrets = [{{ env = "{secrets}_CLIENT_SECRET" }}]
company = "{company}"
{more_of_store}
"#
        )
    }
}
