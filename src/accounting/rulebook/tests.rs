//! What the rulebook promises: the most specific rule wins, ties are refused, answers come with their path.

use jiff::civil::{Date, date};

use super::*;

const DAY: Date = date(2026, 3, 10);

fn product(id: &str) -> Rule {
    Rule::new(id, RuleKind::Product).gives(Give::Account, id)
}

fn account(rules: Vec<Rule>, facts: &Facts) -> String {
    Rulebook::new(rules).unwrap().resolve(RuleKind::Product, facts, DAY).unwrap().account().unwrap().to_owned()
}

fn problems(rules: Vec<Rule>) -> Vec<String> {
    Rulebook::new(rules).unwrap_err().iter().map(RuleProblem::to_string).collect()
}

#[test]
fn the_most_specific_rule_wins() {
    let facts =
        Facts::new().with(Condition::Sku, "TS-100").with(Condition::Category, "Shirts").with(Condition::Channel, "1");
    let ladder = [
        product("all"),
        product("channel").when(Condition::Channel, "1"),
        product("category").when(Condition::Category, "shirts"),
        product("category-channel").when(Condition::Category, "shirts").when(Condition::Channel, "1"),
        product("short").when(Condition::Sku, "ts*"),
        product("long").when(Condition::Sku, "ts-1*"),
        product("exact").when(Condition::Sku, "ts-100"),
    ];
    for rung in 1..=ladder.len() {
        assert_eq!(account(ladder[..rung].to_vec(), &facts), ladder[rung - 1].id);
        let reversed: Vec<Rule> = ladder[..rung].iter().rev().cloned().collect();
        assert_eq!(account(reversed, &facts), ladder[rung - 1].id, "the order of the rules does not matter");
    }
}

#[test]
fn the_answer_comes_with_its_path() {
    let rulebook = Rulebook::new(vec![product("all"), product("shirts").when(Condition::Sku, "TS-*")]).unwrap();
    let facts = Facts::new().with(Condition::Sku, "TS-1");
    assert_eq!(
        rulebook.resolve(RuleKind::Product, &facts, DAY).unwrap().path(),
        ["product rule 'shirts' fits (sku = TS-*)", "by sku more specific than product rule 'all' (asks for nothing)"]
    );
}

#[test]
fn the_path_names_dates_and_every_rule_that_was_beaten_in_turn() {
    let spring = Rule { valid_from: Some(date(2026, 3, 1)), ..product("spring") };
    let rules = vec![
        spring.when(Condition::Sku, "TS-1*").when(Condition::Channel, "1"),
        product("shirts").when(Condition::Sku, "TS-*").when(Condition::Channel, "1"),
        product("channel").when(Condition::Channel, "1"),
        product("mugs").when(Condition::Sku, "MUG-*"),
    ];
    let rulebook = Rulebook::new(rules).unwrap();
    let facts = Facts::new().with(Condition::Sku, "ts-12").with(Condition::Channel, "1");
    let resolved = rulebook.resolve(RuleKind::Product, &facts, DAY).unwrap();
    assert_eq!(resolved.name(), "product rule 'spring'");
    assert_eq!(
        resolved.path(),
        [
            "product rule 'spring' fits (sku = TS-1*, channel = 1, from 2026-03-01)",
            "by sku more specific than product rule 'shirts' (sku = TS-*, channel = 1)",
            "by sku more specific than product rule 'channel' (channel = 1)",
        ]
    );
}

#[test]
fn an_exact_text_of_any_condition_is_found_however_the_rule_begins() {
    let rules = vec![
        product("pattern-brand").when(Condition::Name, "*shirt*").when(Condition::Brand, "Acme"),
        product("channel").when(Condition::Channel, "1"),
        product("all"),
    ];
    let shirt = Facts::new().with(Condition::Name, "A Shirt").with(Condition::Channel, "1");
    assert_eq!(account(rules.clone(), &shirt.clone().with(Condition::Brand, "ACME")), "pattern-brand");
    assert_eq!(account(rules.clone(), &shirt.with(Condition::Brand, "Other")), "channel");
    assert_eq!(account(rules, &Facts::new().with(Condition::Channel, "2")), "all");
}

#[test]
fn what_fits_nothing_says_what_to_do() {
    let rulebook = Rulebook::new(vec![product("shirts").when(Condition::Sku, "TS-*")]).unwrap();
    let facts = Facts::new().with(Condition::Sku, "MUG-1").with(Condition::Gateway, "stripe");
    let missing = rulebook.resolve(RuleKind::Product, &facts, DAY).unwrap_err();
    assert_eq!(missing.message, "no product rule fits sku 'MUG-1' on 2026-03-10");
    assert!(missing.remedy.contains("catch-all product rule"));
}

#[test]
fn rules_of_equal_specificity_that_can_both_fit_are_refused() {
    let found = problems(vec![product("a").when(Condition::Sku, "A*"), product("b").when(Condition::Sku, "*B")]);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("rule 'b': is as specific as product rule 'a'"), "{found:?}");
    assert_eq!(problems(vec![product("a"), product("b")]).len(), 1);
    assert_eq!(problems(vec![product("a").when(Condition::Sku, "X"), product("b").when(Condition::Sku, "x")]).len(), 1);
    let apart = vec![product("a").when(Condition::Sku, "A*"), product("b").when(Condition::Sku, "B*")];
    assert!(Rulebook::new(apart).is_ok());
}

#[test]
fn dates_keep_equal_rules_apart() {
    let until = Rule { valid_to: Some(date(2026, 3, 31)), ..product("old") };
    let from = Rule { valid_from: Some(date(2026, 4, 1)), ..product("new") };
    let rulebook = Rulebook::new(vec![until, from]).unwrap();
    let on = |day: Date| rulebook.resolve(RuleKind::Product, &Facts::new(), day).unwrap().rule.id.clone();
    assert_eq!([on(date(2026, 3, 31)), on(date(2026, 4, 1))], ["old", "new"]);
}

#[test]
fn a_product_in_two_mapped_categories_is_no_guess() {
    let rules = vec![product("a").when(Condition::Category, "Shirts"), product("b").when(Condition::Category, "Sale")];
    let facts =
        Facts::new().with(Condition::Sku, "X").with(Condition::Category, "Sale").with(Condition::Category, "Shirts");
    let missing = Rulebook::new(rules).unwrap().resolve(RuleKind::Product, &facts, DAY).unwrap_err();
    assert_eq!(missing.tied, ["a", "b"]);
}

#[test]
fn dimensions_are_merged_one_by_one() {
    let rule = |id: &str, name: &str, value: &str| {
        Rule::new(id, RuleKind::Dimension).gives(Give::Dimension(name.into()), value)
    };
    let rulebook = Rulebook::new(vec![
        rule("all", "location", "100").gives(Give::Dimension("department".into()), "10"),
        rule("ca", "location", "200").when(Condition::State, "California"),
        rule("region", "REGION", "WEST").when(Condition::State, "California"),
    ])
    .unwrap();
    let facts = Facts::new().with(Condition::State, "California");
    let found = rulebook.dimensions(&facts, DAY).unwrap();
    assert_eq!(
        [found.get("location"), found.get("department"), found.get("REGION")],
        [Some("200"), Some("10"), Some("WEST")]
    );
}

/// Each rule has one problem, and this is in its text.
fn refused<const N: usize>(cases: [(Rule, &str); N]) {
    for (rule, expected) in cases {
        let found = problems(vec![rule]);
        assert!(found.len() == 1 && found[0].contains(expected), "{expected}: {found:?}");
    }
}

fn settlement(part: &str) -> Rule {
    Rule::new("x", RuleKind::Settlement).when(Condition::Part, part).gives(Give::Account, "6100")
}

fn refund(part: &str) -> Rule {
    Rule::new("x", RuleKind::Refund).when(Condition::Part, part).gives(Give::Account, "4100")
}

fn period(word: &str) -> Rule {
    Rule::new("x", RuleKind::Period).gives(Give::ClosedPeriod, word)
}

#[test]
fn words_that_nothing_has_are_refused() {
    let customer = Rule::new("x", RuleKind::Customer).gives(Give::CustomerType, "Web");
    refused([
        (product("x").when(Condition::Type, "giftcard"), "it can only be physical or digital"),
        (refund("products"), "it can only be product, shipping, handling, gift-wrapping, fee, order or restocking"),
        (refund("bank"), "asks for part 'bank'"),
        (settlement("restocking"), "it can only be bank, fee, dispute, dispute-fee, chargeback-loss"),
        (settlement("chargeback*fee"), "asks for part 'chargeback*fee'"),
        (period("hold").when(Condition::Document, "credit_memo"), "invoice, liability-tender, receipt, credit-memo"),
        (customer.clone().when(Condition::Guest, "true"), "it can only be yes or no"),
        (
            Rule::new("x", RuleKind::Discount).when(Condition::Source, "voucher").gives(Give::Account, "4090"),
            "it can only be manual, promotion or coupon",
        ),
    ]);
    let fine = [
        product("x").when(Condition::Type, "DIGITAL"),
        product("x").when(Condition::Type, "phys*"),
        refund("*ing"),
        settlement("dispute*"),
        period("next-open").when(Condition::Document, "*"),
        period("hold").when(Condition::Document, "credit-memo").when(Condition::Channel, "1"),
        customer.when(Condition::Guest, "*"),
        Rule::new("x", RuleKind::Fee).when(Condition::Source, "any app").gives(Give::Account, "4040"),
    ];
    for rule in fine {
        assert_eq!(Rulebook::new(vec![rule.clone()]), Ok(Rulebook::new(vec![rule]).unwrap()));
    }
}

#[test]
fn what_a_rule_gives_must_go_together() {
    let account = |kind: RuleKind| Rule::new("x", kind).gives(Give::Account, "1");
    let exchange = Rule::new("x", RuleKind::Exchange).when(Condition::Currency, "EUR");
    refused([
        (Rule::new("x", RuleKind::Period), "must give closed_period"),
        (period("later"), "it must be hold, next-open or adjustment"),
        (period("adjustment"), "says closed_period adjustment but gives no adjustment_date"),
        (period("adjustment").gives(Give::AdjustmentDate, "31.12.2026"), "must be a day such as 2026-12-31"),
        (period("adjustment").gives(Give::AdjustmentDate, "2026-12-31T00:00"), "must be a day such as 2026-12-31"),
        (period("hold").gives(Give::AdjustmentDate, "2026-12-31"), "without saying closed_period adjustment"),
        (period("hold").gives(Give::Dimension("location".into()), "1"), "a period rule cannot give location"),
        (Rule::new("x", RuleKind::Settlement).when(Condition::Part, "fee"), "must give account"),
        (settlement("fee").when(Condition::Channel, "1"), "can ask for part, gateway, name, currency"),
        (exchange.clone(), "must give rate_type or rate"),
        (exchange.clone().gives(Give::Rate, "0"), "a number above zero"),
        (exchange.clone().gives(Give::Rate, "1,085"), "a number above zero"),
        (exchange.gives(Give::Rate, "1.0850").gives(Give::RateType, "Daily"), "only one of them can be used"),
        (account(RuleKind::Product).gives(Give::CostAccount, "5000"), "the cost of goods needs both"),
        (account(RuleKind::Product).gives(Give::InventoryAccount, "1200"), "the cost of goods needs both"),
        (account(RuleKind::Refund).gives(Give::Stock, "burn"), "it must be restock, scrap or none"),
        (account(RuleKind::Refund).gives(Give::Stock, "scrap"), "says stock scrap but gives no scrap_account"),
        (account(RuleKind::Fee).gives(Give::Stock, "none"), "a fee rule cannot give stock"),
        (account(RuleKind::Fee).gives(Give::Dimension(" ".into()), "1"), "a dimension has a name"),
        (Rule::new("x", RuleKind::Fee).gives(Give::Account, " 4040"), "take away the blanks around it"),
        (Rule { id: "x ".into(), ..account(RuleKind::Fee) }, "blanks around it"),
    ]);
    let fine = [
        period("adjustment").gives(Give::AdjustmentDate, "2026-12-31"),
        settlement("fee").when(Condition::Gateway, "stripe").gives(Give::Dimension("department".into()), "FIN"),
        Rule::new("x", RuleKind::Exchange).when(Condition::Currency, "EUR").gives(Give::Rate, "1.0850"),
        account(RuleKind::Product).gives(Give::CostAccount, "5000").gives(Give::InventoryAccount, "1200"),
        account(RuleKind::Refund).gives(Give::Stock, "scrap").gives(Give::ScrapAccount, "5050"),
        account(RuleKind::Refund).gives(Give::Stock, "restock").gives(Give::ScrapAccount, "5050"),
    ];
    for rule in fine {
        assert!(Rulebook::new(vec![rule.clone()]).is_ok(), "{rule}");
    }
}

#[test]
fn a_problem_names_the_field_and_the_other_rule() {
    let rules = vec![product("a"), product("b").gives(Give::TreatAsPaid, "yes"), product("a")];
    let found = Rulebook::new(rules).unwrap_err();
    let placed: Vec<_> = found.into_iter().map(|problem| (problem.position, problem.field, problem.other)).collect();
    assert_eq!(placed[..2], [(1, Some(Field::Give(Give::TreatAsPaid)), None), (2, Some(Field::Id), Some(0))]);
    assert_eq!(placed[2..], [(1, None, Some(0)), (2, None, Some(0))]);
}

#[test]
fn rules_that_make_no_sense_are_refused_with_the_reason() {
    let cases = [
        (product("x").when(Condition::Gateway, "stripe"), "cannot ask for gateway"),
        (product("x").when(Condition::Sku, " "), "asks for an empty sku"),
        (Rule::new("x", RuleKind::Product), "must give account"),
        (Rule::new("x", RuleKind::Dimension), "gives nothing"),
        (product("x").gives(Give::TreatAsPaid, "yes"), "cannot give treat_as_paid"),
        (product("x").gives(Give::Dimension("class".into()), ""), "gives an empty class"),
        (Rule::new("x", RuleKind::Payment).gives(Give::Account, "1"), "must give account and payment_method"),
        (Rule::new("x", RuleKind::Discount).gives(Give::Presentation, "gross"), "it must be net"),
        (
            Rule::new("x", RuleKind::Discount).gives(Give::Presentation, "net").gives(Give::Account, "1"),
            "either shown on its account or taken off revenue",
        ),
        (Rule { id: String::new(), ..product("x") }, "has no id"),
        (
            Rule { valid_from: Some(date(2026, 2, 1)), valid_to: Some(date(2026, 1, 1)), ..product("x") },
            "before it begins",
        ),
    ];
    refused(cases);
    let twice = vec![product("x"), product("x").when(Condition::Sku, "A")];
    assert!(problems(twice)[0].contains("another rule has too"));
}

#[test]
fn a_rulebook_survives_json() {
    let json = r#"[{"id":"p","kind":"product","conditions":{"sku":"TS-*"},"valid_from":"2026-01-01",
        "gives":{"account":"4000","location":"100","dimension:REGION":"WEST"},"note":"shirts"}]"#;
    let rulebook: Rulebook = serde_json::from_str(json).unwrap();
    let again: Rulebook = serde_json::from_str(&serde_json::to_string(&rulebook).unwrap()).unwrap();
    assert_eq!(again, rulebook);
    assert_eq!(rulebook.rules()[0].given(&Give::Dimension("REGION".into())), Some("WEST"));
    let tie = json.replace("TS-*", "*").replacen(
        '[',
        r#"[{"id":"q","kind":"product","conditions":{"sku":"*"},"gives":{"account":"1"}},"#,
        1,
    );
    assert!(serde_json::from_str::<Rulebook>(&tie).unwrap_err().to_string().contains("as specific as"));
    let unknown = json.replace("dimension:REGION", "region");
    assert!(serde_json::from_str::<Rulebook>(&unknown).is_err());
}

#[test]
fn every_name_reads_back_as_itself() {
    for kind in RuleKind::ALL {
        assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        for condition in kind.conditions() {
            assert_eq!(serde_json::to_string(condition).unwrap(), format!("\"{condition}\""));
        }
        for give in kind.gives() {
            assert_eq!(Give::try_from(give.to_string()).as_ref(), Ok(give));
        }
    }
}
