//! `POST /ia/xml/xmlgw.phtml`: raw bytes in, an XML document out, or one of the faults that are switched on.

use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::answers;
use super::company::Company;
use super::connection::Scissors;
use super::envelope::{self, Call, ControlFailure, Envelope};
use super::execution::{self, Run};
use super::faults::{FaultKind, Plan};
use super::refusal::Refusal;
use super::request_log;

/// The gateway's path.
pub(super) const PATH: &str = "/ia/xml/xmlgw.phtml";

/// Largest request body, in bytes.
pub(super) const LARGEST_BODY: usize = 16 * 1024 * 1024;

/// Answers one request. The work goes on when the client hangs up, as it does at the real gateway.
pub(super) async fn handle(
    State(company): State<Company>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Bytes,
) -> Response {
    let scissors = extensions.get::<ConnectInfo<Scissors>>().map(|info| info.0.clone());
    let endpoint = company.endpoint(headers.get(header::HOST).and_then(|host| host.to_str().ok()));
    let reply = tokio::spawn(async move { company.answer(&body, &endpoint).await }).await;
    match reply {
        Ok(reply) => reply.into_response(scissors.as_ref()),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// What goes back over the wire.
enum Reply {
    Document(String),
    Half(String),
    Status(StatusCode, &'static str, String),
    Cut,
}

impl Reply {
    fn into_response(self, scissors: Option<&Scissors>) -> Response {
        let typed = |status: StatusCode, kind: &'static str, body: String| {
            (status, [(header::CONTENT_TYPE, kind)], body).into_response()
        };
        match self {
            Self::Document(document) => typed(StatusCode::OK, "text/xml; encoding=\"UTF-8\"", document),
            Self::Half(mut document) => {
                let mut middle = document.len() / 2;
                while !document.is_char_boundary(middle) {
                    middle -= 1;
                }
                document.truncate(middle);
                typed(StatusCode::OK, "text/xml; encoding=\"UTF-8\"", document)
            }
            Self::Status(status, kind, body) => typed(status, kind, body),
            Self::Cut => {
                if let Some(scissors) = scissors {
                    scissors.cut();
                }
                // Reaches a client only where the router is served by something that cannot cut a connection.
                typed(StatusCode::BAD_GATEWAY, "text/plain", "the connection was cut on purpose".to_owned())
            }
        }
    }
}

/// The answer of a fault that strikes before anything is executed.
fn before_executing(fault: FaultKind) -> Option<Reply> {
    match fault {
        FaultKind::ServerError => Some(Reply::Status(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", String::new())),
        FaultKind::HtmlPage => {
            let status = StatusCode::from_u16(524).unwrap_or(StatusCode::GATEWAY_TIMEOUT);
            let page = "<!DOCTYPE html><html><head><title>A timeout occurred</title></head><body><h1>Error 524</h1></body></html>";
            Some(Reply::Status(status, "text/html", page.to_owned()))
        }
        FaultKind::TooManyRequests => Some(too_many()),
        FaultKind::TooLarge => {
            Some(Reply::Status(StatusCode::PAYLOAD_TOO_LARGE, "text/plain", "Request Entity Too Large".to_owned()))
        }
        FaultKind::RateLimitText => {
            Some(Reply::Status(StatusCode::OK, "text/plain", "API rate limit exceeded".to_owned()))
        }
        FaultKind::DropBeforeExecuting => Some(Reply::Cut),
        FaultKind::Delay { .. }
        | FaultKind::LoseAnswer
        | FaultKind::TruncateAnswer
        | FaultKind::TransientFailure
        | FaultKind::SmartRule => None,
    }
}

fn too_many() -> Reply {
    let failure = ControlFailure { control: None, refusal: Refusal::rate_limited() };
    Reply::Status(StatusCode::TOO_MANY_REQUESTS, "text/xml", answers::control_failure(&failure))
}

impl Company {
    async fn answer(&self, body: &[u8], endpoint: &str) -> Reply {
        let read = envelope::read(body);
        let (sequence, plan) = self.register(body, read.as_ref().ok());
        if let Some(reply) = plan.transport.and_then(before_executing) {
            return reply;
        }
        let Some(_place) = self.take_place() else { return too_many() };
        let document = match read {
            Ok(envelope) => self.execute(envelope, &plan, endpoint, sequence).await,
            Err(failure) => answers::control_failure(&failure),
        };
        match plan.transport {
            Some(FaultKind::LoseAnswer) => Reply::Cut,
            Some(FaultKind::TruncateAnswer) => Reply::Half(document),
            _ => Reply::Document(document),
        }
    }

    /// Notes the request and asks what is to go wrong with it.
    fn register(&self, body: &[u8], envelope: Option<&Envelope>) -> (u64, Plan) {
        let body = request_log::without_secrets(body);
        let dump = self.settings().dump_folder.as_ref().map(|folder| (folder, body.clone()));
        let sequence = self.state().log.enter(envelope, body, self.now());
        if let Some((folder, body)) = dump {
            request_log::dump(folder, sequence, envelope, &body);
        }
        let calls: Vec<&Call> = envelope.into_iter().flat_map(Envelope::calls).collect();
        (sequence, self.faults().plan(&calls))
    }

    async fn execute(&self, envelope: Envelope, plan: &Plan, endpoint: &str, sequence: u64) -> String {
        let admitted = execution::admit(envelope, &mut self.state(), self.settings(), self.now());
        let admitted = match admitted {
            Ok(admitted) => admitted,
            Err(failure) => return answers::control_failure(&failure),
        };
        if !plan.delay.is_zero() {
            tokio::time::sleep(plan.delay).await;
        }
        let run = Run { settings: self.settings(), plan, endpoint, sequence, now: self.now() };
        let document = execution::run(admitted, &mut self.state(), &run);
        self.keep().await;
        document
    }
}
