//! Order Entry documents in the books, and the receivables they make: an edit makes those anew under another number.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::books::Books;
use super::records::{Dimensions, Receivable};

/// The state of an Order Entry document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SalesState {
    /// Kept, but nothing is posted.
    Draft,
    /// It counts.
    Pending,
    /// It counts, and nothing can be made from it any more.
    Closed,
}

impl SalesState {
    /// The gateway's word.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Draft => "Draft",
            Self::Pending => "Pending",
            Self::Closed => "Closed",
        }
    }
}

/// A line of an Order Entry document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalesLine {
    /// RECORDNO of the line.
    pub record_no: u64,
    /// Item id.
    pub item: String,
    /// Units.
    pub quantity: Decimal,
    /// The unit.
    pub unit: String,
    /// Price of one unit, in the document's currency.
    pub price: Decimal,
    /// Quantity times price, rounded to the cent.
    pub amount: Decimal,
    /// The account of the item's GL group in the definition.
    pub account: String,
    /// Warehouse id.
    pub warehouse: Option<String>,
    /// Free text.
    pub memo: String,
    /// Its dimensions.
    pub dimensions: Dimensions,
}

/// A subtotal of an Order Entry document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalesSubtotal {
    /// Its description in the definition.
    pub description: String,
    /// What it adds to the document.
    pub amount: Decimal,
    /// Its account in the definition.
    pub account: String,
    /// Its dimensions.
    pub dimensions: Dimensions,
}

/// An Order Entry document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SalesDocument {
    /// RECORDNO; never that of its receivable.
    pub record_no: u64,
    /// DOCID: `<definition>-<number>`.
    pub id: String,
    /// DOCPARID: the transaction definition.
    pub definition: String,
    /// DOCNO.
    pub number: String,
    /// CUSTVENDID.
    pub customer_id: String,
    /// PONUMBER.
    pub reference: String,
    /// MESSAGE.
    pub message: String,
    /// CREATEDFROM: the id of the document it was made from.
    pub created_from: Option<String>,
    /// Date of the document.
    pub date: Date,
    /// Date in the ledger.
    pub posting_date: Date,
    /// Date due.
    pub due_date: Date,
    /// The sender's own id.
    pub external_id: String,
    /// ISO 4217.
    pub currency: String,
    /// Base currency per unit of the document's currency.
    pub rate: Decimal,
    /// Items in order.
    pub items: Vec<SalesLine>,
    /// Subtotals in order.
    pub subtotals: Vec<SalesSubtotal>,
    /// Items and subtotals together.
    pub total: Decimal,
    /// Its state.
    pub state: SalesState,
    /// PRRECORDKEY: RECORDNO of the receivable it posts now.
    pub receivable: Option<u64>,
    /// Custom fields of the header.
    pub custom_fields: BTreeMap<String, String>,
    /// The entity that owns it.
    pub entity: Option<String>,
    /// When it was made (UTC).
    pub recorded_at: Timestamp,
}

impl Books {
    /// The Order Entry document with this id.
    pub(super) fn sales_document(&self, id: &str) -> Option<&SalesDocument> {
        self.sales.values().find(|document| document.id == id)
    }

    /// What editing a document in Intacct does to its receivable: that is deleted and made anew under a new RECORDNO.
    /// Answers the new number; `None` when it has none, or when payments or credits hang on it.
    pub(super) fn edit_sales_document(&mut self, id: &str) -> Option<u64> {
        let document = self.sales.values().find(|document| document.id == id)?;
        let (record_no, old) = (document.record_no, document.receivable?);
        let receivable = self.receivables.get(&old).filter(|receivable| receivable.open == receivable.total)?;
        let anew = Receivable { record_no: 0, ..receivable.clone() };
        let to_ledger = self.ledger.iter().any(|line| line.source_record_no == old);
        self.receivables.remove(&old);
        self.ledger.retain(|line| line.source_record_no != old);
        let number = self.next_document();
        self.post_receivable(Receivable { record_no: number, ..anew }, to_ledger);
        self.sales.get_mut(&record_no)?.receivable = Some(number);
        Some(number)
    }
}
