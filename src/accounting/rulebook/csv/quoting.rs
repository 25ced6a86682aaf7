//! Quotation marks of a table: one that is left open or stands alone would swallow rows without anybody noticing.

use super::super::files::Trouble;

/// Where a cell stands in the text.
enum At {
    Start,
    Plain,
    Quoted {
        since: u64,
    },
    /// After a quotation mark that ends the cell, unless another follows.
    Closed,
}

/// Every quotation mark that is out of place (RFC 4180, section 2, rules 5 to 7).
pub(super) fn misplaced(text: &str, separator: char) -> Vec<Trouble> {
    let mut found = Vec::new();
    let (mut at, mut line, mut before) = (At::Start, 1, '\n');
    for letter in text.chars() {
        if letter == '\r' || (letter == '\n' && before != '\r') {
            line += 1;
        }
        before = letter;
        at = match (at, letter) {
            (At::Start, '"') => At::Quoted { since: line },
            (At::Quoted { .. }, '"') => At::Closed,
            (At::Quoted { since }, _) => At::Quoted { since },
            (At::Closed, '"') => At::Quoted { since: line },
            (_, '\r' | '\n') => At::Start,
            (_, letter) if letter == separator => At::Start,
            (At::Closed, _) => {
                found.push(trouble(line, "something follows the quotation mark that ends a cell"));
                At::Plain
            }
            (At::Plain, '"') => {
                found.push(trouble(line, "a quotation mark stands inside a cell that is not in quotation marks"));
                At::Plain
            }
            (At::Start | At::Plain, _) => At::Plain,
        };
    }
    if let At::Quoted { since } = at {
        found.push(trouble(since, "a quotation mark is opened and never closed"));
    }
    found
}

fn trouble(line: u64, what: &str) -> Trouble {
    let message = format!("{what}; put the whole cell in quotation marks and double each one inside it");
    Trouble { line: Some(line), column: None, rule: None, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<u64> {
        misplaced(text, ',').into_iter().filter_map(|trouble| trouble.line).collect()
    }

    #[test]
    fn quotation_marks_out_of_place_are_named_by_line() {
        assert_eq!(lines("a,\"b, \"\"c\"\"\nd\",\"\"\r\ne"), [0; 0]);
        assert_eq!(lines("a,b\r\nc,\"d\ne,f\n"), [2]);
        assert_eq!(lines("a,5\" pipe\nb, \"c\"\n"), [1, 2, 2]);
        assert_eq!(lines("a,\"oops\nb,\"fine\"\n"), [2, 2], "the first of them ended the cell that swallowed a row");
    }
}
