//! Shadowed rules: whenever the rule fits, a more specific one does too, so it never wins.
//!
//! A rule B is shadowed when every thing it fits, on every day it covers, is also fitted by some rule that is more
//! specific. One rule A fits whatever B fits when each condition of A either takes any text of something that is always
//! known, or is met by every text that meets the same condition of B. Such an A is more specific only where it asks for
//! something B does not ask for: a `*` for the stock keeping unit beats every rule for a category.
//!
//! Several rules can do it together: by their dates, and by a condition with few words. A rule for guests and one for
//! registered buyers leave nothing to a rule for all buyers. So the words and days of B are gone through, and for each
//! the rules that fit besides are asked whether they cover it.

use jiff::ToSpan;
use jiff::civil::Date;

use super::super::domain::always_fits;
use super::super::index::{Entry, KindIndex};
use super::super::pattern::fits;
use super::super::ties::{first_day, last_day};
use super::super::{Condition, Give, Rule, RuleKind};
use super::{Book, Finding, FindingKind, finding, implied, listed};

/// The condition of a kind that has few words; none for most kinds.
struct Words {
    condition: Option<Condition>,
    words: Vec<&'static str>,
}

impl Words {
    fn of(kind: RuleKind) -> Self {
        match kind.worded() {
            Some((condition, words)) => Self { condition: Some(condition), words },
            None => Self { condition: None, words: vec![""] },
        }
    }

    /// Which words a rule can meet. One that does not ask can meet all: there always is one.
    fn met_by<'a>(&'a self, entry: &'a Entry) -> impl Iterator<Item = &'static str> + 'a {
        let asked = self.condition.and_then(|condition| entry.asks(condition));
        self.words.iter().copied().filter(move |word| asked.is_none_or(|asked| fits(asked, word)))
    }
}

/// Shadowed rules with their places; `idle` says of each rule whether it is dead.
pub(super) fn findings(book: &Book, idle: &[bool]) -> Vec<(usize, Finding)> {
    let mut found = Vec::new();
    for kind in RuleKind::ALL {
        let Some(index) = book.rulebook.index.kind(kind) else { continue };
        let words = Words::of(kind);
        let wide = index.only(|entry| may_shadow(kind, &words, entry));
        for narrow in index.entries().filter(|entry| !idle.get(entry.rule).copied().unwrap_or_default()) {
            if let Some(covering) = covered(book, &wide, &words, narrow) {
                found.push((narrow.rule, told(book, narrow, &covering)));
            }
        }
    }
    found
}

/// The rules that together take everything from `narrow`; `None` when something is left to it.
fn covered<'a>(book: &Book<'a>, wide: &KindIndex, words: &Words, narrow: &Entry) -> Option<Vec<&'a Rule>> {
    let rule = book.rule(narrow);
    let wider = wider(wide, words, rule.kind, narrow);
    if wider.is_empty() {
        return None;
    }
    // Of dimension rules each dimension is decided by itself.
    let gives: Vec<Option<&Give>> = match rule.kind {
        RuleKind::Dimension => rule.gives.keys().map(Some).collect(),
        _ => vec![None],
    };
    let mut covering: Vec<&Entry> = Vec::new();
    for word in words.met_by(narrow) {
        for give in &gives {
            let gives = |entry: &&&Entry| give.is_none_or(|give| book.rule(entry).gives.contains_key(give));
            let here = wider.iter().filter(|entry| words.met_by(entry).any(|met| met == word)).filter(gives);
            let days = (first_day(rule).max(book.from), last_day(rule));
            covering.extend(spanned(book, here.copied(), days)?);
        }
    }
    covering.sort_unstable_by_key(|entry| entry.rule);
    covering.dedup_by_key(|entry| entry.rule);
    Some(covering.into_iter().map(|entry| book.rule(entry)).collect())
}

/// The more specific rules that fit whatever `narrow` fits, as far as the condition with few words and the dates allow.
fn wider<'a>(wide: &'a KindIndex, words: &Words, kind: RuleKind, narrow: &Entry) -> Vec<&'a Entry> {
    let met = words.met_by(narrow).filter_map(|word| Some((words.condition?, word)));
    let asked = narrow.conditions.iter().filter(|(condition, _)| Some(*condition) != words.condition);
    let known = asked.map(|(condition, text)| (*condition, text.as_str())).chain(met);
    let wider = |entry: &&Entry| {
        let mut others = entry.conditions.iter().filter(|(condition, _)| Some(*condition) != words.condition);
        entry.rank < narrow.rank && others.all(|(condition, text)| implied(kind, *condition, text, narrow))
    };
    wide.candidates(known).filter(wider).collect()
}

/// Whether a rule can be more specific than another and fit whatever that fits: only by something it asks for that always
/// fits, or by the condition with few words. Most rules cannot, and are not looked at again.
fn may_shadow(kind: RuleKind, words: &Words, entry: &Entry) -> bool {
    let asks = |(condition, text): &(Condition, String)| {
        Some(*condition) == words.condition || always_fits(kind, *condition, text)
    };
    entry.conditions.iter().any(asks)
}

/// Rules of `entries` that together cover all of `days`, first and last included; `None` when a day is left.
fn spanned<'a>(
    book: &Book,
    entries: impl Iterator<Item = &'a Entry>,
    (first, last): (Date, Date),
) -> Option<Vec<&'a Entry>> {
    let mut ordered: Vec<&Entry> = entries.collect();
    ordered.sort_by_key(|entry| (first_day(book.rule(entry)), entry.rank, entry.rule));
    let mut covering = Vec::new();
    let mut open = first;
    for entry in ordered {
        let rule = book.rule(entry);
        if first_day(rule) > open {
            return None;
        }
        if last_day(rule) >= open {
            covering.push(entry);
            if last_day(rule) >= last {
                return Some(covering);
            }
            open = last_day(rule).saturating_add(1.day());
        }
    }
    None
}

fn told(book: &Book, narrow: &Entry, covering: &[&Rule]) -> Finding {
    let names: Vec<String> = covering.iter().map(|rule| format!("'{}' ({})", rule.id, rule.asks())).collect();
    let (verb, noun) = if names.len() == 1 { ("fits", "is") } else { ("fit", "are") };
    let message = format!(
        "{} never decides anything: {} {verb} whatever it fits and {noun} more specific",
        narrow.name,
        listed(&names)
    );
    let remedy = "remove it, or let the more specific ones ask for less";
    finding(FindingKind::Shadowed, [book.rule(narrow)], message, remedy.to_owned())
}
