//! Answers in the documented shapes: control failure, authentication failure, and function results.

use jiff::Timestamp;

use super::envelope::{Control, ControlFailure};
use super::refusal::{ErrorEntry, Refusal};
use super::xml_tree::Element;
use crate::clock;

/// What one function ended with.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// Executed; holds the elements after `controlid` (a `key` or `data`).
    Success(Option<Element>),
    /// Refused; a generic create may have made some of its objects all the same.
    Failure(Refusal, Option<Element>),
    /// Executed and undone, because another function of its operation failed.
    Aborted(Refusal),
}

/// A sign-in that was accepted, as the answer repeats it.
#[derive(Clone, Debug)]
pub(super) struct SignedIn {
    pub(super) user: String,
    pub(super) company: String,
    pub(super) location: Option<String>,
    pub(super) started: Timestamp,
    pub(super) expires: Timestamp,
}

/// An answer that refuses the whole request; `/response/errormessage`.
pub(super) fn control_failure(failure: &ControlFailure) -> String {
    let white_space = failure.control.as_ref().is_none_or(|control| control.white_space);
    Element::new("response")
        .child(control_section("failure", failure.control.as_ref()))
        .child(error_message(&failure.refusal, false))
        .to_document(white_space)
}

/// An answer to a request that was let in.
pub(super) fn response(control: &Control, operations: Vec<Element>) -> String {
    Element::new("response")
        .child(control_section("success", Some(control)))
        .with(operations)
        .to_document(control.white_space)
}

fn control_section(status: &str, control: Option<&Control>) -> Element {
    let text = |pick: fn(&Control) -> String| control.map(pick).unwrap_or_default();
    Element::new("control").with([
        Element::leaf("status", status),
        Element::leaf("senderid", text(|control| control.sender_id.clone())),
        Element::leaf("controlid", text(|control| control.control_id.clone())),
        Element::leaf("uniqueid", text(|control| control.unique.to_string())),
        Element::leaf("dtdversion", text(|control| control.version.clone())),
    ])
}

/// An operation nobody was signed in for; `/response/operation/errormessage`.
pub(super) fn authentication_failure(user: &str, company: &str, refusal: &Refusal) -> Element {
    let authentication = Element::new("authentication").with([
        Element::leaf("status", "failure"),
        Element::leaf("userid", user),
        Element::leaf("companyid", company),
    ]);
    Element::new("operation").child(authentication).child(error_message(refusal, false))
}

/// An operation with its results in request order.
pub(super) fn operation(signed_in: &SignedIn, results: Vec<Element>) -> Element {
    let authentication = Element::new("authentication").with([
        Element::leaf("status", "success"),
        Element::leaf("userid", &signed_in.user),
        Element::leaf("companyid", &signed_in.company),
        Element::leaf("locationid", signed_in.location.clone().unwrap_or_default()),
        Element::leaf("sessiontimestamp", stamp(signed_in.started)),
        Element::leaf("sessiontimeout", stamp(signed_in.expires)),
    ]);
    Element::new("operation").child(authentication).with(results)
}

/// One `result` element.
pub(super) fn result(function: &str, control_id: &str, outcome: &Outcome) -> Element {
    let (status, content, refusal) = match outcome {
        Outcome::Success(content) => ("success", content.as_ref(), None),
        Outcome::Failure(refusal, content) => ("failure", content.as_ref(), Some(refusal)),
        Outcome::Aborted(refusal) => ("aborted", None, Some(refusal)),
    };
    Element::new("result")
        .with([
            Element::leaf("status", status),
            Element::leaf("function", function),
            Element::leaf("controlid", control_id),
        ])
        .with(content.cloned())
        .with(refusal.map(|refusal| error_message(refusal, true)))
}

/// The answer of a legacy create: the record number.
pub(super) fn key(number: u64) -> Element {
    Element::leaf("key", number.to_string())
}

/// The answer of a legacy create whose record is known by an id.
pub(super) fn id_key(id: String) -> Element {
    Element::leaf("key", id)
}

/// The answer of a generic create: one element per object made.
pub(super) fn objects(made: Vec<Element>) -> Element {
    Element::new("data").attribute("listtype", "objects").attribute("count", made.len().to_string()).with(made)
}

fn error_message(refusal: &Refusal, with_support_id: bool) -> Element {
    let errors =
        refusal.errors.iter().enumerate().map(|(index, error)| error_element(error, with_support_id && index == 0));
    Element::new("errormessage").with(errors)
}

fn error_element(error: &ErrorEntry, with_support_id: bool) -> Element {
    let support_id = if with_support_id { support_id() } else { String::new() };
    Element::new("error").with([
        Element::leaf("errorno", error.number),
        Element::leaf("description", &error.description),
        Element::leaf("description2", format!("{}{support_id}", error.description2)),
        Element::leaf("correction", &error.correction),
    ])
}

/// Differs on every call and is URL-encoded, as the gateway's own: clients must strip it before they compare texts.
fn support_id() -> String {
    let random = clock::random_id().simple().to_string();
    let (head, tail) = random.split_at(5);
    format!(" [Support ID: {head}%7E{tail}]")
}

fn stamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}
