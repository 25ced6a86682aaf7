//! The cost of goods as specifications: example E14 and what surrounds it.

use super::super::document::DocumentKind;
use super::super::evidence::LineType;
use super::super::hold::Blocks;
use super::super::policy::Recognition;
use super::super::rulebook::{Condition, Give, Rule, RuleKind, values};
use super::super::testing::{Case, balances, dec, entries, table, units};

const SHIPPED: &str = "2026-03-11T10:00:00Z";

fn rule(id: &str) -> Rule {
    let rule = Rule::new(id, RuleKind::Product).gives(Give::Account, "4000");
    rule.gives(Give::CostAccount, "5000").gives(Give::InventoryAccount, "1200")
}

fn store(case: Case) -> Case {
    case.without_rules(RuleKind::Product).rule(rule("goods")).policy(|policy| policy.cost_of_goods = true)
}

/// Two units at 23.68, sold for 100.00.
fn e14() -> Case {
    store(Case::new().line("TS-1", "2", "100.00", "0").cost("23.68").paid(9001, "stripe", "100.00"))
}

fn comes_back(stock: Option<&str>) -> Case {
    let mut returns = Rule::new("returns", RuleKind::Refund).gives(Give::Account, "4100");
    if let Some(stock) = stock {
        returns = returns.gives(Give::Stock, stock).gives(Give::ScrapAccount, "5050");
    }
    let shipped = e14().shipped(SHIPPED).without_rules(RuleKind::Refund).rule(returns);
    shipped.refund(12, "50.00", "0", "stripe", vec![units(1, "1")])
}

/// The examples of the cost of goods for the documentation.
pub(super) fn documented() -> Vec<(&'static str, String)> {
    let costs = |case: Case| {
        let mut derivation = case.derive();
        derivation.documents.retain(|document| document.kind == DocumentKind::CostOfGoods);
        table(&derivation.documents, &derivation.holds)
    };
    vec![
        ("e14-restocked", costs(comes_back(Some(values::RESTOCK)))),
        ("e14-scrapped", costs(comes_back(Some(values::SCRAP)))),
    ]
}

fn costs(case: &Case) -> Vec<String> {
    let derivation = case.derive();
    assert_eq!(derivation.holds, []);
    entries(&derivation).into_iter().filter(|entry| entry.starts_with("BC-118-C")).collect()
}

#[test]
fn e14_the_cost_of_goods_moves_when_they_ship() {
    assert_eq!(costs(&e14()), Vec::<String>::new(), "nothing left yet");
    let shipment = e14().shipment(7, SHIPPED, &[(1, "2")]);
    assert_eq!(costs(&shipment), ["BC-118-C7 2026-03-11 Dr 5000 47.36 Cr 1200 47.36"]);
    let key = |case: &Case| case.derive().documents.last().unwrap().key.to_string();
    assert_eq!(key(&shipment), "acme-us/118/cost-of-goods/shipment-7/r1");
    let header = e14().shipped(SHIPPED);
    assert_eq!(costs(&header), ["BC-118-C 2026-03-11 Dr 5000 47.36 Cr 1200 47.36"]);
    assert_eq!(key(&header), "acme-us/118/cost-of-goods/shipped/r1");
}

#[test]
fn e14_goods_that_come_back_go_to_stock_or_scrap_or_nowhere() {
    let shipped = "BC-118-C 2026-03-11 Dr 5000 47.36 Cr 1200 47.36";
    let stock = "BC-118-CR12 2026-03-12 Dr 1200 23.68 Cr 5000 23.68";
    assert_eq!(costs(&comes_back(Some("restock"))), [shipped, stock]);
    assert_eq!(costs(&comes_back(Some("scrap"))), [shipped, "BC-118-CR12 2026-03-12 Dr 5050 23.68 Cr 5000 23.68"]);
    assert_eq!(costs(&comes_back(Some("none"))), [shipped]);
    // Nothing said: it is back in stock, and the journal says why.
    let unsaid = comes_back(None);
    assert_eq!(costs(&unsaid), [shipped, stock]);
    let back = unsaid.derive().documents.pop().unwrap();
    assert_eq!(back.lines[0].rule, "product rule 'goods', refund rule 'returns' says nothing of stock: back in stock");
    assert_eq!(
        (back.lines[0].memo.as_str(), back.key.as_str()),
        ("TS-1 x 1 back in stock", "acme-us/118/cost-of-goods/refund-12/r1")
    );
}

#[test]
fn units_refunded_before_they_left_never_were_a_cost() {
    let items = || vec![units(1, "1")];
    let case = e14().refund(12, "50.00", "0", "stripe", items()).shipped("2026-03-13T10:00:00Z");
    assert_eq!(costs(&case), ["BC-118-C 2026-03-13 Dr 5000 23.68 Cr 1200 23.68"]);
    let part = e14().shipment(7, SHIPPED, &[(1, "1")]).refund(12, "50.00", "0", "stripe", items());
    assert_eq!(costs(&part), ["BC-118-C7 2026-03-11 Dr 5000 23.68 Cr 1200 23.68"]);
}

#[test]
fn the_units_of_a_line_cost_together_what_they_cost_however_they_ship() {
    let line = || store(Case::new().line("PIN", "3", "9.00", "0").cost("0.3333").paid(9001, "stripe", "9.00"));
    let one = |case: Case, id: u64| case.shipment(id, SHIPPED, &[(1, "1")]);
    let shipped = one(one(one(line(), 7), 8), 9);
    let amounts =
        ["BC-118-C7 2026-03-11 Dr 5000 0.33", "BC-118-C8 2026-03-11 Dr 5000 0.34", "BC-118-C9 2026-03-11 Dr 5000 0.33"];
    for (entry, expected) in costs(&shipped).iter().zip(amounts) {
        assert!(entry.starts_with(expected), "{entry}");
    }
    assert_eq!(balances(&shipped.derive())["5000"], dec("1.00"));
    let back = |case: Case, id: u64| case.refund(id, "3.00", "0", "stripe", vec![units(1, "1")]);
    assert_eq!(balances(&back(back(back(shipped, 12), 13), 14).derive()).get("5000"), None);
}

#[test]
fn a_shipment_and_the_order_s_own_date_are_one_departure() {
    let both = e14().shipment(7, "2026-03-11T10:00:02Z", &[(1, "2")]).shipped("2026-03-11T10:00:00Z");
    assert_eq!(costs(&both), ["BC-118-C7 2026-03-11 Dr 5000 47.36 Cr 1200 47.36"]);
    // What no shipment shows left when the order says that everything did.
    let rest = e14().shipment(7, SHIPPED, &[(1, "1")]).shipped("2026-03-13T10:00:00Z");
    let half = |number: &str, day: &str| format!("{number} {day} Dr 5000 23.68 Cr 1200 23.68");
    assert_eq!(costs(&rest), [half("BC-118-C7", "2026-03-11"), half("BC-118-C", "2026-03-13")]);
}

#[test]
fn the_parts_of_a_bundle_cost_what_they_cost_though_their_price_is_nothing() {
    let bundle = |case: Case| {
        let case = case.line("PART", "4", "0", "0").cost("2.50").with(|e| e.lines[1].parent_line = Some(1));
        store(case.paid(9001, "stripe", "60.00")).shipment(7, SHIPPED, &[(1, "2")])
    };
    let kit = || Case::new().line("KIT", "2", "60.00", "0");
    assert_eq!(costs(&bundle(kit())), ["BC-118-C7 2026-03-11 Dr 5000 10.00 Cr 1200 10.00"]);
    let both = costs(&bundle(kit().cost("1.00")));
    assert_eq!(both, ["BC-118-C7 2026-03-11 Dr 5000 2.00 Cr 1200 2.00 Dr 5000 10.00 Cr 1200 10.00"]);
}

#[test]
fn an_unknown_cost_keeps_back_its_journal_and_nothing_else() {
    let case = store(Case::new().line("TS-1", "2", "100.00", "0").paid(9001, "stripe", "100.00")).shipped(SHIPPED);
    let derivation = case.derive();
    let [hold] = &derivation.holds[..] else { panic!("{:?}", derivation.holds) };
    assert_eq!(
        (hold.code.as_str(), hold.message.as_str()),
        ("cost-unknown", "the cost of TS-1 x 2 is not known: BigCommerce has none")
    );
    assert!(matches!(&hold.blocks, Blocks::Document(key) if key.as_str() == "acme-us/118/cost-of-goods/shipped/r1"));
    let kinds: Vec<&str> = derivation.documents.iter().map(|document| document.kind.as_str()).collect();
    assert_eq!(kinds, ["invoice", "receipt"]);
}

#[test]
fn what_has_no_stock_has_no_cost() {
    let digital = e14().shipped(SHIPPED).with(|e| e.lines[0].line_type = LineType::Digital);
    assert_eq!(costs(&digital), Vec::<String>::new());
    // The team gives no accounts for it: none wanted, and a cost that is not known is nobody's question.
    let unwanted = Rule::new("fees", RuleKind::Product).when(Condition::Sku, "TS-1").gives(Give::Account, "4000");
    let unwanted = e14().shipped(SHIPPED).rule(unwanted).with(|e| e.lines[0].unit_cost = None);
    assert_eq!(costs(&unwanted), Vec::<String>::new());
    assert_eq!(costs(&e14().shipped(SHIPPED).policy(|policy| policy.cost_of_goods = false)), Vec::<String>::new());
}

#[test]
fn costs_are_booked_in_the_store_s_own_currency() {
    let (euro, usd) = ("EUR".parse().unwrap(), super::super::money::Currency::USD);
    let rate = Rule::new("daily", RuleKind::Exchange).gives(Give::RateType, "Intacct Daily Rate");
    let abroad = e14().shipped(SHIPPED).rule(rate).policy(|policy| policy.foreign_currencies = [euro].into());
    let abroad = abroad.with(|e| (e.order.currency, e.transactions[0].currency) = (euro, euro));
    let told = abroad.clone().with(|e| e.order.store_currency = Some(usd));
    assert_eq!(costs(&told), ["BC-118-C 2026-03-11 Dr 5000 47.36 Cr 1200 47.36"]);
    let journal = told.derive().documents.pop().unwrap();
    assert_eq!((journal.currency, journal.exchange.clone()), (usd, None));
    let held = abroad.derive();
    assert_eq!(held.holds[0].code.as_str(), "currency-not-accepted");
    assert!(matches!(held.holds[0].blocks, Blocks::Document(_)));
    assert_eq!(held.documents.len(), 2, "the sale posts");
}

#[test]
fn a_store_that_keeps_its_costs_in_a_foreign_currency_needs_a_rate() {
    let pound = "GBP".parse().unwrap();
    let case = e14().shipped(SHIPPED).with(|e| e.order.store_currency = Some(pound));
    assert_eq!(case.hold_codes(), ["currency-not-accepted"]);
    assert_eq!(case.derive().documents.len(), 2, "the sale posts");
    let rate = Rule::new("pound", RuleKind::Exchange).gives(Give::Rate, "1.2500");
    let case = case.rule(rate).policy(|policy| policy.foreign_currencies = [pound].into());
    assert_eq!(case.derive().documents.pop().unwrap().currency, pound);
}

#[test]
fn goods_that_left_on_an_unknown_day_keep_back_their_cost() {
    let case = e14().with(|e| (e.order.status_id, e.order.status) = (10, "Completed".into()));
    assert_eq!(case.hold_codes(), ["shipping-date-missing"]);
    assert_eq!(case.derive().documents.len(), 2, "the sale posts");
}

#[test]
fn goods_of_a_sale_that_waits_cost_when_they_leave() {
    let case = e14().ship_date().shipment(7, SHIPPED, &[(1, "1")]);
    assert_eq!(
        entries(&case.derive()),
        ["BC-118-D9001 2026-03-10 Dr 1150-S 100.00 Cr 2320 100.00", "BC-118-C7 2026-03-11 Dr 5000 23.68 Cr 1200 23.68"]
    );
    let whole = case.shipment(8, "2026-03-13T10:00:00Z", &[(1, "1")]);
    assert_eq!(balances(&whole.derive())["5000"], dec("47.36"));
    assert_eq!(whole.policy.recognition, Recognition::ShipDate);
}

#[test]
fn goods_come_back_from_the_account_they_went_to() {
    let day = |text: &str| Some(text.parse().unwrap());
    let old = Rule { valid_to: day("2026-03-11"), ..rule("old") };
    let new = Rule { valid_from: day("2026-03-12"), ..rule("new").gives(Give::CostAccount, "5001") };
    let case = comes_back(Some("restock")).without_rules(RuleKind::Product).rule(old).rule(new);
    assert_eq!(costs(&case)[1], "BC-118-CR12 2026-03-12 Dr 1200 23.68 Cr 5000 23.68");
}
