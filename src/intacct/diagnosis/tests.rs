//! Every gateway error that is known, with the class it gets and what its remedy names.

use super::*;
use crate::intacct::errors::AdditionalInfo;
use ErrorClass::{BadData, Configuration, Duplicate, RetryLater, SignInAgain, Unknown};

fn error(number: &str, text: &str) -> GatewayError {
    GatewayError { number: number.into(), description2: text.into(), ..GatewayError::default() }
}

/// Number, text, class, what the remedy names.
type Row = (&'static str, &'static str, ErrorClass, &'static str);

#[track_caller]
fn assert_rows(level: Level, rows: &[Row]) {
    for (number, text, class, names) in rows {
        let found = diagnose(level, &[error(number, text)]);
        assert_eq!(found.class, *class, "{level:?} {number} {text}");
        assert!(found.remedy.contains(names), "{level:?} {number} {text}: {}", found.remedy);
        assert!(found.cause.contains(text) && found.cause.contains(number), "{level:?} {number}: {}", found.cause);
    }
}

/// Refusals of sender, user, company or session.
const SIGN_IN_ROWS: &[Row] = &[
    ("XL03000006", "Incorrect Intacct XML Partner ID or password.", Configuration, "sender id and sender password"),
    ("XL03000006", "Sign-in information is incorrect", Configuration, "company id, web services user and password"),
    ("XL03000006", "Invalid session k2Lm", SignInAgain, "new session"),
    ("XL03000006", "The session has expired", SignInAgain, "new session"),
    ("XL03000006", "shop-policy is not a valid transport policy.", Configuration, "policy id"),
    ("XMLGW_JPP0002", "", Configuration, "user and password"),
    ("UJPP0002", "", Configuration, "user and password"),
    (
        "",
        "This company is not authorized for XML transactions. Please subscribe to the XML Gateway.",
        Configuration,
        "Subscribe the Intacct company to Web Services",
    ),
];

/// Refusals that can come on every level.
const GATEWAY_ROWS: &[Row] = &[
    (
        "XL03000003",
        "XML Parse schema error: Fatal Error 76: tag mismatch: lineitem line 9",
        BadData,
        "fault of the service",
    ),
    ("XL03000003", "71: Element 'invoiceitems': Missing child element(s).", BadData, "report it"),
    ("PL04000055", "This company is a demo company and has expired.", Configuration, "has not expired"),
    (
        "PL04000005",
        "You do not have permission for API operation CREATE on objects of type arpymt",
        Configuration,
        "CREATE on arpymt",
    ),
    ("PL04000005", "You do not have permission for API operation create_invoice", Configuration, "create_invoice"),
    ("PL04000005", "", Configuration, "Post as well as Add"),
    ("GW-0001", "The gateway cannot process the request", Unknown, "looked up"),
    ("GW-0010", "", RetryLater, "sent again later"),
    ("GW-0011", "", Configuration, "Ask Sage"),
    ("GW-0012", "", Configuration, "Ask Sage"),
    ("GW-0014", "", Configuration, "Ask Sage"),
    ("GW-0015", "", Configuration, "Ask Sage"),
    ("GW-0031", "", Configuration, "Ask Sage"),
    ("GW-0032", "", Configuration, "Ask Sage"),
    ("GW-0033", "", Configuration, "Ask Sage"),
    ("GW-0034", "", Configuration, "Ask Sage"),
    ("GW-0035", "", Configuration, "Ask Sage"),
    ("GW-0036", "", Configuration, "Ask Sage"),
    ("GW-0037", "", Configuration, "Ask Sage"),
    ("GW-0038", "", Configuration, "Ask Sage"),
    ("GW-0039", "", Configuration, "Ask Sage"),
    ("GW-0042", "", Configuration, "Ask Sage"),
    ("", "The Service is Temporarily Off-line", RetryLater, "sent again later"),
    ("", "API rate limit exceeded", RetryLater, "sent again later"),
    (
        "?",
        "A successful transaction has already been recorded with the control id acme/9/invoice/r1",
        Duplicate,
        "looked up",
    ),
    ("?", "A concurrent request with the control id acme/9 is in process", Unknown, "looked up"),
    ("?", "The control id acme/9 is in process", Unknown, "looked up"),
];

/// Refusals of one function by number.
const NUMBERED_ROWS: &[Row] = &[
    ("XL03000009", "Object definition CONTRACT not found", BadData, "module"),
    ("XL03000010", "The field COLOUR does not exist", BadData, "report it"),
    ("Query Failed", "something", BadData, "report it"),
    ("WS", "something", BadData, "report it"),
    ("", "Invalid fields list COLOUR", BadData, "report it"),
    ("PL01000127", "The document number is missing", BadData, "numbering sequence"),
    ("PL05000104", "", Duplicate, "looked up"),
    ("BL01001973", "The account number '4711.5' already exists", Duplicate, "looked up"),
    ("BL01001973", "Invalid Project 'P-77' specified.", BadData, "project P-77"),
    ("BL01001973", "Currently, we can\u{2019}t create the transaction", RetryLater, "by hand"),
    ("BL34000061", "Another Customer with the given value(s) SH-4  already exists", Duplicate, "looked up"),
    ("BL34000061", "Another Class with the given value(s) RETAIL  already exists", Duplicate, "looked up"),
    ("BL34000061", "Another Contact with the given value(s) SH-4 Ann  already exists", BadData, "contact"),
    ("BL03000018", "Missing unit", BadData, "unit group"),
    (
        "BL03000018",
        "This transaction is missing the Location dimension for the Account 4010",
        Configuration,
        "location",
    ),
    ("BL03000018", "Illegal format for Contactversion : Primary Email Address", BadData, "e-mail address"),
    ("BL03000018", "Required field Name is missing", BadData, "field"),
    ("BL03000019", "", BadData, "contact"),
    ("BL03001994", "", BadData, "location"),
    ("", "Use of empty Location is invalid. A valid Multi-Entity Location must be specified", BadData, "location"),
    ("BL03002028", "", BadData, "report it"),
    ("DL03000005", "No record exits for the recordkey 77", BadData, "deleted or edited"),
    ("", "No record exists for the recordkey 77", BadData, "deleted or edited"),
    ("DL02000001", "", RetryLater, "support id"),
    // Nothing is known of these: a person sees all that Intacct says.
    ("XL03000004", "", BadData, "Intacct's message"),
    ("XL03000005", "", BadData, "Intacct's message"),
    ("XL03000007", "", BadData, "Intacct's message"),
    ("XL03000008", "", BadData, "Intacct's message"),
    ("ZZ1", "Something nobody has seen", BadData, "Intacct's message"),
    ("", "Invalid session abc", BadData, "Intacct's message"),
];

/// Refusals of one function that are known by their text only.
const TEXT_ROWS: &[Row] = &[
    ("", "Your transaction date (07/31/2026) is within a period that's been closed.", BadData, "07/31/2026"),
    ("", "The period is closed", BadData, "the posting date"),
    ("", "Transaction with the number 'SH-12' already exists", Duplicate, "SH-12"),
    ("", "Item ID 'BOOT-9' is not valid", BadData, "item BOOT-9"),
    ("", "Account '4711' is not valid", Configuration, "GL account 4711"),
    ("", "Account is inactive: '4711'", Configuration, "GL account 4711"),
    ("", "Line has no associated account", Configuration, "account label"),
    ("", "Debits and credits are not equal", BadData, "one entity"),
    (
        "",
        "This transaction is missing the Department dimension for the Account 4711.",
        Configuration,
        "Add a department to the mapping rule that posts to account 4711.",
    ),
    ("", "This transaction is missing the Item dimension for the Account 4711", Configuration, "Add an item"),
    (
        "",
        "Account number '4711' requires a Location.",
        Configuration,
        "Add a location to the mapping rule that posts to account 4711.",
    ),
    ("", "Invalid Customer 'SH-4' specified.", BadData, "customer SH-4"),
    ("", "Customer 'SH-4' specified is not valid.", BadData, "customer SH-4"),
    ("", "Activate the vendor V-3, then try again.", Configuration, "the vendor V-3"),
    ("", "Invalid Department 'WEB' specified.", BadData, "mapping rule"),
    ("", "Date Due cannot be earlier than date of transaction", BadData, "due date"),
    ("", "Required field Date Due is missing", BadData, "due date"),
    ("", "Enable foreign-currency transactions, and try again", Configuration, "multi-currency"),
    ("", "Exchange rate for SEK to USD is not available", Configuration, "exchange rate"),
    (
        "",
        "The account number 1011 is associated to the Bank account CHK",
        Configuration,
        "clearing account instead of account 1011",
    ),
    ("", "GL account 4711 is restricted by Department", Configuration, "restrictions"),
    ("", "Department is restricted by GL account", Configuration, "restrictions"),
    ("", "Location must be 200. This value is auto-filled", Configuration, "relationships"),
    ("", "Project P-1 does not belong to customer SH-4", BadData, "project of this customer"),
    ("", "Smart Rule # Violated", Configuration, "the Smart Rule"),
    ("", "Smart Rule #31 Violated", Configuration, "Smart Rule 31"),
    ("", "Location ID is required for the multi-entity shared warehouse", BadData, "location"),
    ("", "Specified subtotal of 'Gift wrap' not found in the document definition", Configuration, "subtotal Gift wrap"),
    ("", "Remove the extra line item in the request, then reclassify the bill.", BadData, "report it"),
    ("", "Direct posting to the journal 'GJ' is not allowed", Configuration, "direct posting"),
    ("", "The invoice can't be reversed because it has a payment", BadData, "Reverse the payment"),
    ("", "The payment amount 9 exceeds the amount 5 that is due", BadData, "applied"),
];

#[test]
fn refusals_of_the_sign_in_are_known_before_any_function() {
    for level in [Level::Control, Level::Authentication] {
        assert_rows(level, SIGN_IN_ROWS);
    }
    // Only its description says so.
    let unauthorised = GatewayError {
        number: "XL03000006".into(),
        description: "Invalid Web Services Authorization".into(),
        ..GatewayError::default()
    };
    let found = diagnose(Level::Authentication, &[unauthorised]);
    assert_eq!(found.class, Configuration);
    assert!(found.remedy.contains("Web Services authorizations"));
}

#[test]
fn refusals_of_the_gateway_are_known_on_every_level() {
    for level in [Level::Control, Level::Authentication, Level::Function] {
        assert_rows(level, GATEWAY_ROWS);
    }
    let unknown: &[Row] = &[("ZZ1", "Something nobody has seen", Configuration, "connection's settings")];
    assert_rows(Level::Control, unknown);
}

#[test]
fn refusals_of_one_function_are_known() {
    assert_rows(Level::Function, NUMBERED_ROWS);
    assert_rows(Level::Function, TEXT_ROWS);
}

#[test]
fn the_cause_decides_and_not_the_trailer_and_all_texts_are_shown() {
    let errors = [
        error("BL34000061", "Another Contact with the given value(s) Ann  already exists"),
        error("BL01001973", "Could not create Customer record!"),
        error("BL01001973", "Error while saving the Customer info"),
    ];
    let diagnosis = diagnose(Level::Function, &errors);
    assert_eq!(diagnosis.class, BadData);
    assert_eq!(
        diagnosis.cause,
        "A contact of that name exists in Intacct without this customer. Intacct says: Another Contact with the given \
         value(s) Ann  already exists (BL34000061); Could not create Customer record! (BL01001973); Error while saving \
         the Customer info (BL01001973)"
    );
}

#[test]
fn what_intacct_classes_as_a_duplicate_is_one_whatever_its_text() {
    let info = AdditionalInfo { category: "Duplication Prevention".into(), ..AdditionalInfo::default() };
    let known = |text: &str| GatewayError { info: Some(info.clone()), ..error("BL01001973", text) };
    let vague = error("BL03000018", "Something is wrong with a field");
    assert_eq!(diagnose(Level::Function, &[vague.clone(), known("Das gibt es schon")]).class, Duplicate);
    assert_eq!(diagnose(Level::Function, &[vague]).class, BadData);
    let contact = known("Another Contact with the given value(s) Ann  already exists");
    assert_eq!(
        diagnose(Level::Function, &[contact]).class,
        BadData,
        "the customer is not there because its contact is"
    );
}

#[test]
fn a_vague_error_is_transient_only_when_it_stands_alone_and_not_for_ever() {
    let vague = error("BL01001973", "Currently, we can't create the transaction");
    assert_eq!(diagnose(Level::Function, std::slice::from_ref(&vague)).tries, Some(5));
    assert_eq!(diagnose(Level::Function, &[error("DL02000001", "")]).tries, Some(2));
    assert_eq!(diagnose(Level::Function, &[error("GW-0010", "")]).tries, None);
    let errors = [error("ZZ1", "The colour is wrong"), vague];
    assert_eq!(diagnose(Level::Function, &errors).class, BadData);
}

#[test]
fn a_failure_without_a_reason_is_shown_to_a_person() {
    let diagnosis = diagnose(Level::Function, &[]);
    assert_eq!((diagnosis.class, diagnosis.cause.as_str()), (BadData, "Intacct says: no reason given"));
    let trailer = [error("XL03000009", "The entire transaction in this operation has been rolled back.")];
    assert_eq!(diagnose(Level::Function, &trailer).class, BadData);
}

#[test]
fn a_stored_result_is_classed_as_it_was_when_it_came() {
    let raw = "<result><status>failure</status><errormessage><error><errorno>DL02000001</errorno></error></errormessage></result>";
    let diagnosis = of_result(raw).unwrap();
    assert_eq!((diagnosis.class, diagnosis.tries), (RetryLater, Some(2)));
    assert_eq!(of_result("Intacct refused the request"), None);
    assert_eq!(of_result("<response/>"), None);
}

#[test]
fn only_the_repeat_of_our_own_control_id_must_be_there() {
    assert!(names_control_id("A successful transaction has Already been recorded with the control id x"));
    assert!(!names_control_id("Transaction with the number 'SH-12' already exists"));
}
