//! The envelope around functions: control block, authentication and content (Intacct docs, web services requests).
//!
//! Pure: the same functions always give the same bytes. `uniqueid` is always explicit, `true` for writes and `false`
//! for reads, because the gateway's default is `true` and its own libraries' default is `false`.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use super::functions::{Function, InvalidFunction};
use super::text;
use super::xml::XmlWriter;

/// What stands in place of a secret in texts that are stored or logged.
pub const REDACTED: &str = "[redacted]";

/// Id of a function or of a request, 1 to 256 characters. For a write it is the idempotency key: the gateway executes
/// one function per control id and answers a repetition with an error.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ControlId(String);

/// Why a request cannot be built; nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidRequest {
    /// The text cannot be a control id.
    #[error("{0:?} cannot be a control id: 1 to 256 characters, no control characters, no blank at either end")]
    ControlId(String),
    /// There is nothing to send.
    #[error("the request to Intacct has no functions")]
    NoFunctions,
    /// Two functions carry one control id, so their answers could not be told apart.
    #[error("two functions of one request to Intacct carry the control id {0:?}")]
    ControlIdTwice(String),
    /// Reads and writes stand in one request, although `uniqueid` must differ for them.
    #[error("a request to Intacct mixes reads and writes: send them apart")]
    Mixed,
    /// `getAPISession` is not alone.
    #[error("getAPISession must be alone in its request to Intacct")]
    SessionNotAlone,
    /// One of the functions would be refused for certain.
    #[error("{control_id}: {source}")]
    Function {
        /// Its control id.
        control_id: String,
        /// What is wrong with it.
        source: InvalidFunction,
    },
}

impl ControlId {
    /// Takes a control id.
    ///
    /// # Errors
    /// [`InvalidRequest::ControlId`] when the gateway would change or refuse it.
    pub fn new(id: impl Into<String>) -> Result<Self, InvalidRequest> {
        let id = id.into();
        let length = id.chars().count();
        let kept = text::element_text(&id) == id && !id.chars().any(char::is_control) && id.trim() == id;
        if (1..=text::CONTROL_ID).contains(&length) && kept { Ok(Self(id)) } else { Err(InvalidRequest::ControlId(id)) }
    }

    /// The id as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A function with its control id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionCall {
    /// The idempotency key.
    pub control_id: ControlId,
    /// What to do.
    pub function: Function,
}

/// The web services sender: the integrator's own id and password, not the company's.
#[derive(Clone, Debug)]
pub struct Sender {
    /// Sender id.
    pub id: String,
    /// Sender password.
    pub password: SecretString,
}

/// Who the request comes from.
#[derive(Clone, Debug)]
pub enum Authentication {
    /// A web services user of the company.
    Login {
        /// Company id.
        company_id: String,
        /// User id.
        user_id: String,
        /// The user's password.
        password: SecretString,
    },
    /// A session from `getAPISession`.
    Session(SecretString),
}

/// A checked request, ready to be written.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    sender: &'a Sender,
    authentication: &'a Authentication,
    calls: &'a [FunctionCall],
    control_id: &'a ControlId,
    additional_info: bool,
    all_or_nothing: bool,
}

impl<'a> Request<'a> {
    /// Puts functions into an envelope. `control_id` only helps to find a request in logs; the idempotency keys are
    /// the functions' own.
    ///
    /// # Errors
    /// [`InvalidRequest`] when the gateway would refuse it or the answers could not be matched.
    pub fn new(
        sender: &'a Sender,
        authentication: &'a Authentication,
        control_id: &'a ControlId,
        calls: &'a [FunctionCall],
    ) -> Result<Self, InvalidRequest> {
        let Some(first) = calls.first() else { return Err(InvalidRequest::NoFunctions) };
        let mut ids = BTreeSet::new();
        for call in calls {
            if !ids.insert(&call.control_id) {
                return Err(InvalidRequest::ControlIdTwice(call.control_id.0.clone()));
            }
            if call.function.is_write() != first.function.is_write() {
                return Err(InvalidRequest::Mixed);
            }
            if matches!(call.function, Function::GetApiSession(_)) && calls.len() > 1 {
                return Err(InvalidRequest::SessionNotAlone);
            }
            call.function
                .check()
                .map_err(|source| InvalidRequest::Function { control_id: call.control_id.0.clone(), source })?;
        }
        Ok(Self { sender, authentication, calls, control_id, additional_info: false, all_or_nothing: false })
    }

    /// Asks for more about errors: Intacct's own category of each. It is documented, but newer than the gateway's published
    /// schema, so a company asks for it by a setting.
    #[must_use]
    pub fn with_additional_info(self, wanted: bool) -> Self {
        Self { additional_info: wanted, ..self }
    }

    /// The same request with its functions in one database transaction: one that fails rolls all of them back (Intacct
    /// docs, web services requests, `transaction` of an operation).
    pub fn all_or_nothing(self) -> Self {
        Self { all_or_nothing: true, ..self }
    }

    /// Whether the request changes the books, and is sent with `uniqueid` true.
    pub fn is_write(&self) -> bool {
        self.calls.first().is_some_and(|call| call.function.is_write())
    }

    /// The bytes to send, secrets included.
    pub fn render(&self) -> String {
        self.write(&|secret| secret.expose_secret().to_owned())
    }

    /// The same text with every password and session id replaced by [`REDACTED`], for storing.
    pub fn render_redacted(&self) -> String {
        self.write(&|_| REDACTED.to_owned())
    }

    fn write(&self, reveal: &dyn Fn(&SecretString) -> String) -> String {
        let mut writer = XmlWriter::new();
        writer.declaration();
        writer.element("request", |writer| {
            writer.element("control", |writer| {
                writer.text("senderid", &self.sender.id);
                writer.text("password", &reveal(&self.sender.password));
                writer.text("controlid", self.control_id.as_str());
                writer.boolean("uniqueid", self.is_write());
                writer.text("dtdversion", "3.0");
                writer.boolean("includewhitespace", false);
                if self.additional_info {
                    // The documentation lists it last.
                    writer.boolean("showadditionalerrorinfo", true);
                }
            });
            let transaction: &[(&str, &str)] = if self.all_or_nothing { &[("transaction", "true")] } else { &[] };
            writer.element_with("operation", transaction, |writer| {
                writer.element("authentication", |writer| self.authentication.write(reveal, writer));
                writer.element("content", |writer| self.calls.iter().for_each(|call| call.write(writer)));
            });
        });
        writer.finish()
    }
}

impl Authentication {
    fn write(&self, reveal: &dyn Fn(&SecretString) -> String, writer: &mut XmlWriter) {
        match self {
            Self::Login { company_id, user_id, password } => writer.element("login", |writer| {
                writer.text("userid", user_id);
                writer.text("companyid", company_id);
                writer.text("password", &reveal(password));
            }),
            Self::Session(id) => writer.text("sessionid", &reveal(id)),
        }
    }
}

impl FunctionCall {
    fn write(&self, writer: &mut XmlWriter) {
        writer.element_with("function", &[("controlid", self.control_id.as_str())], |writer| {
            self.function.write(writer);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intacct::functions::{GetApiSession, Query};

    fn sender() -> Sender {
        Sender { id: "cartledger".into(), password: "sender<pass".into() }
    }

    fn read(id: &str) -> FunctionCall {
        let function = Function::Query(Query::new("CUSTOMER", &["RECORDNO"], None));
        FunctionCall { control_id: ControlId::new(id).unwrap(), function }
    }

    fn session() -> Authentication {
        Authentication::Session("session-secret".into())
    }

    #[test]
    fn a_sign_in_is_written_whole() {
        let authentication =
            Authentication::Login { company_id: "ACME".into(), user_id: "ws".into(), password: "user&pass".into() };
        let calls = [FunctionCall {
            control_id: ControlId::new("sign-in").unwrap(),
            function: Function::GetApiSession(GetApiSession::default()),
        }];
        let id = ControlId::new("request-1").unwrap();
        let sender = sender();
        let request = Request::new(&sender, &authentication, &id, &calls).unwrap();
        assert_eq!(
            request.render(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><request><control><senderid>cartledger</senderid>\
             <password>sender&lt;pass</password><controlid>request-1</controlid><uniqueid>false</uniqueid>\
             <dtdversion>3.0</dtdversion><includewhitespace>false</includewhitespace></control><operation>\
             <authentication><login><userid>ws</userid><companyid>ACME</companyid><password>user&amp;pass</password>\
             </login></authentication><content><function controlid=\"sign-in\"><getAPISession/></function></content>\
             </operation></request>"
        );
        let redacted = request.render_redacted();
        assert!(!redacted.contains("pass<") && !redacted.contains("user&amp;pass") && !redacted.contains("sender&lt;"));
        assert_eq!(redacted.matches(REDACTED).count(), 2);
    }

    #[test]
    fn a_session_request_is_redacted_too() {
        let (sender, session, id, calls) =
            (sender(), session(), ControlId::new("r").unwrap(), [read("q1"), read("q2")]);
        let request = Request::new(&sender, &session, &id, &calls).unwrap();
        assert!(request.render().contains("<sessionid>session-secret</sessionid>"));
        assert!(!request.render_redacted().contains("session-secret"));
        assert_eq!(request.render().matches("<function ").count(), 2);
        assert_eq!(request.render(), request.render(), "the same request has the same bytes");
    }

    #[test]
    fn more_about_errors_is_asked_for_only_when_it_is_wanted() {
        let (sender, session, id, calls) = (sender(), session(), ControlId::new("r").unwrap(), [read("q1")]);
        let request = Request::new(&sender, &session, &id, &calls).unwrap();
        assert!(!request.render().contains("showadditionalerrorinfo"));
        let asking = request.with_additional_info(true).render();
        assert!(
            asking.contains("</includewhitespace><showadditionalerrorinfo>true</showadditionalerrorinfo></control>")
        );
    }

    #[test]
    fn functions_that_belong_together_are_one_transaction() {
        let (sender, session, id, calls) = (sender(), session(), ControlId::new("r").unwrap(), [read("a"), read("b")]);
        let request = Request::new(&sender, &session, &id, &calls).unwrap();
        assert!(request.render().contains("<operation><authentication>"));
        let together = request.all_or_nothing().render();
        assert!(together.contains("<operation transaction=\"true\"><authentication>"), "{together}");
        assert_eq!(together.matches("<content>").count(), 1);
    }

    #[test]
    fn what_could_not_be_matched_or_would_be_refused_is_not_built() {
        let (sender, session, id) = (sender(), session(), ControlId::new("r").unwrap());
        let problem = |calls: &[FunctionCall]| Request::new(&sender, &session, &id, calls).unwrap_err();
        assert_eq!(problem(&[]), InvalidRequest::NoFunctions);
        assert_eq!(problem(&[read("a"), read("a")]), InvalidRequest::ControlIdTwice("a".into()));
        let sign_in = FunctionCall {
            control_id: ControlId::new("s").unwrap(),
            function: Function::GetApiSession(GetApiSession::default()),
        };
        assert_eq!(problem(&[read("a"), sign_in]), InvalidRequest::SessionNotAlone);
        let empty = Function::Query(Query::new("CUSTOMER", &[], None));
        let bad = FunctionCall { control_id: ControlId::new("b").unwrap(), function: empty };
        assert!(matches!(problem(&[bad]), InvalidRequest::Function { .. }));
    }

    #[test]
    fn control_ids_have_1_to_256_characters() {
        assert!(ControlId::new("é".repeat(256)).is_ok());
        for bad in [String::new(), "x".repeat(257), "a\u{1}b".into(), "a\nb".into(), " a".into()] {
            assert!(ControlId::new(bad.clone()).is_err(), "{bad:?}");
        }
    }
}
