//! What Intacct accepts as text: characters, and lengths counted in characters.
//!
//! The lengths are those of Sage's own import templates and of integrations in the field; the XML API documents none.

use std::borrow::Cow;

/// Longest control id of a function or a request (gateway schema 3.0).
pub const CONTROL_ID: usize = 256;
/// Longest customer id (Intacct import template, customers).
pub const CUSTOMER_ID: usize = 20;
/// Longest invoice or adjustment number (Intacct import templates, AR invoices and AR adjustments).
pub const DOCUMENT_NUMBER: usize = 45;
/// Longest item id (integrations in the field).
pub const ITEM_ID: usize = 30;
/// Longest id of an attachment (integrations in the field; the documentation does not say).
pub const ATTACHMENT_ID: usize = 20;
/// Longest title of a journal entry; nobody documents it, so it is taken to be that of an adjustment's description.
pub const JOURNAL_TITLE: usize = 80;
/// Longest reference (purchase order) number of an invoice (Intacct import template, AR invoices).
pub const REFERENCE: usize = 100;
/// Longest invoice reference of an adjustment (Intacct import template, AR adjustments).
pub const ADJUSTMENT_REFERENCE: usize = 20;
/// Longest customer, company, contact or print-as name.
pub const NAME: usize = 100;
/// Longest first or last name of a contact.
pub const PERSON_NAME: usize = 40;
/// Longest phone number.
pub const PHONE: usize = 30;
/// Longest e-mail address.
pub const EMAIL: usize = 100;
/// Longest street line of an address; nobody documents it, so it is taken to be a city's.
pub const STREET: usize = 80;
/// Longest city.
pub const CITY: usize = 80;
/// Longest state.
pub const STATE: usize = 40;
/// Longest postal code.
pub const POSTAL_CODE: usize = 30;
/// Longest country name.
pub const COUNTRY: usize = 60;

/// Cuts `text` to at most `longest` characters, never inside one, and trims the blanks at both ends.
pub fn cut(text: &str, longest: usize) -> &str {
    let text = text.trim();
    match text.char_indices().nth(longest) {
        Some((end, _)) => text[..end].trim_end(),
        None => text,
    }
}

/// Leaves out what XML 1.0 does not allow in text, and writes every line end as a line feed.
pub fn element_text(text: &str) -> Cow<'_, str> {
    if text.chars().all(|character| allowed(character) && character != '\r') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n").chars().filter(|c| allowed(*c)).collect())
}

fn allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// Leaves out what Intacct refuses in record ids (`& < > # ?`, docs on record identifiers) and control characters.
/// Ids are not cut: a cut id could be another record's.
pub fn record_id(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control() && !matches!(c, '&' | '<' | '>' | '#' | '?')).collect()
}

/// A customer id from any text: letters, digits, blanks, hyphens and underscores stay (the characters of Intacct's
/// import template for customers).
pub fn customer_id(text: &str) -> String {
    text.trim().chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect()
}

/// A contact name: a record id too, but made of free text, so it is cut to [`NAME`]. Contact names are unique in a
/// company: begin them with the customer id, so that cutting cannot make two alike.
pub fn contact_name(text: &str) -> String {
    cut(&record_id(text), NAME).to_owned()
}

/// Whether Intacct takes a text as an e-mail address, as far as its refusals show: two sides, a dotted domain, plain
/// characters, not longer than its field.
pub fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, ',' | ';' | '<' | '>' | '"' | '(' | ')' | '\\');
    text.len() <= EMAIL
        && text.chars().all(plain)
        && !local.is_empty()
        && !local.contains('@')
        && domain.contains('.')
        && domain.split('.').all(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_counts_characters_and_never_splits_one() {
        assert_eq!(cut("  Zoë Ünal  ", 3), "Zoë");
        assert_eq!(cut("日本語テキスト", 2), "日本");
        assert_eq!(cut("short", 40), "short");
        assert_eq!(cut("ab cd", 3), "ab");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn ids_lose_only_what_intacct_refuses() {
        assert_eq!(record_id(" A&B <C># D?\u{7} é "), "AB C D é");
        assert_eq!(customer_id("BC-55/67 ü_x"), "BC-5567 _x");
    }

    #[test]
    fn a_contact_name_keeps_its_customer_id_when_it_is_cut() {
        let name = contact_name(&format!("BC-5567 {}", "x".repeat(200)));
        assert_eq!(name.chars().count(), NAME);
        assert!(name.starts_with("BC-5567 "));
    }

    #[test]
    fn an_email_address_has_two_sides_and_a_dotted_domain() {
        let long = format!("{}@example.com", "x".repeat(90));
        for good in ["a@example.com", "o'hara+web@mail.example.org"] {
            assert!(is_email(good), "{good}");
        }
        for bad in
            ["", "a", "a@b", "@b.c", "a@.c", "a@b.", "a@b..c", "a@@b.c", "a b@b.c", "a@b.c;d@e.f", "zoë@b.c", &long]
        {
            assert!(!is_email(bad), "{bad}");
        }
    }

    #[test]
    fn line_ends_become_line_feeds() {
        assert_eq!(element_text("a\r\nb\rc\u{1}"), "a\nb\nc");
        assert!(matches!(element_text("plain"), Cow::Borrowed(_)));
    }
}
