//! What routes about rules show: rules, differences, proposals, and what is wrong with rules.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::proposals::Evaluated;
use crate::accounting::rulebook::diff::{Diff, RuleChange};
use crate::accounting::rulebook::{Finding, Rule, RuleProblem};
use crate::problem::Problem;
use crate::store::rule_proposal::{Proposal, ProposalState};

/// A rule; see docs/posting-rules.md for the kinds, what each may ask for and what it gives.
#[derive(ToSchema)]
#[schema(as = Rule, example = json!({
    "id": "product-shirts", "kind": "product", "conditions": {"sku": "TS-*"},
    "gives": {"account": "4000", "department": "WEB"}, "note": "All shirts alike"
}))]
#[expect(dead_code, reason = "describes what the accounting room reads and writes")]
pub(in super::super) struct RuleSchema {
    /// Its name, unique in the rulebook.
    id: String,
    /// What it is a rule for, for example `product`.
    kind: String,
    /// What must hold: exact texts, or patterns with `*`. Without any it is a catch-all.
    conditions: Option<BTreeMap<String, String>>,
    /// First day it applies to, by posting date; for ever when it is missing.
    valid_from: Option<Date>,
    /// Last day it applies to, by posting date; for ever when it is missing.
    valid_to: Option<Date>,
    /// Where it goes, for example `{"account": "4000"}`; user-defined dimensions are written `dimension:NAME`.
    gives: BTreeMap<String, String>,
    /// Why, for the next reader.
    note: Option<String>,
}

/// A saved revision.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct Saved {
    /// The newest revision.
    pub revision: i64,
    /// Rules that are new.
    added: usize,
    /// Rules that say something else.
    changed: usize,
    /// Rules that are gone.
    removed: usize,
    /// What the rules name that the mirror of Intacct does not have, or has as inactive, with the rules that name it. The
    /// rules are saved all the same; orders that need it are held. Kinds that are not mirrored are not looked at.
    warnings: Vec<String>,
}

impl Saved {
    /// Of a revision, what it changed, and what to look at.
    pub(super) fn new(revision: i64, diff: &Diff, warnings: Vec<String>) -> Self {
        let (added, changed, removed) = (diff.added.len(), diff.changed.len(), diff.removed.len());
        Self { revision, added, changed, removed, warnings }
    }
}

/// What is different between two sets of rules.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct DiffView {
    /// Rules that are new.
    #[schema(value_type = Vec<RuleSchema>)]
    added: Vec<Rule>,
    /// Rules that are gone.
    #[schema(value_type = Vec<RuleSchema>)]
    removed: Vec<Rule>,
    /// Rules that say something else.
    changed: Vec<RuleChangeView>,
}

/// One rule that says something else.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct RuleChangeView {
    /// The rule's id.
    rule: String,
    /// Its fields that differ.
    fields: Vec<FieldChangeView>,
}

/// One field before and after.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"field": "account", "before": "4000", "after": "4010"}))]
pub(in super::super) struct FieldChangeView {
    /// The field by the name of its column in a table, for example `when:sku`.
    field: String,
    /// Missing: the rule did not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// Missing: the rule does not have it any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

impl From<&RuleChange> for RuleChangeView {
    fn from(change: &RuleChange) -> Self {
        let fields = change.fields().into_iter().map(|one| FieldChangeView {
            field: one.field.to_string(),
            before: one.before,
            after: one.after,
        });
        Self { rule: change.after.id.clone(), fields: fields.collect() }
    }
}

impl From<Diff> for DiffView {
    fn from(diff: Diff) -> Self {
        let changed = diff.changed.iter().map(RuleChangeView::from).collect();
        Self { added: diff.added, removed: diff.removed, changed }
    }
}

/// One thing wrong with one rule.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct RuleProblemView {
    /// The rule's id; missing when it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Its place among the rules, counted from 0.
    pub position: usize,
    /// The field that is wrong, when it is one, by the name of its column in a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The place of the other rule, when two do not go together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<usize>,
    /// What is wrong and what to do.
    pub message: String,
}

impl From<&RuleProblem> for RuleProblemView {
    fn from(problem: &RuleProblem) -> Self {
        Self {
            rule: Some(problem.rule.clone()).filter(|id| !id.trim().is_empty()),
            position: problem.position,
            field: problem.field.as_ref().map(ToString::to_string),
            other: problem.other,
            message: problem.message.clone(),
        }
    }
}

/// Something the team should know about its rules.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct FindingView {
    /// `dead`, `shadowed`, `ambiguous`, `redundant` or `catch-all`.
    kind: &'static str,
    /// Ids of the rules it is about.
    rules: Vec<String>,
    /// What was found.
    message: String,
    /// What to do about it.
    remedy: String,
}

impl From<Finding> for FindingView {
    fn from(finding: Finding) -> Self {
        Self { kind: finding.kind.as_str(), rules: finding.rules, message: finding.message, remedy: finding.remedy }
    }
}

/// A proposed change of the rules. Moments are UTC.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct ProposalView {
    id: i64,
    /// `open`, `outdated` (open, and it does not fit the newest rules any more), `approved`, `rejected` or `withdrawn`.
    state: &'static str,
    /// The revision it was made against; 0 when there were no rules.
    base_revision: i64,
    /// Why.
    note: String,
    proposed_by: String,
    proposed_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<String>,
    /// Why it was decided so.
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    /// The revision it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
    /// Why it is outdated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outdated: Vec<String>,
    /// While it is open what it changes in the newest revision, otherwise what it changed in its base; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<DiffView>,
    /// What the team should know about the rules as they would be; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<Vec<FindingView>>,
    /// What the rules would name that Intacct does not have; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<Vec<String>>,
}

impl ProposalView {
    /// For a list: without what it changes.
    pub(super) fn short(proposal: Proposal, outdated: Vec<String>) -> Self {
        let state = if outdated.is_empty() || proposal.state != ProposalState::Open {
            proposal.state.as_str()
        } else {
            "outdated"
        };
        Self {
            id: proposal.id,
            state,
            base_revision: proposal.base,
            note: proposal.note,
            proposed_by: proposal.proposed_by,
            proposed_at: proposal.proposed_at.to_string(),
            decided_by: proposal.decided_by,
            decided_at: proposal.decided_at.map(|at| at.to_string()),
            reason: proposal.reason,
            revision: proposal.revision,
            outdated,
            changes: None,
            findings: None,
            warnings: None,
        }
    }

    /// With everything about it.
    pub(super) fn whole(proposal: Proposal, evaluated: Evaluated) -> Self {
        Self {
            changes: Some(evaluated.diff.into()),
            findings: Some(evaluated.findings.into_iter().map(FindingView::from).collect()),
            warnings: Some(evaluated.warnings),
            ..Self::short(proposal, evaluated.outdated)
        }
    }

    /// Its number.
    pub(super) fn id(&self) -> i64 {
        self.id
    }
}

/// Rules that cannot be saved, for one reason.
pub(in super::super) fn refused(why: &str) -> Problem {
    Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "rules-not-valid",
        format!("The rules cannot be used: {why}"),
        "Nothing was changed or started. Mend what is named and send it again.",
    )
}

/// Rules that cannot be used, with everything that is wrong.
pub(in super::super) fn not_valid(problems: &[RuleProblem]) -> Problem {
    let why: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let report: Vec<RuleProblemView> = problems.iter().map(RuleProblemView::from).collect();
    refused(&why.join("; ")).with_report(report)
}

impl std::fmt::Display for RuleChangeView {
    /// `account from '4000' to '4010', note added 'x'`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let told = |one: &FieldChangeView| match (&one.before, &one.after) {
            (Some(before), Some(after)) => format!("{} from '{before}' to '{after}'", one.field),
            (None, Some(after)) => format!("{} '{after}' added", one.field),
            (Some(before), None) => format!("{} '{before}' taken away", one.field),
            (None, None) => one.field.clone(),
        };
        f.write_str(&self.fields.iter().map(told).collect::<Vec<_>>().join(", "))
    }
}
