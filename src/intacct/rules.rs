//! The texts and numbers of gateway errors that are known: class, what it means in plain words, and the remedy of each.
//!
//! Intacct publishes no list. These are the errors that its documentation, its libraries and integrations in the field
//! show; texts are matched in lower case, all parts of a rule must occur. The first rule that fits wins. A remedy says
//! what to mend; how to try again depends on the document and is said by whoever holds it.

mod words;

use super::errors::ErrorClass::{self, BadData, Configuration, Duplicate, RetryLater, SignInAgain, Unknown};
use super::errors::GatewayError;

/// What Intacct's additional information calls an error about a record that exists already (Intacct docs, requests).
pub(super) const DUPLICATION: &str = "Duplication Prevention";

/// One known error.
pub(super) struct Rule {
    /// Numbers that identify it; empty when only the text does.
    numbers: &'static [&'static str],
    /// Parts of its text; empty when only the number identifies it.
    parts: &'static [&'static str],
    /// The category of its additional information; empty when another thing identifies it.
    category: &'static str,
    /// What to do about it.
    pub(super) class: ErrorClass,
    /// Too vague to decide when another error stands beside it.
    pub(super) only_alone: bool,
    /// How often a document is tried before a person should look; none for as long as it takes.
    pub(super) tries: Option<i32>,
    sentence: &'static str,
    remedy: &'static str,
}

impl Rule {
    /// Whether an error with that text (lower case) is this one. Number, text or category alone identifies it.
    pub(super) fn fits(&self, error: &GatewayError, text: &str) -> bool {
        let category = error.info.as_ref().map_or("", |info| info.category.as_str());
        self.numbers.contains(&error.number.as_str())
            || !self.parts.is_empty() && self.parts.iter().all(|part| text.contains(part))
            || !self.category.is_empty() && self.category == category
    }

    /// What it means, one sentence.
    pub(super) fn sentence(&self, error: &GatewayError) -> String {
        words::fill(self.sentence, &error.texts())
    }

    /// What to mend, one sentence.
    pub(super) fn remedy(&self, error: &GatewayError) -> String {
        words::fill(self.remedy, &error.texts())
    }
}

const fn text(class: ErrorClass, parts: &'static [&'static str], sentence: &'static str, remedy: &'static str) -> Rule {
    Rule { numbers: &[], parts, category: "", class, only_alone: false, tries: None, sentence, remedy }
}

const fn number(
    class: ErrorClass,
    numbers: &'static [&'static str],
    sentence: &'static str,
    remedy: &'static str,
) -> Rule {
    Rule { numbers, ..text(class, &[], sentence, remedy) }
}

const NEW_SESSION: &str = "Nothing to do: a new session is asked for.";
const SENT_AGAIN: &str = "Nothing to do: it is sent again later.";
const LOOKED_UP: &str = "Nothing to do: it is looked up in Intacct before anything is sent again.";
const REPORT: &str = "This is a fault of the service: report it with the stored request.";

/// Refusals of the sender, the user or the session: only before any function.
pub(super) const SIGN_IN: &[Rule] = &[
    text(SignInAgain, &["invalid session"], "The Intacct session has ended.", NEW_SESSION),
    text(SignInAgain, &["session", "expired"], "The Intacct session has ended.", NEW_SESSION),
    text(
        Configuration,
        &["partner id or password"],
        "Intacct does not accept the web services sender.",
        "Correct the web services sender id and sender password in the settings; Sage issues them.",
    ),
    Rule {
        numbers: &["XMLGW_JPP0002", "UJPP0002"],
        ..text(
            Configuration,
            &["sign-in information is incorrect"],
            "Intacct does not accept company, user or password.",
            "Correct the Intacct company id, web services user and password in the settings, and check that the user is active and not locked.",
        )
    },
    text(
        Configuration,
        &["invalid web services authorization"],
        "The Intacct company has not authorised the web services sender.",
        "Add the sender id under Company > Setup > Security > Web Services authorizations in Intacct.",
    ),
    text(
        Configuration,
        &["not authorized for xml transactions"],
        "The Intacct company has no web services.",
        "Subscribe the Intacct company to Web Services (Company > Admin > Subscriptions).",
    ),
    text(
        Configuration,
        &["transport policy"],
        "The request names a transport policy that the company does not have.",
        "Remove the policy id from the request: the service does not use one.",
    ),
];

/// Refusals of the gateway: on every level.
pub(super) const GATEWAY: &[Rule] = &[
    Rule {
        numbers: &["GW-0010"],
        ..text(
            RetryLater,
            &["api rate limit exceeded"],
            "Intacct's limit on simultaneous requests was met.",
            SENT_AGAIN,
        )
    },
    text(RetryLater, &["temporarily off-line"], "Intacct is off-line for a while.", SENT_AGAIN),
    text(Duplicate, &["already been recorded", "control id"], "Intacct has executed this before.", LOOKED_UP),
    text(Unknown, &["concurrent request"], "The same request is still under way in Intacct.", LOOKED_UP),
    text(Unknown, &["control id", "in process"], "The same request is still under way in Intacct.", LOOKED_UP),
    number(Unknown, &["GW-0001"], "Intacct's gateway could not process the request.", LOOKED_UP),
    number(
        Configuration,
        &[
            "GW-0011", "GW-0012", "GW-0014", "GW-0015", "GW-0031", "GW-0032", "GW-0033", "GW-0034", "GW-0035",
            "GW-0036", "GW-0037", "GW-0038", "GW-0039", "GW-0042",
        ],
        "Intacct's gateway refuses the company, the sender or the user.",
        "Ask Sage whether the company, the sender id and the user are active, then run `cartledger check`.",
    ),
    number(
        Configuration,
        &["PL04000055"],
        "The Intacct company has expired.",
        "Use a company that has not expired, or ask Sage to extend this one.",
    ),
    Rule {
        numbers: &["PL04000005"],
        ..text(
            Configuration,
            &["do not have permission"],
            "The web services user lacks a permission in Intacct.",
            "Give the web services user's role {permission} in Intacct (Company > Roles; documents need Post as well as Add), then run `cartledger check`.",
        )
    },
    number(BadData, &["XL03000003"], "Intacct's schema does not accept the request.", REPORT),
];

/// Refusals of one function: data, mapping or set-up of the company. First what Intacct itself classes as a duplicate.
pub(super) const BOOKS: &[Rule] = &[
    // A customer create also creates its contact. The contact being there does not mean that the customer is, so a
    // look-up would search in vain for ever.
    text(
        BadData,
        &["another contact", "already exists"],
        "A contact of that name exists in Intacct without this customer.",
        "Rename or delete the contact in Intacct, or create the customer with it.",
    ),
    text(
        Duplicate,
        &["transaction with the number", "already exists"],
        "Intacct has {document} already.",
        "Nothing to do at first: {document} is looked up; if it is not ours, change the number prefix of the store.",
    ),
    Rule {
        category: DUPLICATION,
        numbers: &["BL34000061", "PL05000104"],
        ..text(
            Duplicate,
            &["already exists"],
            "Intacct has this record already.",
            "Nothing to do at first: the record exists and is looked up.",
        )
    },
    text(
        BadData,
        &["period", "closed"],
        "The period of {date} is closed in Intacct.",
        "Reopen the period of {date} in Intacct, for this entity and for the module (accounts receivable or general ledger), or set the date through which the books are closed in the store's settings, so that later documents take an open date.",
    ),
    text(
        Configuration,
        &["missing the ", " dimension"],
        "Intacct wants {dimension} on every line that posts to {account}.",
        "Add {dimension} to the mapping rule that posts to {account}.",
    ),
    text(
        Configuration,
        &["account number", "requires a"],
        "Intacct wants {dimension} on every line that posts to {account}.",
        "Add {dimension} to the mapping rule that posts to {account}.",
    ),
    text(
        Configuration,
        &["associated to the bank account"],
        "A line of a document cannot post to {account}: it belongs to a bank account.",
        "Map to an ordinary clearing account instead of {account}.",
    ),
    text(
        Configuration,
        &["direct posting"],
        "Intacct does not let anybody post directly to this journal or account.",
        "Allow direct posting for it in Intacct, or name another journal or account in the settings or the mapping rule.",
    ),
    text(
        Configuration,
        &["restricted by"],
        "The company's dimension restrictions forbid this combination of account and dimensions.",
        "Change the mapping rule, or the dimension restrictions in Intacct, so that this account and dimension may go together.",
    ),
    text(
        Configuration,
        &["auto-filled"],
        "The company's dimension relationships prescribe another value.",
        "Change the mapping rule to the value that Intacct's dimension relationships prescribe.",
    ),
    text(
        BadData,
        &["item id", "not valid"],
        "Intacct has no active {item}.",
        "Create or activate {item} in Intacct, or change the product mapping.",
    ),
    text(
        BadData,
        &["customer", "specified"],
        "Intacct has no active {customer}, or the web services user cannot see it.",
        "Create or activate {customer} in Intacct.",
    ),
    text(
        BadData,
        &["invalid project"],
        "Intacct has no active {project}.",
        "Create or activate {project} in Intacct, or change the mapping rule.",
    ),
    text(
        BadData,
        &["project", "belong", "customer"],
        "The project belongs to another customer.",
        "Change the mapping rule to a project of this customer, or to none.",
    ),
    text(
        Configuration,
        &["account", "not valid"],
        "Intacct has no {GL account}.",
        "Create or activate {GL account} in Intacct, or change the mapping rule.",
    ),
    text(
        Configuration,
        &["account", "inactive"],
        "An account is inactive in Intacct.",
        "Activate {GL account} in Intacct, or change the mapping rule.",
    ),
    text(
        Configuration,
        &["line has no associated account"],
        "A line has no account in Intacct.",
        "Map the line to a GL account, or give the account label one in Intacct.",
    ),
    text(
        Configuration,
        &["activate the", "try again"],
        "A record that the document names is inactive in Intacct.",
        "Activate {record} in Intacct.",
    ),
    text(
        BadData,
        &["invalid ", " specified"],
        "The document names a record that Intacct does not have.",
        "Create or activate {record} that Intacct's message names, or change the mapping rule.",
    ),
    text(
        BadData,
        &["debits and credits are not equal"],
        "The entry does not balance in Intacct's view, in all or for one entity.",
        "Check that the mapping rules name locations of one entity, or set up inter-entity accounts in Intacct; else report this with the stored request.",
    ),
    text(
        BadData,
        &["date due"],
        "The due date is missing or before the invoice date.",
        "Set a payment term or a due date that is not before the invoice date.",
    ),
    text(
        Configuration,
        &["enable foreign-currency transactions"],
        "The company has no multi-currency, and the document names a currency.",
        "Leave the foreign currencies out of the store's settings, or enable multi-currency in Intacct.",
    ),
    text(
        Configuration,
        &["exchange rate", "not available"],
        "Intacct has no exchange rate for that day and currency.",
        "Enter the exchange rate in Intacct (Company > Exchange rates), or name another rate type in the exchange rule.",
    ),
    text(
        Configuration,
        &["smart rule"],
        "A Smart Rule of the company refuses the document.",
        "Meet {rule} that Intacct names, or exempt the web services user from it.",
    ),
    text(
        BadData,
        &["shared warehouse"],
        "A warehouse that entities share needs a location.",
        "Add a location to the mapping rule of this product.",
    ),
    text(
        Configuration,
        &["specified subtotal", "not found"],
        "The transaction definition has no {subtotal}.",
        "Add {subtotal} to the transaction definition in Intacct, or change the mapping.",
    ),
    text(BadData, &["remove the extra line item"], "A line has no amount.", REPORT),
    text(
        BadData,
        &["email address"],
        "Intacct does not accept the customer's e-mail address.",
        "Correct the e-mail address of the customer in the store.",
    ),
    text(
        BadData,
        &["missing unit"],
        "The item has no such unit of measure.",
        "Use a unit of the item's unit group, exactly as Intacct spells it.",
    ),
    text(
        BadData,
        &["revers", "payment"],
        "What is paid cannot be reversed or deleted.",
        "Reverse the payment in Intacct first.",
    ),
    text(
        BadData,
        &["exceeds the amount"],
        "More would be applied than is open.",
        "See in Intacct what else was applied to the document that is paid, and undo it or settle the rest by hand.",
    ),
    Rule {
        numbers: &["BL03001994"],
        ..text(
            BadData,
            &["use of empty location"],
            "The company has several entities, and a location is missing.",
            "Add a location to the mapping rule or the dimension rule.",
        )
    },
    Rule {
        numbers: &["DL03000005"],
        // A receivable that was made anew is read again; one that stays away is gone.
        tries: Some(3),
        ..text(
            BadData,
            &["record exi", "recordkey"],
            "The document that is paid or applied no longer exists under that record number.",
            "See in Intacct whether it was deleted or edited.",
        )
    },
    number(
        BadData,
        &["BL03000019"],
        "The contact that the document names does not exist.",
        "Create the contact that Intacct's message names.",
    ),
    number(
        BadData,
        &["BL03000018"],
        "A field is missing or not acceptable.",
        "Complete or correct the field that Intacct's message names, in the order or the mapping rule.",
    ),
    number(
        BadData,
        &["PL01000127"],
        "The document has no number, and its type has no numbering.",
        "Give the document type a numbering sequence in Intacct.",
    ),
    number(BadData, &["BL03002028"], "Intacct found no data for the request.", REPORT),
    text(
        BadData,
        &["object definition", "not found"],
        "The company does not know the object that was asked for.",
        "Subscribe the company to the module that Intacct's message names, or report it.",
    ),
    Rule {
        numbers: &["XL03000010", "Query Failed", "WS"],
        ..text(BadData, &["invalid fields list"], "Intacct does not accept what was asked for.", REPORT)
    },
    Rule {
        only_alone: true,
        tries: Some(5),
        ..text(
            RetryLater,
            &["currently, we can't create the transaction"],
            "Intacct could not create it, and does not say why.",
            "Enter the document in Intacct by hand as a draft to see what it refuses, and mend that.",
        )
    },
    Rule {
        only_alone: true,
        tries: Some(2),
        ..number(
            RetryLater,
            &["DL02000001"],
            "Intacct's database refused it, and does not say why.",
            "Check the records that the document names; else give Sage support the support id.",
        )
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_says_what_it_means_and_what_to_do() {
        for rule in [SIGN_IN, GATEWAY, BOOKS].into_iter().flatten() {
            for said in [rule.sentence, rule.remedy] {
                assert!(said.ends_with('.') && !said.starts_with(' '), "{said}");
                assert!(!said.contains("eplay"), "how to try again is said by whoever holds the document: {said}");
            }
            assert!(!rule.numbers.is_empty() || !rule.parts.is_empty());
            assert!(rule.parts.iter().all(|part| *part == part.to_lowercase()));
        }
    }
}
