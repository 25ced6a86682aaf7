//! Journal entries.

use super::super::SettingsChange;
use super::*;

fn entry(account: &str, side: &str, amount: &str) -> String {
    format!(
        "<GLENTRY><ACCOUNTNO>{account}</ACCOUNTNO><TRX_AMOUNT>{amount}</TRX_AMOUNT><TR_TYPE>{side}</TR_TYPE><LOCATION>100</LOCATION></GLENTRY>"
    )
}

fn batch(entries: &str) -> String {
    format!(
        "<create><GLBATCH><JOURNAL>GJ</JOURNAL><BATCH_DATE>07/03/2026</BATCH_DATE><BATCH_TITLE>Payout</BATCH_TITLE>\
         <REFERENCENO>po_1</REFERENCENO><ENTRIES>{entries}</ENTRIES></GLBATCH></create>"
    )
}

fn payout() -> String {
    batch(&[entry("1010", "1", "314.60"), entry("6100", "1", "10.33"), entry("1150-S", "-1", "324.93")].concat())
}

#[tokio::test]
async fn a_payout_is_booked_line_by_line() {
    let desk = desk().await;
    desk.write("j", &payout()).await.succeeded();
    assert_eq!(["1010", "6100", "1150-S"].map(|account| desk.balance(account)), ["314.60", "10.33", "-324.93"]);
    let journal = desk.company.journals().remove(0);
    assert_eq!((journal.number, journal.reference.as_str()), (1, "po_1"));
}

#[tokio::test]
async fn an_entry_must_balance_in_all_and_per_entity() {
    let desk = desk().await;
    desk.write("j", &payout().replace("10.33", "10.34"))
        .await
        .refused("Debits and credits are not equal: debits 324.94, credits 324.93");
    let split = batch(&[entry("1010", "1", "5.00"), entry("4000", "-1", "5.00").replace("100", "200")].concat());
    desk.write("j", &split).await.refused("Debits and credits are not equal for the entity '100'");
    desk.write("j", &split.replace("<ENTRIES>", "<BASELOCATION_NO>100</BASELOCATION_NO><ENTRIES>")).await.succeeded();
    desk.write("k", &batch(&entry("1010", "1", "5.00"))).await.refused("Required field GLENTRY is missing");
}

#[tokio::test]
async fn the_form_of_an_entry_is_checked() {
    let desk = desk().await;
    desk.company
        .change(&SettingsChange {
            close_books_through: Some("2026-06-30".parse().unwrap()),
            ..SettingsChange::default()
        })
        .unwrap();
    for (from, to, text) in [
        ("<JOURNAL>GJ", "<JOURNAL>XX", "Invalid Journal 'XX' specified."),
        ("<TR_TYPE>1<", "<TR_TYPE>2<", "Illegal format for Transaction type : 2"),
        ("314.60", "-314.60", "Illegal format for Amount : -314.60"),
        ("07/03/2026", "06/03/2026", "within a period that's been closed"),
        ("<LOCATION>100</LOCATION>", "<LOCATIONID>100</LOCATIONID>", "The field LOCATIONID does not exist on GLENTRY"),
        ("<LOCATION>100</LOCATION>", "", "missing the Location dimension"),
        (
            "<LOCATION>100</LOCATION>",
            "<LOCATION>100</LOCATION><CURRENCY>EUR</CURRENCY>",
            "Enable foreign-currency transactions",
        ),
        ("6100", "6999", "Account '6999' is not valid"),
        ("<BATCH_TITLE>Payout</BATCH_TITLE>", "", "Required field Description is missing"),
    ] {
        desk.write("j", &payout().replace(from, to)).await.refused(text);
    }
    assert!(desk.company.ledger().is_empty());
}

#[tokio::test]
async fn a_reversing_entry_takes_itself_back_and_a_count_stands_alone() {
    let desk = desk().await;
    desk.write("j", &payout().replace("<ENTRIES>", "<REVERSEDATE>07/31/2026</REVERSEDATE><ENTRIES>")).await.succeeded();
    assert_eq!(desk.balance("1010"), "0.00");
    assert_eq!(desk.company.ledger().len(), 6);
    let count = batch(&entry("9001", "1", "42")).replace("<JOURNAL>GJ", "<JOURNAL>SJ");
    desk.write("s", &count).await.succeeded();
    assert!(desk.company.trial_balance().iter().all(|row| row.account != "9001"));
}

fn attachment(id: &str, folder: &str, data: &str) -> String {
    format!(
        "<create_supdoc><supdocid>{id}</supdocid><supdocname>Support</supdocname><supdocfoldername>{folder}</supdocfoldername>\
         <attachments><attachment><attachmentname>list</attachmentname><attachmenttype>csv</attachmenttype>\
         <attachmentdata>{data}</attachmentdata></attachment></attachments></create_supdoc>"
    )
}

#[tokio::test]
async fn an_entry_names_an_attachment_that_is_there() {
    let desk = desk().await;
    let named = payout().replace("<ENTRIES>", "<SUPDOCID>S-1</SUPDOCID><ENTRIES>");
    desk.write("j", &named).await.refused("Invalid Attachment 'S-1' specified.");
    desk.write("s", &attachment("S-1", "BigCommerce", "aGVsbG8=")).await.succeeded();
    desk.write("j", &named).await.succeeded();
    assert_eq!(desk.company.journals()[0].attachment.as_deref(), Some("S-1"));
    let kept = desk.company.attachments().remove(0);
    assert_eq!((kept.folder.as_str(), kept.files[0].content.as_slice()), ("BigCommerce", b"hello".as_slice()));
}

#[tokio::test]
async fn the_form_of_an_attachment_is_checked() {
    let desk = desk().await;
    desk.write("a", &attachment("S-1", "Elsewhere", "aGVsbG8="))
        .await
        .refused("Invalid Attachments folder 'Elsewhere' specified.");
    desk.write("a", &attachment(&"x".repeat(21), "BigCommerce", "aGVsbG8=")).await.refused("at most 20");
    desk.write("a", &attachment("S-1", "BigCommerce", "no base64!")).await.refused("Illegal format for File");
    let dotted = attachment("S-1", "BigCommerce", "aGVsbG8=").replace(">list<", ">list.csv<");
    desk.write("a", &dotted).await.refused("Illegal format for File name : list.csv");
    assert!(desk.company.attachments().is_empty());
    desk.write("a", &attachment("S-1", "BigCommerce", "aGVsbG8=")).await.succeeded();
    desk.write("b", &attachment("S-1", "BigCommerce", "aGVsbG8="))
        .await
        .refused("Another Attachment with the given value(s) S-1");
    assert_eq!(desk.company.attachments().len(), 1);
}

#[tokio::test]
async fn a_journal_can_forbid_direct_posting() {
    let desk = desk_with(|settings| settings.masters.journals.get_mut("GJ").unwrap().direct_posting = false).await;
    desk.write("j", &payout()).await.refused("Direct posting to the journal 'GJ' is not allowed");
}
