//! Reading a company's master data: a query per kind of record, and what its answer says.
//!
//! Which fields an object has differs between companies and years, so fields that are not vital can be left out. Pages are
//! asked for by record number, never by offset: rows shift under offsets (Intacct docs, queries). A page is one API
//! transaction.

mod objects;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;

use self::objects::Object;
use super::functions::query::{LARGEST_PAGE, Operator};
use super::functions::{Filter, Query};
use super::response::{FunctionResult, Record};
use crate::accounting::masters::{Facts, Master, MasterKind, MasterStatus};

/// Which records of a kind are asked for.
#[derive(Debug, Clone, Default)]
pub struct Question<'a> {
    /// Only records with a higher number.
    pub after: u64,
    /// Only records modified at this time or later, by the company's own clock; `None` for all.
    pub since: Option<DateTime>,
    /// User-defined dimensions that accounts may insist on.
    pub dimensions: &'a [String],
    /// Fields the company does not have.
    pub without: BTreeSet<String>,
}

/// A page of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MasterPage {
    /// The records.
    pub records: Vec<Master>,
    /// The highest record number on it; zero when it is empty.
    pub after: u64,
    /// Whether none follow.
    pub last: bool,
}

/// Why an answer cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a row of {object} has no readable {field}")]
pub struct UnreadableRow {
    object: String,
    field: String,
}

/// The query for a page of a kind.
pub fn query(kind: &MasterKind, question: &Question<'_>) -> Query {
    let object = Object::of(kind);
    let mut fields = object.vital();
    fields.extend(optional(&object, question));
    let mut conditions = Vec::new();
    if question.after > 0 {
        conditions.push(Filter::compare("RECORDNO", Operator::GreaterThan, &question.after.to_string()));
    }
    if let Some(since) = question.since.filter(|_| fields.iter().any(|field| field == MODIFIED)) {
        let since = since.strftime(STAMP).to_string();
        conditions.push(Filter::compare(MODIFIED, Operator::GreaterThanOrEqualTo, &since));
    }
    let filter = (!conditions.is_empty()).then_some(Filter::And(conditions));
    let names: Vec<&str> = fields.iter().map(String::as_str).collect();
    Query { page_size: LARGEST_PAGE, ..Query::new(&object.name, &names, filter) }
}

/// The fields to leave out next time, after Intacct refused the query with these words: those it names, else all that are
/// not vital. `None` when nothing can be left out: the company does not offer the kind.
pub fn fields_to_leave_out(kind: &MasterKind, question: &Question<'_>, refusal: &str) -> Option<BTreeSet<String>> {
    // Without the object, or the right to read it, no choice of fields helps.
    if !["field", "Query Failed", "XL03000010"].iter().any(|sign| refusal.contains(sign)) {
        return None;
    }
    let asked = optional(&Object::of(kind), question);
    let words: BTreeSet<&str> =
        refusal.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))).collect();
    let named: BTreeSet<String> = asked.iter().filter(|field| words.contains(field.as_str())).cloned().collect();
    let refused = if named.is_empty() { asked.into_iter().collect() } else { named };
    (!refused.is_empty()).then_some(refused)
}

/// Reads a page of a kind.
///
/// # Errors
/// [`UnreadableRow`] when a row lacks its id or its number.
pub fn page(kind: &MasterKind, result: &FunctionResult) -> Result<MasterPage, UnreadableRow> {
    let object = Object::of(kind);
    let records = result.records.iter().map(|row| master(&object, row)).collect::<Result<Vec<_>, _>>()?;
    let after = records.iter().map(|record| record.record_no).max().unwrap_or_default();
    let last = match result.remaining {
        Some(remaining) => remaining == 0,
        None => records.len() < usize::from(LARGEST_PAGE),
    } || records.is_empty();
    Ok(MasterPage { records, after, last })
}

const MODIFIED: &str = "WHENMODIFIED";
/// How timestamps are written; they say no time zone (Intacct docs, data formats).
const STAMP: &str = "%m/%d/%Y %H:%M:%S";
/// What the field of an account that insists on a user-defined dimension begins with (Intacct docs, accounts).
const REQUIRE_OWN: &str = "REQUIREGLDIM";

fn optional(object: &Object, question: &Question<'_>) -> Vec<String> {
    let mut fields: Vec<String> = object.optional.iter().map(|field| (*field).to_owned()).collect();
    if object.name == "GLACCOUNT" {
        fields.extend(question.dimensions.iter().map(|name| format!("{REQUIRE_OWN}{name}")));
    }
    fields.retain(|field| !question.without.contains(field));
    fields
}

fn master(object: &Object, row: &Record) -> Result<Master, UnreadableRow> {
    let unreadable = |field: &str| UnreadableRow { object: object.name.clone(), field: field.to_owned() };
    let record_no = text(row, "RECORDNO").and_then(|number| number.parse().ok());
    let name = text(row, object.name_field).or_else(|| text(row, "DESCRIPTION")).unwrap_or_default();
    Ok(Master {
        id: text(row, object.id_field).ok_or_else(|| unreadable(object.id_field))?.to_owned(),
        record_no: record_no.ok_or_else(|| unreadable("RECORDNO"))?,
        name: name.to_owned(),
        status: status(text(row, "STATUS")),
        email: text(row, "DISPLAYCONTACT.EMAIL1").map(|email| email.trim().to_lowercase()),
        facts: facts(row),
        modified: text(row, MODIFIED).and_then(read_stamp),
    })
}

fn facts(row: &Record) -> Facts {
    let of = |field: &str| text(row, field).map(str::to_owned);
    Facts {
        owner: of("MEGAENTITYID"),
        parent: of("PARENTID").filter(|_| row.contains_key("LOCATIONID")),
        account: of("GLACCOUNTNO"),
        requires: required(row),
        top_level_only: text(row, "OBJECTRESTRICTION") == Some("RootOnly"),
    }
}

/// The dimensions that an account insists on, under the names that rules use.
fn required(row: &Record) -> BTreeSet<String> {
    let names: BTreeMap<&str, &str> = objects::REQUIRED.iter().copied().collect();
    let is_set = |(_, value): &(&String, &String)| matches!(value.as_str(), "true" | "T");
    let name = |(field, _): (&String, &String)| match field.strip_prefix(REQUIRE_OWN) {
        Some(own) => Some(own.to_owned()),
        None => names.get(field.as_str()).map(|name| (*name).to_owned()),
    };
    row.iter().filter(is_set).filter_map(name).collect()
}

/// Answers show `active`, or `T` on some objects; dimensions can also be active without taking postings. An object without a
/// status has only records that can be used.
fn status(text: Option<&str>) -> MasterStatus {
    match text {
        None | Some("active" | "T") => MasterStatus::Active,
        Some("active non-posting") => MasterStatus::NonPosting,
        Some(_) => MasterStatus::Inactive,
    }
}

fn read_stamp(text: &str) -> Option<DateTime> {
    DateTime::strptime(STAMP, text).ok()
}

fn text<'a>(row: &'a Record, field: &str) -> Option<&'a str> {
    row.get(field).map(String::as_str).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intacct::functions::Function;

    fn answer(rows: &[&[(&str, &str)]], remaining: Option<u64>) -> FunctionResult {
        FunctionResult::of_rows(rows, remaining)
    }

    fn every_kind() -> impl Iterator<Item = MasterKind> {
        MasterKind::FIXED.into_iter().chain([MasterKind::Dimension("REGION".into())])
    }

    #[test]
    fn every_kind_is_asked_for_in_all_entities_by_record_number() {
        for kind in every_kind() {
            let question =
                Question { after: 2000, since: Some("2026-03-01T10:05:06".parse().unwrap()), ..Question::default() };
            let query = Function::Query(query(&kind, &question));
            query.check().unwrap_or_else(|error| panic!("{kind}: {error}"));
            let body = query.body();
            assert!(body.contains("<showprivate>true</showprivate>") && body.contains("<offset>0</offset>"), "{body}");
            assert!(body.contains("<greaterthan><field>RECORDNO</field><value>2000</value></greaterthan>"), "{body}");
            let changed = "<greaterthanorequalto><field>WHENMODIFIED</field><value>03/01/2026 10:05:06</value>";
            assert!(body.contains(changed), "{body}");
        }
        let all = Function::Query(query(&MasterKind::Item, &Question::default())).body();
        assert!(!all.contains("<filter>"), "{all}");
    }

    #[test]
    fn fields_that_the_company_does_not_have_are_left_out_and_the_vital_ones_never() {
        let kind = MasterKind::GlAccount;
        let mut question = Question { dimensions: &["REGION".to_owned()], ..Question::default() };
        let asked = query(&kind, &question).fields;
        assert!(asked.contains(&"REQUIREGLDIMREGION".to_owned()), "{asked:?}");
        let words = "Query Failed: the field REQUIREGLDIMREGION does not exist on GLACCOUNT (XL03000010)";
        question.without = fields_to_leave_out(&kind, &question, words).unwrap();
        assert_eq!(question.without, ["REQUIREGLDIMREGION".to_owned()].into());
        question.without = fields_to_leave_out(&kind, &question, "Query Failed").unwrap();
        assert!(question.without.contains("WHENMODIFIED") && !question.without.contains("ACCOUNTNO"));
        question.without.insert("REQUIREGLDIMREGION".into());
        assert_eq!(query(&kind, &question).fields, ["RECORDNO", "ACCOUNTNO", "TITLE", "STATUS"]);
        assert_eq!(fields_to_leave_out(&kind, &question, "Query Failed"), None);
        let absent = "Object definition PROJECT not found (XL03000009)";
        assert_eq!(fields_to_leave_out(&MasterKind::Project, &Question::default(), absent), None);
    }

    #[test]
    fn an_account_is_read_with_the_dimensions_it_insists_on() {
        let row = [
            ("RECORDNO", "12"),
            ("ACCOUNTNO", "4000"),
            ("TITLE", "Product sales"),
            ("STATUS", "active"),
            ("REQUIREDEPT", "true"),
            ("REQUIRELOC", "false"),
            ("REQUIREGLDIMREGION", "T"),
            ("WHENMODIFIED", "03/01/2026 10:05:06"),
        ];
        let read = page(&MasterKind::GlAccount, &answer(&[&row], Some(3))).unwrap();
        assert_eq!((read.after, read.last), (12, false));
        let account = &read.records[0];
        assert_eq!((account.id.as_str(), account.name.as_str()), ("4000", "Product sales"));
        assert_eq!(account.facts.requires, ["department".to_owned(), "REGION".to_owned()].into());
        assert_eq!(account.modified, Some("2026-03-01T10:05:06".parse().unwrap()));
    }

    #[test]
    fn status_e_mail_and_owner_are_read() {
        let row = |status| {
            [("RECORDNO", "1"), ("CUSTOMERID", "C1"), ("STATUS", status), ("DISPLAYCONTACT.EMAIL1", "Ada@Example.com")]
        };
        let rows = [row("active"), row("inactive"), row("active non-posting"), row("T"), row("")];
        let rows: Vec<&[(&str, &str)]> = rows.iter().map(|row| &row[..]).collect();
        let read = page(&MasterKind::Customer, &answer(&rows, Some(0))).unwrap();
        use MasterStatus::{Active, Inactive, NonPosting};
        assert_eq!(
            read.records.iter().map(|record| record.status).collect::<Vec<_>>(),
            [Active, Inactive, NonPosting, Active, Active]
        );
        assert_eq!(read.records[0].email.as_deref(), Some("ada@example.com"));
        assert!(read.last);
        assert!(page(&MasterKind::Customer, &answer(&[&[("RECORDNO", "1")]], None)).is_err());
        assert!(page(&MasterKind::Customer, &answer(&[], None)).unwrap().last);
    }
}
