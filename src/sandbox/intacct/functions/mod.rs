//! The functions of the gateway, one file each: a request element and the books in, an outcome out.
//!
//! A function checks everything before it changes anything, so a refusal leaves the books as they were.

mod application;
mod apply_arpayment;
mod common;
mod contact;
mod create_aradjustment;
mod create_aradvance;
mod create_arpymt;
mod create_contact;
mod create_customer;
mod create_glbatch;
mod create_invoice;
mod create_sotransaction;
mod create_supdoc;
mod create_supdocfolder;
mod definitions;
mod header;
mod lines;
mod read;
mod read_by_query;
mod record_deposit;
mod record_otherreceipt;
mod reverse_arpayment;
mod reverse_invoice;
mod sales_lines;
mod update_contact;
mod update_customer;

use jiff::Timestamp;

pub(super) use self::create_arpymt::details::CREDITS;

use super::answers::{self, Outcome, SignedIn};
use super::books::Books;
use super::query;
use super::refusal::Refusal;
use super::settings::CompanySettings;
use super::values::print_date;
use super::xml_tree::Element;

/// What a function knows besides its request.
pub(super) struct Context<'a> {
    pub(super) settings: &'a CompanySettings,
    pub(super) signed_in: &'a SignedIn,
    pub(super) now: Timestamp,
}

impl Context<'_> {
    /// The entity the caller is signed in to; `None` at the top level.
    pub(super) fn entity(&self) -> Option<String> {
        self.signed_in.location.clone()
    }
}

/// Executes one function. `getAPISession` is not among them: it concerns sessions, not books.
pub(super) fn execute(body: &Element, books: &mut Books, context: &Context<'_>) -> Outcome {
    let outcome = match body.name.as_str() {
        "create" => return objects(body, create_object, books, context),
        "update" => return objects(body, update_object, books, context),
        "create_invoice" => create_invoice::run(body, books, context)
            .map(answers::key)
            .map_err(|refusal| refusal.could_not_create("Invoice")),
        "create_aradjustment" => create_aradjustment::run(body, books, context)
            .map(answers::key)
            .map_err(|refusal| refusal.could_not_create("Adjustment")),
        "create_sotransaction" => create_sotransaction::run(body, books, context)
            .map(answers::id_key)
            .map_err(|refusal| refusal.could_not_create("Document")),
        "create_supdoc" => create_supdoc::run(body, books, context)
            .map(answers::key)
            .map_err(|refusal| refusal.could_not_create("Attachment")),
        "create_supdocfolder" => create_supdocfolder::run(body, books)
            .map(answers::key)
            .map_err(|refusal| refusal.could_not_create("Attachments folder")),
        "record_otherreceipt" => record_otherreceipt::run(body, books, context)
            .map(answers::key)
            .map_err(|refusal| refusal.could_not_create("Other receipt")),
        "record_deposit" => record_deposit::run(body, books, context)
            .map(answers::key)
            .map_err(|refusal| refusal.could_not_create("Deposit")),
        // What these three answer besides their status was never seen, so nobody can depend on it.
        "reverse_invoice" => return bare(reverse_invoice::run(body, books, context)),
        "reverse_arpayment" => return bare(reverse_arpayment::run(body, books, context)),
        "apply_arpayment" => return bare(apply_arpayment::run(body, books, context)),
        "readByQuery" => read_by_query::first(body, books, context),
        "readMore" => read_by_query::more(body, books),
        "lookup" => definitions::lookup(body, context),
        "getDimensions" => Ok(definitions::dimensions(context)),
        "query" => query::run(body, books, context),
        "read" => read::by_key(body, books, context),
        "readByName" => read::by_name(body, books, context),
        "get_closedbooksdate" => Ok(closed_books_date(books)),
        other => Err(Refusal::not_offered(other)),
    };
    match outcome {
        Ok(content) => Outcome::Success(Some(content)),
        Err(refusal) => Outcome::Failure(refusal, None),
    }
}

/// The outcome of a function that answers nothing but its status.
fn bare(done: Result<(), Refusal>) -> Outcome {
    match done {
        Ok(()) => Outcome::Success(None),
        Err(refusal) => Outcome::Failure(refusal, None),
    }
}

/// What makes or changes one object of a generic function.
type ObjectFunction = fn(&Element, &mut Books, &Context<'_>) -> Result<Element, Refusal>;

/// A generic create or update. Its objects stand for themselves: some may be made although others are refused (seen in
/// real answers).
fn objects(body: &Element, run: ObjectFunction, books: &mut Books, context: &Context<'_>) -> Outcome {
    let mut made = Vec::new();
    let mut errors = Vec::new();
    for object in &body.children {
        match run(object, books, context) {
            Ok(element) => made.push(element),
            Err(refusal) => errors.extend(refusal.errors),
        }
    }
    let data = Some(answers::objects(made));
    if errors.is_empty() { Outcome::Success(data) } else { Outcome::Failure(Refusal { errors }, data) }
}

fn create_object(object: &Element, books: &mut Books, context: &Context<'_>) -> Result<Element, Refusal> {
    let result = match object.name.as_str() {
        "CUSTOMER" => create_customer::run(object, books, context),
        "CONTACT" => create_contact::run(object, books, context),
        "ARPYMT" => create_arpymt::run(object, books, context),
        "ARADVANCE" => create_aradvance::run(object, books, context),
        "GLBATCH" => create_glbatch::run(object, books, context),
        other => return Err(Refusal::object_not_found(other)),
    };
    result.map_err(|refusal| refusal.could_not_create(&object.name.to_lowercase()))
}

/// The trailer of a refused change is worded after that of a refused create; no answer to an update that failed was seen.
fn update_object(object: &Element, books: &mut Books, context: &Context<'_>) -> Result<Element, Refusal> {
    let result = match object.name.as_str() {
        "CUSTOMER" => update_customer::run(object, books, context),
        "CONTACT" => update_contact::run(object, books, context),
        other => return Err(Refusal::object_not_found(other)),
    };
    result.map_err(|refusal| refusal.could_not("update", &object.name.to_lowercase()))
}

fn closed_books_date(books: &Books) -> Element {
    let date = books.masters.closed_through.map(print_date).unwrap_or_default();
    Element::new("data").child(Element::leaf("closedbooksdate", date))
}
