//! What rules and settings name in Intacct, each with the rule or setting that names it.

use std::fmt;

use super::{MasterData, MasterKind, MasterStatus};
use crate::accounting::policy::{ChangedOrders, Policy, PostingMode, Recognition};
use crate::accounting::rulebook::{Give, Rule};

/// A record of the company that a rule or a setting names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// What kind of record.
    pub kind: MasterKind,
    /// Its id.
    pub id: String,
    /// Who names it, for example `product rule 'p-shirts'` or `setting deposit_account`.
    pub by: String,
}

/// Why something that is named cannot be posted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// The company has no such record, or the web services user cannot see it.
    Missing,
    /// It was there once.
    Gone,
    /// It is inactive.
    Inactive,
    /// It is there for grouping only.
    NonPosting,
}

impl Absence {
    /// What is wrong and what to do, to be put after what it is about.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Missing => "does not exist in Intacct: create it, or change what names it",
            Self::Gone => "no longer exists in Intacct: create it again, or change what names it",
            Self::Inactive => "is inactive in Intacct: activate it, or change what names it",
            Self::NonPosting => "is for grouping only in Intacct and takes no postings: change what names it",
        }
    }
}

impl MasterData {
    /// Why `id` cannot be posted to; `None` when it can, or when nobody knows because its kind is not mirrored.
    pub fn absence(&self, kind: &MasterKind, id: &str) -> Option<Absence> {
        match self.of(kind)?.get(id).map(|record| record.status) {
            Some(MasterStatus::Active) => None,
            Some(MasterStatus::NonPosting) => Some(Absence::NonPosting),
            Some(MasterStatus::Inactive) => Some(Absence::Inactive),
            Some(MasterStatus::Gone) => Some(Absence::Gone),
            None => Some(Absence::Missing),
        }
    }
}

/// The value that means no summary customer.
const NO_CUSTOMER: &str = crate::accounting::rulebook::values::NONE;

/// The kind of record a give names; `None` when it names none.
pub fn kind_of(give: &Give) -> Option<MasterKind> {
    Some(match give {
        Give::Account | Give::RefundAccount | Give::CostAccount | Give::InventoryAccount | Give::ScrapAccount => {
            MasterKind::GlAccount
        }
        Give::BankAccount => MasterKind::BankAccount,
        Give::SummaryCustomer => MasterKind::Customer,
        Give::CustomerType => MasterKind::CustomerType,
        Give::Terms => MasterKind::Term,
        Give::Dimension(name) => MasterKind::of_dimension(name),
        _ => return None,
    })
}

/// What rules name, rule by rule.
pub fn of_rules(rules: &[Rule]) -> Vec<Named> {
    let mut named = Vec::new();
    for rule in rules {
        for (give, id) in &rule.gives {
            let Some(kind) = kind_of(give) else { continue };
            let nobody = *give == Give::SummaryCustomer && id == NO_CUSTOMER;
            if !id.is_empty() && !nobody {
                named.push(Named { kind, id: id.clone(), by: format!("{} rule '{}'", rule.kind, rule.id) });
            }
        }
    }
    named
}

/// What the settings of a store name, and the account its company applies credits with.
pub fn of_settings(policy: &Policy, application_account: &str) -> Vec<Named> {
    let mut named = Vec::new();
    let mut add = |kind, id: &str, setting: &str| {
        if !id.is_empty() {
            named.push(Named { kind, id: id.to_owned(), by: format!("setting {setting}") });
        }
    };
    add(MasterKind::GlAccount, application_account, "application_account");
    add(MasterKind::GlAccount, &policy.receivable_account, "receivable_account");
    add(MasterKind::GlAccount, policy.rounding_account.as_deref().unwrap_or_default(), "rounding_account");
    add(MasterKind::GlAccount, policy.deposit_account.as_deref().unwrap_or_default(), "deposit_account");
    add(MasterKind::Term, policy.terms.as_deref().unwrap_or_default(), "terms");
    if policy.ever_posts(PostingMode::OrderEntry) {
        let names = &policy.order_entry;
        add(MasterKind::TransactionDefinition, &names.sales_invoice, "order_entry.sales_invoice");
        add(MasterKind::TransactionDefinition, &names.credit_memo, "order_entry.credit_memo");
    }
    let daily = policy.ever_posts(PostingMode::Daily);
    let corrects = policy.changed_orders == ChangedOrders::Correct;
    if daily || corrects || policy.cost_of_goods || policy.recognition == Recognition::ShipDate {
        add(MasterKind::Journal, &policy.journal, "journal");
    }
    named
}

/// The user-defined dimensions that rules name.
pub fn user_defined(rules: &[Rule]) -> Vec<MasterKind> {
    let mut kinds: Vec<MasterKind> = of_rules(rules)
        .into_iter()
        .map(|named| named.kind)
        .filter(|kind| matches!(kind, MasterKind::Dimension(_)))
        .collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

/// A record that cannot be posted to, with everybody who names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What kind of record.
    pub kind: MasterKind,
    /// Its id.
    pub id: String,
    /// Its name in brackets behind a blank; empty when it has none.
    pub name: String,
    /// What is wrong.
    pub absence: Absence,
    /// Who names it.
    pub by: Vec<String>,
}

impl Problem {
    /// What is wrong, what to do and who names it, to be put after what it is about.
    pub fn advice(&self) -> String {
        format!("{}. Named by {}", self.absence.advice(), self.by.join(", "))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{} {}", self.kind.subject(&self.id), self.name, self.advice())
    }
}

/// What of `named` cannot be posted to, each once.
pub fn problems(named: &[Named], masters: &MasterData) -> Vec<Problem> {
    let mut found: Vec<Problem> = Vec::new();
    for one in named {
        let Some(absence) = masters.absence(&one.kind, &one.id) else { continue };
        match found.iter_mut().find(|problem| problem.kind == one.kind && problem.id == one.id) {
            Some(problem) if problem.by.contains(&one.by) => {}
            Some(problem) => problem.by.push(one.by.clone()),
            None => {
                let name = masters.get(&one.kind, &one.id).map(|record| record.name.as_str()).unwrap_or_default();
                let name = if name.is_empty() { String::new() } else { format!(" ({name})") };
                let (kind, id, by) = (one.kind.clone(), one.id.clone(), vec![one.by.clone()]);
                found.push(Problem { kind, id, name, absence, by });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::Master;
    use super::*;
    use crate::accounting::rulebook::RuleKind;

    fn rules() -> Vec<Rule> {
        vec![
            Rule::new("shirts", RuleKind::Product)
                .gives(Give::Account, "4000")
                .gives(Give::Dimension("Region".into()), "7"),
            Rule::new("hats", RuleKind::Product).gives(Give::Account, "4000"),
            Rule::new("all", RuleKind::Customer).gives(Give::SummaryCustomer, "none").gives(Give::Terms, "N30"),
        ]
    }

    #[test]
    fn every_id_that_a_rule_names_is_known_with_the_rule() {
        let named: Vec<String> =
            of_rules(&rules()).iter().map(|one| format!("{} {} {}", one.kind, one.id, one.by)).collect();
        assert_eq!(
            named,
            [
                "gl-account 4000 product rule 'shirts'",
                "dimension:REGION 7 product rule 'shirts'",
                "gl-account 4000 product rule 'hats'",
                "term N30 customer rule 'all'",
            ]
        );
        assert_eq!(user_defined(&rules()), [MasterKind::Dimension("REGION".into())]);
    }

    fn said(masters: &MasterData) -> Vec<String> {
        problems(&of_rules(&rules()), masters).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_cannot_be_posted_to_is_said_once_with_all_who_name_it() {
        let mut masters = MasterData::default();
        let inactive = Master { status: MasterStatus::Inactive, ..Master::new("4000", 1, "Product sales") };
        masters.add(MasterKind::GlAccount, [inactive]);
        assert_eq!(
            said(&masters),
            ["GL account 4000 (Product sales) is inactive in Intacct: activate it, or change what names it. \
              Named by product rule 'shirts', product rule 'hats'"],
            "terms and regions are not mirrored, so nothing is said of them"
        );
        masters.add(MasterKind::Term, [Master::new("Due on receipt", 1, "")]);
        let said = said(&masters);
        assert!(said[1].starts_with("payment term N30 does not exist in Intacct"), "{said:?}");
    }

    #[test]
    fn settings_name_accounts_and_a_journal_where_one_is_used() {
        let plain = of_settings(&Policy::new("acme-us", "1100"), "1190");
        assert!(plain.iter().all(|one| one.kind == MasterKind::GlAccount), "{plain:?}");
        let daily = Policy { posting: PostingMode::Daily, ..Policy::new("acme-us", "1100") };
        let daily = of_settings(&daily, "1190");
        assert!(daily.iter().any(|one| one.kind == MasterKind::Journal && one.by == "setting journal"));
    }
}
