//! Patterns of rules: an exact text, or one with `*` for any run of characters; upper and lower case are the same.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a condition asks a fact to be: exact, or with `*` for any run of characters (also none). Case does not matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String")]
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
        fold(&self.0)
    }
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A text in lower case, character by character, so that a part of a text folds as it does in the whole: the Greek
/// sigma has another small letter at the end of a word.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(&mut folded, text);
    folded
}

/// Writes a [folded](fold) text behind another.
pub(super) fn fold_into(folded: &mut String, text: &str) {
    if !text.is_ascii() {
        let letters = text.chars().flat_map(char::to_lowercase);
        folded.extend(letters.map(|letter| if letter == 'ς' { 'σ' } else { letter }));
        return;
    }
    let start = folded.len();
    folded.push_str(text);
    if let Some(own) = folded.get_mut(start..) {
        own.make_ascii_lowercase();
    }
}

/// Whether every text fits `pattern`.
pub(super) fn takes_any(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.bytes().all(|byte| byte == b'*')
}

/// Whether every text that fits `narrow` fits `wide` too; both in lower case.
pub(super) fn includes(wide: &str, narrow: &str) -> bool {
    // A star of `narrow` may stand for a character that `wide` does not name: only a star of `wide` takes that. And
    // whatever else it stands for, the same star of `wide` takes too.
    let Some(stranger) = ('\u{E000}'..='\u{F8FF}').find(|letter| !wide.contains(*letter)) else { return false };
    fits(wide, &narrow.replace('*', stranger.encode_utf8(&mut [0; 4])))
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
    // What comes before the first star and after the last must agree as far as both say it; that settles most pairs.
    let beginning = |text: &'_ str| text.find('*').unwrap_or(text.len());
    let (before, other) = (&a[..beginning(a)], &b[..beginning(b)]);
    if !before.starts_with(other) && !other.starts_with(before) {
        return false;
    }
    let end = |text: &'_ str| text.rfind('*').map_or(0, |star| star + 1);
    let (after, other) = (&a[end(a)..], &b[end(b)..]);
    if !after.ends_with(other) && !other.ends_with(after) {
        return false;
    }
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

    #[test]
    fn case_does_not_matter_in_any_script() {
        assert!(fits(&Pattern::new("ΟΔΟΣ*").folded(), &fold("οδοσα")));
        assert_eq!(fold("ΟΔΟΣ"), fold("οδος"));
        assert_eq!(fold("Straße É"), "straße é");
    }

    #[test]
    fn blanks_around_a_pattern_are_dropped_wherever_it_comes_from() {
        assert_eq!(serde_json::from_str::<Pattern>("\" TS-* \"").unwrap(), Pattern::new("TS-*"));
        assert_eq!(serde_json::to_string(&Pattern::new(" TS-* ")).unwrap(), "\"TS-*\"");
    }

    #[test]
    fn a_wider_pattern_includes_a_narrower_one() {
        for (wide, narrow) in [("*", "a*"), ("a*", "ab*"), ("*b*", "a*b"), ("a*", "a"), ("**", "*"), ("*", "**")] {
            assert!(includes(wide, narrow), "{wide} {narrow}");
        }
        for (wide, narrow) in [("a*", "*"), ("ab*", "a*"), ("a", "a*"), ("*b", "b*"), ("a*a", "a")] {
            assert!(!includes(wide, narrow), "{wide} {narrow}");
        }
    }

    proptest! {
        #[test]
        fn a_text_that_fits_a_pattern_fits_every_pattern_that_includes_it(
            wide in "[ab*]{0,5}", narrow in "[ab*]{0,5}", text in "[abc]{0,6}"
        ) {
            if includes(&wide, &narrow) && fits(&narrow, &text) {
                prop_assert!(fits(&wide, &text));
            }
        }

        #[test]
        fn a_pattern_that_is_not_included_has_a_text_to_show_for_it(wide in "[ab*]{0,5}", narrow in "[ab*]{0,5}") {
            // With its stars read as a strange character, or as nothing.
            let shown = narrow.replace('*', "c");
            prop_assert!(includes(&wide, &narrow) || (fits(&narrow, &shown) && !fits(&wide, &shown)));
        }

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
