//! What an Intacct company has set up, as far as postings name it: accounts, dimensions, terms, journals, customers.

pub mod named;
pub mod validation;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

/// What kind of record it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum MasterKind {
    /// A GL account, by number.
    GlAccount,
    /// An AR account label, by label.
    AccountLabel,
    /// An item, by id.
    Item,
    /// A department, by id.
    Department,
    /// A location, by id.
    Location,
    /// An entity, by its location id.
    Entity,
    /// A class, by id.
    Class,
    /// A project, by id.
    Project,
    /// A value of the user-defined dimension of this name (in capitals, as Intacct's field names are), by record number.
    Dimension(String),
    /// An AR payment term, by name.
    Term,
    /// A bank account, by id.
    BankAccount,
    /// A tax detail, by id.
    TaxDetail,
    /// An order-entry transaction definition, by name.
    TransactionDefinition,
    /// A journal, by symbol.
    Journal,
    /// A customer, by id.
    Customer,
    /// A customer type, by name.
    CustomerType,
}

/// What the name of a user-defined dimension's kind begins with.
const USER_DEFINED: &str = "dimension:";

impl MasterKind {
    /// Every kind but user-defined dimensions, of which each company has its own.
    pub const FIXED: [MasterKind; 15] = [
        Self::GlAccount,
        Self::AccountLabel,
        Self::Item,
        Self::Department,
        Self::Location,
        Self::Entity,
        Self::Class,
        Self::Project,
        Self::Term,
        Self::BankAccount,
        Self::TaxDetail,
        Self::TransactionDefinition,
        Self::Journal,
        Self::Customer,
        Self::CustomerType,
    ];

    /// The stable name, for example `gl-account` or `dimension:REGION`.
    pub fn name(&self) -> String {
        match self {
            Self::Dimension(name) => format!("{USER_DEFINED}{name}"),
            fixed => fixed.fixed_name().to_owned(),
        }
    }

    fn fixed_name(&self) -> &'static str {
        match self {
            Self::GlAccount => "gl-account",
            Self::AccountLabel => "account-label",
            Self::Item => "item",
            Self::Department => "department",
            Self::Location => "location",
            Self::Entity => "entity",
            Self::Class => "class",
            Self::Project => "project",
            Self::Dimension(_) => "dimension",
            Self::Term => "term",
            Self::BankAccount => "bank-account",
            Self::TaxDetail => "tax-detail",
            Self::TransactionDefinition => "transaction-definition",
            Self::Journal => "journal",
            Self::Customer => "customer",
            Self::CustomerType => "customer-type",
        }
    }

    /// The words an accountant uses.
    pub fn label(&self) -> String {
        match self {
            Self::GlAccount => "GL account",
            Self::AccountLabel => "AR account label",
            Self::Term => "payment term",
            Self::BankAccount => "bank account",
            Self::TaxDetail => "tax detail",
            Self::TransactionDefinition => "transaction definition",
            Self::CustomerType => "customer type",
            Self::Dimension(name) => return format!("value of the dimension {name}"),
            plain => plain.fixed_name(),
        }
        .to_owned()
    }

    /// What a hold is about when it is about this record, for example `GL account 4000`: by it the orders that wait for a
    /// record are found again.
    pub fn subject(&self, id: &str) -> String {
        format!("{} {id}", self.label())
    }

    /// The kind that the subject of a hold is of, user-defined dimensions apart.
    pub fn of_subject(subject: &str) -> Option<Self> {
        // `customer type Web` is not a customer: the longest that fits.
        let fits = Self::FIXED.into_iter().filter(|kind| subject.starts_with(&kind.subject("")));
        fits.max_by_key(|kind| kind.label().len())
    }

    /// The kind of a dimension as rules name it, for example `department` or `REGION`.
    pub fn of_dimension(name: &str) -> Self {
        match name {
            "location" => Self::Location,
            "department" => Self::Department,
            "class" => Self::Class,
            "project" => Self::Project,
            "customer" => Self::Customer,
            "item" => Self::Item,
            user_defined => Self::Dimension(user_defined.to_uppercase()),
        }
    }
}

impl fmt::Display for MasterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name())
    }
}

impl From<MasterKind> for String {
    fn from(kind: MasterKind) -> String {
        kind.name()
    }
}

impl TryFrom<String> for MasterKind {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix(USER_DEFINED).filter(|name| !name.is_empty()) {
            return Ok(Self::Dimension(name.to_owned()));
        }
        let found = Self::FIXED.iter().find(|kind| kind.fixed_name() == text);
        found.cloned().ok_or_else(|| {
            let known: Vec<_> = Self::FIXED.iter().map(MasterKind::fixed_name).collect();
            format!("'{text}' is no kind of master data; known are {} and dimension:NAME", known.join(", "))
        })
    }
}

/// Whether a record can be posted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MasterStatus {
    /// It can.
    Active,
    /// It is there for grouping only and takes no postings.
    NonPosting,
    /// It is switched off.
    Inactive,
    /// The company had it once; a full reading no longer found it.
    Gone,
}

impl MasterStatus {
    /// The stable text, for example `non-posting`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::NonPosting => "non-posting",
            Self::Inactive => "inactive",
            Self::Gone => "gone",
        }
    }

    /// The reverse of [`MasterStatus::as_str`].
    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Active, Self::NonPosting, Self::Inactive, Self::Gone].into_iter().find(|status| status.as_str() == text)
    }
}

/// What else validation needs of a record; each kind has its own few of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// The entity that owns the record; the top level when there is none (MEGAENTITYID).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Of a location: the location above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Of a label or a bank account: its GL account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Of a GL account: the dimensions every line on it must carry, as rules name them.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub requires: BTreeSet<String>,
    /// Of a customer: it can be used at the top level only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub top_level_only: bool,
}

/// One record of a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Master {
    /// What rules and documents name it by.
    pub id: String,
    /// RECORDNO.
    pub record_no: u64,
    /// Its name or title; may be empty.
    pub name: String,
    /// Whether it can be posted to.
    pub status: MasterStatus,
    /// Of a customer: its e-mail address, in lower case without blanks around it.
    pub email: Option<String>,
    /// What else is known of it.
    pub facts: Facts,
    /// When it was changed last, by the company's own clock, which says no time zone.
    pub modified: Option<DateTime>,
}

impl Master {
    /// An active record with nothing but its id, number and name.
    pub fn new(id: &str, record_no: u64, name: &str) -> Self {
        Self {
            id: id.to_owned(),
            record_no,
            name: name.to_owned(),
            status: MasterStatus::Active,
            email: None,
            facts: Facts::default(),
            modified: None,
        }
    }
}

/// The records of one company by kind and id. A kind that is not here is not known, so nothing is said about it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MasterData {
    kinds: BTreeMap<MasterKind, BTreeMap<String, Master>>,
}

impl MasterData {
    /// Adds the records of a kind, which is known from now on, whatever few there are.
    pub fn add(&mut self, kind: MasterKind, records: impl IntoIterator<Item = Master>) {
        let known = self.kinds.entry(kind).or_default();
        known.extend(records.into_iter().map(|record| (record.id.clone(), record)));
    }

    /// The records of a kind by id; `None` when the kind is not known.
    pub fn of(&self, kind: &MasterKind) -> Option<&BTreeMap<String, Master>> {
        self.kinds.get(kind)
    }

    /// One record; `None` also when its kind is not known.
    pub fn get(&self, kind: &MasterKind, id: &str) -> Option<&Master> {
        self.of(kind)?.get(id)
    }

    /// The bank account whose GL account this is.
    pub fn bank_of(&self, account: &str) -> Option<&Master> {
        let banks = self.of(&MasterKind::BankAccount)?.values();
        banks
            .into_iter()
            .find(|bank| bank.status != MasterStatus::Gone && bank.facts.account.as_deref() == Some(account))
    }

    /// The entity a location belongs to: itself, or the nearest entity above it. `None` when that cannot be told.
    pub fn entity_of(&self, location: &str) -> Option<&str> {
        let entities = self.of(&MasterKind::Entity)?;
        let mut at = location;
        // Locations are a tree; one that is broken must not send us round for ever.
        for _ in 0..32 {
            if let Some((id, _)) = entities.get_key_value(at) {
                return Some(id);
            }
            at = self.get(&MasterKind::Location, at)?.facts.parent.as_deref()?;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in MasterKind::FIXED.into_iter().chain([MasterKind::Dimension("REGION".into())]) {
            assert_eq!(MasterKind::try_from(kind.name()), Ok(kind));
        }
        assert!(MasterKind::try_from("colour".to_owned()).unwrap_err().contains("gl-account"));
        assert!(MasterKind::try_from("dimension:".to_owned()).is_err());
    }

    #[test]
    fn no_two_kinds_share_the_subject_of_a_hold() {
        let subjects: BTreeSet<String> = MasterKind::FIXED.iter().map(|kind| kind.subject("1")).collect();
        assert_eq!(subjects.len(), MasterKind::FIXED.len());
        assert!(MasterKind::FIXED.into_iter().all(|kind| MasterKind::of_subject(&kind.subject("1")) == Some(kind)));
    }

    #[test]
    fn a_location_belongs_to_the_nearest_entity_above_it() {
        let mut masters = MasterData::default();
        let below = |id: &str, parent: &str| {
            let facts = Facts { parent: Some(parent.to_owned()), ..Facts::default() };
            Master { facts, ..Master::new(id, 1, id) }
        };
        masters.add(MasterKind::Location, [Master::new("100", 1, "US"), below("110", "100"), below("111", "110")]);
        masters.add(MasterKind::Location, [below("a", "b"), below("b", "a")]);
        assert_eq!(masters.entity_of("111"), None, "without entities nobody knows");
        masters.add(MasterKind::Entity, [Master::new("100", 1, "US")]);
        assert_eq!(masters.entity_of("111"), Some("100"));
        assert_eq!(masters.entity_of("100"), Some("100"));
        assert_eq!((masters.entity_of("a"), masters.entity_of("999")), (None, None));
    }
}
