//! Signing in and sending: the only file of this room that talks to the network.
//!
//! A request is sent once. What is certainly not executed is told apart from what may have been; nothing is repeated
//! by itself except after an ended session, when the gateway has executed nothing.

use std::time::Duration;

use reqwest::{StatusCode, Url, header};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::diagnosis::{Diagnosis, diagnose};
use super::errors::{ErrorClass, GatewayError, Level};
use super::functions::{Function, GetApiSession, SessionLocation};
use super::outcome::{Outcome, outcomes};
use super::request::{Authentication, ControlId, FunctionCall, InvalidRequest, REDACTED, Request, Sender};
use super::response::{Answer, interpret};
use super::session::{Session, UntrustedEndpoint, trusted_endpoint};
use crate::clock::{self, Clock};
use crate::failpoint::{self, Step};
use crate::telemetry;

/// How long a connection may take to come up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long bytes may wait in this machine to be delivered, at most.
#[cfg(target_os = "linux")]
const UNDELIVERED: Duration = Duration::from_secs(30);
/// Largest answer that is read, after decompression.
const LARGEST_ANSWER: usize = 32 * 1024 * 1024;
/// Longest text of an unreadable answer that is kept.
const KEPT_ANSWER: usize = 16 * 1024;
/// After refused credentials, how long no other sign-in is tried: Intacct locks users who fail too often.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_secs(60);

/// How to sign in to one company.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Web services sender id.
    pub sender_id: String,
    /// Web services sender password.
    pub sender_password: SecretString,
    /// Company id.
    pub company_id: String,
    /// Web services user of the company.
    pub user_id: String,
    /// That user's password.
    pub user_password: SecretString,
    /// The entity to work in; `None` is the top level.
    pub location_id: Option<String>,
}

/// Settings no client can be built from.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The base address is not an http or https address.
    #[error(
        "{0:?} is no address of an Intacct gateway: write something like https://api.intacct.com/ia/xml/xmlgw.phtml"
    )]
    Address(String),
    /// The HTTP client could not be built.
    #[error("the HTTP client for Intacct could not be built: {0}")]
    Http(#[source] reqwest::Error),
}

/// Why no session could be had. The functions were not executed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignInError {
    /// Intacct refused the sender or the user.
    #[error("Intacct refused the sign-in: {}. {}", .0.cause, .0.remedy)]
    Refused(Diagnosis),
    /// The gateway was not reached, or its answer could not be read.
    #[error("signing in to Intacct failed: {0}")]
    Failed(String),
    /// The session would be served from somewhere we do not trust.
    #[error(transparent)]
    Endpoint(#[from] UntrustedEndpoint),
    /// The session works in another entity than the one configured.
    #[error(
        "Intacct opened the session in entity {given:?} instead of {wanted:?}: check the entity in the settings and the user's access to it"
    )]
    Entity {
        /// Configured.
        wanted: String,
        /// Answered.
        given: String,
    },
}

/// Why a request as a whole has no results.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CallError {
    /// The request cannot be built. Nothing was sent.
    #[error(transparent)]
    Invalid(#[from] InvalidRequest),
    /// No connection came up. Nothing was sent.
    #[error("Intacct could not be reached: {0}")]
    NotSent(String),
    /// There is no session. Nothing was executed.
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// Intacct asks to come back later. Nothing was executed.
    #[error("Intacct asks to come back later: {reason}")]
    RateLimited {
        /// The pause it asked for.
        after: Option<Duration>,
        /// What it said.
        reason: String,
    },
    /// Intacct refused the request before any function. Nothing was executed.
    #[error("Intacct refused the request: {}. {}", .0.cause, .0.remedy)]
    Rejected(Diagnosis),
    /// The request was refused for its size. Nothing was executed.
    #[error("Intacct refused a request of {0} functions for its size (HTTP 413)")]
    TooLarge(usize),
    /// The functions may or may not have been executed.
    #[error("it is not known whether Intacct executed the request: {reason}")]
    Unknown {
        /// What happened.
        reason: String,
        /// The beginning of the answer when there was one, without secrets.
        answer: Option<String>,
    },
}

impl CallError {
    /// Whether it is certain that none of the functions was executed.
    pub fn not_executed(&self) -> bool {
        !matches!(self, Self::Unknown { .. })
    }
}

/// Talks to one company. Share it: its users share the session.
pub struct Client {
    http: reqwest::Client,
    base: Url,
    sender: Sender,
    login: Authentication,
    location: SessionLocation,
    additional_info: bool,
    clock: Clock,
    state: Mutex<State>,
}

/// The current session, and the last refusal of our credentials. The lock is held while signing in, so that callers
/// who need a session at the same time wait for one sign-in.
#[derive(Default)]
struct State {
    session: Option<Session>,
    refused: Option<(jiff::Timestamp, SignInError)>,
}

/// An answer with what it was made of.
struct Reply {
    answer: Answer,
    text: String,
}

impl Client {
    /// Builds the client of one company. `address` is the gateway's address to sign in at, `timeout` the longest wait
    /// for a whole answer.
    ///
    /// # Errors
    /// [`ClientError`] when the address is unusable.
    pub fn new(address: &str, credentials: Credentials, timeout: Duration, clock: Clock) -> Result<Self, ClientError> {
        let usable = |url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host();
        let base = Url::parse(address).ok().filter(usable).ok_or_else(|| ClientError::Address(address.to_owned()))?;
        let http = reqwest::Client::builder()
            .user_agent(concat!("cartledger/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(timeout)
            // A redirect or a repetition would hide what was executed.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never());
        // What a network that is cut does not take in this time is thrown away, so that it does not arrive when somebody
        // else may be sending.
        #[cfg(target_os = "linux")]
        let http = http.tcp_user_timeout((timeout / 2).min(UNDELIVERED));
        let http = http.build().map_err(ClientError::Http)?;
        Ok(Self {
            http,
            base,
            sender: Sender { id: credentials.sender_id, password: credentials.sender_password },
            login: Authentication::Login {
                company_id: credentials.company_id,
                user_id: credentials.user_id,
                password: credentials.user_password,
            },
            location: credentials.location_id.map_or(SessionLocation::TopLevel, SessionLocation::Entity),
            additional_info: false,
            clock,
            state: Mutex::default(),
        })
    }

    /// Asks Intacct for its own category of each error, or not, which is how a client begins.
    #[must_use]
    pub fn with_additional_info(self, wanted: bool) -> Self {
        Self { additional_info: wanted, ..self }
    }

    /// Sends functions in one request and answers what became of each, in their order. Either all of them read or all
    /// of them write.
    ///
    /// # Errors
    /// [`CallError`] when the request as a whole has no results; [`CallError::not_executed`] says whether it may be
    /// sent again at once.
    pub async fn call(&self, calls: &[FunctionCall]) -> Result<Vec<Outcome>, CallError> {
        self.call_in_session(calls, false).await
    }

    /// Sends functions that write in one operation that is all or nothing: when one fails, all are rolled back.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub async fn call_together(&self, calls: &[FunctionCall]) -> Result<Vec<Outcome>, CallError> {
        self.call_in_session(calls, true).await
    }

    async fn call_in_session(&self, calls: &[FunctionCall], together: bool) -> Result<Vec<Outcome>, CallError> {
        let session = self.session(None).await?;
        match self.send_with(&session, calls, together).await? {
            Sent::Outcomes(outcomes) => Ok(outcomes),
            Sent::SessionEnded => {
                let session = self.session(Some(&session)).await?;
                match self.send_with(&session, calls, together).await? {
                    Sent::Outcomes(outcomes) => Ok(outcomes),
                    Sent::SessionEnded => {
                        let reason = "Intacct does not accept the session it has just opened".to_owned();
                        Err(SignInError::Failed(reason).into())
                    }
                }
            }
        }
    }

    /// Signs in if there is no usable session.
    ///
    /// # Errors
    /// [`CallError::SignIn`], [`CallError::RateLimited`] or [`CallError::NotSent`].
    pub async fn sign_in(&self) -> Result<(), CallError> {
        self.session(None).await.map(|_| ())
    }

    /// The current session, or a new one when there is none, it is about to end, or it is the one that `ended`.
    async fn session(&self, ended: Option<&Session>) -> Result<Session, CallError> {
        let mut state = self.state.lock().await;
        let now = self.clock.now();
        if let Some(session) = &state.session {
            let is_ended = ended.is_some_and(|ended| ended.id.expose_secret() == session.id.expose_secret());
            if !is_ended && !session.needs_sign_in(now) {
                return Ok(session.clone());
            }
        }
        if let Some((at, error)) = &state.refused
            && now.duration_since(*at).unsigned_abs() < PAUSE_AFTER_REFUSAL
        {
            return Err(error.clone().into());
        }
        state.session = None;
        match self.open_session().await {
            Ok(session) => {
                state.session = Some(session.clone());
                state.refused = None;
                Ok(session)
            }
            Err(error) => {
                if let CallError::SignIn(refusal @ SignInError::Refused(_)) = &error {
                    state.refused = Some((now, refusal.clone()));
                }
                Err(error)
            }
        }
    }

    /// Signs in, always at the base address.
    async fn open_session(&self) -> Result<Session, CallError> {
        let control_id = request_id()?;
        let function = Function::GetApiSession(GetApiSession { location: self.location.clone() });
        let calls = [FunctionCall { control_id: control_id.clone(), function }];
        let request =
            Request::new(&self.sender, &self.login, &control_id, &calls)?.with_additional_info(self.additional_info);
        let failed = |reason: String| CallError::SignIn(SignInError::Failed(reason));
        let reply = match self.post("sign-in", &self.base, &request).await {
            Ok(reply) => reply,
            // Signing in changes nothing, so an unknown outcome is simply none.
            Err(CallError::Unknown { reason, .. }) => return Err(failed(reason)),
            Err(error) => return Err(error),
        };
        match reply.answer {
            Answer::RetryLater { after, reason } => Err(CallError::RateLimited { after, reason }),
            Answer::ControlFailure(errors) => Err(refusal(Level::Control, &errors)),
            Answer::AuthenticationFailure(errors) => Err(refusal(Level::Authentication, &errors)),
            Answer::Unknown { reason } => Err(failed(reason)),
            Answer::TooLarge => Err(failed("the request is too large (HTTP 413)".to_owned())),
            Answer::Results { session_ends, results } => match outcomes(&calls, results).pop() {
                Some(Outcome::Done(result)) => self.read_session(result.records.first(), session_ends),
                // What passes by itself is no refusal of our credentials.
                Some(Outcome::Failed(result)) => match diagnose(Level::Function, &result.errors) {
                    Diagnosis { class: ErrorClass::RetryLater, cause, .. } => Err(failed(cause)),
                    _ => Err(refusal(Level::Authentication, &result.errors)),
                },
                Some(Outcome::Unknown { reason, .. }) => Err(failed(reason)),
                None => Err(failed("the answer has no result".to_owned())),
            },
        }
    }

    fn read_session(
        &self,
        fields: Option<&super::response::Record>,
        ends: Option<jiff::Timestamp>,
    ) -> Result<Session, CallError> {
        let field = |name: &str| fields.and_then(|fields| fields.get(name)).filter(|text| !text.is_empty());
        let missing = |what: &str| SignInError::Failed(format!("Intacct's answer to the sign-in names no {what}"));
        let id = field("sessionid").ok_or_else(|| missing("session"))?;
        let endpoint = field("endpoint").ok_or_else(|| missing("endpoint"))?;
        let entity = field("locationid").cloned();
        if let (SessionLocation::Entity(wanted), Some(given)) = (&self.location, &entity)
            && wanted != given
        {
            return Err(SignInError::Entity { wanted: wanted.clone(), given: given.clone() }.into());
        }
        let endpoint = trusted_endpoint(&self.base, endpoint).map_err(SignInError::from)?;
        Ok(Session { id: SecretString::from(id.as_str()), endpoint, entity, ends })
    }

    async fn send_with(&self, session: &Session, calls: &[FunctionCall], together: bool) -> Result<Sent, CallError> {
        let control_id = request_id()?;
        let authentication = Authentication::Session(session.id.clone());
        let request =
            Request::new(&self.sender, &authentication, &control_id, calls)?.with_additional_info(self.additional_info);
        let request = if together { request.all_or_nothing() } else { request };
        let reply = self.post("functions", &session.endpoint, &request).await?;
        match reply.answer {
            Answer::RetryLater { after, reason } => Err(CallError::RateLimited { after, reason }),
            Answer::TooLarge => Err(CallError::TooLarge(calls.len())),
            Answer::ControlFailure(errors) => Err(CallError::Rejected(diagnose(Level::Control, &errors))),
            Answer::AuthenticationFailure(errors) => {
                let diagnosis = diagnose(Level::Authentication, &errors);
                match diagnosis.class {
                    ErrorClass::SignInAgain => Ok(Sent::SessionEnded),
                    _ => Err(SignInError::Refused(diagnosis).into()),
                }
            }
            Answer::Unknown { reason } => {
                let answer = Some(self.without_secrets(&reply.text, session)).filter(|text| !text.is_empty());
                Err(CallError::Unknown { reason, answer })
            }
            Answer::Results { session_ends, results } => {
                self.slide(session, session_ends);
                Ok(Sent::Outcomes(outcomes(calls, results)))
            }
        }
    }

    /// Every answer moves the end of its session. While somebody signs in there is nothing to move.
    fn slide(&self, used: &Session, ends: Option<jiff::Timestamp>) {
        if let Ok(mut state) = self.state.try_lock()
            && let Some(session) = &mut state.session
            && session.id.expose_secret() == used.id.expose_secret()
        {
            session.slide(ends);
        }
    }

    /// Sends a request and notes how long its answer took.
    async fn post(&self, operation: &'static str, url: &Url, request: &Request<'_>) -> Result<Reply, CallError> {
        let asked = Instant::now();
        let reply = self.exchange(url, request).await;
        let outcome = match &reply {
            Ok(Reply { answer: Answer::Results { .. }, .. }) => "ok",
            Ok(Reply { answer: Answer::Unknown { .. }, .. }) | Err(_) => "unknown",
            Ok(_) => "error",
        };
        telemetry::platform_answered("intacct", operation, outcome, asked.elapsed());
        reply
    }

    /// Sends bytes and reads the whole answer. Only an error of connecting is sure to have sent nothing.
    async fn exchange(&self, url: &Url, request: &Request<'_>) -> Result<Reply, CallError> {
        let _around = failpoint::around(Step::Request);
        let sent = self
            .http
            .post(url.clone())
            .header(header::CONTENT_TYPE, "application/xml; charset=utf-8")
            .body(request.render())
            .send()
            .await;
        let unknown = |reason: String| CallError::Unknown { reason, answer: None };
        let mut response = sent.map_err(|error| match error.is_connect() {
            true => CallError::NotSent(describe(error)),
            false => unknown(describe(error)),
        })?;
        let (status, retry_after) = (response.status(), retry_after(&response));
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > LARGEST_ANSWER => {
                    return Err(unknown(format!("the answer is larger than {LARGEST_ANSWER} bytes")));
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                // The status of a refusal for too many requests says enough.
                Err(_) if status == StatusCode::TOO_MANY_REQUESTS => break,
                Err(error) => return Err(unknown(format!("the answer broke off: {}", describe(error)))),
            }
        }
        let text = String::from_utf8_lossy(&body[..body.len().min(KEPT_ANSWER)]).into_owned();
        Ok(Reply { answer: interpret(status.as_u16(), retry_after, &body), text })
    }

    /// Takes out of a text what could be used to sign in.
    fn without_secrets(&self, text: &str, session: &Session) -> String {
        let mut secrets = vec![&session.id, &self.sender.password];
        if let Authentication::Login { password, .. } = &self.login {
            secrets.push(password);
        }
        secrets
            .into_iter()
            .map(ExposeSecret::expose_secret)
            .filter(|secret| !secret.is_empty())
            .fold(text.to_owned(), |text, secret| text.replace(secret, REDACTED))
    }
}

/// What came of one attempt with a session.
enum Sent {
    Outcomes(Vec<Outcome>),
    SessionEnded,
}

fn request_id() -> Result<ControlId, InvalidRequest> {
    ControlId::new(format!("request-{}", clock::random_id()))
}

fn refusal(level: Level, errors: &[GatewayError]) -> CallError {
    SignInError::Refused(diagnose(level, errors)).into()
}

fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let seconds = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// An HTTP error with its causes, without the address.
fn describe(error: reqwest::Error) -> String {
    let error = error.without_url();
    let causes = std::iter::successors(std::error::Error::source(&error), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests;
