//! The texts and numbers of gateway errors that are known, with the class and the remedy of each.
//!
//! Intacct publishes no list. These are the errors that its documentation, its libraries and integrations in the field
//! show; texts are matched in lower case, all parts of a rule must occur. The first rule that fits wins.

use super::errors::ErrorClass::{self, BadData, Configuration, Duplicate, RetryLater, SignInAgain, Unknown};

/// One known error.
pub(super) struct Rule {
    /// Numbers that identify it; empty when only the text does.
    numbers: &'static [&'static str],
    /// Parts of its text; empty when only the number identifies it.
    parts: &'static [&'static str],
    /// What to do about it.
    pub(super) class: ErrorClass,
    /// Too vague to decide when another error stands beside it.
    pub(super) only_alone: bool,
    /// The remedy, made from the cause.
    pub(super) remedy: fn(&str) -> String,
}

impl Rule {
    /// Whether an error of that number and text (lower case) is this one. Either the number or the text identifies it.
    pub(super) fn fits(&self, number: &str, text: &str) -> bool {
        self.numbers.contains(&number) || !self.parts.is_empty() && self.parts.iter().all(|part| text.contains(part))
    }
}

const fn text(class: ErrorClass, parts: &'static [&'static str], remedy: fn(&str) -> String) -> Rule {
    Rule { numbers: &[], parts, class, only_alone: false, remedy }
}

const fn number(class: ErrorClass, numbers: &'static [&'static str], remedy: fn(&str) -> String) -> Rule {
    Rule { numbers, parts: &[], class, only_alone: false, remedy }
}

/// The first text in quotes of a cause: the id or number it is about. An apostrophe inside a word opens no quotes.
fn quoted(cause: &str) -> Option<&str> {
    const QUOTES: [(char, char); 4] = [('\'', '\''), ('"', '"'), ('\u{2018}', '\u{2019}'), ('\u{201c}', '\u{201d}')];
    let mut before = ' ';
    for (at, character) in cause.char_indices() {
        if let Some((_, closing)) =
            QUOTES.iter().find(|(opening, _)| *opening == character && !before.is_alphanumeric())
        {
            let rest = &cause[at + character.len_utf8()..];
            return rest.find(*closing).map(|end| rest[..end].trim()).filter(|found| !found.is_empty());
        }
        before = character;
    }
    None
}

/// The word after a marker, without quotes and punctuation.
fn word_after<'a>(cause: &'a str, marker: &str) -> Option<&'a str> {
    // ASCII lower case keeps byte positions, so they fit the original text.
    let at = cause.to_ascii_lowercase().find(marker)? + marker.len();
    let word = cause.get(at..)?.split_whitespace().next()?;
    Some(word.trim_matches(|c: char| !c.is_alphanumeric())).filter(|word| !word.is_empty())
}

/// `what` with the id the cause quotes: `customer BC-1`, or `the customer`.
fn thing(what: &str, cause: &str) -> String {
    quoted(cause).map_or_else(|| format!("the {what}"), |id| format!("{what} {id}"))
}

/// `account 4000` from wherever the cause names it.
fn account(cause: &str) -> String {
    let id = word_after(cause, "account number ")
        .or_else(|| word_after(cause, "for the account "))
        .or_else(|| quoted(cause));
    id.map_or_else(|| "the account".to_owned(), |id| format!("account {id}"))
}

fn fixed_permission(_: &str) -> String {
    "Give the web services user's role this permission in Intacct (Company > Roles), then run the check again."
        .to_owned()
}

/// Refusals of the sender, the user or the session: only before any function.
pub(super) const SIGN_IN: &[Rule] = &[
    text(SignInAgain, &["invalid session"], |_| "Nothing to do: a new session is asked for.".to_owned()),
    text(SignInAgain, &["session", "expired"], |_| "Nothing to do: a new session is asked for.".to_owned()),
    text(Configuration, &["partner id or password"], |_| {
        "Correct the web services sender id and sender password in the settings; Sage issues them.".to_owned()
    }),
    Rule {
        numbers: &["XMLGW_JPP0002", "UJPP0002"],
        ..text(Configuration, &["sign-in information is incorrect"], |_| {
            "Correct the Intacct company id, web services user and password in the settings, and check that the user is active.".to_owned()
        })
    },
    text(Configuration, &["invalid web services authorization"], |_| {
        "Add the sender id under Company > Setup > Security > Web Services authorizations in Intacct.".to_owned()
    }),
    text(Configuration, &["not authorized for xml transactions"], |_| {
        "Subscribe the Intacct company to Web Services (Company > Admin > Subscriptions).".to_owned()
    }),
    text(Configuration, &["transport policy"], |_| {
        "Remove the policy id from the request: the service does not use one.".to_owned()
    }),
    number(Configuration, &["PL04000055"], |_| {
        "Use a company that has not expired, or ask Sage to extend this one.".to_owned()
    }),
];

/// Refusals of the gateway: on every level.
pub(super) const GATEWAY: &[Rule] = &[
    Rule {
        numbers: &["GW-0010"],
        ..text(RetryLater, &["api rate limit exceeded"], |_| {
            "Nothing to do: Intacct's limit on simultaneous requests was met, it is sent again later.".to_owned()
        })
    },
    text(RetryLater, &["temporarily off-line"], |_| {
        "Nothing to do: Intacct is off-line for a while, it is sent again later.".to_owned()
    }),
    text(Duplicate, &["already been recorded", "control id"], |_| {
        "Nothing to do: Intacct has executed this before, it is looked up.".to_owned()
    }),
    text(Unknown, &["concurrent request"], |_| {
        "Nothing to do: the same request is still under way, it is looked up.".to_owned()
    }),
    text(Unknown, &["control id", "in process"], |_| {
        "Nothing to do: the same request is still under way, it is looked up.".to_owned()
    }),
    number(Unknown, &["GW-0001"], |_| "Nothing to do: it is looked up before it is sent again.".to_owned()),
    number(
        Configuration,
        &[
            "GW-0011", "GW-0012", "GW-0014", "GW-0015", "GW-0031", "GW-0032", "GW-0033", "GW-0034", "GW-0035",
            "GW-0036", "GW-0037", "GW-0038", "GW-0039", "GW-0042",
        ],
        |_| "Ask Sage whether the company, the sender id and the user are active, then run the check again.".to_owned(),
    ),
    number(Configuration, &["PL04000005"], fixed_permission),
    text(Configuration, &["do not have permission"], fixed_permission),
    number(BadData, &["XL03000003"], |_| {
        "This is a fault of the service: report it with the stored request; the order can be replayed after an update."
            .to_owned()
    }),
];

/// Refusals of one function: data, mapping or set-up of the company.
pub(super) const BOOKS: &[Rule] = &[
    text(BadData, &["period", "closed"], |_| {
        "Reopen the period in Intacct, or choose the next open date for late postings, then replay.".to_owned()
    }),
    text(Duplicate, &["transaction with the number", "already exists"], |cause| {
        format!(
            "Nothing to do at first: {} is looked up; if it is not ours, change the number prefix of the store.",
            thing("document", cause)
        )
    }),
    // A customer create also creates its contact. The contact being there does not mean that the customer is, so a
    // look-up would search in vain for ever.
    text(BadData, &["another contact", "already exists"], |_| {
        "A contact of that name exists without this customer: rename or delete the contact in Intacct, or create the customer with it, then replay.".to_owned()
    }),
    Rule {
        numbers: &["BL34000061", "PL05000104"],
        ..text(Duplicate, &["already exists"], |_| {
            "Nothing to do at first: the record exists and is looked up.".to_owned()
        })
    },
    text(Configuration, &["missing the ", " dimension"], |cause| {
        let dimension = word_after(cause, "missing the ").map_or("dimension".to_owned(), str::to_lowercase);
        format!("Add a {dimension} to the mapping rule that posts to {}.", account(cause))
    }),
    text(Configuration, &["account number", "requires a"], |cause| {
        let dimension = word_after(cause, "requires a ").map_or("dimension".to_owned(), str::to_lowercase);
        format!("Add a {dimension} to the mapping rule that posts to {}.", account(cause))
    }),
    text(Configuration, &["associated to the bank account"], |cause| {
        format!(
            "Map to an ordinary clearing account: {} belongs to a bank account and cannot stand on a document line.",
            account(cause)
        )
    }),
    text(Configuration, &["restricted by"], |_| {
        "Change the mapping rule, or the dimension restrictions in Intacct, so that this account and dimension may go together.".to_owned()
    }),
    text(Configuration, &["auto-filled"], |_| {
        "Change the mapping rule to the value that Intacct's dimension relationships prescribe.".to_owned()
    }),
    text(BadData, &["item id", "not valid"], |cause| {
        format!("Create or activate {} in Intacct, or change the product mapping.", thing("item", cause))
    }),
    text(BadData, &["customer", "specified"], |cause| {
        format!("Create or activate {} in Intacct, then replay.", thing("customer", cause))
    }),
    text(BadData, &["invalid project"], |cause| {
        format!("Create or activate {} in Intacct, or change the mapping rule.", thing("project", cause))
    }),
    text(BadData, &["project", "belong", "customer"], |_| {
        "Change the mapping rule to a project of this customer, or to none.".to_owned()
    }),
    text(Configuration, &["account", "not valid"], |cause| {
        format!("Create or activate {} in Intacct, or change the mapping rule.", thing("GL account", cause))
    }),
    text(Configuration, &["account", "inactive"], |cause| {
        format!("Create or activate {} in Intacct, or change the mapping rule.", thing("GL account", cause))
    }),
    text(Configuration, &["line has no associated account"], |_| {
        "Map the line to a GL account, or give the account label one in Intacct.".to_owned()
    }),
    text(Configuration, &["activate the", "try again"], |_| {
        "Activate the record that Intacct names, then replay.".to_owned()
    }),
    text(BadData, &["debits and credits are not equal"], |_| {
        "Report this with the stored request: the document does not balance in Intacct's view.".to_owned()
    }),
    text(BadData, &["date due"], |_| {
        "Set a payment term or a due date that is not before the invoice date.".to_owned()
    }),
    text(Configuration, &["enable foreign-currency transactions"], |_| {
        "Switch off multi-currency in the connection's settings, or enable it in Intacct for this company.".to_owned()
    }),
    text(Configuration, &["smart rule"], |_| {
        "Meet the Smart Rule that Intacct names, or exempt the web services user from it.".to_owned()
    }),
    text(BadData, &["shared warehouse"], |_| "Add a location to the mapping rule of this product.".to_owned()),
    text(Configuration, &["specified subtotal", "not found"], |cause| {
        format!("Add {} to the transaction definition in Intacct, or change the mapping.", thing("subtotal", cause))
    }),
    text(BadData, &["remove the extra line item"], |_| {
        "A line has no amount: report it with the stored request.".to_owned()
    }),
    text(BadData, &["email address"], |_| {
        "Correct the e-mail address of the customer in the store, then replay.".to_owned()
    }),
    text(BadData, &["missing unit"], |_| {
        "Use a unit of the item's unit group, exactly as Intacct spells it.".to_owned()
    }),
    Rule {
        numbers: &["BL03001994"],
        ..text(BadData, &["use of empty location"], |_| {
            "Add a location to the mapping rule: this company has several entities.".to_owned()
        })
    },
    Rule {
        numbers: &["DL03000005"],
        ..text(BadData, &["record exi", "recordkey"], |_| {
            "The document that is paid or applied no longer exists under that record number: replay the order so that it is looked up again.".to_owned()
        })
    },
    number(BadData, &["BL03000019"], |_| "Create the contact that the document names, then replay.".to_owned()),
    number(BadData, &["BL03000018"], |_| {
        "Complete or correct the field that Intacct names, in the order or the mapping rule.".to_owned()
    }),
    number(BadData, &["PL01000127"], |_| {
        "Give the document type a numbering sequence in Intacct, or send a number.".to_owned()
    }),
    Rule {
        only_alone: true,
        ..text(RetryLater, &["currently, we can't create the transaction"], |_| {
            "Nothing to do at first: Intacct could not create it at that moment, it is sent again later.".to_owned()
        })
    },
    Rule {
        only_alone: true,
        ..number(RetryLater, &["DL02000001"], |_| {
            "Nothing to do at first: Intacct's database failed, it is sent again later.".to_owned()
        })
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_told_from_apostrophes() {
        assert_eq!(quoted("We can't use 'O-1'."), Some("O-1"));
        assert_eq!(quoted("Account \u{2018}4000\u{2019} is not valid"), Some("4000"));
        assert_eq!(quoted("Item \"A B\" is not valid"), Some("A B"));
        assert_eq!(quoted("The customer's account isn't valid"), None);
        assert_eq!(quoted("It ends in '"), None);
    }

    #[test]
    fn words_are_found_after_a_marker() {
        assert_eq!(word_after("For the Account 4000.", "for the account "), Some("4000"));
        assert_eq!(word_after("Zoë: missing the", "missing the "), None);
        assert_eq!(account("The account number 1010 is associated"), "account 1010");
        assert_eq!(account("no number here"), "the account");
    }
}
