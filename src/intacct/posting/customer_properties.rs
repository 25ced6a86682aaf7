//! Whatever a buyer types, Intacct gets something it can take, or the order is held and says why.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::customer::{self, CustomerForm};
use crate::accounting::customer::CustomerRecord;
use crate::accounting::evidence::{Address, ShippingAddress};
use crate::accounting::testing::Case;
use crate::intacct::functions::Function;
use crate::intacct::text;
use crate::intacct::tree::{self, Element};

fn typed() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just(String::new()),
        2 => any::<String>(),
        1 => "\\PC{150,300}",
        1 => "[ \t\r\n\u{1}\u{7f}\u{200b}]{0,4}",
        2 => "[a-zäß日本<>&#?\"' ]{0,120}",
        2 => "[a-z0-9.]{1,60}@[a-z0-9.\\-]{1,60}",
        2 => "[A-Za-z]{2}",
    ]
}

prop_compose! {
    fn address()(texts in proptest::array::uniform12(typed())) -> Address {
        let [first_name, last_name, company, street_1, street_2, city, state, zip, country, country_code, phone, email] = texts;
        Address { first_name, last_name, company, street_1, street_2, city, state, zip, country, country_code, phone, email }
    }
}

fn order(billing: Address, shipping: Address, id: Option<u64>) -> Case {
    let sale =
        Case::new().line("TS-1", "1", "120.00", "9.90").tax("Tax", "8.25", "9.90").paid(9001, "stripe", "129.90");
    sale.with(|e| {
        e.order.buyer.email.clone_from(&billing.email);
        e.order.buyer.customer_id = id;
        e.order.billing = billing;
        let (zero, method) = (Decimal::ZERO, "Ground".to_owned());
        e.shipping = vec![ShippingAddress {
            id: 42,
            method,
            cost_ex_tax: zero,
            cost_inc_tax: zero,
            handling_ex_tax: zero,
            handling_inc_tax: zero,
            address: shipping,
        }];
    })
}

/// Every function that is sent for this buyer; our own checks refuse none.
fn functions(record: &CustomerRecord, form: &CustomerForm) -> Result<Vec<Function>, TestCaseError> {
    let id = &record.reference.intacct_id;
    let mut made = vec![customer::create(record, id, None, form), customer::update(record, id, None, form)];
    if let Some(to) = record.ship_to() {
        made.push(customer::create_ship_to(record, to, id, form));
        made.push(customer::update_ship_to(record, to, id, form));
    }
    made.into_iter().map(|function| function.map_err(|error| TestCaseError::fail(error.to_string()))).collect()
}

fn every<'a>(element: &'a Element, name: &'a str, found: &mut Vec<&'a str>) {
    found.extend(element.children_named(name).map(|child| child.text.as_str()));
    element.children.iter().for_each(|child| every(child, name, found));
}

fn texts<'a>(root: &'a Element, name: &'a str) -> Vec<&'a str> {
    let mut found = Vec::new();
    every(root, name, &mut found);
    found
}

fn check(function: &Function, iso: bool) -> Result<(), TestCaseError> {
    let body = function.body();
    let root = tree::read(body.as_bytes()).map_err(|error| TestCaseError::fail(format!("{error}: {body}")))?;
    for name in texts(&root, "NAME").into_iter().chain(texts(&root, "PRINTAS")) {
        prop_assert!(!name.trim().is_empty() && name.chars().count() <= text::NAME, "{body}");
    }
    for name in texts(&root, "CONTACTNAME") {
        prop_assert!(name.starts_with("BC-") && name.chars().count() <= text::NAME, "{body}");
        prop_assert!(!name.contains(['&', '<', '>', '#', '?']), "{body}");
    }
    for email in texts(&root, "EMAIL1") {
        prop_assert!(text::is_email(email), "{body}");
    }
    let codes = [texts(&root, "ISOCOUNTRYCODE"), texts(&root, "COUNTRYCODE")].concat();
    let given = |texts: &[&str]| texts.iter().filter(|text| !text.is_empty()).count();
    if iso {
        prop_assert_eq!(given(&texts(&root, "COUNTRY")), given(&codes), "{}", body);
    } else {
        prop_assert_eq!(given(&codes), 0, "{}", body);
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_buyer_is_a_customer_that_intacct_can_take_or_a_hold(
        billing in address(), shipping in address(), id in proptest::option::of(any::<u64>()), iso in any::<bool>()
    ) {
        let derivation = order(billing, shipping, id).derive();
        let Some(record) = derivation.customer else {
            prop_assert!(!derivation.holds.is_empty());
            return Ok(());
        };
        for function in functions(&record, &CustomerForm { iso_country_codes: iso, id_field: None })? {
            check(&function, iso)?;
        }
    }
}
