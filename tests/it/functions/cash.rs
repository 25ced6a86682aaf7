//! Money without a customer, its way to the bank, journals with everything they can have, folders.

use cartledger::intacct::functions::{
    CreateFolder, CreateJournal, CurrencyGroup, CustomField, ExchangeRate, Function, JournalEntryLine, JournalKind,
    MoneyGoesTo, PaidDocument, PaidWith, PaymentDetail, PaymentMethod, PostingAction, RecordDeposit, RecordReceipt,
};
use cartledger::sandbox::intacct::DocumentState;
use jiff::civil::Date;

use super::receivables::{line, place};
use super::{desk, desk_with};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn receipt(reference: &str, account: &str, amount: &str) -> Function {
    Function::RecordReceipt(Box::new(RecordReceipt {
        date: day("2026-07-01"),
        payer: "Guests of the shop".into(),
        received: day("2026-07-01"),
        method: PaymentMethod::CreditCard,
        into: MoneyGoesTo::UndepositedFunds("1190".into()),
        reference: reference.to_owned(),
        description: Some("Gift cards sold".into()),
        attachment: None,
        currency: None,
        custom_fields: vec![CustomField { name: "BC_ORDER_ID".into(), value: "118".into() }],
        tax_solution: None,
        lines: vec![line(account, amount)],
    }))
}

fn deposit(receipts: Vec<u64>) -> Function {
    Function::RecordDeposit(Box::new(RecordDeposit {
        bank_account: "BOA".into(),
        date: day("2026-07-03"),
        id: "po_15".into(),
        receipts,
        description: Some("Payout po_15".into()),
        attachment: None,
        custom_fields: Vec::new(),
    }))
}

#[tokio::test]
async fn a_payout_brings_payments_and_other_receipts_to_the_bank_once() {
    let desk = desk().await;
    desk.customer("BC-7").await;
    let invoice = desk.invoice("I1", vec![line("4000", "100")]).await;
    let detail = PaymentDetail::new(PaidDocument::Invoice(invoice), PaidWith::Cash, "100".parse().unwrap());
    let paid = desk.pay("ch_1", vec![detail]).await;
    let gift_cards = desk.send("gift-cards", receipt("AC-G-1", "2300", "50.99")).await;
    let negative = desk.send("refunded", receipt("AC-G-2", "2300", "-5")).await;
    desk.refused("po_15", deposit(vec![paid, negative]), "only positive receipts can").await;
    desk.send("po_15", deposit(vec![paid, gift_cards])).await;
    assert_eq!(["1010", "1190", "2300"].map(|a| desk.balance(a)), ["150.99", "-5.00", "-45.99"]);
    desk.refused("po_16", deposit(vec![gift_cards]), "is deposited already").await;
    let kept = desk.company.deposits().remove(0);
    assert_eq!((kept.id.as_str(), kept.receipts), ("po_15", vec![paid, gift_cards]));
    assert_eq!(desk.company.other_receipts()[0].custom_fields["BC_ORDER_ID"], "118");
}

fn entry(account: &str, amount: &str) -> JournalEntryLine {
    JournalEntryLine { dimensions: place(), ..JournalEntryLine::new(account.into(), amount.parse().unwrap()) }
}

#[tokio::test]
async fn a_journal_says_where_it_comes_from_and_takes_itself_back() {
    let desk = desk_with(|settings| {
        settings.user_defined_dimensions = [("CHANNEL".to_owned(), [(10007, "Web".to_owned())].into())].into();
    })
    .await;
    let mut lines = vec![entry("6100", "4.05"), entry("1150-S", "-4.05")];
    lines[0].dimensions.custom_fields = vec![CustomField::dimension("CHANNEL", "10007")];
    let accrual = CreateJournal {
        reverse_date: Some(day("2026-08-01")),
        history_comment: Some("Accrued by Cartledger".into()),
        custom_fields: vec![CustomField { name: "BC_ORDER_ID".into(), value: "118".into() }],
        ..CreateJournal::new("AJ", "AC-A-1", "Accrued fees", day("2026-07-31"), lines.clone())
    };
    desk.send("accrual", Function::CreateJournal(Box::new(accrual))).await;
    let kept = desk.company.journals().remove(0);
    assert_eq!((kept.history_comment.as_str(), kept.reverse_date), ("Accrued by Cartledger", Some(day("2026-08-01"))));
    assert_eq!(kept.lines[0].dimensions.user_defined["CHANNEL"], 10007);
    assert_eq!((desk.balance("6100"), desk.company.ledger().len()), ("0.00".to_owned(), 4));
    let draft = CreateJournal {
        action: PostingAction::Draft,
        ..CreateJournal::new("GJ", "AC-D-1", "Draft", day("2026-07-31"), lines)
    };
    desk.send("draft", Function::CreateJournal(Box::new(draft))).await;
    assert_eq!((desk.company.journals()[1].state, desk.company.ledger().len()), (DocumentState::Draft, 4));
}

#[tokio::test]
async fn a_count_stands_alone_and_lines_have_currencies_of_their_own() {
    let desk = desk_with(|settings| settings.multi_currency = true).await;
    let count = CreateJournal {
        kind: JournalKind::Statistical,
        ..CreateJournal::new("SJ", "AC-C-1", "Orders shipped", day("2026-07-01"), vec![entry("9001", "42")])
    };
    desk.send("count", Function::CreateJournal(Box::new(count))).await;
    let at = |line: JournalEntryLine, currency: &str, rate: &str| JournalEntryLine {
        currency: Some(CurrencyGroup {
            base: None,
            currency: currency.into(),
            rate: ExchangeRate::Fixed(rate.parse().unwrap()),
        }),
        ..line
    };
    let lines = vec![
        at(entry("1010", "10"), "USD", "1"),
        at(entry("1150-S", "-10"), "USD", "1"),
        at(entry("1010", "100"), "EUR", "1.1"),
        at(entry("1150-E", "-100"), "EUR", "1.1"),
    ];
    let mixed = CreateJournal::new("GJ", "AC-M-1", "Two payouts", day("2026-07-03"), lines);
    desk.send("mixed", Function::CreateJournal(Box::new(mixed))).await;
    assert_eq!(["1010", "1150-S", "1150-E", "9001"].map(|a| desk.balance(a)), ["120.00", "-10.00", "-110.00", "42.00"]);
}

#[tokio::test]
async fn a_folder_is_made_under_another() {
    let desk = desk().await;
    let folder = |name: &str, parent: &str| {
        Function::CreateFolder(Box::new(CreateFolder {
            name: name.into(),
            description: Some("Support".into()),
            parent: Some(parent.into()),
        }))
    };
    desk.refused("folder", folder("2026", "Nowhere"), "Invalid Attachments folder 'Nowhere' specified.").await;
    desk.send("folder", folder("2026", "BigCommerce")).await;
    desk.send("below", folder("2026-07", "2026")).await;
}
