//! From gateway errors to a class and a remedy in an accountant's words.
//!
//! A number alone decides little: the same number stands for many causes, and the last error is often only a trailer
//! ("Could not create the record!"). So the first error whose text is known decides. An unknown error of a function is
//! taken for bad data, so that a person sees it; an unknown refusal before any function, for wrong configuration.

use super::errors::{ErrorClass, GatewayError, Level, summary};

use super::rules::{BOOKS, GATEWAY, Rule, SIGN_IN};

/// What a failure means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// What to do about it.
    pub class: ErrorClass,
    /// The cause in Intacct's words.
    pub cause: String,
    /// What a person does, one sentence.
    pub remedy: String,
}

/// Classes the errors of one failure. `errors` may be empty: a failure can come without a reason.
pub fn diagnose(level: Level, errors: &[GatewayError]) -> Diagnosis {
    let causes: Vec<&GatewayError> = errors.iter().filter(|error| !is_trailer(error)).collect();
    let causes = if causes.is_empty() { errors.iter().collect() } else { causes };
    let tables: &[&[Rule]] = match level {
        Level::Control | Level::Authentication => &[SIGN_IN, GATEWAY],
        Level::Function => &[GATEWAY, BOOKS],
    };
    let alone = causes.len() == 1;
    for error in &causes {
        let text = searchable(error);
        let fits = |rule: &&Rule| (alone || !rule.only_alone) && rule.fits(&error.number, &text);
        if let Some(rule) = tables.iter().copied().flatten().find(fits) {
            let cause = error.cause();
            return Diagnosis { class: rule.class, cause: cause.to_owned(), remedy: (rule.remedy)(cause) };
        }
    }
    unknown_error(level, errors)
}

fn unknown_error(level: Level, errors: &[GatewayError]) -> Diagnosis {
    let (class, remedy) = match level {
        Level::Function => (
            ErrorClass::BadData,
            "Read Intacct's message, correct the order, the mapping or the record in Intacct it names, then replay.",
        ),
        Level::Control | Level::Authentication => (
            ErrorClass::Configuration,
            "Read Intacct's message and correct the connection's settings or its permissions in Intacct, then run the check again.",
        ),
    };
    Diagnosis { class, cause: summary(errors), remedy: remedy.to_owned() }
}

/// Errors that only say that something failed, after the one that says why.
fn is_trailer(error: &GatewayError) -> bool {
    let text = searchable(error);
    error.number == "XL03000009" && text.contains("rolled back")
        || error.number == "BL01001973"
            && (text.contains("could not create") && text.contains("record") || text.contains("error while saving"))
}

/// All texts of an error in lower case, with plain apostrophes.
fn searchable(error: &GatewayError) -> String {
    [&error.description, &error.description2, &error.correction]
        .map(String::as_str)
        .join("\n")
        .to_lowercase()
        .replace(['\u{2018}', '\u{2019}'], "'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ErrorClass::{BadData, Configuration, Duplicate, RetryLater, SignInAgain, Unknown};

    fn error(number: &str, text: &str) -> GatewayError {
        GatewayError { number: number.into(), description2: text.into(), ..GatewayError::default() }
    }

    fn class(level: Level, number: &str, text: &str) -> ErrorClass {
        diagnose(level, &[error(number, text)]).class
    }

    #[test]
    fn refusals_before_any_function() {
        let cases = [
            ("XL03000003", "XML Parse schema error: Fatal Error 76: Opening and ending tag mismatch", BadData),
            ("XL03000006", "Incorrect Intacct XML Partner ID or password.", Configuration),
            ("XL03000006", "Sign-in information is incorrect", Configuration),
            ("XL03000006", "Invalid session q7Xw", SignInAgain),
            ("XL03000006", "x1 is not a valid transport policy.", Configuration),
            ("XMLGW_JPP0002", "", Configuration),
            ("UJPP0002", "", Configuration),
            ("PL04000055", "This company is a demo company and has expired.", Configuration),
            ("GW-0001", "The gateway cannot process the request", Unknown),
            ("GW-0010", "", RetryLater),
            ("GW-0011", "", Configuration),
            ("GW-0034", "", Configuration),
            ("", "The Service is Temporarily Off-line", RetryLater),
            ("", "API rate limit exceeded", RetryLater),
            (
                "",
                "This company is not authorized for XML transactions. Please subscribe to the XML Gateway.",
                Configuration,
            ),
            (
                "?",
                "A successful transaction has already been recorded with the control id acme/1/invoice/r1",
                Duplicate,
            ),
            ("?", "A concurrent request with the control id acme/1 is in process", Unknown),
            ("ZZ1", "Something nobody has seen", Configuration),
        ];
        for (number, text, expected) in cases {
            assert_eq!(class(Level::Control, number, text), expected, "{number} {text}");
            assert_eq!(class(Level::Authentication, number, text), expected, "{number} {text}");
        }
        let unauthorised = GatewayError {
            number: "XL03000006".into(),
            description: "Invalid Web Services Authorization".into(),
            ..GatewayError::default()
        };
        assert_eq!(diagnose(Level::Authentication, &[unauthorised]).class, Configuration);
    }

    #[test]
    fn failures_of_one_function() {
        let cases = [
            ("XL03000003", "71: Element 'sotransitems': Missing child element(s).", BadData),
            ("XL03000009", "Object definition VENDOR9 not found", BadData),
            ("XL03000010", "Field X does not exist", BadData),
            ("Query Failed", "whatever", BadData),
            (
                "PL04000005",
                "You do not have permission for API operation CREATE on objects of type customer",
                Configuration,
            ),
            ("PL01000127", "Document number is missing", BadData),
            ("PL05000104", "", Duplicate),
            ("BL01001973", "The account number '4000' already exists", Duplicate),
            ("BL01001973", "Invalid Project '10064' specified.", BadData),
            ("BL01001973", "Currently, we can\u{2019}t create the transaction", RetryLater),
            ("BL34000061", "Another Customer with the given value(s) BC-1  already exists", Duplicate),
            ("BL34000061", "Another Contact with the given value(s) BC-1 Ann  already exists", BadData),
            ("BL03000018", "Missing unit", BadData),
            ("BL03000018", "Illegal format for Contactversion : Primary Email Address", BadData),
            ("BL03000019", "", BadData),
            (
                "BL03001994",
                "Use of empty Location is invalid. A valid Multi-Entity Location must be specified",
                BadData,
            ),
            ("BL03002028", "", BadData),
            ("DL03000005", "No record exits for the recordkey 43", BadData),
            ("DL02000001", "", RetryLater),
            ("", "Your transaction date (07/01/2026) is within a period that's been closed", BadData),
            ("", "Transaction with the number 'BC-1' already exists", Duplicate),
            ("", "Item ID 'SKU' is not valid", BadData),
            ("", "Account '4000' is not valid", Configuration),
            ("", "Account is inactive", Configuration),
            ("", "Line has no associated account", Configuration),
            ("", "Debits and credits are not equal", BadData),
            ("", "This transaction is missing the Department dimension for the Account 4000", Configuration),
            ("", "Account number '4000' requires a Location.", Configuration),
            ("", "Invalid Customer 'BC-1' specified.", BadData),
            ("", "Customer 'BC-1' specified is not valid.", BadData),
            ("", "Activate the vendor X, then try again.", Configuration),
            ("", "Date Due cannot be earlier than date of transaction", BadData),
            ("", "Required field Date Due is missing", BadData),
            ("", "Enable foreign-currency transactions, and try again", Configuration),
            ("", "The account number 1010 is associated to the Bank account BOA", Configuration),
            ("", "GL account 4000 is restricted by Department", Configuration),
            ("", "Department is restricted by GL account", Configuration),
            ("", "Location must be 100. This value is auto-filled", Configuration),
            ("", "Smart Rule # Violated", Configuration),
            ("", "Project P1 does not belong to customer BC-1", BadData),
            ("", "Location ID is required for the multi-entity shared warehouse", BadData),
            ("", "Specified subtotal of 'Misc' not found in the document definition", Configuration),
            ("", "Remove the extra line item in the request, then reclassify the bill.", BadData),
            ("?", "A successful transaction has already been recorded with the control id acme/1", Duplicate),
            ("?", "There is a concurrent request in process with this control id", Unknown),
            ("ZZ1", "Something nobody has seen", BadData),
            ("", "Invalid session abc", BadData),
        ];
        for (number, text, expected) in cases {
            assert_eq!(class(Level::Function, number, text), expected, "{number} {text}");
        }
    }

    #[test]
    fn the_cause_decides_and_not_the_trailer() {
        let errors = [
            error("BL34000061", "Another Contact with the given value(s) Ann  already exists"),
            error("BL01001973", "Could not create Customer record!"),
            error("BL01001973", "Error while saving the Customer info"),
        ];
        let diagnosis = diagnose(Level::Function, &errors);
        assert_eq!(diagnosis.class, BadData);
        assert!(diagnosis.cause.starts_with("Another Contact"), "{}", diagnosis.cause);
    }

    #[test]
    fn a_vague_error_is_transient_only_when_it_stands_alone() {
        let vague = error("BL01001973", "Currently, we can't create the transaction");
        let errors = [error("ZZ1", "The colour is wrong"), vague];
        assert_eq!(diagnose(Level::Function, &errors).class, BadData);
    }

    #[test]
    fn a_failure_without_a_reason_is_shown_to_a_person() {
        let diagnosis = diagnose(Level::Function, &[]);
        assert_eq!((diagnosis.class, diagnosis.cause.as_str()), (BadData, "no reason given"));
        let trailer = [error("XL03000009", "The entire transaction in this operation has been rolled back.")];
        assert_eq!(diagnose(Level::Function, &trailer).class, BadData);
    }

    #[test]
    fn remedies_name_the_thing_to_change() {
        let remedy = |text: &str| diagnose(Level::Function, &[error("", text)]).remedy;
        assert_eq!(
            remedy("Account '4000' is not valid"),
            "Create or activate GL account 4000 in Intacct, or change the mapping rule."
        );
        assert_eq!(
            remedy("This transaction is missing the Department dimension for the Account 4000."),
            "Add a department to the mapping rule that posts to account 4000."
        );
        assert!(remedy("Invalid Customer 'BC-9' specified.").contains("customer BC-9"));
        assert!(remedy("Transaction with the number 'BC-118' already exists").contains("BC-118"));
    }
}
