//! Patterns of rules: an exact text, or one with `*` for any run of characters; upper and lower case are the same.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a condition asks a fact to be: exact, or with `*` for any run of characters (also none). Case does not matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pattern(String);

impl Pattern {
    /// A pattern from its text. Blanks around it are dropped.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it has no `*`.
    pub fn is_exact(&self) -> bool {
        !self.0.contains('*')
    }

    /// How many characters it fixes.
    pub(super) fn literal_length(&self) -> usize {
        self.0.chars().filter(|c| *c != '*').count()
    }

    /// The text in lower case: what it is compared by.
    pub(super) fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Whether `text` fits `pattern`; both in lower case.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let (middle, last) = rest.rsplit_once('*').map_or(("", rest), |(middle, last)| (middle, last));
    // Taking every middle piece at its first place leaves the most text for the last one.
    for piece in middle.split('*').filter(|piece| !piece.is_empty()) {
        let Some(at) = text.find(piece) else { return false };
        text = &text[at + piece.len()..];
    }
    text.ends_with(last)
}

/// Whether some text fits both patterns; both in lower case.
pub(super) fn overlap(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // reach[j]: the first i characters of `a` and the first j of `b` can stand for the same text.
    let mut reach = vec![false; b.len() + 1];
    reach[0] = true;
    for j in 0..b.len() {
        reach[j + 1] = reach[j] && b[j] == '*';
    }
    for &letter in &a {
        let mut next = vec![false; b.len() + 1];
        next[0] = reach[0] && letter == '*';
        for j in 0..b.len() {
            let star = letter == '*' || b[j] == '*';
            next[j + 1] = if star { reach[j + 1] || next[j] } else { reach[j] && letter == b[j] };
        }
        reach = next;
    }
    reach[b.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        for (pattern, text) in
            [("ts-*", "ts-1"), ("*", ""), ("*shirt*", "a t-shirt xl"), ("a*b*c", "abbc"), ("a*a", "aa")]
        {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("ts-*", "xts-1"), ("a*a", "a"), ("a*b*c", "acb"), ("ts", "ts-1"), ("", "x")] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn patterns_overlap_when_one_text_fits_both() {
        for (a, b) in [("a*", "*b"), ("*x*", "*y*"), ("ts-1", "ts-*"), ("*", ""), ("a*c", "ab*")] {
            assert!(overlap(a, b) && overlap(b, a), "{a} {b}");
        }
        for (a, b) in [("a*", "b*"), ("*a", "*b"), ("ts-1", "ts-2"), ("ab", "a")] {
            assert!(!overlap(a, b) && !overlap(b, a), "{a} {b}");
        }
    }

    proptest! {
        #[test]
        fn two_patterns_that_fit_one_text_overlap(a in "[ab*]{0,6}", b in "[ab*]{0,6}", text in "[ab]{0,6}") {
            if fits(&a, &text) && fits(&b, &text) {
                prop_assert!(overlap(&a, &b));
            }
        }

        #[test]
        fn a_pattern_overlaps_an_exact_text_when_it_fits(a in "[ab*]{0,6}", text in "[ab]{0,6}") {
            prop_assert_eq!(overlap(&a, &text), fits(&a, &text));
        }
    }
}
