//! Invoices and adjustments: what they book, and why they are refused.

use super::super::SettingsChange;
use super::*;

#[tokio::test]
async fn an_invoice_books_receivables_against_the_account_of_each_line() {
    let desk = desk().await;
    desk.customer("C1").await;
    let items = [("4000", "105.00"), ("4090", "-10.50"), ("4095", "-5.00"), ("2200", "7.38")];
    let key = desk.invoice("I1", "C1", &items).await;
    let balances = ["1100", "4000", "4090", "4095", "2200"].map(|account| desk.balance(account));
    assert_eq!(balances, ["96.88", "-105.00", "10.50", "5.00", "-7.38"]);
    let invoice = desk.company.invoices().remove(0);
    assert_eq!((invoice.record_no.to_string(), invoice.open.to_string()), (key, "96.88".to_owned()));
    assert!(invoice.lines.iter().all(|line| line.record_no > 0));
}

#[tokio::test]
async fn amounts_are_rounded_to_the_cent_line_by_line() {
    let desk = desk().await;
    desk.customer("C1").await;
    desk.invoice("I1", "C1", &[("4000", "10.005"), ("4010", "0.004")]).await;
    assert_eq!(desk.balance("1100"), "10.01");
    desk.write("I2", &invoice("I2", "C1", &[("4000", "1,000.00")]))
        .await
        .refused("Illegal format for Amount : 1,000.00");
}

#[tokio::test]
async fn an_invoice_number_can_be_used_once() {
    let desk = desk().await;
    desk.customer("C1").await;
    desk.invoice("I1", "C1", &[("4000", "1.00")]).await;
    let again = desk.write("another-id", &invoice("I1", "C1", &[("4000", "1.00")])).await;
    again.refused("Transaction with the number 'I1' already exists");
    let long = "N".repeat(46);
    desk.write("long", &invoice(&long, "C1", &[("4000", "1.00")])).await.refused("46 characters long");
    // An adjustment number is not unique by force.
    desk.adjustment("A1", "C1", &[("4100", "-1.00")]).await;
    desk.write("other", &adjustment("A1", "C1", &[("4100", "-1.00")])).await.succeeded();
}

#[tokio::test]
async fn accounts_and_dimensions_must_exist_and_be_active() {
    let desk = desk().await;
    desk.customer("C1").await;
    let good = invoice("I1", "C1", &[("4000", "1.00")]);
    let place = "<locationid>100</locationid>";
    for (from, to, text) in [
        ("4000", "4999", "Account '4999' is not valid"),
        ("4000", "9001", "Account '9001' is not valid"),
        ("4000", "1010", "The account number 1010 is associated to the Bank account BOA"),
        (place, "", "This transaction is missing the Location dimension for the Account 4000"),
        (place, "<locationid>300</locationid>", "Invalid Location '300' specified."),
        (place, "<locationid>100</locationid><departmentid>X</departmentid>", "Invalid Department 'X' specified."),
        (place, "<locationid>100</locationid><itemid>X</itemid>", "Item ID 'X' is not valid"),
        (place, "<locationid>100</locationid><classid>X</classid>", "Invalid Class 'X' specified."),
        ("Due on receipt", "N99", "Invalid Term 'N99' specified."),
        ("<termname>Due on receipt</termname>", "", "Required field Date Due is missing"),
        ("<invoiceno>I1</invoiceno>", "", "PL01000127"),
    ] {
        desk.write("I1", &good.replace(from, to)).await.refused(text);
    }
    desk.company
        .change(&SettingsChange { deactivate_account: Some("4000".into()), ..SettingsChange::default() })
        .unwrap();
    desk.write("I1", &good).await.refused("Account is inactive");
    desk.company
        .change(&SettingsChange { activate_account: Some("4000".into()), ..SettingsChange::default() })
        .unwrap();
    desk.company
        .change(&SettingsChange { deactivate_customer: Some("C1".into()), ..SettingsChange::default() })
        .unwrap();
    desk.write("I1", &good).await.refused("Activate the customer C1, then try again.");
    assert!(desk.company.ledger().is_empty());
}

#[tokio::test]
async fn an_account_can_insist_on_a_dimension() {
    let desk = desk_with(|settings| {
        let account = settings.masters.accounts.get_mut("4000").unwrap();
        account.required = vec![super::super::Dimension::Department];
    })
    .await;
    desk.customer("C1").await;
    let body = invoice("I1", "C1", &[("4000", "1.00")]);
    desk.write("I1", &body).await.refused("missing the Department dimension for the Account 4000");
    let located = "<locationid>100</locationid>";
    desk.write("I1", &body.replace(located, &format!("{located}<departmentid>WEB</departmentid>"))).await.succeeded();
}

#[tokio::test]
async fn the_posting_date_decides_whether_a_period_is_closed() {
    let desk = desk().await;
    desk.customer("C1").await;
    let june = "2026-06-30".parse().unwrap();
    desk.company.change(&SettingsChange { close_books_through: Some(june), ..SettingsChange::default() }).unwrap();
    let old = invoice("I1", "C1", &[("4000", "1.00")])
        .replace("<month>07</month><day>01</day>", "<month>06</month><day>30</day>");
    desk.write("I1", &old).await.refused("Your transaction date (06/30/2026) is within a period that's been closed.");
    let moved = old.replace("<termname>", &format!("<dateposted>{DAY}</dateposted><termname>"));
    desk.write("I1", &moved).await.succeeded();
    desk.company.change(&SettingsChange { reopen_books: true, ..SettingsChange::default() }).unwrap();
    desk.write("I2", &old.replace("I1", "I2")).await.succeeded();
}

#[tokio::test]
async fn dates_must_exist_and_the_due_date_cannot_come_first() {
    let desk = desk().await;
    desk.customer("C1").await;
    let body = invoice("I1", "C1", &[("4000", "1.00")]);
    let due = "<datedue><year>2026</year><month>6</month><day>30</day></datedue><termname>";
    desk.write("I1", &body.replace("<termname>", due))
        .await
        .refused("Date Due cannot be earlier than date of transaction");
    desk.write("I1", &body.replace("<day>01</day>", "<day>32</day>")).await.refused("Illegal format for Date");
    desk.write("I1", &body.replace("Due on receipt", "N30")).await.succeeded();
    assert_eq!(desk.company.invoices()[0].due_date.unwrap().to_string(), "2026-07-31");
}

#[tokio::test]
async fn a_currency_needs_multi_currency() {
    let group = "<currency>USD</currency><exchratetype/><invoiceitems>";
    let body = invoice("I1", "C1", &[("4000", "100.00"), ("2200", "19.00")]).replace("<invoiceitems>", group);
    let plain = desk().await;
    plain.customer("C1").await;
    plain.write("I1", &body).await.refused("Enable foreign-currency transactions, and try again");

    let desk = desk_with(|settings| {
        settings.multi_currency = true;
        settings.exchange_rates = [("EUR".to_owned(), "1.0850".parse().unwrap())].into();
    })
    .await;
    desk.customer("C1").await;
    desk.write("I1", &body.replace("USD", "GBP")).await.refused("Exchange rate for GBP to USD is not available");
    desk.write("I1", &body.replace("USD", "EUR")).await.succeeded();
    assert_eq!(["1100", "4000", "2200"].map(|account| desk.balance(account)), ["129.12", "-108.50", "-20.62"]);
    assert_eq!(desk.company.invoices()[0].total.to_string(), "119.00");
}

#[tokio::test]
async fn a_draft_is_kept_but_not_booked() {
    let desk = desk().await;
    desk.customer("C1").await;
    let draft = invoice("I1", "C1", &[("4000", "1.00")]).replace("<invoiceno>", "<action>Draft</action><invoiceno>");
    desk.write("I1", &draft).await.succeeded();
    assert!(desk.company.ledger().is_empty());
    desk.write("I2", &draft.replace("Draft", "Post").replace("I1", "I2"))
        .await
        .refused("Illegal format for Action : Post");
}

#[tokio::test]
async fn negative_adjustments_are_credit_memos_and_zero_ones_are_refused() {
    let desk = desk().await;
    desk.customer("C1").await;
    // Item 120.00 and tax 9.90 come back less a restocking fee of 18.00.
    desk.adjustment("R1", "C1", &[("4100", "-120.00"), ("2200", "-9.90"), ("4210", "18.00")]).await;
    assert_eq!(["1100", "4100", "2200", "4210"].map(|a| desk.balance(a)), ["-111.90", "120.00", "9.90", "-18.00"]);
    assert_eq!(desk.company.adjustments()[0].open.to_string(), "-111.90");
    let zero = adjustment("R2", "C1", &[("4100", "-5.00"), ("1150-S", "5.00")]);
    desk.write("R2", &zero).await.refused("cannot be zero");
}

#[tokio::test]
async fn custom_fields_and_contacts_must_be_known() {
    let desk = desk().await;
    desk.customer("C1").await;
    let with = |extra: &str| {
        invoice("I1", "C1", &[("4000", "1.00")]).replace("<invoiceitems>", &format!("{extra}<invoiceitems>"))
    };
    let field = |name: &str| {
        format!(
            "<customfields><customfield><customfieldname>{name}</customfieldname><customfieldvalue>7</customfieldvalue></customfield></customfields>"
        )
    };
    desk.write("I1", &with(&field("NO_SUCH"))).await.refused("The field NO_SUCH does not exist on create_invoice");
    desk.write("I1", &with("<billto><contactname>Nobody</contactname></billto>"))
        .await
        .refused("The contact Nobody does not exist");
    desk.write("I1", &with("<supdocid>D1</supdocid>")).await.refused("Invalid Attachment 'D1' specified.");
    let contact = "<billto><contactname>Customer C1(CC1)</contactname></billto>";
    desk.write("I1", &with(&format!("{contact}{}", field("BC_ORDER_ID")))).await.succeeded();
    assert_eq!(desk.company.invoices()[0].custom_fields["BC_ORDER_ID"], "7");
}
