//! What the company says when it refuses: documented numbers and texts, one constructor each.
//!
//! Source: Intacct docs (XML responses) and the error lists of integrators. Where only a text is known, the number is the
//! trailer `BL01001973` that the gateway uses for most of them; where not even a text is known, the comment says so.

use std::fmt;

/// One `error` element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ErrorEntry {
    pub(super) number: &'static str,
    pub(super) description: String,
    pub(super) description2: String,
    pub(super) correction: String,
}

/// A refusal: the errors of one answer, cause first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) errors: Vec<ErrorEntry>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(formatter, "{separator}{}: {}", error.number, error.description2)?;
        }
        Ok(())
    }
}

const GENERAL: &str = "BL01001973";

impl Refusal {
    fn new(number: &'static str, description2: impl Into<String>) -> Self {
        let error = ErrorEntry {
            number,
            description: String::new(),
            description2: description2.into(),
            correction: String::new(),
        };
        Self { errors: vec![error] }
    }

    fn correction(mut self, correction: impl Into<String>) -> Self {
        if let Some(error) = self.errors.first_mut() {
            error.correction = correction.into();
        }
        self
    }

    fn description(mut self, description: impl Into<String>) -> Self {
        if let Some(error) = self.errors.first_mut() {
            error.description = description.into();
        }
        self
    }

    /// The same refusal with the trailer the gateway appends, such as "Could not create customer record!".
    pub(super) fn could_not_create(self, thing: &str) -> Self {
        self.could_not("create", thing)
    }

    /// As [`Refusal::could_not_create`], for another verb.
    pub(super) fn could_not(mut self, verb: &str, thing: &str) -> Self {
        self.errors.extend(Self::new(GENERAL, format!("Could not {verb} {thing} record!")).errors);
        self
    }

    /// The same refusal, followed by the notice that everything of the operation was undone.
    pub(super) fn rolled_back(mut self) -> Self {
        let text = "The entire transaction in this operation has been rolled back due to an error.";
        self.errors.extend(Self::new("XL03000009", text).errors);
        self
    }

    // ---- request and sign-in

    pub(super) fn schema(text: impl Into<String>) -> Self {
        Self::new("XL03000003", text)
    }

    pub(super) fn sign_in(text: impl Into<String>) -> Self {
        Self::new("XL03000006", text)
    }

    pub(super) fn sender() -> Self {
        Self::sign_in("Incorrect Intacct XML Partner ID or password.")
    }

    pub(super) fn sender_not_authorised(sender: &str, company: &str) -> Self {
        Self::sign_in(format!(
            "The sender ID '{sender}' is not authorized to make Web Services requests to company ID '{company}'."
        ))
        .description("Invalid Web Services Authorization")
        .correction("Contact the company administrator to grant Web Services authorization to this sender ID.")
    }

    pub(super) fn user() -> Self {
        Self::sign_in("Sign-in information is incorrect")
    }

    pub(super) fn session(id: &str) -> Self {
        Self::sign_in(format!("Invalid session {}...", id.chars().take(4).collect::<String>()))
    }

    pub(super) fn rate_limited() -> Self {
        Self::new("GW-0010", "Too many requests are in progress for this company.")
            .correction("Wait until an earlier request is answered, then try again.")
    }

    // ---- control ids

    /// The text is known from clients that match it; number and level are not documented.
    pub(super) fn already_recorded(control_id: &str) -> Self {
        let text = format!("A successful transaction has already been recorded with the control id {control_id}");
        Self::new(GENERAL, text)
    }

    /// As [`Refusal::already_recorded`], for a function that is still running.
    pub(super) fn still_running(control_id: &str) -> Self {
        Self::new(GENERAL, format!("There is a concurrent request in process with the control id {control_id}"))
    }

    // ---- anything that is posted

    /// The text that clients take as passing: nothing is wrong with the request.
    pub(super) fn transient() -> Self {
        Self::new(GENERAL, "Currently, we can't create the transaction")
            .correction("Check the transaction for errors or inconsistencies, then try again.")
    }

    /// A company's own rule; integrators show the text with the rule's number in it.
    pub(super) fn smart_rule() -> Self {
        Self::new(GENERAL, "Smart Rule 1 Violated")
    }

    pub(super) fn closed_period(date: &str) -> Self {
        Self::new(GENERAL, format!("Your transaction date ({date}) is within a period that's been closed."))
            .correction("Use a transaction date within an open period, or reopen the period.")
    }

    pub(super) fn missing_field(label: &str) -> Self {
        Self::new("BL03000018", format!("Required field {label} is missing"))
    }

    pub(super) fn illegal_value(label: &str, value: &str) -> Self {
        Self::new("BL03000018", format!("Illegal format for {label} : {value}"))
    }

    /// Lengths are not printed in the documentation; they come from the import templates.
    pub(super) fn too_long(label: &str, length: usize, most: usize) -> Self {
        Self::new("BL03000018", format!("{label} is {length} characters long; at most {most} are allowed"))
    }

    /// How the gateway reacts to a field it does not know is not documented; a strict company says so.
    pub(super) fn unknown_field(object: &str, field: &str) -> Self {
        Self::new("BL03000018", format!("The field {field} does not exist on {object}"))
    }

    pub(super) fn account_not_valid(account: &str) -> Self {
        Self::new(GENERAL, format!("Account '{account}' is not valid"))
    }

    pub(super) fn account_inactive(account: &str) -> Self {
        Self::new(GENERAL, format!("Account is inactive: '{account}'"))
            .correction(format!("Activate the account {account}, then try again."))
    }

    pub(super) fn account_is_bank(account: &str, bank: &str) -> Self {
        Self::new(GENERAL, format!("The account number {account} is associated to the Bank account {bank}"))
    }

    pub(super) fn missing_dimension(dimension: &str, account: &str) -> Self {
        Self::new(
            "BL03000018",
            format!("This transaction is missing the {dimension} dimension for the Account {account}"),
        )
    }

    /// "Invalid Department 'X' specified." and its like.
    pub(super) fn invalid(kind: &str, id: &str) -> Self {
        Self::new(GENERAL, format!("Invalid {kind} '{id}' specified."))
    }

    pub(super) fn item_not_valid(item: &str) -> Self {
        Self::new(GENERAL, format!("Item ID '{item}' is not valid"))
    }

    pub(super) fn inactive(kind: &str, id: &str) -> Self {
        Self::new(GENERAL, format!("The {kind} {id} is inactive"))
            .correction(format!("Activate the {kind} {id}, then try again."))
    }

    pub(super) fn foreign_currency_off() -> Self {
        Self::new(GENERAL, "Enable foreign-currency transactions, and try again")
    }

    pub(super) fn no_exchange_rate(currency: &str, base: &str) -> Self {
        Self::new(GENERAL, format!("Exchange rate for {currency} to {base} is not available"))
    }

    pub(super) fn other_currency(document: &str, payment: &str) -> Self {
        Self::new(GENERAL, format!("The payment currency {payment} differs from the transaction currency {document}"))
    }

    // ---- masters

    pub(super) fn another(kind: &str, value: &str) -> Self {
        // Two spaces before "already", as the gateway writes it.
        Self::new("BL34000061", format!("Another {kind} with the given value(s) {value}  already exists"))
            .correction("Use a unique value instead.")
    }

    pub(super) fn contact_missing(name: &str) -> Self {
        Self::new("BL03000019", format!("The contact {name} does not exist"))
    }

    // ---- invoices and adjustments

    pub(super) fn number_exists(number: &str) -> Self {
        Self::new(GENERAL, format!("Transaction with the number '{number}' already exists"))
            .correction("Use a different transaction number.")
    }

    pub(super) fn number_missing(kind: &str) -> Self {
        Self::new("PL01000127", format!("{kind} number is missing and no document sequence is set up"))
    }

    pub(super) fn due_before_date() -> Self {
        Self::new(GENERAL, "Date Due cannot be earlier than date of transaction")
    }

    /// Whether a zero adjustment is accepted is not documented; see `CompanySettings::zero_adjustments`.
    pub(super) fn zero_adjustment() -> Self {
        Self::new(GENERAL, "The total of the adjustment cannot be zero")
    }

    // ---- Order Entry

    pub(super) fn missing_unit() -> Self {
        Self::new("BL03000018", "Missing unit")
    }

    pub(super) fn no_account() -> Self {
        Self::new(GENERAL, "Line has no associated account")
    }

    pub(super) fn subtotal_unknown(description: &str) -> Self {
        Self::new(GENERAL, format!("Specified subtotal of '{description}' not found in the document definition"))
    }

    /// What Intacct does with a subtotal that is there twice is not documented; a strict company refuses it.
    pub(super) fn subtotal_twice(description: &str) -> Self {
        Self::new(GENERAL, format!("Specified subtotal of '{description}' is there twice"))
    }

    /// The texts about the source of a document are not documented.
    pub(super) fn source_missing(id: &str) -> Self {
        Self::new(GENERAL, format!("The source document '{id}' does not exist"))
    }

    pub(super) fn source_state(id: &str, state: &str) -> Self {
        Self::new(GENERAL, format!("The source document '{id}' is in state {state}"))
    }

    pub(super) fn entity_only(definition: &str, entity: &str) -> Self {
        Self::new(
            GENERAL,
            format!("The transaction definition '{definition}' can be used at the entity '{entity}' only"),
        )
    }

    // ---- payments

    pub(super) fn no_record(key: &str) -> Self {
        // "exits" is the gateway's spelling.
        Self::new("DL03000005", format!("No record exits for the recordkey {key}"))
    }

    pub(super) fn over_applied(document: &str, amount: &str, open: &str) -> Self {
        Self::new(GENERAL, format!("The payment amount {amount} exceeds the amount {open} that is due for {document}"))
    }

    pub(super) fn other_customer(document: &str, customer: &str) -> Self {
        Self::new(GENERAL, format!("{document} does not belong to the customer '{customer}'"))
    }

    pub(super) fn not_posted(document: &str) -> Self {
        Self::new(GENERAL, format!("{document} is not posted"))
    }

    pub(super) fn payment_rule(text: &str) -> Self {
        Self::new(GENERAL, text)
    }

    pub(super) fn overpayment_location() -> Self {
        Self::new("BL03001994", "Use of empty Location is invalid. A valid Multi-Entity Location must be specified")
    }

    pub(super) fn paid(document: &str) -> Self {
        Self::new(GENERAL, format!("{document} is paid in full or in part and cannot be reversed"))
            .correction("Reverse its payments first, then try again.")
    }

    pub(super) fn already_reversed(document: &str) -> Self {
        Self::new(GENERAL, format!("{document} is reversed already"))
    }

    pub(super) fn used(payment: &str) -> Self {
        Self::new(GENERAL, format!("{payment} has money that was applied since"))
            .correction("Reverse the application first, then try again.")
    }

    // ---- deposits

    pub(super) fn deposited(receipt: &str) -> Self {
        Self::new(GENERAL, format!("{receipt} is deposited already"))
    }

    /// That deposits hold no negative items is known from integrators; the words are not.
    pub(super) fn not_depositable(receipt: &str, amount: &str) -> Self {
        Self::new(GENERAL, format!("{receipt} of {amount} cannot be deposited: only positive receipts can"))
    }

    // ---- journals

    pub(super) fn unbalanced(debits: &str, credits: &str) -> Self {
        Self::new(GENERAL, format!("Debits and credits are not equal: debits {debits}, credits {credits}"))
    }

    pub(super) fn unbalanced_entity(location: &str) -> Self {
        Self::new(
            GENERAL,
            format!("Debits and credits are not equal for the entity '{location}'; specify the source entity"),
        )
    }

    pub(super) fn no_direct_posting(journal: &str) -> Self {
        Self::new(GENERAL, format!("Direct posting to the journal '{journal}' is not allowed"))
    }

    // ---- reading

    pub(super) fn object_not_found(object: &str) -> Self {
        Self::new("XL03000009", format!("Object definition {object} not found"))
    }

    pub(super) fn query_field(field: &str, object: &str) -> Self {
        Self::new("XL03000010", format!("Query Failed: the field {field} does not exist on {object}"))
    }

    pub(super) fn query_invalid(text: impl Into<String>) -> Self {
        Self::new("Query Failed", text)
    }

    pub(super) fn not_offered(function: &str) -> Self {
        Self::new("PL04000005", format!("You do not have permission for API operation {function}"))
    }
}
