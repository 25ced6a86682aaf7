//! The running service as a command meets it: its admin API, asked with a token, its problems as errors with their remedy.

use std::time::Duration;

use anyhow::Context;
use clap::Args;
use reqwest::header::{ACCEPT, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH};
use reqwest::{Method, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::clock;

/// How long an answer may take: lists of a busy store, no long work, which runs in the service.
const PATIENCE: Duration = Duration::from_secs(60);
/// Where an answer has the id of its request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CSV: &str = "text/csv";
/// Rows of a page.
const PAGE: &str = "500";

/// Where the service is, and who asks.
#[derive(Debug, Clone, Args)]
pub(super) struct RemoteArguments {
    /// The address of the running service
    #[arg(long, env = "CARTLEDGER_URL", default_value = "http://127.0.0.1:8080", value_name = "URL", global = true)]
    url: Url,
    /// A token of the admin API; better given as CARTLEDGER_TOKEN, where other users do not see it
    #[arg(long, env = "CARTLEDGER_TOKEN", hide_env_values = true, hide_default_value = true, global = true)]
    token: Option<SecretString>,
}

/// The same for commands about one store.
#[derive(Debug, Clone, Args)]
pub(super) struct StoreArguments {
    #[command(flatten)]
    remote: RemoteArguments,
    /// The store's name in the settings
    #[arg(long, env = "CARTLEDGER_STORE", value_name = "STORE", global = true)]
    store: Option<String>,
}

impl StoreArguments {
    /// The service, and the path of the store in its API.
    pub(super) fn open(&self) -> anyhow::Result<(Remote, String)> {
        let store = self.store.as_deref().context("no store is named; use --store or set CARTLEDGER_STORE")?;
        Ok((self.remote.open()?, format!("/v1/stores/{}", encoded(store))))
    }
}

impl RemoteArguments {
    /// The service.
    pub(super) fn open(&self) -> anyhow::Result<Remote> {
        let token = self.token.clone().context(
            "no token is given; set CARTLEDGER_TOKEN. The first token is made with: cartledger token create NAME --role admin",
        )?;
        // Another part of this process may have set it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(PATIENCE).build().context("building the HTTP client")?;
        Ok(Remote { client, url: self.url.clone(), token })
    }
}

/// The admin API of a running service.
pub(super) struct Remote {
    client: reqwest::Client,
    url: Url,
    token: SecretString,
}

/// What a list is filtered by: options that were given, under the names of the API's fields.
pub(super) fn filters<const N: usize>(options: [(&'static str, Option<String>); N]) -> Vec<(&'static str, String)> {
    options.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// What is sent with a request.
pub(super) enum Body {
    None,
    Json(Value),
    Csv(Vec<u8>),
}

/// What a request asks for besides.
#[derive(Clone, Copy, Default)]
struct Headers<'a> {
    accept: Option<&'a str>,
    if_match: Option<&'a str>,
}

/// A piece of a path.
pub(super) fn encoded(piece: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    piece.bytes().map(|byte| if keep(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

impl Remote {
    /// Looks at something.
    ///
    /// # Errors
    /// The service's problem, or that it does not answer.
    pub(super) async fn get(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<Value> {
        json(&self.send(Method::GET, path, query, Body::None).await?)
    }

    /// The version of something, for a change that must not overwrite another's.
    ///
    /// # Errors
    /// The service's problem, or that it does not answer.
    pub(super) async fn version(&self, path: &str) -> anyhow::Result<Option<String>> {
        Ok(self.exchange(Method::GET, path, &[], Body::None, Headers::default()).await?.1)
    }

    /// All of a list as comma-separated values, as the service writes them.
    ///
    /// # Errors
    /// The service's problem, or that it does not answer.
    pub(super) async fn table(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        Ok(self.exchange(Method::GET, path, &[], Body::None, Headers { accept: Some(CSV), if_match: None }).await?.0)
    }

    /// The text of something: a table, a file.
    ///
    /// # Errors
    /// The service's problem, or that it does not answer.
    pub(super) async fn text(&self, path: &str, query: &[(&str, String)]) -> anyhow::Result<Vec<u8>> {
        self.send(Method::GET, path, query, Body::None).await
    }

    /// Asks for something to be done. Every request has a key of its own, so that one that is repeated on the way is
    /// executed once.
    ///
    /// # Errors
    /// The service's problem, or that it does not answer.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Body,
    ) -> anyhow::Result<Value> {
        json(&self.send(method, path, query, body).await?)
    }

    /// The same, unless it has another version by now.
    ///
    /// # Errors
    /// The service's problem, or that it does not answer.
    pub(super) async fn ask_of(
        &self,
        version: Option<&str>,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Body,
    ) -> anyhow::Result<Value> {
        let headers = Headers { accept: None, if_match: version };
        json(&self.exchange(method, path, query, body, headers).await?.0)
    }

    /// All rows of a list, page by page; `list` is the field of a page that has them.
    ///
    /// # Errors
    /// The service's problem, or that it does not answer.
    pub(super) async fn all(
        &self,
        path: &str,
        query: &[(&str, String)],
        list: &str,
        most: usize,
    ) -> anyhow::Result<Vec<Value>> {
        let mut rows = Vec::new();
        let mut after = None;
        loop {
            let mut query = query.to_vec();
            query.push(("limit", PAGE.to_owned()));
            query.extend(after.map(|after| ("after", after)));
            let mut page = self.get(path, &query).await?;
            if let Some(Value::Array(found)) = page.get_mut(list).map(Value::take) {
                rows.extend(found);
            }
            after = match page.get("next_after") {
                Some(Value::String(text)) => Some(text.clone()),
                Some(Value::Number(number)) => Some(number.to_string()),
                _ => None,
            };
            if after.is_none() || rows.len() >= most {
                tell_what_is_not_kept(&page);
                rows.truncate(most);
                return Ok(rows);
            }
        }
    }

    async fn send(&self, method: Method, path: &str, query: &[(&str, String)], body: Body) -> anyhow::Result<Vec<u8>> {
        Ok(self.exchange(method, path, query, body, Headers::default()).await?.0)
    }

    /// Sends a request; answers the body and the version of what it is about.
    async fn exchange(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
        body: Body,
        headers: Headers<'_>,
    ) -> anyhow::Result<(Vec<u8>, Option<String>)> {
        let url = self.url.join(path).with_context(|| format!("the address {}{path}", self.url))?;
        let mut request = self.client.request(method.clone(), url).bearer_auth(self.token.expose_secret()).query(query);
        if method == Method::POST {
            request = request.header("idempotency-key", clock::random_id().to_string());
        }
        if let Some(version) = headers.if_match {
            request = request.header(IF_MATCH, version);
        }
        if let Some(accept) = headers.accept {
            request = request.header(ACCEPT, accept);
        }
        request = match body {
            Body::None => request,
            Body::Json(value) => request.header(CONTENT_TYPE, "application/json").body(value.to_string()),
            Body::Csv(bytes) => request.header(CONTENT_TYPE, CSV).body(bytes),
        };
        let response = request.send().await.with_context(|| {
            format!("the service at {} does not answer; is it running, and is --url right?", self.url)
        })?;
        let status = response.status();
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (request_id, version) = (header(REQUEST_ID), header(ETAG));
        let bytes = response.bytes().await.context("reading the answer")?.to_vec();
        if status.is_success() {
            return Ok((bytes, version));
        }
        Err(problem(status, &bytes, request_id.as_deref().unwrap_or("none")))
    }
}

fn json(bytes: &[u8]) -> anyhow::Result<Value> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(bytes).context("the answer is no JSON; is --url that of Cartledger?")
}

/// A problem as a person reads it: what happened, what to do, and how to name it to somebody else.
fn problem(status: StatusCode, bytes: &[u8], request_id: &str) -> anyhow::Error {
    let problem: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let field = |name: &str| problem.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    if field("title").is_empty() {
        return anyhow::anyhow!("the service answered {status}; is --url that of Cartledger?");
    }
    let more: String = problem.get("report").map(lines).unwrap_or_default();
    anyhow::anyhow!("{}\n{more}{}\n({}, request {request_id})", field("title"), field("detail"), field("code"))
}

/// The lines of a report: where, and what is wrong there.
fn lines(report: &Value) -> String {
    let line = |line: &Value| {
        let place =
            [("line", "line "), ("column", "column "), ("rule", "rule ")].map(|(name, called)| match line.get(name) {
                Some(Value::String(text)) => format!("{called}{text}: "),
                Some(Value::Number(number)) => format!("{called}{number}: "),
                _ => String::new(),
            });
        format!("  {}{}\n", place.concat(), line.get("what").and_then(Value::as_str).unwrap_or_default())
    };
    report.as_array().into_iter().flatten().map(line).collect()
}

/// Says on standard error what a list cannot have, because it was removed when it was old.
fn tell_what_is_not_kept(page: &Value) {
    let fields = [
        ("removed_through", "Deliveries received"),
        ("deliveries_removed_through", "Deliveries received"),
        ("evidence_removed_through", "Readings that nothing names and that were replaced"),
    ];
    for (field, what) in fields {
        if let Some(through) = page.get(field).and_then(Value::as_str) {
            eprintln!("{what} up to {through} are not kept any more.");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_of_a_path_stays_one_piece() {
        assert_eq!(encoded("acme-us"), "acme-us");
        assert_eq!(encoded("a/b c?ü"), "a%2Fb%20c%3F%C3%BC");
    }

    #[test]
    fn a_problem_says_what_to_do() {
        let body = br#"{"status":404,"code":"unknown-store","title":"No store","detail":"Use another."}"#;
        let text = problem(StatusCode::NOT_FOUND, body, "r-1").to_string();
        assert_eq!(text, "No store\nUse another.\n(unknown-store, request r-1)");
        let body = br#"{"code":"c","title":"Not imported","detail":"Mend it.","report":[{"line":7,"column":"kind","what":"no kind"}]}"#;
        let text = problem(StatusCode::UNPROCESSABLE_ENTITY, body, "r-1").to_string();
        assert_eq!(text, "Not imported\n  line 7: column kind: no kind\nMend it.\n(c, request r-1)");
        assert!(problem(StatusCode::BAD_GATEWAY, b"<html>", "r-1").to_string().contains("502"));
    }
}
