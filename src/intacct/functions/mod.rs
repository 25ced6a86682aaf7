//! The gateway functions we send, one file each: plain data in, XML out. The same data always gives the same bytes.

pub mod apply_payment;
pub mod create_adjustment;
pub mod create_advance;
pub mod create_attachment;
pub mod create_contact;
pub mod create_customer;
pub mod create_folder;
pub mod create_invoice;
pub mod create_journal;
pub mod create_payment;
pub mod create_sotransaction;
pub mod currency;
pub mod get_api_session;
pub mod get_closed_books_date;
pub mod get_dimensions;
#[cfg(test)]
mod golden;
pub mod line;
pub mod look_up_object;
pub mod payment_detail;
pub mod query;
pub mod read;
pub mod read_by_query;
pub mod read_more;
pub mod record_deposit;
pub mod record_receipt;
pub mod reverse_invoice;
pub mod reverse_payment;
pub mod sotransaction_line;
pub mod update_contact;
pub mod update_customer;

use sha2::{Digest, Sha256};
use thiserror::Error;

pub use apply_payment::{AppliedAmount, ApplyPayment};
pub use create_adjustment::CreateAdjustment;
pub use create_advance::{AdvanceItem, CreateAdvance};
pub use create_attachment::CreateAttachment;
pub use create_contact::{Address, Contact, CreateContact};
pub use create_customer::CreateCustomer;
pub use create_folder::CreateFolder;
pub use create_invoice::CreateInvoice;
pub use create_journal::{CreateJournal, JournalEntryLine, JournalKind};
pub use create_payment::{CreatePayment, MoneyGoesTo, Payer, PaymentMethod};
pub use create_sotransaction::{CreateSoTransaction, DocumentState};
pub use currency::{CurrencyGroup, ExchangeRate};
pub use get_api_session::{GetApiSession, SessionLocation};
pub use get_closed_books_date::GetClosedBooksDate;
pub use get_dimensions::GetDimensions;
pub use line::{Account, CustomField, Line, LineDimensions, PostingAction, TaxEntry};
pub use look_up_object::LookUpObject;
pub use payment_detail::{Discount, PaidDocument, PaidWith, PaymentDetail};
pub use query::{Filter, Query};
pub use read::Read;
pub use read_by_query::ReadByQuery;
pub use read_more::ReadMore;
pub use record_deposit::RecordDeposit;
pub use record_receipt::RecordReceipt;
pub use reverse_invoice::ReverseInvoice;
pub use reverse_payment::ReversePayment;
pub use sotransaction_line::{OrderEntryLine, Subtotal};
pub use update_contact::{ContactChange, UpdateContact};
pub use update_customer::UpdateCustomer;

use super::text;
use super::xml::XmlWriter;
use crate::accounting::hash::hexadecimal;

/// One call inside a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Function {
    /// Asks for a session; alone in its request.
    GetApiSession(GetApiSession),
    /// Creates a contact, for example a ship-to address.
    CreateContact(Box<CreateContact>),
    /// Creates a customer.
    CreateCustomer(Box<CreateCustomer>),
    /// Changes a contact.
    UpdateContact(Box<UpdateContact>),
    /// Changes a customer.
    UpdateCustomer(Box<UpdateCustomer>),
    /// Creates an AR invoice.
    CreateInvoice(Box<CreateInvoice>),
    /// Creates a credit memo or a debit memo.
    CreateAdjustment(Box<CreateAdjustment>),
    /// Creates an Order Entry document: a sales invoice or a credit memo of a transaction definition.
    CreateSoTransaction(Box<CreateSoTransaction>),
    /// Creates a cash receipt, or applies a credit memo.
    CreatePayment(Box<CreatePayment>),
    /// Creates a journal entry.
    CreateJournal(Box<CreateJournal>),
    /// Creates an advance: money before there is anything to pay.
    CreateAdvance(Box<CreateAdvance>),
    /// Applies credit that is there to documents.
    ApplyPayment(Box<ApplyPayment>),
    /// Takes an unpaid invoice back.
    ReverseInvoice(Box<ReverseInvoice>),
    /// Takes a payment or an advance back.
    ReversePayment(Box<ReversePayment>),
    /// Records money that came in without a customer.
    RecordReceipt(Box<RecordReceipt>),
    /// Brings undeposited receipts to the bank.
    RecordDeposit(Box<RecordDeposit>),
    /// Creates an attachment with one file.
    CreateAttachment(Box<CreateAttachment>),
    /// Creates a folder for attachments.
    CreateFolder(Box<CreateFolder>),
    /// Reads records.
    Query(Query),
    /// Reads whole records by their keys.
    Read(Read),
    /// Reads records by a condition, the older way.
    ReadByQuery(ReadByQuery),
    /// Reads the next page of the older way.
    ReadMore(ReadMore),
    /// Reads what an object is made of.
    LookUpObject(LookUpObject),
    /// Reads which dimensions the company has.
    GetDimensions(GetDimensions),
    /// Reads the day through which the books are closed.
    GetClosedBooksDate(GetClosedBooksDate),
}

/// Which record a function changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordReference {
    /// By its record number (`RECORDNO`).
    Number(u64),
    /// By the id that people use.
    Id(String),
}

impl RecordReference {
    /// Writes the element that names the record; `id_element` is the one of its id.
    fn write(&self, id_element: &str, writer: &mut XmlWriter) {
        match self {
            Self::Number(number) => writer.text("RECORDNO", &number.to_string()),
            Self::Id(id) => writer.text(id_element, id),
        }
    }
}

/// A function that the gateway would certainly refuse, or that would post something else than was meant.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidFunction {
    /// A text is longer than its field, and cutting it would change what it names.
    #[error("{field} {value:?} has {length} characters, Intacct takes {longest}: choose a shorter number prefix or id")]
    TooLong {
        /// The element.
        field: &'static str,
        /// Its value.
        value: String,
        /// Characters it has.
        length: usize,
        /// Characters it may have.
        longest: usize,
    },
    /// A required text is empty.
    #[error("{field} is empty, Intacct requires it")]
    Empty {
        /// The element.
        field: &'static str,
    },
    /// A record id holds characters that Intacct refuses.
    #[error("{field} {value:?} holds characters Intacct refuses in ids (& < > # ? and control characters)")]
    Characters {
        /// The element.
        field: &'static str,
        /// Its value.
        value: String,
    },
    /// Something that stands only once stands there twice.
    #[error("{field} {value} stands there twice, Intacct takes it once")]
    Twice {
        /// The element.
        field: &'static str,
        /// Its value.
        value: String,
    },
    /// An entry whose debits and credits differ.
    #[error(
        "the entry {reference} does not balance in the currency {currency:?}: {balance} too much on the debit side"
    )]
    Unbalanced {
        /// Its reference.
        reference: String,
        /// The currency; empty in a company with one.
        currency: String,
        /// Debits less credits.
        balance: rust_decimal::Decimal,
    },
    /// A rule between several elements.
    #[error("{what} would be refused by Intacct: {why}")]
    Rule {
        /// The document or its part.
        what: &'static str,
        /// What is wrong.
        why: &'static str,
    },
    /// A document without lines, or an application without details.
    #[error("{what} has no lines")]
    NoLines {
        /// The kind of document.
        what: &'static str,
    },
    /// An invoice needs a due date or a payment term.
    #[error("invoice {number} has neither a due date nor a payment term, Intacct requires one")]
    NoDueDate {
        /// The invoice number.
        number: String,
    },
    /// An amount that must be above zero is not.
    #[error("{field} must be above zero")]
    NotPositive {
        /// The element.
        field: &'static str,
    },
    /// The query cannot be expressed in the gateway's query schema.
    #[error("the query on {object} is not valid: {why}")]
    Query {
        /// The object that is queried.
        object: String,
        /// What is wrong.
        why: &'static str,
    },
}

impl Function {
    /// The element name, which the answer repeats in `result/function`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::GetApiSession(_) => "getAPISession",
            Self::CreateContact(_)
            | Self::CreateCustomer(_)
            | Self::CreatePayment(_)
            | Self::CreateAdvance(_)
            | Self::CreateJournal(_) => "create",
            Self::UpdateContact(_) | Self::UpdateCustomer(_) => "update",
            Self::CreateInvoice(_) => "create_invoice",
            Self::CreateAdjustment(_) => "create_aradjustment",
            Self::CreateSoTransaction(_) => "create_sotransaction",
            Self::ApplyPayment(_) => "apply_arpayment",
            Self::ReverseInvoice(_) => "reverse_invoice",
            Self::ReversePayment(_) => "reverse_arpayment",
            Self::RecordReceipt(_) => "record_otherreceipt",
            Self::RecordDeposit(_) => "record_deposit",
            Self::CreateAttachment(_) => "create_supdoc",
            Self::CreateFolder(_) => "create_supdocfolder",
            Self::Query(_) => "query",
            Self::Read(function) => function.name(),
            Self::ReadByQuery(_) => "readByQuery",
            Self::ReadMore(_) => "readMore",
            Self::LookUpObject(_) => "lookup",
            Self::GetDimensions(_) => "getDimensions",
            Self::GetClosedBooksDate(_) => "get_closedbooksdate",
        }
    }

    /// The function with what it makes, for counting: for example `create_invoice`, `create ARPYMT` or `query`.
    pub fn label(&self) -> &'static str {
        match self {
            Self::CreateContact(_) => "create CONTACT",
            Self::CreateCustomer(_) => "create CUSTOMER",
            Self::CreatePayment(_) => "create ARPYMT",
            Self::CreateAdvance(_) => "create ARADVANCE",
            Self::CreateJournal(_) => "create GLBATCH",
            Self::UpdateContact(_) => "update CONTACT",
            Self::UpdateCustomer(_) => "update CUSTOMER",
            other => other.name(),
        }
    }

    /// The label of a function that was stored as its [`Function::body`]; `None` when that is no function's.
    pub fn label_of(body: &str) -> Option<String> {
        let name = |text: &str| {
            let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))?;
            text.get(..end).filter(|name| !name.is_empty()).map(str::to_owned)
        };
        let outer = name(body.strip_prefix('<')?)?;
        if !matches!(outer.as_str(), "create" | "update") {
            return Some(outer);
        }
        let object = name(body.get(outer.len() + 1..)?.strip_prefix("><")?)?;
        Some(format!("{outer} {object}"))
    }

    /// Whether the function changes the company's books or records.
    pub fn is_write(&self) -> bool {
        !matches!(
            self,
            Self::GetApiSession(_)
                | Self::Query(_)
                | Self::Read(_)
                | Self::ReadByQuery(_)
                | Self::ReadMore(_)
                | Self::LookUpObject(_)
                | Self::GetDimensions(_)
                | Self::GetClosedBooksDate(_)
        )
    }

    /// Writes the function's own element (without the `function` element around it).
    pub fn write(&self, writer: &mut XmlWriter) {
        match self {
            Self::GetApiSession(function) => function.write(writer),
            Self::CreateContact(function) => function.write(writer),
            Self::CreateCustomer(function) => function.write(writer),
            Self::UpdateContact(function) => function.write(writer),
            Self::UpdateCustomer(function) => function.write(writer),
            Self::CreateInvoice(function) => function.write(writer),
            Self::CreateAdjustment(function) => function.write(writer),
            Self::CreateSoTransaction(function) => function.write(writer),
            Self::CreatePayment(function) => function.write(writer),
            Self::CreateJournal(function) => function.write(writer),
            Self::CreateAdvance(function) => function.write(writer),
            Self::ApplyPayment(function) => function.write(writer),
            Self::ReverseInvoice(function) => function.write(writer),
            Self::ReversePayment(function) => function.write(writer),
            Self::RecordReceipt(function) => function.write(writer),
            Self::RecordDeposit(function) => function.write(writer),
            Self::CreateAttachment(function) => function.write(writer),
            Self::CreateFolder(function) => function.write(writer),
            Self::Query(function) => function.write(writer),
            Self::Read(function) => function.write(writer),
            Self::ReadByQuery(function) => function.write(writer),
            Self::ReadMore(function) => function.write(writer),
            Self::LookUpObject(function) => function.write(writer),
            Self::GetDimensions(function) => function.write(writer),
            Self::GetClosedBooksDate(function) => function.write(writer),
        }
    }

    /// The function's own element as it will be sent: what is stored as the payload of a document. It holds no secrets.
    pub fn body(&self) -> String {
        let mut writer = XmlWriter::new();
        self.write(&mut writer);
        writer.finish()
    }

    /// SHA-256 of [`Function::body`] in lower-case hexadecimal: proves that what is sent again is the same document.
    pub fn body_hash(&self) -> String {
        hexadecimal(&Sha256::digest(self.body().as_bytes()))
    }

    /// Looks for what the gateway would refuse for certain.
    ///
    /// # Errors
    /// [`InvalidFunction`], naming the field.
    pub fn check(&self) -> Result<(), InvalidFunction> {
        match self {
            Self::GetApiSession(_) | Self::GetDimensions(_) | Self::GetClosedBooksDate(_) => Ok(()),
            Self::CreateContact(function) => function.check(),
            Self::CreateCustomer(function) => function.check(),
            Self::UpdateContact(function) => function.check(),
            Self::UpdateCustomer(function) => function.check(),
            Self::CreateInvoice(function) => function.check(),
            Self::CreateAdjustment(function) => function.check(),
            Self::CreateSoTransaction(function) => function.check(),
            Self::CreatePayment(function) => function.check(),
            Self::CreateJournal(function) => function.check(),
            Self::CreateAdvance(function) => function.check(),
            Self::ApplyPayment(function) => function.check(),
            Self::ReverseInvoice(function) => function.check(),
            Self::ReversePayment(function) => function.check(),
            Self::RecordReceipt(function) => function.check(),
            Self::RecordDeposit(function) => function.check(),
            Self::CreateAttachment(function) => function.check(),
            Self::CreateFolder(function) => function.check(),
            Self::Query(function) => function.check(),
            Self::Read(function) => function.check(),
            Self::ReadByQuery(function) => function.check(),
            Self::ReadMore(function) => function.check(),
            Self::LookUpObject(function) => function.check(),
        }
    }
}

/// A required id or number: not empty, not longer than its field, no character that Intacct refuses.
fn check_id(field: &'static str, value: &str, longest: usize) -> Result<(), InvalidFunction> {
    if value.trim().is_empty() {
        return Err(InvalidFunction::Empty { field });
    }
    let length = value.chars().count();
    if length > longest {
        return Err(InvalidFunction::TooLong { field, value: value.to_owned(), length, longest });
    }
    if text::record_id(value) != value {
        return Err(InvalidFunction::Characters { field, value: value.to_owned() });
    }
    Ok(())
}

/// A record number is never zero.
fn check_record(field: &'static str, record: u64) -> Result<(), InvalidFunction> {
    if record == 0 { Err(InvalidFunction::Empty { field }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_body() {
        let function = Function::GetApiSession(GetApiSession::default());
        assert_eq!(function.body(), "<getAPISession/>");
        assert_eq!(function.body_hash(), "a21f4f00a7485c8db45781b9a105f968bc84a110b7cd7111c77d6d1a76e04902");
    }
}
