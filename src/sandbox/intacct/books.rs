//! The books: records, the ledger they make, and the file that keeps them.

mod settlement;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::path::Path;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::chart::{AccountType, MasterData};
use super::records::{
    Attachment, Contact, Customer, Deposit, Dimensions, DocumentState, Journal, LedgerLine, OtherReceipt, Payment,
    Receivable, ReceivableKind, ReceivableLine, TrialBalanceRow,
};
use super::sales::SalesDocument;
use super::values::round;
use super::xml_tree::Element;

/// Everything the company has written down.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Books {
    pub(super) masters: MasterData,
    /// Record number and last change of each master record, as `object/id`.
    #[serde(default)]
    marks: BTreeMap<String, Mark>,
    pub(super) customers: BTreeMap<String, Customer>,
    pub(super) contacts: BTreeMap<String, Contact>,
    pub(super) receivables: BTreeMap<u64, Receivable>,
    pub(super) payments: BTreeMap<u64, Payment>,
    pub(super) journals: BTreeMap<u64, Journal>,
    /// Order Entry documents.
    #[serde(default)]
    pub(super) sales: BTreeMap<u64, SalesDocument>,
    #[serde(default)]
    pub(super) other_receipts: BTreeMap<u64, OtherReceipt>,
    #[serde(default)]
    pub(super) deposits: BTreeMap<u64, Deposit>,
    #[serde(default)]
    pub(super) attachments: BTreeMap<String, Attachment>,
    pub(super) ledger: Vec<LedgerLine>,
    /// Control ids of functions that completed while uniqueness was asked for.
    pub(super) recorded_control_ids: BTreeSet<String>,
    /// The rows of `readByQuery` that were not fetched yet, oldest first. They do not outlive the process.
    #[serde(skip)]
    pub(super) open_results: VecDeque<OpenResult>,
    sequences: Sequences,
}

/// The last numbers given out. Invoices, adjustments and payments share one sequence, as their keys are told apart by number.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sequences {
    master: u64,
    document: u64,
    line: u64,
    batch: u64,
    customer: u64,
    #[serde(default)]
    sales: u64,
}

/// What is left of the answer to one `readByQuery`.
#[derive(Clone, Debug)]
pub(super) struct OpenResult {
    pub(super) id: String,
    pub(super) object: String,
    pub(super) page_size: usize,
    pub(super) total: usize,
    pub(super) rows: VecDeque<Element>,
}

/// What a master record has besides what it says.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) record_no: u64,
    pub(super) modified_at: Timestamp,
}

/// Where a ledger line comes from.
pub(super) struct Source<'a> {
    pub(super) object: &'static str,
    pub(super) record_no: u64,
    pub(super) date: Date,
    pub(super) memo: &'a str,
}

impl Books {
    /// Empty books over these master data, which were entered at that moment.
    pub(super) fn new(masters: MasterData, now: Timestamp) -> Self {
        let mut books = Self::empty(masters);
        books.mark_masters(now);
        books
    }

    fn empty(masters: MasterData) -> Self {
        Self {
            masters,
            marks: BTreeMap::new(),
            customers: BTreeMap::new(),
            contacts: BTreeMap::new(),
            receivables: BTreeMap::new(),
            payments: BTreeMap::new(),
            journals: BTreeMap::new(),
            sales: BTreeMap::new(),
            other_receipts: BTreeMap::new(),
            deposits: BTreeMap::new(),
            attachments: BTreeMap::new(),
            ledger: Vec::new(),
            recorded_control_ids: BTreeSet::new(),
            open_results: VecDeque::new(),
            // Apart from each other, so that a key used for the wrong kind of record is not found by chance.
            sequences: Sequences {
                master: 1_000,
                document: 20_000,
                line: 500_000,
                batch: 6_000,
                customer: 0,
                sales: 0,
            },
        }
    }

    /// Reads books from a file; `None` when there is no such file.
    ///
    /// # Errors
    /// When the file cannot be read or is not a books file.
    pub(super) fn load(path: &Path) -> io::Result<Option<Self>> {
        match std::fs::read(path) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes serialised books in one step: a reader, and a process started after a crash, sees the old or the new books whole.
    /// Not flushed to the disk: it is meant to survive the process, not the machine.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub(super) fn write(path: &Path, books: &[u8]) -> io::Result<()> {
        let mut draft = path.as_os_str().to_owned();
        draft.push(".new");
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(&draft, books)?;
        std::fs::rename(&draft, path)
    }

    /// Numbers the master records that have no number yet.
    pub(super) fn mark_masters(&mut self, now: Timestamp) {
        for (object, id) in self.masters.ids() {
            let last = self.marks.iter().filter(|(name, _)| name.split('/').next() == Some(object));
            let last = last.map(|(_, mark)| mark.record_no).max().unwrap_or_default();
            self.marks.entry(format!("{object}/{id}")).or_insert(Mark { record_no: last + 1, modified_at: now });
        }
    }

    /// Notes that a master record was changed.
    pub(super) fn touch(&mut self, object: &str, id: &str, now: Timestamp) {
        if let Some(mark) = self.marks.get_mut(&format!("{object}/{id}")) {
            mark.modified_at = now;
        }
    }

    /// Number and last change of a master record.
    pub(super) fn mark(&self, object: &str, id: &str) -> Mark {
        self.marks.get(&format!("{object}/{id}")).copied().unwrap_or_default()
    }

    pub(super) fn next_master(&mut self) -> u64 {
        advance(&mut self.sequences.master)
    }

    pub(super) fn next_document(&mut self) -> u64 {
        advance(&mut self.sequences.document)
    }

    pub(super) fn next_line(&mut self) -> u64 {
        advance(&mut self.sequences.line)
    }

    pub(super) fn next_batch(&mut self) -> u64 {
        advance(&mut self.sequences.batch)
    }

    /// The next number of an Order Entry document, apart from those of receivables.
    pub(super) fn next_sales_document(&mut self) -> u64 {
        advance(&mut self.sequences.sales)
    }

    /// The next automatic customer number.
    pub(super) fn next_customer(&mut self, prefix: &str) -> String {
        loop {
            let id = format!("{prefix}{:05}", advance(&mut self.sequences.customer));
            if !self.customers.contains_key(&id) {
                return id;
            }
        }
    }

    /// The receivable of that kind and number of record.
    pub(super) fn receivable(&self, kind: ReceivableKind, record_no: u64) -> Option<&Receivable> {
        self.receivables.get(&record_no).filter(|receivable| receivable.kind == kind)
    }

    /// Whether an invoice has this number.
    pub(super) fn has_invoice(&self, number: &str) -> bool {
        let mut invoices = self.receivables.values().filter(|receivable| receivable.kind == ReceivableKind::Invoice);
        invoices.any(|invoice| invoice.number == number)
    }

    /// Books a debit (positive) or credit (negative) in base currency; nothing when zero.
    pub(super) fn book(&mut self, source: &Source<'_>, account: &str, debit: Decimal, dimensions: &Dimensions) {
        let debit = round(debit);
        if debit.is_zero() {
            return;
        }
        self.ledger.push(LedgerLine {
            date: source.date,
            account: account.to_owned(),
            debit: debit.max(Decimal::ZERO),
            credit: (-debit).max(Decimal::ZERO),
            dimensions: dimensions.clone(),
            memo: source.memo.to_owned(),
            source: source.object.to_owned(),
            source_record_no: source.record_no,
        });
    }

    /// Keeps an invoice or adjustment, and books it when it is posted: receivables against the account of each line.
    pub(super) fn post_receivable(&mut self, receivable: Receivable, to_ledger: bool) {
        let control = self.masters.receivables_account.clone();
        if receivable.state == DocumentState::Posted && to_ledger {
            for line in &receivable.lines {
                let source = Source {
                    object: object_name(receivable.kind),
                    record_no: receivable.record_no,
                    date: receivable.posting_date,
                    memo: &line.memo,
                };
                let mut dimensions = line.dimensions.clone();
                dimensions.customer = Some(receivable.customer_id.clone());
                self.book_line(&source, &control, line, receivable.rate, &dimensions);
            }
        }
        self.receivables.insert(receivable.record_no, receivable);
    }

    /// Books one line with its taxes: `account` is debited for all of it.
    pub(super) fn book_line(
        &mut self,
        source: &Source<'_>,
        account: &str,
        line: &ReceivableLine,
        rate: Decimal,
        dimensions: &Dimensions,
    ) {
        let taxes = line.taxes.iter().map(|tax| (&tax.account, tax.amount));
        for (credited, amount) in std::iter::once((&line.account, line.amount)).chain(taxes) {
            let base = round(amount * rate);
            self.book(source, account, base, dimensions);
            self.book(source, credited, -base, dimensions);
        }
    }

    /// Takes everything a record booked back, on another day.
    pub(super) fn reverse_ledger(&mut self, object: &str, record_no: u64, date: Date) {
        let booked = self.ledger.iter().filter(|line| line.source == object && line.source_record_no == record_no);
        let reversed: Vec<_> =
            booked.map(|line| LedgerLine { date, debit: line.credit, credit: line.debit, ..line.clone() }).collect();
        self.ledger.extend(reversed);
    }

    /// The balance of every account that was posted to. Statistical accounts are no money and are left out.
    pub(super) fn trial_balance(&self) -> Vec<TrialBalanceRow> {
        let mut balances: BTreeMap<&str, Decimal> = BTreeMap::new();
        for line in &self.ledger {
            *balances.entry(&line.account).or_default() += line.debit - line.credit;
        }
        let row = |(number, balance): (&str, Decimal)| {
            let account = self.masters.accounts.get(number);
            if account.is_some_and(|account| account.account_type == AccountType::Statistical) {
                return None;
            }
            Some(TrialBalanceRow {
                account: number.to_owned(),
                title: account.map(|account| account.title.clone()).unwrap_or_default(),
                debit: balance.max(Decimal::ZERO),
                credit: (-balance).max(Decimal::ZERO),
            })
        };
        balances.into_iter().filter_map(row).collect()
    }
}

/// The gateway's name of a kind of receivable.
pub(super) fn object_name(kind: ReceivableKind) -> &'static str {
    match kind {
        ReceivableKind::Invoice => "ARINVOICE",
        ReceivableKind::Adjustment => "ARADJUSTMENT",
    }
}

fn advance(sequence: &mut u64) -> u64 {
    *sequence += 1;
    *sequence
}
