//! Would Intacct take these documents? Everything they name is looked up in the company's master data, before a call is
//! spent. A kind that is not known says nothing, so nothing is ever held for want of knowledge.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::named::Absence;
use super::{Master, MasterData, MasterKind, MasterStatus};
use crate::accounting::document::{Detail, Document, JournalLine};
use crate::accounting::hold::{Blocks, Hold, HoldCode};
use crate::accounting::money::Money;

/// What decides, besides the documents, which records a request names.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'a> {
    /// The receivable control account: Intacct books it by itself, so no line of a receivable document names it.
    pub receivable_account: &'a str,
    /// The journal of journal entries.
    pub journal: &'a str,
    /// The account named where a credit is applied without money.
    pub application_account: &'a str,
    /// The entity that requests are signed in to; `None` at the top level.
    pub entity: Option<&'a str>,
    /// Whether the documents are summed up into journal entries instead of posted one by one.
    pub daily: bool,
}

/// Everything that Intacct would refuse, over all documents: one hold per record and sort of problem, with the rules that
/// chose it and the documents that name it. Each blocks the whole order, so that nothing of it is sent in part.
pub fn validate(documents: &[Document], setup: Setup<'_>, masters: &MasterData) -> Vec<Hold> {
    let mut check = Check { setup, masters, found: BTreeMap::new() };
    for document in documents {
        check.document(document);
    }
    let blocked: Decimal =
        documents.iter().filter(|document| !document.lines.is_empty()).map(|document| document.total).sum();
    let amount = documents.first().map(|document| Money::new(blocked, document.currency));
    check.found.into_iter().map(|((code, subject), problem)| problem.hold(code, subject, amount)).collect()
}

/// A problem with one record.
#[derive(Default)]
struct Problem {
    /// What is wrong, each once.
    wrong: BTreeSet<String>,
    /// What to do.
    remedy: String,
    /// The rules and settings that chose the record.
    chosen_by: BTreeSet<String>,
    /// The documents that name it, in the order they are posted.
    documents: Vec<String>,
}

impl Problem {
    fn hold(self, code: HoldCode, subject: String, amount: Option<Money>) -> Hold {
        let list = |texts: Vec<String>| texts.join(", ");
        let wrong = self.wrong.into_iter().collect::<Vec<_>>().join("; ");
        let message =
            format!("{wrong}. Named by {}, in {}", list(self.chosen_by.into_iter().collect()), list(self.documents));
        Hold { code, subject, message, remedy: self.remedy, amount, blocks: Blocks::Order }
    }
}

struct Check<'a> {
    setup: Setup<'a>,
    masters: &'a MasterData,
    found: BTreeMap<(HoldCode, String), Problem>,
}

/// A record as a document names it.
struct Use<'a> {
    document: &'a Document,
    kind: MasterKind,
    id: &'a str,
    rule: &'a str,
    /// The entity of the line's location, where that can be told.
    entity: Option<&'a str>,
}

impl Check<'_> {
    fn document(&mut self, document: &Document) {
        let journal = self.setup.daily || document.detail.is_journal();
        if journal {
            self.record(&plain(document, MasterKind::Journal, self.setup.journal, "setting journal"));
        }
        if let Some(entry) = document.detail.order_entry().filter(|_| !self.setup.daily) {
            let setting = "the settings of order_entry";
            self.record(&plain(document, MasterKind::TransactionDefinition, &entry.definition, setting));
        }
        match &document.detail {
            _ if self.setup.daily => {}
            Detail::Invoice { terms: Some(terms), .. } => {
                self.record(&plain(document, MasterKind::Term, terms, "the customer rule or the setting terms"));
            }
            Detail::Receipt { deposit_account, bank_account, .. } => {
                let line = document.lines.iter().find(|line| line.account == *deposit_account);
                let rule = line.map_or("the payment rule", |line| line.rule.as_str());
                let (kind, id) = match bank_account {
                    Some(bank) => (MasterKind::BankAccount, bank),
                    None => (MasterKind::GlAccount, deposit_account),
                };
                // Only account and customer of a receipt are sent, no lines.
                let account = plain(document, kind, id, rule);
                self.record(&account);
                if bank_account.is_none() {
                    self.bank(&account);
                }
                return;
            }
            Detail::Application { .. } => {
                let account = self.setup.application_account;
                self.record(&plain(document, MasterKind::GlAccount, account, "setting application_account"));
            }
            _ => {}
        }
        let (own_journal, receivable) = (document.detail.is_journal(), self.setup.receivable_account);
        for line in document.lines.iter().filter(|line| own_journal || line.account != receivable) {
            self.line(document, line, journal);
        }
    }

    fn line(&mut self, document: &Document, line: &JournalLine, journal: bool) {
        let location = line.dimensions.get("location");
        // At entity level a line without a location gets the entity's.
        let entity = location.and_then(|id| self.masters.entity_of(id).map(str::to_owned));
        let account = Use {
            document,
            kind: MasterKind::GlAccount,
            id: &line.account,
            rule: &line.rule,
            entity: entity.as_deref(),
        };
        self.record(&account);
        if !journal {
            self.bank(&account);
        }
        for (name, dimension) in line.dimensions.iter() {
            let kind = MasterKind::of_dimension(name);
            let named = Use { document, kind, id: &dimension.id, rule: &dimension.rule, entity: entity.as_deref() };
            self.record(&named);
            if named.kind == MasterKind::Location {
                self.foreign_location(&named);
            }
        }
        self.required(&account, line, journal);
    }

    /// Is it there, and active, and may it be used here?
    fn record(&mut self, named: &Use<'_>) {
        let absence = self.masters.absence(&named.kind, named.id);
        let name = self.name(&named.kind, named.id);
        match absence {
            // A customer may be younger than the mirror, and active ones are too many to keep at hand.
            Some(Absence::Missing) if named.kind == MasterKind::Customer => {}
            Some(absence @ (Absence::Missing | Absence::Gone)) => {
                let wrong = match absence {
                    Absence::Gone => format!("{name} is no longer in Intacct"),
                    _ => format!("{name} is not in Intacct"),
                };
                let remedy = "Create it in Intacct, or change the rule or setting that names it; the order then goes on by itself.";
                self.note(HoldCode::NotInIntacct, named, wrong, remedy);
            }
            Some(absence) => {
                let wrong = match absence {
                    Absence::NonPosting => format!("{name} is for grouping only and takes no postings"),
                    _ => format!("{name} is inactive in Intacct"),
                };
                let remedy = "Activate it in Intacct, or change the rule or setting that names it; the order then goes on by itself.";
                self.note(HoldCode::InactiveInIntacct, named, wrong, remedy);
            }
            None => {
                if let Some(why) =
                    self.masters.get(&named.kind, named.id).and_then(|record| self.restriction(record, named))
                {
                    self.note(HoldCode::RestrictedInIntacct, named, format!("{name} {why}"), RESTRICTED);
                }
            }
        }
    }

    /// Why the record may not be used at this place, as far as that is certain.
    fn restriction(&self, record: &Master, named: &Use<'_>) -> Option<String> {
        let at = self.setup.entity.or(named.entity)?;
        if let Some(owner) = record.facts.owner.as_deref().filter(|owner| *owner != at) {
            return Some(format!("belongs to entity {owner} and cannot be used in entity {at}"));
        }
        if record.facts.top_level_only && self.setup.entity.is_some() {
            return Some(format!("can be used at the top level only, and requests are signed in to entity {at}"));
        }
        None
    }

    /// A location of another entity than the one that requests are signed in to.
    fn foreign_location(&mut self, named: &Use<'_>) {
        if let (Some(own), Some(entity)) = (self.setup.entity, named.entity)
            && own != entity
        {
            let name = self.name(&named.kind, named.id);
            let wrong = format!("{name} belongs to entity {entity}, and requests are signed in to entity {own}");
            self.note(HoldCode::RestrictedInIntacct, named, wrong, RESTRICTED);
        }
    }

    /// The GL account of a bank account cannot stand on a receivable document; a receipt names the bank account instead.
    fn bank(&mut self, account: &Use<'_>) {
        if let Some(bank) = self.masters.bank_of(account.id) {
            let name = self.name(&account.kind, account.id);
            let wrong =
                format!("{name} belongs to the bank account {}, so no invoice, memo or receipt can name it", bank.id);
            self.note(
                HoldCode::RestrictedInIntacct,
                account,
                wrong,
                "Change the rule to a clearing account; the order then goes on by itself.",
            );
        }
    }

    /// Dimensions that the account insists on, and the location that every line needs in a company of several entities.
    fn required(&mut self, account: &Use<'_>, line: &JournalLine, journal: bool) {
        let mut wanted = match self.masters.get(&MasterKind::GlAccount, account.id) {
            Some(record) => record.facts.requires.clone(),
            None => BTreeSet::new(),
        };
        let entities = self.masters.of(&MasterKind::Entity);
        if entities.is_some_and(|entities| entities.values().any(|entity| entity.status == MasterStatus::Active)) {
            wanted.insert("location".to_owned());
        }
        if self.setup.entity.is_some() {
            wanted.remove("location");
        }
        if !journal {
            // A receivable document has its customer in the header.
            wanted.remove("customer");
        }
        let carried: BTreeSet<String> = line.dimensions.iter().map(|(name, _)| dimension_name(name)).collect();
        let missing: Vec<&str> = wanted.difference(&carried).map(String::as_str).collect();
        if missing.is_empty() {
            return;
        }
        let name = self.name(&account.kind, account.id);
        let wrong = format!("{name} wants a {} on every line", missing.join(" and a "));
        let remedy = format!(
            "Give the {} in the rule named here or in a dimension rule, or lift the requirement in Intacct; the order then \
             goes on by itself.",
            missing.join(" and the ")
        );
        self.note(HoldCode::DimensionRequired, account, wrong, &remedy);
    }

    /// `GL account 4000 (Product sales)`, or without the name where none is known.
    fn name(&self, kind: &MasterKind, id: &str) -> String {
        let name = self.masters.get(kind, id).map(|record| record.name.as_str()).filter(|name| !name.is_empty());
        let subject = kind.subject(id);
        name.map_or(subject.clone(), |name| format!("{subject} ({name})"))
    }

    fn note(&mut self, code: HoldCode, named: &Use<'_>, wrong: String, remedy: &str) {
        let problem = self.found.entry((code, named.kind.subject(named.id))).or_default();
        problem.wrong.insert(wrong);
        if problem.remedy.is_empty() {
            remedy.clone_into(&mut problem.remedy);
        }
        problem.chosen_by.insert(named.rule.to_owned());
        let document = format!("{} {}", named.document.kind, named.document.number);
        if !problem.documents.contains(&document) {
            problem.documents.push(document);
        }
    }
}

const RESTRICTED: &str =
    "Change the rule that names it, or lift the restriction in Intacct; the order then goes on by itself.";

/// A record that a whole document names.
fn plain<'a>(document: &'a Document, kind: MasterKind, id: &'a str, rule: &'a str) -> Use<'a> {
    Use { document, kind, id, rule, entity: None }
}

/// A dimension as [`super::Facts::requires`] names it.
fn dimension_name(name: &str) -> String {
    match MasterKind::of_dimension(name) {
        MasterKind::Dimension(name) => name,
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests;
