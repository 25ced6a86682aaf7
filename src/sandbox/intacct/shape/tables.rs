//! Which elements stand where: the content of every element the gateway checks.
//!
//! Source: the gateway's XML schema 3.0 (Intacct, `intacct_dtd`), with the elements that the documentation of invoices,
//! adjustments and queries added later. Bodies of generic functions (`create`, `update`) are free.

use Content::{All, AnyOf, Free, Sequence, Text};
use Particle::{Any, Choice, Many, Maybe, One};

use super::sales::{SALES_DOCUMENT, SALES_LINE, SUBTOTAL};

/// What may stand inside an element.
pub(super) enum Content {
    /// Text, no elements.
    Text,
    /// These particles in this order.
    Sequence(&'static [Particle]),
    /// Each at most once, in any order; the flag says which must be there.
    All(&'static [(&'static str, bool)]),
    /// At least so many elements, each one of these names.
    AnyOf(usize, &'static [&'static str]),
    /// Anything.
    Free,
}

/// One step of a sequence.
pub(super) enum Particle {
    /// Exactly one.
    One(&'static str),
    /// None or one.
    Maybe(&'static str),
    /// One or more.
    Many(&'static str),
    /// Any number.
    Any(&'static str),
    /// One of these sequences, chosen by its first element; `true` when one of them must come.
    Choice(bool, &'static [&'static [Particle]]),
}

const DATE: Content = Sequence(&[One("year"), One("month"), One("day")]);

pub(super) const CURRENCY: Particle =
    Choice(false, &[&[One("basecurr"), One("currency"), RATE], &[One("currency"), RATE]]);

const RATE: Particle =
    Choice(true, &[&[One("exchratedate"), One("exchratetype")], &[One("exchratetype")], &[One("exchrate")]]);

const CONTACT_CHOICE: Content = Sequence(&[Choice(true, &[&[One("contact")], &[One("contactname")]])]);

const INVOICE: Content = Sequence(&[
    One("customerid"),
    One("datecreated"),
    Maybe("dateposted"),
    Maybe("datedue"),
    Maybe("termname"),
    Maybe("batchkey"),
    Maybe("action"),
    Maybe("invoiceno"),
    Maybe("ponumber"),
    Maybe("description"),
    Maybe("externalid"),
    Maybe("billto"),
    Maybe("shipto"),
    CURRENCY,
    Maybe("nogl"),
    Maybe("supdocid"),
    Maybe("customfields"),
    Maybe("taxsolutionid"),
    One("invoiceitems"),
]);

const ADJUSTMENT: Content = Sequence(&[
    One("customerid"),
    One("datecreated"),
    Maybe("dateposted"),
    Maybe("batchkey"),
    Maybe("adjustmentno"),
    Maybe("action"),
    Maybe("invoiceno"),
    Maybe("description"),
    Maybe("externalid"),
    CURRENCY,
    Maybe("nogl"),
    Maybe("taxsolutionid"),
    One("aradjustmentitems"),
]);

const REVERSE_INVOICE: Content = Sequence(&[One("datereversed"), Maybe("description")]);

const REVERSE_PAYMENT: Content = Sequence(&[One("datereversed"), Maybe("description"), Maybe("nsfclosedaccount")]);

const APPLY_PAYMENT: Content = Sequence(&[
    One("arpaymentkey"),
    One("paymentdate"),
    Maybe("batchkey"),
    Maybe("memo"),
    Maybe("overpaylocid"),
    Maybe("overpaydeptid"),
    Any("arpaymentitems"),
]);

/// The currency group has no base currency here.
const OTHER_RECEIPT: Content = Sequence(&[
    One("paymentdate"),
    One("payee"),
    One("receiveddate"),
    One("paymentmethod"),
    Choice(true, &[&[One("undepglaccountno")], &[One("bankaccountid"), Maybe("depositdate")]]),
    Maybe("refid"),
    Maybe("description"),
    Maybe("supdocid"),
    Choice(false, &[&[One("currency"), RATE]]),
    Maybe("customfields"),
    Maybe("inclusivetax"),
    Maybe("taxsolutionid"),
    One("receiptitems"),
]);

const DEPOSIT: Content = Sequence(&[
    One("bankaccountid"),
    One("depositdate"),
    One("depositid"),
    Choice(true, &[&[One("receipts")], &[One("receiptkeys")]]),
    Maybe("description"),
    Maybe("supdocid"),
    Maybe("customfields"),
]);

const FOLDER: Content =
    Sequence(&[One("supdocfoldername"), Maybe("supdocfolderdescription"), Maybe("supdocparentfoldername")]);

const READ_BY_QUERY: Content = All(&[
    ("object", true),
    ("query", true),
    ("pagesize", false),
    ("fields", false),
    ("returnFormat", false),
    ("docparid", false),
]);

const READ_MORE: Content =
    Sequence(&[Choice(true, &[&[One("object")], &[One("view")], &[One("reportId")], &[One("resultId")]])]);

/// Name and folder may be missing by the schema; the function itself asks for them.
const SUPDOC: Content = Sequence(&[
    One("supdocid"),
    Maybe("supdocname"),
    Maybe("supdocfoldername"),
    Maybe("supdocdescription"),
    Maybe("attachments"),
]);

const LINE: Content = Sequence(&[
    Choice(true, &[&[One("accountlabel")], &[One("glaccountno")]]),
    Maybe("offsetglaccountno"),
    One("amount"),
    Maybe("allocationid"),
    Maybe("memo"),
    Maybe("locationid"),
    Maybe("departmentid"),
    Maybe("item1099"),
    Maybe("form1099type"),
    Maybe("form1099box"),
    Maybe("key"),
    Maybe("totalpaid"),
    Maybe("totaldue"),
    Maybe("customfields"),
    Maybe("revrectemplate"),
    Maybe("defrevaccount"),
    Maybe("revrecstartdate"),
    Maybe("revrecenddate"),
    Maybe("projectid"),
    Maybe("taskid"),
    Maybe("costtypeid"),
    Maybe("customerid"),
    Maybe("vendorid"),
    Maybe("employeeid"),
    Maybe("itemid"),
    Maybe("classid"),
    Maybe("contractid"),
    Maybe("warehouseid"),
    Maybe("billable"),
    Maybe("totaltrxamount"),
    Maybe("taxentries"),
]);

const CONTACT: Content = Sequence(&[
    One("contactname"),
    One("printas"),
    Maybe("taxable"),
    Maybe("companyname"),
    Maybe("taxgroup"),
    Maybe("prefix"),
    Maybe("firstname"),
    Maybe("lastname"),
    Maybe("initial"),
    Maybe("phone1"),
    Maybe("phone2"),
    Maybe("cellphone"),
    Maybe("pager"),
    Maybe("fax"),
    Maybe("email1"),
    Maybe("email2"),
    Maybe("url1"),
    Maybe("url2"),
    Maybe("status"),
    Maybe("mailaddress"),
    Maybe("taxid"),
]);

const ADDRESS: Content = Sequence(&[
    Maybe("address1"),
    Maybe("address2"),
    Maybe("city"),
    Maybe("state"),
    Maybe("zip"),
    Maybe("country"),
    Maybe("isocountrycode"),
]);

const CONTROL: Content = Sequence(&[
    One("senderid"),
    Maybe("password"),
    One("controlid"),
    Maybe("uniqueid"),
    Maybe("dtdversion"),
    Maybe("policyid"),
    Maybe("debug"),
    Maybe("includewhitespace"),
    Maybe("showadditionalerrorinfo"),
]);

const LOGIN: Content =
    Sequence(&[One("userid"), One("companyid"), One("password"), Maybe("clientid"), Maybe("locationid")]);

const READ: Content =
    All(&[("object", true), ("keys", true), ("fields", false), ("returnFormat", false), ("docparid", false)]);

const QUERY: Content = All(&[
    ("object", true),
    ("select", true),
    ("filter", false),
    ("orderby", false),
    ("options", false),
    ("pagesize", false),
    ("offset", false),
    ("docparid", false),
]);

const FILTERS: &[&str] = &[
    "and",
    "or",
    "equalto",
    "notequalto",
    "lessthan",
    "lessthanorequalto",
    "greaterthan",
    "greaterthanorequalto",
    "between",
    "in",
    "notin",
    "like",
    "notlike",
    "isnull",
    "isnotnull",
];

const ONE_VALUE: Content = Sequence(&[One("field"), One("value")]);

/// What may stand inside `name` when it is a child of `parent`.
pub(super) fn content_of(parent: &str, name: &str) -> Content {
    match (parent, name) {
        ("", "request") => Sequence(&[One("control"), Many("operation")]),
        ("request", "control") => CONTROL,
        ("request", "operation") => Sequence(&[One("authentication"), Any("preferences"), Any("content")]),
        ("operation", "authentication") => {
            Sequence(&[Choice(true, &[&[One("login")], &[One("sessionid")], &[One("oauth")]])])
        }
        ("authentication", "login") => LOGIN,
        ("authentication", "oauth") | ("operation", "preferences") => Free,
        ("operation", "content") => Sequence(&[Many("function")]),
        ("content", "function") => AnyOf(1, &[]),
        ("function", name) => function(name),
        ("query" | "order", name) => query_part(name),
        (_, name) if FILTERS.contains(&name) => filter_part(name),
        (_, name) => legacy_part(name),
    }
}

fn function(name: &str) -> Content {
    match name {
        "create_invoice" => INVOICE,
        "create_aradjustment" => ADJUSTMENT,
        "create_sotransaction" => SALES_DOCUMENT,
        "create_supdoc" => SUPDOC,
        "create_supdocfolder" => FOLDER,
        "reverse_invoice" => REVERSE_INVOICE,
        "reverse_arpayment" => REVERSE_PAYMENT,
        "apply_arpayment" => APPLY_PAYMENT,
        "record_otherreceipt" => OTHER_RECEIPT,
        "record_deposit" => DEPOSIT,
        "getAPISession" => Sequence(&[Maybe("locationid")]),
        "read" | "readByName" => READ,
        "query" => QUERY,
        "readByQuery" => READ_BY_QUERY,
        "readMore" => READ_MORE,
        "lookup" => Sequence(&[One("object")]),
        "getDimensions" | "get_closedbooksdate" => Sequence(&[]),
        _ => Free,
    }
}

fn query_part(name: &str) -> Content {
    match name {
        "select" => AnyOf(1, &["field", "count", "avg", "min", "max", "sum"]),
        "filter" => AnyOf(1, FILTERS),
        "orderby" => Sequence(&[Many("order")]),
        "options" => Sequence(&[Maybe("caseinsensitive"), Maybe("showprivate"), Maybe("returnformat")]),
        _ => Text,
    }
}

fn filter_part(name: &str) -> Content {
    match name {
        "and" | "or" => AnyOf(2, FILTERS),
        "between" => Sequence(&[One("field"), One("value"), One("value")]),
        "in" | "notin" => Sequence(&[One("field"), Many("value")]),
        "isnull" | "isnotnull" => Sequence(&[One("field")]),
        _ => ONE_VALUE,
    }
}

fn legacy_part(name: &str) -> Content {
    match name {
        "datecreated" | "dateposted" | "datedue" | "origdocdate" | "exchratedate" | "revrecstartdate"
        | "revrecenddate" | "datereversed" | "paymentdate" | "receiveddate" | "depositdate" => DATE,
        "billto" | "shipto" => CONTACT_CHOICE,
        "contact" => CONTACT,
        "mailaddress" => ADDRESS,
        "customfields" => Sequence(&[Any("customfield")]),
        "customfield" => Sequence(&[One("customfieldname"), One("customfieldvalue")]),
        "arpaymentitems" => Sequence(&[Many("arpaymentitem")]),
        "arpaymentitem" => Sequence(&[One("invoicekey"), One("amount")]),
        "receiptkeys" => Sequence(&[Many("receiptkey")]),
        // The receipts of a deposit can be written out; which of their elements stand where is left to the function.
        "receipts" => Free,
        "invoiceitems" | "aradjustmentitems" | "receiptitems" => Sequence(&[Many("lineitem")]),
        "lineitem" => LINE,
        "sotransitems" => Sequence(&[Many("sotransitem")]),
        "sotransitem" => SALES_LINE,
        "subtotals" => Sequence(&[Many("subtotal")]),
        "subtotal" => SUBTOTAL,
        "itemdetails" => Free,
        "attachments" => Sequence(&[Many("attachment")]),
        "attachment" => Sequence(&[One("attachmentname"), One("attachmenttype"), One("attachmentdata")]),
        "taxentries" => Sequence(&[Many("taxentry")]),
        "taxentry" => Sequence(&[One("detailid"), Maybe("trx_tax")]),
        "order" => Sequence(&[One("field"), Choice(false, &[&[One("ascending")], &[One("descending")]])]),
        _ => Text,
    }
}
