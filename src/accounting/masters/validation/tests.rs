//! What is held before it is sent, and what is not.

use super::super::Facts;
use super::*;
use crate::accounting::policy::Policy;
use crate::accounting::rulebook::{Give, Rule, RuleKind};
use crate::accounting::testing::{Case, units};

const SETUP: Setup<'_> =
    Setup { receivable_account: "1100", journal: "GJ", application_account: "1190", entity: None, daily: false };

/// The chart that the rules of the example orders name.
fn chart() -> MasterData {
    let mut masters = MasterData::default();
    let accounts = ["1150-S", "1190", "2200", "4000", "4010", "4100", "5000", "1200", "2320"];
    masters.add(MasterKind::GlAccount, accounts.map(|id| Master::new(id, 1, &format!("Account {id}"))));
    masters
}

fn with(kind: MasterKind, record: Master) -> MasterData {
    let mut masters = chart();
    masters.add(kind, [record]);
    masters
}

fn sale() -> Case {
    Case::new().line("TS-1", "2", "120.00", "9.90").paid(9001, "stripe", "129.90")
}

fn held(case: &Case, setup: Setup<'_>, masters: &MasterData) -> Vec<(&'static str, String)> {
    let holds = validate(&case.derive().documents, setup, masters);
    holds.into_iter().map(|hold| (hold.code.as_str(), hold.subject)).collect()
}

fn inactive(id: &str) -> Master {
    Master { status: MasterStatus::Inactive, ..Master::new(id, 1, "Product sales") }
}

fn requiring(id: &str, dimensions: &[&str]) -> Master {
    let requires = dimensions.iter().map(|name| (*name).to_owned()).collect();
    Master { facts: Facts { requires, ..Facts::default() }, ..Master::new(id, 1, "Product sales") }
}

#[test]
fn an_order_that_names_only_what_is_there_is_not_held() {
    assert_eq!(held(&sale(), SETUP, &chart()), []);
}

#[test]
fn what_is_not_mirrored_is_never_a_reason_to_hold() {
    assert_eq!(held(&sale(), SETUP, &MasterData::default()), []);
}

#[test]
fn an_inactive_account_is_held_with_its_name_its_rule_and_the_documents() {
    let holds = validate(&sale().derive().documents, SETUP, &with(MasterKind::GlAccount, inactive("4000")));
    let [hold] = holds.as_slice() else { panic!("{holds:?}") };
    assert_eq!((hold.code, hold.subject.as_str()), (HoldCode::InactiveInIntacct, "GL account 4000"));
    assert_eq!(
        hold.message,
        "GL account 4000 (Product sales) is inactive in Intacct. Named by product rule 'product', in invoice BC-118"
    );
    assert!(hold.remedy.starts_with("Activate it in Intacct"), "{}", hold.remedy);
    assert_eq!(hold.blocks, Blocks::Order);
    assert_eq!(hold.amount.unwrap().amount, "259.80".parse().unwrap());
}

#[test]
fn all_problems_of_all_documents_are_said_at_once() {
    let case = sale().refund(12, "64.95", "4.95", "stripe", vec![units(1, "1")]);
    let mut masters = MasterData::default();
    masters.add(MasterKind::GlAccount, [inactive("4100"), Master { status: MasterStatus::Gone, ..inactive("2200") }]);
    assert_eq!(
        held(&case, SETUP, &masters),
        [
            ("not-in-intacct", "GL account 1150-S".into()),
            ("not-in-intacct", "GL account 1190".into()),
            ("not-in-intacct", "GL account 2200".into()),
            ("not-in-intacct", "GL account 4000".into()),
            ("inactive-in-intacct", "GL account 4100".into()),
        ]
    );
    let holds = validate(&case.derive().documents, SETUP, &masters);
    let tax = holds.iter().find(|hold| hold.subject == "GL account 2200").unwrap();
    assert!(tax.message.contains("no longer in Intacct"), "{}", tax.message);
    assert!(tax.message.ends_with("in invoice BC-118, credit-memo BC-118-R12"), "{}", tax.message);
}

#[test]
fn dimensions_that_an_account_insists_on_must_be_on_the_line() {
    let masters = with(MasterKind::GlAccount, requiring("4000", &["department", "REGION", "customer"]));
    let holds = validate(&sale().derive().documents, SETUP, &masters);
    assert_eq!(holds.len(), 1, "the customer stands in the header: {holds:?}");
    assert_eq!(holds[0].code, HoldCode::DimensionRequired);
    assert!(holds[0].message.contains("wants a REGION and a department on every line"), "{}", holds[0].message);
    let given = sale().rule(
        Rule::new("all", RuleKind::Dimension)
            .gives(Give::Dimension("department".into()), "WEB")
            .gives(Give::Dimension("Region".into()), "7"),
    );
    assert_eq!(held(&given, SETUP, &masters), []);
}

#[test]
fn in_a_company_of_entities_every_line_needs_a_location_unless_signed_in_to_one() {
    let masters = with(MasterKind::Entity, Master::new("100", 1, "US"));
    let codes: BTreeSet<&str> = held(&sale(), SETUP, &masters).into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, ["dimension-required"].into());
    assert_eq!(held(&sale(), Setup { entity: Some("100"), ..SETUP }, &masters), []);
}

#[test]
fn a_location_or_an_item_of_another_entity_is_held() {
    let rule = Rule::new("all", RuleKind::Dimension)
        .gives(Give::Dimension("location".into()), "110")
        .gives(Give::Dimension("item".into()), "SKU-1");
    let case = sale().rule(rule);
    let mut masters = with(MasterKind::Entity, Master::new("100", 1, "US"));
    masters.add(MasterKind::Entity, [Master::new("200", 2, "Europe")]);
    let below = Facts { parent: Some("100".into()), ..Facts::default() };
    masters.add(MasterKind::Location, [Master { facts: below, ..Master::new("110", 3, "Austin") }]);
    masters.add(MasterKind::Item, [Master::new("SKU-1", 1, "Shirt")]);
    assert_eq!(held(&case, SETUP, &masters), []);
    let signed_in = Setup { entity: Some("200"), ..SETUP };
    assert_eq!(held(&case, signed_in, &masters), [("restricted-in-intacct", "location 110".into())]);

    let owned = Facts { owner: Some("200".into()), ..Facts::default() };
    masters.add(MasterKind::Item, [Master { facts: owned, ..Master::new("SKU-1", 1, "Shirt") }]);
    assert_eq!(held(&case, SETUP, &masters), [("restricted-in-intacct", "item SKU-1".into())]);
}

#[test]
fn the_account_of_a_bank_cannot_stand_on_an_invoice_but_in_a_journal() {
    let facts = Facts { account: Some("4000".into()), ..Facts::default() };
    let masters = with(MasterKind::BankAccount, Master { facts, ..Master::new("BOA", 1, "Bank") });
    assert_eq!(held(&sale(), SETUP, &masters), [("restricted-in-intacct", "GL account 4000".into())]);
    assert_eq!(held(&sale(), Setup { daily: true, ..SETUP }, &masters), []);
}

#[test]
fn terms_journals_items_and_dimension_values_are_looked_up() {
    let policy = Policy { terms: Some("N45".into()), ..Policy::new("acme-us", "1100") };
    let rule = Rule::new("all", RuleKind::Dimension)
        .gives(Give::Dimension("item".into()), "SKU-9")
        .gives(Give::Dimension("Region".into()), "7")
        .gives(Give::Dimension("customer".into()), "C-NEW");
    let case = sale().rule(rule).policy(|known| known.terms = policy.terms);
    let mut masters = chart();
    for kind in [MasterKind::Term, MasterKind::Item, MasterKind::Dimension("REGION".into()), MasterKind::Customer] {
        masters.add(kind, []);
    }
    let expected = ["item SKU-9", "payment term N45", "value of the dimension REGION 7"];
    let found: Vec<String> = held(&case, SETUP, &masters).into_iter().map(|(_, subject)| subject).collect();
    assert_eq!(found, expected, "a customer may be younger than the mirror");

    masters.add(MasterKind::Journal, [Master { status: MasterStatus::Inactive, ..Master::new("GJ", 1, "General") }]);
    let daily = held(&sale(), Setup { daily: true, ..SETUP }, &masters);
    assert_eq!(daily, [("inactive-in-intacct", "journal GJ".into())]);
}
