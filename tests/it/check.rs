//! `cartledger check` against both counterparts: what is in order, and what a team would otherwise learn at month end.

use crate::support::world::World;

#[tokio::test]
async fn everything_in_order_is_said_and_changes_nothing() {
    let world = World::start().await;
    let (status, said) = world.check().await;
    assert_eq!(status, Some(0), "{said}");
    for what in
        ["ok     database", "ok     store test-shop", "ok     company sandbox", "ok     GL account of test-shop"]
    {
        assert!(said.contains(what), "no '{what}' in {said}");
    }
    assert!(said.ends_with("Everything is in order.\n"), "{said}");
    assert!(world.company.invoices().is_empty());
}

#[tokio::test]
async fn accounts_and_journals_that_intacct_does_not_have_are_named() {
    let accounting = "recognition = \"ship-date\"\ndeposit_account = \"2399\"\njournal = \"BCJ\"\n";
    let world = World::start_with(accounting).await;
    let (status, said) = world.check().await;
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("WRONG  GL account of test-shop 2399: does not exist in Intacct"), "{said}");
    assert!(said.contains("WRONG  journal of test-shop BCJ: does not exist in Intacct"), "{said}");
    assert!(said.ends_with("2 to mend.\n"), "{said}");
}

#[tokio::test]
async fn a_custom_field_that_customers_do_not_have_is_named() {
    let world = World::start_with("customers = { id_field = \"BC_CUSTOMER_ID\" }\n").await;
    let (status, said) = world.check().await;
    assert!(status == Some(0) && said.contains("ok     custom field BC_CUSTOMER_ID of test-shop"), "{said}");
    let world = World::start_with("customers = { id_field = \"SHOP_ID\" }\n").await;
    let (status, said) = world.check().await;
    assert!(status == Some(1) && said.contains("WRONG  custom field SHOP_ID of test-shop: add it"), "{said}");
}

#[tokio::test]
async fn a_transaction_definition_that_intacct_does_not_have_is_named() {
    let accounting = "posting = \"order_entry\"\n[stores.accounting.order_entry]\nsales_invoice = \"Web Invoice\"\n";
    let world = World::start_with(accounting).await;
    let (status, said) = world.check().await;
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("WRONG  transaction definition of test-shop Web Invoice: does not exist"), "{said}");
    assert!(said.ends_with("1 to mend.\n"), "{said}");
}
