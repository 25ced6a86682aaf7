//! The envelope of a request: who sends it, how it signs in, and the functions it asks for.

use super::refusal::Refusal;
use super::shape;
use super::xml_tree::{self, Element};

/// The control section (Intacct docs, XML requests).
#[derive(Clone, Debug)]
pub(super) struct Control {
    pub(super) sender_id: String,
    pub(super) password: String,
    pub(super) control_id: String,
    /// Whether the gateway must refuse to repeat a function; **true when the sender says nothing**.
    pub(super) unique: bool,
    pub(super) version: String,
    pub(super) white_space: bool,
    pub(super) policy: Option<String>,
}

/// How an operation signs in.
#[derive(Clone, Debug)]
pub(super) enum Authentication {
    Login {
        user: String,
        company: String,
        password: String,
        location: Option<String>,
    },
    Session(String),
    /// A kind this company does not offer.
    Unsupported,
}

/// One function of a request.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) control_id: String,
    pub(super) body: Element,
}

impl Call {
    /// Whether it is one that changes the books when it succeeds.
    pub(super) fn is_write(&self) -> bool {
        let verbs = ["create", "update", "reverse_", "apply_", "record_"];
        verbs.into_iter().any(|verb| self.body.name.starts_with(verb))
    }

    /// The function with the objects it works on, as faults and the log name it: `create_invoice`, `create ARPYMT`, `query ARINVOICE`.
    pub(super) fn label(&self) -> String {
        let object = match self.body.name.as_str() {
            "create" | "update" => self.body.children.first().map(|object| object.name.as_str()),
            _ => self.body.text_of("object"),
        };
        object.map_or_else(|| self.body.name.clone(), |object| format!("{} {object}", self.body.name))
    }
}

/// One operation: a sign-in and functions, together or not at all when `transaction` is set.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) authentication: Authentication,
    pub(super) transaction: bool,
    pub(super) calls: Vec<Call>,
}

/// A whole request.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    pub(super) control: Control,
    pub(super) operations: Vec<Operation>,
}

impl Envelope {
    /// All functions of all operations.
    pub(super) fn calls(&self) -> impl Iterator<Item = &Call> {
        self.operations.iter().flat_map(|operation| &operation.calls)
    }
}

/// A request that got no further than its control section; what could be read of it is echoed in the answer.
#[derive(Clone, Debug)]
pub(super) struct ControlFailure {
    pub(super) control: Option<Control>,
    pub(super) refusal: Refusal,
}

/// Reads the body of a request.
///
/// # Errors
/// A control failure when the body is not XML, breaks the schema, or asks for a version this gateway does not speak.
pub(super) fn read(body: &[u8]) -> Result<Envelope, Box<ControlFailure>> {
    let root = xml_tree::parse(body)
        .map_err(|error| Box::new(ControlFailure { control: None, refusal: Refusal::schema(error.to_string()) }))?;
    let control = root.get("control").map(read_control);
    let failure = |refusal| Box::new(ControlFailure { control: control.clone(), refusal });
    shape::check(&root).map_err(|error| failure(Refusal::schema(error.to_string())))?;
    let Some(read) = control.clone() else {
        return Err(failure(Refusal::schema(
            "XML Parse schema error: Error 1871: Element 'request': Missing child element(s).",
        )));
    };
    if read.version != "3.0" {
        return Err(failure(Refusal::schema(format!("The dtdversion '{}' is not supported; send 3.0", read.version))));
    }
    if let Some(policy) = &read.policy {
        return Err(failure(Refusal::sign_in(format!("{policy} is not a valid transport policy."))));
    }
    Ok(Envelope { control: read, operations: root.all("operation").map(read_operation).collect() })
}

fn read_control(control: &Element) -> Control {
    let text = |name: &str| control.text_of(name).unwrap_or_default().to_owned();
    Control {
        sender_id: text("senderid"),
        password: text("password"),
        control_id: text("controlid"),
        unique: control.text_of("uniqueid") != Some("false"),
        version: text("dtdversion"),
        white_space: control.text_of("includewhitespace") != Some("false"),
        policy: control.text_of("policyid").map(str::to_owned),
    }
}

fn read_operation(operation: &Element) -> Operation {
    Operation {
        authentication: operation.get("authentication").map_or(Authentication::Unsupported, read_authentication),
        transaction: operation.attribute_of("transaction") == Some("true"),
        calls: operation.all("content").flat_map(|content| content.all("function")).filter_map(read_call).collect(),
    }
}

fn read_authentication(authentication: &Element) -> Authentication {
    if let Some(login) = authentication.get("login") {
        let text = |name: &str| login.text_of(name).unwrap_or_default().to_owned();
        return Authentication::Login {
            user: text("userid"),
            company: text("companyid"),
            password: text("password"),
            location: login.text_of("locationid").map(str::to_owned),
        };
    }
    match authentication.get("sessionid") {
        Some(session) => Authentication::Session(session.text.clone()),
        None => Authentication::Unsupported,
    }
}

fn read_call(function: &Element) -> Option<Call> {
    Some(Call { control_id: function.attribute_of("controlid")?.to_owned(), body: function.children.first()?.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(control: &str) -> String {
        format!(
            "<request><control><senderid>s</senderid><password>p</password><controlid>c</controlid>{control}</control>\
             <operation><authentication><sessionid>x</sessionid></authentication>\
             <content><function controlid='f'><create><ARPYMT/></create></function></content></operation></request>"
        )
    }

    #[test]
    fn uniqueness_is_on_unless_the_sender_says_false() {
        let read = |control: &str| read(envelope(control).as_bytes()).unwrap();
        assert!(read("<dtdversion>3.0</dtdversion>").control.unique);
        assert!(!read("<uniqueid>false</uniqueid><dtdversion>3.0</dtdversion>").control.unique);
        assert_eq!(read("<dtdversion>3.0</dtdversion>").calls().next().unwrap().label(), "create ARPYMT");
    }

    #[test]
    fn what_the_gateway_cannot_serve_is_a_control_failure_that_echoes_the_sender() {
        let failed = |body: String| *read(body.as_bytes()).unwrap_err();
        assert!(failed("no xml".into()).control.is_none());
        let wrong_order = failed(envelope("<dtdversion>3.0</dtdversion><uniqueid>true</uniqueid>"));
        assert_eq!(wrong_order.control.unwrap().sender_id, "s");
        assert!(wrong_order.refusal.to_string().contains("'uniqueid': This element is not expected"));
        assert!(failed(envelope("<dtdversion>2.1</dtdversion>")).refusal.to_string().contains("2.1"));
        let policy = failed(envelope("<dtdversion>3.0</dtdversion><policyid>later</policyid>"));
        assert!(policy.refusal.to_string().contains("later is not a valid transport policy."));
    }
}
