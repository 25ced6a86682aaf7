//! How alike two texts are, for lists from which a person picks: by the runs of three letters in their words.

use std::collections::BTreeSet;

/// How alike a text is to what is asked for, from 0 to 100; 100 is the same words. Case and punctuation do not count, and
/// what is asked for may be a part of the text.
pub fn likeness(asked: &str, text: &str) -> u32 {
    let (asked, text) = (runs(asked), runs(text));
    if asked.is_empty() || text.is_empty() {
        return 0;
    }
    let both = asked.intersection(&text).count();
    let dice = 200 * both / (asked.len() + text.len());
    // A long text that has all of a short question in it is a good answer, but the text that is nothing else is better.
    let held = 90 * both / asked.len();
    u32::try_from(dice.max(held)).unwrap_or(100)
}

/// The runs of three letters of each word, its beginning and end marked.
fn runs(text: &str) -> BTreeSet<[char; 3]> {
    let mut found = BTreeSet::new();
    let lower = text.to_lowercase();
    for word in lower.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let marked: Vec<char> = [' ', ' '].into_iter().chain(word.chars()).chain([' ']).collect();
        found.extend(marked.windows(3).filter_map(|run| <[char; 3]>::try_from(run).ok()));
    }
    found
}

/// The words of a text in lower case, for a first choice among many.
pub fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_alphanumeric()).filter(|word| word.chars().count() > 1);
    let found: BTreeSet<String> = words.map(str::to_owned).collect();
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_same_words_are_more_alike_than_a_part_and_a_part_more_than_something_else() {
        assert_eq!(likeness("Product sales", "product-SALES"), 100);
        let (part, typing, other) =
            (likeness("sales", "Product sales"), likeness("sale", "Product sales"), likeness("sales", "Freight out"));
        assert!(100 > part && part > typing && typing > other, "{part} {typing} {other}");
        assert_eq!((likeness("", "x"), likeness("x", "")), (0, 0));
        assert_eq!(words("Sales, of T-Shirts (US)"), ["of", "sales", "shirts", "us"]);
    }

    proptest! {
        #[test]
        fn no_text_is_more_alike_than_itself(a in "\\PC{0,12}", b in "\\PC{0,12}") {
            prop_assert!(likeness(&a, &b) <= 100);
            prop_assert!(runs(&a).is_empty() || likeness(&a, &a) == 100);
        }
    }
}
