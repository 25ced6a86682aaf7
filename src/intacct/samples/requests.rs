//! Sample requests beside the ones we write: the same elements, of object-specific functions in the same order.

use super::{files, folder};
use crate::intacct::functions::create_contact::{Address, Contact};
use crate::intacct::functions::read::Keys;
use crate::intacct::functions::read_by_query::{Comparison, Condition};
use crate::intacct::functions::*;
use crate::intacct::lookup;
use crate::intacct::tree::{self, Element};
use crate::intacct::xml::FieldName;

/// Requests of functions that we do not send.
const NOT_SENT: &[&str] = &[
    "create_arpayment.legacy",
    "create_customer.legacy",
    "create_gltransaction.legacy",
    "create_sotransaction.credit-memo",
    "create_sotransaction.sales-invoice-from-order",
    "create_sotransaction.sales-order",
    "delete_ARINVOICE",
    "get_invoice-by-externalid",
    "offline",
    "record_cctransaction",
    "update_invoice-by-externalid",
    "update_sotransaction",
];

/// Elements that ours has and the sample has not, or the other way round, and why that is no difference: all of them are
/// optional, in functions whose elements may stand in any order.
const OPTIONAL: &[&str] = &[
    // We always say that a payment is posted, and describe it with our key.
    "ACTION",
    "DESCRIPTION",
    // We always mark a journal and its lines with our number, which a look-up asks for, and say that it is posted.
    "DOCUMENT",
    "REFERENCENO",
    "STATE",
    // A new contact is active without saying so.
    "STATUS",
];

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn day() -> jiff::civil::Date {
    "2026-03-10".parse().unwrap()
}

/// A line with these dimensions: `l` location, `d` department, `i` item, `c` class.
fn line(dimensions: &str, amount: i64) -> Line {
    let has = |letter: char| dimensions.contains(letter).then(|| "X".to_owned());
    Line {
        memo: some("a thing"),
        dimensions: LineDimensions {
            location: has('l'),
            department: has('d'),
            item: has('i'),
            class: has('c'),
            ..LineDimensions::default()
        },
        ..Line::new(Account::Gl("4000".into()), amount.into())
    }
}

fn invoice(currency: Option<CurrencyGroup>) -> Function {
    Function::CreateInvoice(Box::new(CreateInvoice {
        posting_date: Some(day()),
        due_date: Some(day()),
        term: some("Net 30"),
        reference: some("order 9"),
        description: some("Order 9"),
        external_id: some("9"),
        bill_to: some("SH-1 bill"),
        ship_to: some("SH-1 ship"),
        currency,
        custom_fields: vec![CustomField { name: "ORDER".into(), value: "9".into() }],
        ..CreateInvoice::new("SH-1", "SH-9", day(), vec![line("ldic", 5), line("ld", 1), line("ld", 1), line("ld", 1)])
    }))
}

fn adjustment(full: bool, lines: Vec<Line>) -> Function {
    Function::CreateAdjustment(Box::new(CreateAdjustment {
        posting_date: full.then(day),
        invoice_reference: full.then(|| "SH-9".to_owned()),
        description: some("Refund 1"),
        external_id: full.then(|| "r1".to_owned()),
        ..CreateAdjustment::new("SH-1", "SH-9-R1", day(), lines)
    }))
}

fn payment(into: MoneyGoesTo, detail: PaymentDetail) -> Function {
    let own_currency = ExchangeRate::Type { name: String::new(), date: None };
    Function::CreatePayment(Box::new(CreatePayment {
        into,
        method: PaymentMethod::CreditCard,
        payer: Payer::Customer("SH-1".into()),
        document_number: "ch_1".into(),
        description: some("Order 9"),
        receipt_date: day(),
        payment_date: Some(day()),
        currency: Some(CurrencyGroup { base: None, currency: "USD".into(), rate: own_currency }),
        action: PostingAction::Submit,
        custom_fields: Vec::new(),
        details: vec![detail],
        overpayment: None,
    }))
}

fn applied(detail: PaymentDetail) -> Function {
    payment(MoneyGoesTo::BankAccount("CHK".into()), detail)
}

fn pays(document: PaidDocument, with: PaidWith) -> PaymentDetail {
    PaymentDetail::new(document, with, 5.into())
}

fn advance() -> Function {
    Function::CreateAdvance(Box::new(CreateAdvance {
        customer_id: "SH-1".into(),
        method: PaymentMethod::CreditCard,
        payment_date: day(),
        receipt_date: day(),
        into: MoneyGoesTo::UndepositedFunds("1190".into()),
        document_number: "ch_2".into(),
        description: some("Order 10"),
        currency: None,
        attachment: None,
        action: PostingAction::Submit,
        custom_fields: Vec::new(),
        items: vec![AdvanceItem {
            account: Account::Gl("2320".into()),
            amount: 5.into(),
            memo: None,
            dimensions: line("ld", 5).dimensions,
        }],
    }))
}

fn other_receipt() -> Function {
    Function::RecordReceipt(Box::new(RecordReceipt {
        date: day(),
        payer: "Guests".into(),
        received: day(),
        method: PaymentMethod::CreditCard,
        into: MoneyGoesTo::UndepositedFunds("1190".into()),
        reference: "SH-G".into(),
        description: some("Gift cards"),
        attachment: None,
        currency: None,
        custom_fields: Vec::new(),
        tax_solution: None,
        lines: vec![line("ld", 5)],
    }))
}

fn deposit() -> Function {
    Function::RecordDeposit(Box::new(RecordDeposit {
        bank_account: "CHK".into(),
        date: day(),
        id: "po_1".into(),
        receipts: vec![1, 2],
        description: some("Payout"),
        attachment: None,
        custom_fields: Vec::new(),
    }))
}

fn application_of_credit() -> Function {
    let documents = vec![AppliedAmount { document: 1, amount: 5.into() }];
    Function::ApplyPayment(Box::new(ApplyPayment { credit: 2, date: day(), memo: some("Refund"), documents }))
}

fn taxed_invoice() -> Function {
    let taxed = Line {
        memo: None,
        tax_entries: vec![TaxEntry { detail: "Standard".into(), tax: Some(1.into()) }],
        account: Account::Label("Sales".into()),
        ..line("l", 5)
    };
    let own_rate = ExchangeRate::Type { name: String::new(), date: None };
    Function::CreateInvoice(Box::new(CreateInvoice {
        posting_date: None,
        due_date: None,
        term: some("Net 30"),
        currency: Some(CurrencyGroup { base: some("GBP"), currency: "GBP".into(), rate: own_rate }),
        tax_solution: some("VAT"),
        ..CreateInvoice::new("SH-1", "SH-9", day(), vec![taxed])
    }))
}

fn count() -> Function {
    let line =
        JournalEntryLine { dimensions: line("l", 1).dimensions, ..JournalEntryLine::new("9001".into(), 5.into()) };
    Function::CreateJournal(Box::new(CreateJournal {
        kind: JournalKind::Statistical,
        ..CreateJournal::new("SJ", "SH-C", "Shipped", day(), vec![line])
    }))
}

fn new_address() -> Function {
    let display_contact = update_contact::ContactChange { email: some("new@example.com"), ..Default::default() };
    Function::UpdateCustomer(Box::new(UpdateCustomer {
        display_contact,
        ..UpdateCustomer::new(RecordReference::Id("SH-1".into()))
    }))
}

fn journal(currency: Option<CurrencyGroup>, dimensions: &str, lines: usize) -> Function {
    let others = lines as u64 - 1;
    let entry = |place: usize| JournalEntryLine {
        memo: some("a thing"),
        dimensions: line(dimensions, 1).dimensions,
        ..JournalEntryLine::new("4000".into(), if place == 0 { others.into() } else { (-1).into() })
    };
    let lines = (0..lines).map(entry).collect();
    Function::CreateJournal(Box::new(CreateJournal {
        currency,
        ..CreateJournal::new("GJ", "SH-S", "A day", day(), lines)
    }))
}

fn person(company: bool, second_line: bool) -> Contact {
    Contact {
        name: some("SH-1 Ann"),
        print_as: "Ann".into(),
        company: company.then(|| "Ann & Co".to_owned()),
        taxable: company.then_some(true),
        first_name: some("Ann"),
        last_name: some("A"),
        phone: company.then(|| "555".to_owned()),
        email: some("ann@example.com"),
        address: Some(Address {
            street_1: some("1 Street"),
            street_2: second_line.then(|| "Floor 2".to_owned()),
            city: some("Austin"),
            state: some("TX"),
            postal_code: some("78701"),
            country: some("United States"),
            country_code: some("US"),
        }),
    }
}

fn customer() -> Function {
    Function::CreateCustomer(Box::new(CreateCustomer {
        customer_id: some("SH-1"),
        name: "Ann".into(),
        display_contact: person(true, true),
        bill_to: None,
        ship_to: None,
        customer_type: some("Web"),
        term: some("Net 30"),
        currency: some("USD"),
        comments: None,
        custom_fields: vec![(FieldName::new("BC_CUSTOMER_ID").unwrap(), "1".into())],
    }))
}

fn by_custom_field() -> Query {
    let filter = Filter::equal("BC_CUSTOMER_ID", "1");
    Query { show_private: false, ..Query::new("CUSTOMER", &["RECORDNO", "CUSTOMERID"], Some(filter)) }
}

fn by_reference() -> Query {
    let fields = ["RECORDNO", "DOCID"];
    let filter = Filter::equal("PONUMBER", "SH-9");
    Query { show_private: false, definition: some("Sales Invoice"), ..Query::new("SODOCUMENT", &fields, Some(filter)) }
}

fn session(location: SessionLocation) -> Function {
    Function::GetApiSession(GetApiSession { location })
}

/// What we write for each sample.
fn ours() -> Vec<(&'static str, Vec<Function>)> {
    let dated = |name: &str| ExchangeRate::Type { name: name.into(), date: Some(day()) };
    let foreign =
        |base: Option<&str>, rate| Some(CurrencyGroup { base: base.map(str::to_owned), currency: "EUR".into(), rate });
    let into = MoneyGoesTo::UndepositedFunds("1190".into());
    let credit_memo = || adjustment(true, vec![line("ldi", -5), line("l", -1)]);
    let contact = Function::CreateContact(Box::new(CreateContact { contact: person(false, false) }));
    let attachment = Function::CreateAttachment(Box::new(CreateAttachment {
        id: "A1".into(),
        name: "Support".into(),
        folder: "Shop".into(),
        description: some("a file"),
        file_name: "a".into(),
        file_type: "csv".into(),
        content: b"a".to_vec(),
    }));
    let invoiced = PaidDocument::Invoice(1);
    let line_by_line = PaymentDetail {
        entry: Some(3),
        credit_entry: Some(4),
        ..pays(PaidDocument::DebitMemo(1), PaidWith::CreditMemo(2))
    };
    let from_advance = PaymentDetail { credit_entry: Some(4), ..pays(invoiced, PaidWith::Advance(2)) };
    let reversed_payment = ReversePayment { payment: 1, date: day(), description: some("Bounced") };
    let reversed_invoice = ReverseInvoice { invoice: 1, date: day(), description: some("Cancelled") };
    let named_ann = Condition::compare("NAME", Comparison::Equal, "Ann");
    let one = |name, function| (name, vec![function]);
    vec![
        one("create_invoice", invoice(None)),
        one("create_invoice.multicurrency", invoice(foreign(Some("USD"), dated("")))),
        one("create_aradjustment.credit-memo", credit_memo()),
        one("create_aradjustment.debit-memo-to-clearing", adjustment(false, vec![line("l", 5)])),
        one("create_ARPYMT", payment(into, pays(invoiced, PaidWith::Cash))),
        one("create_ARPYMT.apply-credit-memo-to-invoice", applied(pays(invoiced, PaidWith::CreditMemo(2)))),
        one("create_ARPYMT.apply-credit-memo-to-debit-memo", applied(line_by_line)),
        one("create_ARPYMT.apply-overpayment", applied(pays(invoiced, PaidWith::Overpayment(2)))),
        one("create_ARPYMT.apply-negative-invoice", applied(pays(invoiced, PaidWith::NegativeInvoice(2)))),
        one("create_ARPYMT.apply-advance", applied(from_advance)),
        one("create_ARADVANCE", advance()),
        one("apply_arpayment.legacy", application_of_credit()),
        one("create_GLBATCH.statistical", count()),
        one("create_invoice.tax-solution", taxed_invoice()),
        one("record_deposit", deposit()),
        one("record_otherreceipt", other_receipt()),
        one("reverse_arpayment.legacy", Function::ReversePayment(Box::new(reversed_payment))),
        one("reverse_invoice", Function::ReverseInvoice(Box::new(reversed_invoice))),
        one("update_CUSTOMER", new_address()),
        one("getDimensions", Function::GetDimensions(GetDimensions)),
        one("get_closedbooksdate", Function::GetClosedBooksDate(GetClosedBooksDate)),
        one("lookup_ARINVOICE", Function::LookUpObject(LookUpObject { object: "ARINVOICE".into() })),
        one("read", Function::Read(Read::new("ARINVOICE", Keys::Numbers(vec![1])))),
        one("readByName", Function::Read(Read::new("CUSTOMER", Keys::Names(vec!["SH-1".into()])))),
        one("readByQuery", Function::ReadByQuery(ReadByQuery::new("CUSTOMER", Some(named_ann)))),
        one("readMore", Function::ReadMore(ReadMore { result_id: "x".into() })),
        one("query_SODOCUMENT-by-referenceno", Function::Query(by_reference())),
        one("create_CONTACT", contact),
        one("create_CUSTOMER", customer()),
        one("create_GLBATCH.daily-summary", journal(None, "ld", 5)),
        one("create_GLBATCH.multicurrency", journal(foreign(None, dated("Spot")), "ld", 2)),
        one("create_GLBATCH.payout", journal(None, "l", 3)),
        one("create_GLBATCH.refund-clearing", journal(None, "ld", 2)),
        one("create_supdoc", attachment),
        one("getAPISession.entity", session(SessionLocation::Entity("100".into()))),
        one("getAPISession", session(SessionLocation::default())),
        one("query_ARINVOICE-by-number", Function::Query(lookup::invoice("SH-9", "SH-1"))),
        one("query_CUSTOMER-by-custom-field", Function::Query(by_custom_field())),
        one("query_CUSTOMER-by-email", Function::Query(lookup::customer_by_email("ann@example.com"))),
        ("transaction-true.credit-memo-and-journal", vec![credit_memo(), journal(None, "ld", 2)]),
    ]
}

/// The elements below one, each with its path, in their order.
fn paths(element: &Element) -> Vec<String> {
    fn walk(prefix: &str, element: &Element, found: &mut Vec<String>) {
        let path = format!("{prefix}/{}", element.name);
        found.push(path.clone());
        element.children.iter().for_each(|child| walk(&path, child, found));
    }
    let mut found = Vec::new();
    walk("", element, &mut found);
    found
}

/// The elements as they are to be compared: of a generic function sorted and without what is optional, of a query (whose
/// parts may stand in any order) sorted and without the fields it asks for, of all others as they stand.
fn shape(function: &Element) -> Vec<String> {
    let mut paths = paths(function);
    match function.name.as_str() {
        "create" => {
            paths.retain(|path| !OPTIONAL.iter().any(|name| path.ends_with(&format!("/{name}"))));
            paths.sort();
        }
        "query" | "readByQuery" | "read" | "readByName" => {
            paths.retain(|path| path != "/query/select/field");
            paths.sort();
        }
        _ => {}
    }
    paths
}

#[test]
fn every_sample_request_that_we_send_has_the_elements_of_ours() {
    let Some(folder) = folder() else { return };
    let samples = files(&folder, ".request.xml");
    let ours = ours();
    for name in samples.keys() {
        let built = ours.iter().filter(|(sample, _)| sample == name).count();
        let known = built + usize::from(NOT_SENT.contains(&name.as_str()));
        assert_eq!(known, 1, "{name} is neither built nor listed as not sent, or both");
    }
    for (name, functions) in ours {
        let request = tree::read(samples.get(name).unwrap_or_else(|| panic!("{name} is no sample"))).unwrap();
        let content = request.find(&["operation", "content"]).unwrap();
        assert_eq!(content.children.len(), functions.len(), "{name}");
        for (theirs, ours) in content.children.iter().zip(functions) {
            assert!(ours.check().is_ok(), "{name}: {:?}", ours.check());
            let ours = tree::read(ours.body().as_bytes()).unwrap();
            let (mut ours, theirs) = (shape(&ours), shape(&theirs.children[0]));
            // We always say that a document is posted; where the sample says so too, it must stand at the same place.
            ours.retain(|path| !path.ends_with("/action") || theirs.contains(path));
            assert_eq!(ours, theirs, "{name}");
        }
    }
}
