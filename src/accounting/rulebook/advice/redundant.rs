//! Redundant rules: they give exactly what the next less specific rule would give anyway.

use std::collections::BTreeMap;

use super::super::index::Entry;
use super::super::pattern::overlap;
use super::super::ties::{first_day, last_day, meet};
use super::super::{Condition, Give, RuleKind};
use super::{Book, Finding, FindingKind, finding, implied};

/// Redundant rules with their places.
pub(super) fn findings(book: &Book) -> Vec<(usize, Finding)> {
    let mut found = Vec::new();
    for kind in RuleKind::ALL {
        let lists = Lists::of(book, kind);
        for narrow in book.ordered(kind) {
            if let Some(next) = repeated(book, &lists, narrow) {
                let rule = book.rule(narrow);
                let message = format!("{} gives what {} gives without it", narrow.name, next.name);
                let remedy = "remove it, unless it is meant to stay when the other one changes";
                let finding = finding(FindingKind::Redundant, [rule, book.rule(next)], message, remedy.to_owned());
                found.push((narrow.rule, finding));
            }
        }
    }
    found
}

/// The rules of one kind by the first thing they ask for that a thing has one value of; each list most specific first.
struct Lists<'a> {
    kind: RuleKind,
    asking: BTreeMap<Condition, Asking<'a>>,
    rest: Vec<&'a Entry>,
}

/// Rules that ask for one condition: all of them, and by what their text begins with, up to its first star.
#[derive(Default)]
struct Asking<'a> {
    all: Vec<&'a Entry>,
    by_beginning: BTreeMap<&'a str, Vec<&'a Entry>>,
}

impl<'a> Lists<'a> {
    fn of(book: &Book<'a>, kind: RuleKind) -> Self {
        let mut lists = Self { kind, asking: BTreeMap::new(), rest: Vec::new() };
        let single: Vec<Condition> =
            kind.conditions().iter().copied().filter(|condition| !kind.several().contains(condition)).collect();
        for entry in book.ordered(kind) {
            let asked = |condition: &Condition| Some((*condition, entry.asks(*condition)?));
            let exact = single.iter().filter_map(asked).find(|(_, text)| !text.contains('*'));
            match exact.or_else(|| single.iter().find_map(asked)) {
                Some((condition, text)) => {
                    let asking = lists.asking.entry(condition).or_default();
                    asking.all.push(entry);
                    asking.by_beginning.entry(beginning(text)).or_default().push(entry);
                }
                None => lists.rest.push(entry),
            }
        }
        lists
    }

    /// Lists that have every rule that could fit the same thing as `narrow`.
    fn beside<'l>(&'l self, narrow: &'l Entry) -> Vec<&'l [&'a Entry]> {
        let mut lists: Vec<&[&'a Entry]> = vec![&self.rest];
        for (condition, asking) in &self.asking {
            match narrow.asks(*condition) {
                Some(text) if !beginning(text).is_empty() => asking.comparable(text, &mut lists),
                _ => lists.push(&asking.all),
            }
        }
        lists
    }
}

impl<'a> Asking<'a> {
    /// Of two texts that fit the same thing one begins with what the other begins with.
    fn comparable<'l>(&'l self, text: &'l str, lists: &mut Vec<&'l [&'a Entry]>) {
        let whole = beginning(text);
        let shorter = whole.char_indices().map(|(end, _)| &whole[..end]).chain([whole]);
        lists.extend(shorter.filter_map(|start| self.by_beginning.get(start)).map(Vec::as_slice));
        if text.contains('*') {
            let longer = self.by_beginning.range(whole..).skip_while(|(start, _)| **start == whole);
            lists.extend(longer.take_while(|(start, _)| start.starts_with(whole)).map(|(_, list)| list.as_slice()));
        }
    }
}

fn beginning(text: &str) -> &str {
    text.split('*').next().unwrap_or_default()
}

/// The rule that gives the same without `narrow`.
fn repeated<'a>(book: &Book<'a>, lists: &Lists<'a>, narrow: &Entry) -> Option<&'a Entry> {
    let rule = book.rule(narrow);
    if rule.kind != RuleKind::Dimension {
        let next = next(book, lists, narrow, None)?;
        return (book.rule(next).gives == rule.gives).then_some(next);
    }
    // Of dimension rules each dimension is decided by itself.
    let mut last = None;
    for (give, value) in &rule.gives {
        let next = next(book, lists, narrow, Some(give))?;
        if book.rule(next).gives.get(give) != Some(value) {
            return None;
        }
        last = Some(next);
    }
    last
}

/// The less specific rule that wins wherever `narrow` would have won, if there is one: the next that can fit the same
/// thing, when it always does and no other is equally specific.
fn next<'a>(book: &Book<'a>, lists: &Lists<'a>, narrow: &Entry, give: Option<&Give>) -> Option<&'a Entry> {
    let kind = lists.kind;
    if can_tie(book, lists, narrow, give) {
        return None;
    }
    let counts = |entry: &&&Entry| {
        give.is_none_or(|give| book.rule(entry).gives.contains_key(give))
            && meet(book.rule(entry), book.rule(narrow))
            && beside(kind, entry, narrow)
    };
    let mut best: Option<&Entry> = None;
    let mut alone = true;
    for list in lists.beside(narrow) {
        let less = list.partition_point(|entry| entry.rank <= narrow.rank);
        let within = |entry: &&&Entry, best: Option<&Entry>| best.is_none_or(|best| entry.rank <= best.rank);
        for entry in list.get(less..).unwrap_or_default() {
            if !within(&entry, best) {
                break;
            }
            if counts(&entry) {
                alone = best.is_none_or(|best| entry.rank < best.rank);
                best = Some(entry);
            }
        }
    }
    let best = best.filter(|_| alone)?;
    let (wide, rule) = (book.rule(best), book.rule(narrow));
    let always = best.conditions.iter().all(|(condition, text)| implied(kind, *condition, text, narrow));
    (always && first_day(wide) <= first_day(rule) && last_day(rule) <= last_day(wide)).then_some(best)
}

/// Whether an equally specific rule can fit the same thing: without `narrow` it would win, not the next less specific one.
/// In a valid rulebook only rules that ask for what a thing can have several of can do that.
fn can_tie(book: &Book, lists: &Lists, narrow: &Entry, give: Option<&Give>) -> bool {
    if !lists.kind.several().iter().any(|condition| narrow.asks(*condition).is_some()) {
        return false;
    }
    let rule = book.rule(narrow);
    let equal = |list: &[&Entry]| {
        let (from, to) = (|entry: &&Entry| entry.rank < narrow.rank, |entry: &&Entry| entry.rank <= narrow.rank);
        let peers = list.get(list.partition_point(from)..list.partition_point(to)).unwrap_or_default();
        peers.iter().any(|entry| {
            entry.rule != narrow.rule
                && give.is_none_or(|give| book.rule(entry).gives.contains_key(give))
                && meet(book.rule(entry), rule)
                && beside(lists.kind, entry, narrow)
        })
    };
    lists.beside(narrow).into_iter().any(equal)
}

/// Whether two rules can fit the same thing, dates aside.
fn beside(kind: RuleKind, a: &Entry, b: &Entry) -> bool {
    let several = kind.several();
    let mut single = a.conditions.iter().filter(|(condition, _)| !several.contains(condition));
    single.all(|(condition, text)| b.asks(*condition).is_none_or(|other| overlap(text, other)))
}
