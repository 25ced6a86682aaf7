//! What a gateway error is about: ids, dates and names picked out of its text, and sentences that name them.

/// Fills a sentence: each `{word}` becomes what the error says about it.
///
/// | word | becomes |
/// |---|---|
/// | `{account}` | `account 4000`, or `the account` |
/// | `{dimension}` | the dimension that is missing, with its article, for example `a department` |
/// | `{date}` | the date the error names, or `the posting date` |
/// | `{permission}` | `the permission for CREATE on customer`, or `this permission` |
/// | `{record}` | what is to be activated, for example `the vendor V-1`, or `the record` |
/// | `{rule}` | the Smart Rule, or `the Smart Rule` |
/// | any other | that word with the first quoted id: `item SKU-1`, or `the item` |
pub(super) fn fill(sentence: &str, text: &str) -> String {
    let mut filled = String::with_capacity(sentence.len() + 24);
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((word, behind)) = after.split_once('}') else {
            rest = after;
            break;
        };
        filled.push_str(&named(word, text));
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

fn named(word: &str, text: &str) -> String {
    match word {
        "account" => account(text),
        "dimension" => {
            let word = word_after(text, "missing the ")
                .or_else(|| word_after(text, "requires an "))
                .or_else(|| word_after(text, "requires a "))
                .map_or_else(|| "dimension".to_owned(), str::to_lowercase);
            let article = if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
            format!("{article} {word}")
        }
        "date" => date(text).unwrap_or("the posting date").to_owned(),
        "permission" => match (word_after(text, "api operation "), word_after(text, "of type ")) {
            (Some(operation), Some(object)) => format!("the permission for {operation} on {object}"),
            (Some(operation), None) => format!("the permission for {operation}"),
            _ => "this permission".to_owned(),
        },
        "record" => after(text, "activate the ")
            .and_then(|rest| rest.split([',', '\n']).next())
            .map_or_else(|| "the record".to_owned(), |record| format!("the {}", record.trim())),
        "rule" => word_after(text, "smart rule #")
            .or_else(|| word_after(text, "smart rule "))
            .filter(|word| !word.eq_ignore_ascii_case("violated"))
            .map_or_else(|| "the Smart Rule".to_owned(), |rule| format!("Smart Rule {rule}")),
        what => quoted(text).map_or_else(|| format!("the {what}"), |id| format!("{what} {id}")),
    }
}

/// The first text in quotes: the id or number the error is about. An apostrophe inside a word opens no quotes.
fn quoted(text: &str) -> Option<&str> {
    const QUOTES: [(char, char); 4] = [('\'', '\''), ('"', '"'), ('\u{2018}', '\u{2019}'), ('\u{201c}', '\u{201d}')];
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        if let Some((_, closing)) =
            QUOTES.iter().find(|(opening, _)| *opening == character && !before.is_alphanumeric())
        {
            let rest = &text[at + character.len_utf8()..];
            return rest.find(*closing).map(|end| rest[..end].trim()).filter(|found| !found.is_empty());
        }
        before = character;
    }
    None
}

/// What stands behind a marker, whatever its capitals.
fn after<'a>(text: &'a str, marker: &str) -> Option<&'a str> {
    // ASCII lower case keeps byte positions, so they fit the original text.
    let at = text.to_ascii_lowercase().find(marker)? + marker.len();
    text.get(at..)
}

/// The word after a marker, without quotes and punctuation.
fn word_after<'a>(text: &'a str, marker: &str) -> Option<&'a str> {
    let word = after(text, marker)?.split_whitespace().next()?;
    Some(word.trim_matches(|c: char| !c.is_alphanumeric())).filter(|word| !word.is_empty())
}

/// A date as the gateway writes it, `MM/DD/YYYY`.
fn date(text: &str) -> Option<&str> {
    text.split(|c: char| !c.is_ascii_digit() && c != '/').find(|word| {
        word.len() >= 8 && word.matches('/').count() == 2 && word.starts_with(|c: char| c.is_ascii_digit())
    })
}

/// `account 4000` from wherever the error names it.
fn account(text: &str) -> String {
    let id = word_after(text, "account number ")
        .or_else(|| word_after(text, "for the account "))
        .or_else(|| word_after(text, "gl account ").filter(|word| word.starts_with(|c: char| c.is_ascii_digit())))
        .or_else(|| quoted(text));
    id.map_or_else(|| "the account".to_owned(), |id| format!("account {id}"))
}

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
    fn a_sentence_names_what_the_error_names() {
        assert_eq!(fill("Activate {account}.", "The account number 1010 is associated"), "Activate account 1010.");
        assert_eq!(fill("Activate {account}.", "no number here"), "Activate the account.");
        assert_eq!(fill("{item}, {term}", "Item ID 'SKU-1' is bad"), "item SKU-1, term SKU-1");
        assert_eq!(fill("{dimension}", "Zoë: missing the"), "a dimension");
        assert_eq!(fill("on {date}", "date (07/31/2026) is closed"), "on 07/31/2026");
        assert_eq!(
            fill("{permission}", "API operation CREATE on objects of type ARPYMT"),
            "the permission for CREATE on ARPYMT"
        );
        assert_eq!(fill("{record}", "x\nActivate the vendor V-1, then try again."), "the vendor V-1");
        assert_eq!(fill("{rule}", "Smart Rule #12 Violated"), "Smart Rule 12");
        assert_eq!(fill("an open { stays", ""), "an open  stays");
        assert_eq!(fill("{item", "'x'"), "item");
    }
}
