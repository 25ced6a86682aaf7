//! `create GLBATCH`: a journal entry that balances (Intacct docs, journal entries).

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::books::{Books, Source};
use super::super::chart::{AccountType, JournalBook, Side};
use super::super::records::{DocumentState, Journal, JournalLine};
use super::super::refusal::Refusal;
use super::super::values::{amount, generic_date, is_draft, print_amount, round};
use super::super::xml_tree::Element;
use super::Context;
use super::common::{self, CurrencyText, DimensionNames};

const FIELDS: &[&str] = &[
    "JOURNAL",
    "BATCH_DATE",
    "BATCH_TITLE",
    "REVERSEDATE",
    "TAXIMPLICATIONS",
    "HISTORY_COMMENT",
    "REFERENCENO",
    "BASELOCATION_NO",
    "SUPDOCID",
    "STATE",
    "TRANSACTIONSOURCE",
    "ENTRIES",
];

const LINE_FIELDS: &[&str] = &[
    "ACCOUNTNO",
    "TRX_AMOUNT",
    "AMOUNT",
    "TR_TYPE",
    "DOCUMENT",
    "CURRENCY",
    "EXCH_RATE_DATE",
    "EXCH_RATE_TYPE_ID",
    "EXCHANGE_RATE",
    "DESCRIPTION",
    "ALLOCATION",
    "DEPARTMENT",
    "LOCATION",
    "PROJECTID",
    "TASKID",
    "COSTTYPEID",
    "CUSTOMERID",
    "VENDORID",
    "EMPLOYEEID",
    "ITEMID",
    "CLASSID",
    "CONTRACTID",
    "WAREHOUSEID",
    "BILLABLE",
];

/// A journal line says LOCATION and DEPARTMENT, where receivables say LOCATIONID and DEPARTMENTID.
const NAMES: DimensionNames = DimensionNames {
    location: "LOCATION",
    department: "DEPARTMENT",
    class: "CLASSID",
    item: "ITEMID",
    customer: "CUSTOMERID",
    project: "PROJECTID",
    unused: &[
        ("TASKID", "Task"),
        ("COSTTYPEID", "Cost type"),
        ("VENDORID", "Vendor"),
        ("EMPLOYEEID", "Employee"),
        ("CONTRACTID", "Contract"),
        ("WAREHOUSEID", "Warehouse"),
        ("ALLOCATION", "Allocation"),
    ],
};

/// Makes the entry; answers its RECORDNO.
pub(super) fn run(object: &Element, books: &mut Books, context: &Context<'_>) -> Result<Element, Refusal> {
    common::known_fields(object, FIELDS, true, context)?;
    let (symbol, book) = journal_book(object, books)?;
    let statistical = book.statistical;
    let title = common::required(object, "BATCH_TITLE", "Description")?.to_owned();
    let date = generic_date("Posting date", common::required(object, "BATCH_DATE", "Posting date")?)?;
    common::open_period(books, date)?;
    let reverse_date = reverse_date(object, date, books)?;
    let draft = is_draft("State", object.text_of("STATE"), "Posted")?;
    let attachment = common::attachment(object, "SUPDOCID", books)?;
    let lines = lines(object, statistical, books, context)?;
    if !statistical {
        check_balance(&lines, object, books, context)?;
    }
    let record_no = books.next_batch();
    let lines = lines.into_iter().map(|line| JournalLine { record_no: books.next_line(), ..line }).collect();
    let number = 1 + books.journals.values().filter(|journal| journal.journal == symbol).count() as u64;
    let journal = Journal {
        record_no,
        number,
        journal: symbol,
        date,
        reverse_date,
        title,
        reference: object.text_of("REFERENCENO").unwrap_or_default().to_owned(),
        attachment,
        history_comment: object.text_of("HISTORY_COMMENT").unwrap_or_default().to_owned(),
        custom_fields: common::custom_fields(object, context),
        state: if draft { DocumentState::Draft } else { DocumentState::Posted },
        lines,
        entity: context.entity(),
        recorded_at: context.now,
    };
    post(journal, books);
    Ok(Element::new("glbatch").child(Element::leaf("RECORDNO", record_no.to_string())))
}

fn journal_book<'a>(object: &Element, books: &'a Books) -> Result<(String, &'a JournalBook), Refusal> {
    let symbol = common::required(object, "JOURNAL", "Journal")?;
    let book = books.masters.journals.get(symbol).ok_or_else(|| Refusal::invalid("Journal", symbol))?;
    if book.direct_posting { Ok((symbol.to_owned(), book)) } else { Err(Refusal::no_direct_posting(symbol)) }
}

fn reverse_date(object: &Element, date: Date, books: &Books) -> Result<Option<Date>, Refusal> {
    let Some(text) = object.text_of("REVERSEDATE") else { return Ok(None) };
    let reverse = generic_date("Reverse date", text)?;
    if reverse <= date {
        return Err(Refusal::illegal_value("Reverse date", text));
    }
    common::open_period(books, reverse)?;
    Ok(Some(reverse))
}

fn lines(
    object: &Element,
    statistical: bool,
    books: &Books,
    context: &Context<'_>,
) -> Result<Vec<JournalLine>, Refusal> {
    let entries = object.get("ENTRIES").ok_or_else(|| Refusal::missing_field("ENTRIES"))?;
    // An entry of money has two sides; a count can stand alone.
    let least = if statistical { 1 } else { 2 };
    if entries.children.len() < least {
        return Err(Refusal::missing_field("GLENTRY"));
    }
    entries.children.iter().map(|line| read_line(line, statistical, books, context)).collect()
}

fn read_line(line: &Element, statistical: bool, books: &Books, context: &Context<'_>) -> Result<JournalLine, Refusal> {
    if line.name != "GLENTRY" {
        return Err(Refusal::unknown_field("ENTRIES", &line.name));
    }
    common::known_fields(line, LINE_FIELDS, true, context)?;
    let number = common::required(line, "ACCOUNTNO", "Account")?;
    let account = common::active_account(books, number)?;
    if (account.account_type == AccountType::Statistical) != statistical {
        return Err(Refusal::account_not_valid(number));
    }
    // Documentation and clients use both names; the amount is absolute, the side stands in TR_TYPE.
    let text = line
        .text_of("TRX_AMOUNT")
        .or_else(|| line.text_of("AMOUNT"))
        .ok_or_else(|| Refusal::missing_field("Amount"))?;
    let amount = amount("Amount", text)?;
    if amount < Decimal::ZERO {
        return Err(Refusal::illegal_value("Amount", text));
    }
    let side = match common::required(line, "TR_TYPE", "Transaction type")? {
        "1" => Side::Debit,
        "-1" => Side::Credit,
        other => return Err(Refusal::illegal_value("Transaction type", other)),
    };
    let (currency, rate) = line_currency(line, statistical, context)?;
    Ok(JournalLine {
        record_no: 0,
        account: account.number.clone(),
        side,
        amount,
        currency,
        rate,
        document: line.text_of("DOCUMENT").unwrap_or_default().to_owned(),
        description: line.text_of("DESCRIPTION").unwrap_or_default().to_owned(),
        dimensions: common::dimensions(line, &NAMES, account, books, context)?,
        custom_fields: common::custom_fields(line, context),
    })
}

/// With multi-currency on, every line needs its currency and one of the two ways to a rate; with it off, none of them.
fn line_currency(line: &Element, statistical: bool, context: &Context<'_>) -> Result<(String, Decimal), Refusal> {
    let text = CurrencyText {
        currency: line.text_of("CURRENCY"),
        rate: line.text_of("EXCHANGE_RATE"),
        rate_type: line.get("EXCH_RATE_TYPE_ID").map(|kind| kind.text.as_str()),
    };
    let settings = context.settings;
    let says_rate = text.rate.is_some() || text.rate_type.is_some();
    if !settings.multi_currency
        && (says_rate || text.currency.is_some_and(|currency| currency != settings.base_currency))
    {
        return Err(Refusal::foreign_currency_off());
    }
    if settings.multi_currency && !statistical {
        if text.currency.is_none() {
            return Err(Refusal::missing_field("Currency"));
        }
        if !says_rate {
            return Err(Refusal::missing_field("Exchange rate type or exchange rate"));
        }
    }
    common::currency(&text, context)
}

/// Each currency must balance by itself, then base currency, then each entity (unless a source entity is named).
fn check_balance(lines: &[JournalLine], object: &Element, books: &Books, context: &Context<'_>) -> Result<(), Refusal> {
    let mut currencies: BTreeMap<&str, (Decimal, Decimal)> = BTreeMap::new();
    let mut locations: BTreeMap<&str, Decimal> = BTreeMap::new();
    let mut base = (Decimal::ZERO, Decimal::ZERO);
    for line in lines {
        let in_base = round(line.amount * line.rate);
        let sums = currencies.entry(&line.currency).or_default();
        let location = locations.entry(line.dimensions.location.as_deref().unwrap_or_default()).or_default();
        match line.side {
            Side::Debit => (sums.0 += line.amount, base.0 += in_base, *location += in_base),
            Side::Credit => (sums.1 += line.amount, base.1 += in_base, *location -= in_base),
        };
    }
    if let Some((debits, credits)) = currencies.into_values().chain([base]).find(|(debits, credits)| debits != credits)
    {
        return Err(Refusal::unbalanced(&print_amount(debits), &print_amount(credits)));
    }
    let source_entity = object.text_of("BASELOCATION_NO");
    if let Some(entity) = source_entity.filter(|entity| !books.masters.locations.contains_key(*entity)) {
        return Err(Refusal::invalid("Location", entity));
    }
    let unbalanced = locations.into_iter().find(|(_, balance)| !balance.is_zero());
    match unbalanced {
        Some((location, _)) if context.settings.multi_entity && source_entity.is_none() => {
            Err(Refusal::unbalanced_entity(location))
        }
        _ => Ok(()),
    }
}

fn post(journal: Journal, books: &mut Books) {
    if journal.state == DocumentState::Posted {
        book(&journal, journal.date, Decimal::ONE, books);
        if let Some(reverse) = journal.reverse_date {
            book(&journal, reverse, Decimal::NEGATIVE_ONE, books);
        }
    }
    books.journals.insert(journal.record_no, journal);
}

fn book(journal: &Journal, date: Date, sign: Decimal, books: &mut Books) {
    for line in &journal.lines {
        let memo = if line.description.is_empty() { &journal.title } else { &line.description };
        let source = Source { object: "GLBATCH", record_no: journal.record_no, date, memo };
        let amount = round(line.amount * line.rate) * sign;
        let debit = match line.side {
            Side::Debit => amount,
            Side::Credit => -amount,
        };
        books.book(&source, &line.account, debit, &line.dimensions);
    }
}
