//! Documents: stored with their idempotency key before they are sent, and what became of them.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff_sqlx::ToSqlx;
use rust_decimal::Decimal;

pub use super::attempt::{Duplicate, Intent, Outcome};
use super::pool::Transaction;
use super::{Store, StoreError, from_database, to_database};
use crate::failpoint::{self, Step};

/// Where a document is on its way into the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentState {
    /// Stored, not sent.
    Planned,
    /// About to be sent, or sent and not heard of: after a crash this counts as unknown.
    Sending,
    /// In Intacct, with its record number.
    Posted,
    /// Refused by Intacct; nothing was posted.
    Rejected,
    /// Sent without a readable answer: only a look-up may decide.
    Unknown,
    /// Daily mode: waits for the summary of its day; never sent by itself.
    Collected,
    /// Daily mode: a member of a summary, which is a document of its own.
    Summarised,
}

impl DocumentState {
    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sending => "sending",
            Self::Posted => "posted",
            Self::Rejected => "rejected",
            Self::Unknown => "unknown",
            Self::Collected => "collected",
            Self::Summarised => "summarised",
        }
    }

    /// Whether the document stands: in Intacct, by itself or in a summary on its way there. Nothing replaces it any more.
    pub fn stands(self) -> bool {
        matches!(self, Self::Posted | Self::Summarised)
    }

    pub(super) fn parse(text: &str, key: &str) -> Result<Self, StoreError> {
        const ALL: [DocumentState; 7] = [
            DocumentState::Planned,
            DocumentState::Sending,
            DocumentState::Posted,
            DocumentState::Rejected,
            DocumentState::Unknown,
            DocumentState::Collected,
            DocumentState::Summarised,
        ];
        ALL.into_iter().find(|state| state.as_str() == text).ok_or_else(|| StoreError::Corrupt {
            what: format!("document.state of {key}"),
            why: format!("'{text}' is no state"),
        })
    }
}

/// A line of the ledger that a document brings.
#[derive(Debug, Clone, PartialEq)]
pub struct PostingLine {
    /// GL account.
    pub account: String,
    /// Debit in major units, never negative.
    pub debit: Decimal,
    /// Credit in major units, never negative.
    pub credit: Decimal,
    /// Dimensions by name.
    pub dimensions: serde_json::Value,
    /// What the line says.
    pub memo: String,
    /// The rule that chose it.
    pub rule: String,
}

/// A document as planned.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedDocument {
    /// The deterministic key: control id of the posting.
    pub key: String,
    /// The store's name.
    pub store: String,
    /// The order; `None` for a customer.
    pub order_id: Option<u64>,
    /// For example `invoice`.
    pub kind: String,
    /// The number the look-up queries.
    pub number: String,
    /// CUSTOMERID in Intacct.
    pub customer_id: String,
    /// Its currency.
    pub currency: Option<String>,
    /// Its total in major units.
    pub total: Option<Decimal>,
    /// When it counts in the books.
    pub posting_date: Option<Date>,
    /// The whole document.
    pub body: serde_json::Value,
    /// Hash of the document.
    pub content_hash: String,
    /// The evidence it came from.
    pub evidence_hash: Option<String>,
    /// The rulebook revision it came from.
    pub revision: Option<i64>,
    /// Its effect on the ledger.
    pub lines: Vec<PostingLine>,
}

/// A document as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredDocument {
    /// As planned; `lines` are left empty, see [`Store::posting_lines`].
    pub planned: PlannedDocument,
    /// Where it is.
    pub state: DocumentState,
    /// Times it was sent.
    pub attempts: i32,
    /// RECORDNO in Intacct, once posted.
    pub record_no: Option<String>,
    /// The last error.
    pub error: Option<String>,
    /// The request's body for this document, as last sent.
    pub request: Option<String>,
    /// When it was last sent (UTC).
    pub sent_at: Option<Timestamp>,
    /// How long a request of an earlier attempt may still be under way in Intacct; zero when only another look-up is
    /// missing. `None` when its fate is certain. Until then the document keeps its content.
    pub open_for: Option<Duration>,
    /// The summary it is a member of.
    pub summary: Option<Membership>,
    /// What it was last sent together with in one operation that is all or nothing: those with the same mark.
    pub together: Option<String>,
}

impl StoredDocument {
    /// Whether it may be in Intacct, or arrive there, without our knowing: its last attempt has no known end, or was looked
    /// for in vain before it was certain.
    pub fn may_arrive(&self) -> bool {
        self.is_uncertain() || self.open_for.is_some()
    }

    /// How long it must be kept back when it was to be sent with other content and could not be; `None` when the reason is
    /// that somebody else is sending it.
    pub fn kept_back_for(&self) -> Option<Duration> {
        self.open_for.filter(|_| self.state == DocumentState::Planned)
    }

    /// Whether nobody knows the end of its last attempt, so that it has to be looked up before anything else is done.
    pub fn is_uncertain(&self) -> bool {
        matches!(self.state, DocumentState::Sending | DocumentState::Unknown)
            || self.state == DocumentState::Planned && self.open_for == Some(Duration::ZERO)
    }
}

/// The summary a document is a member of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The summary's key.
    pub key: String,
    /// Where the summary is.
    pub state: DocumentState,
}

/// Writes a document with its lines. One whose key exists already is replaced when its state is one of `replaces`, else
/// it stays as it is; so does one whose request may still be under way, unless the content is the same. Answers whether it
/// was written.
pub(super) async fn write(
    transaction: &mut Transaction,
    document: &PlannedDocument,
    state: DocumentState,
    group: Option<&str>,
    replaces: &[DocumentState],
) -> Result<bool, StoreError> {
    let replaces: Vec<String> = replaces.iter().map(|state| state.as_str().to_owned()).collect();
    let written = sqlx::query!(
        "insert into document (key, store, order_id, kind, number, state, customer_id, currency, total,
                               posting_date, body, content_hash, evidence_hash, revision, summary_group)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         on conflict (store, key) do update set
            state = excluded.state, number = excluded.number, customer_id = excluded.customer_id,
            currency = excluded.currency, total = excluded.total, posting_date = excluded.posting_date,
            body = excluded.body, content_hash = excluded.content_hash, evidence_hash = excluded.evidence_hash,
            revision = excluded.revision, summary_group = excluded.summary_group, error = null, retry_at = null
          where document.state = any ($16)
            and (document.open_until is null
                 or excluded.state = 'planned' and excluded.content_hash = document.content_hash)",
        document.key,
        document.store,
        document.order_id.map(to_database),
        document.kind,
        document.number,
        state.as_str(),
        document.customer_id,
        document.currency,
        document.total,
        document.posting_date.map(|date| date.to_sqlx()) as Option<jiff_sqlx::Date>,
        document.body,
        document.content_hash,
        document.evidence_hash,
        document.revision,
        group,
        &replaces
    )
    .execute(&mut **transaction)
    .await?;
    if written.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!("delete from posting_line where store = $1 and document_key = $2", document.store, document.key)
        .execute(&mut **transaction)
        .await?;
    for (position, line) in (1i32..).zip(&document.lines) {
        sqlx::query!(
            "insert into posting_line (store, document_key, position, account, debit, credit, currency, dimensions,
                                       memo, rule)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            document.store,
            document.key,
            position,
            line.account,
            line.debit,
            line.credit,
            document.currency.as_deref().unwrap_or_default(),
            line.dimensions,
            line.memo,
            line.rule
        )
        .execute(&mut **transaction)
        .await?;
    }
    Ok(true)
}

/// Lets the members of a refused summary go: they are collected again, so that they can be mended and summed up anew.
pub(super) async fn release_members(
    transaction: &mut Transaction,
    store: &str,
    summary: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update document set state = 'collected', summary_key = null
          where store = $1 and summary_key = $2 and state = 'summarised'",
        store,
        summary
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

impl Store {
    /// Stores documents as planned. One whose key exists already stays as it is, unless it was never sent (or only
    /// collected for a summary) or was rejected: then the new content replaces the old under the same key.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then none was stored.
    pub async fn plan(&self, documents: &[PlannedDocument]) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::Plan);
        let mut transaction = self.pool.begin().await?;
        for document in documents {
            let replaces = [DocumentState::Planned, DocumentState::Rejected, DocumentState::Collected];
            write(&mut transaction, document, DocumentState::Planned, None, &replaces).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// All documents of an order, in the order they were planned.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn documents(&self, store: &str, order_id: u64) -> Result<Vec<StoredDocument>, StoreError> {
        let mut of_orders = self.documents_of(store, &[order_id]).await?;
        Ok(of_orders.remove(&order_id).unwrap_or_default())
    }

    /// All documents of several orders, by order, each in the order they were planned.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn documents_of(
        &self,
        store: &str,
        order_ids: &[u64],
    ) -> Result<BTreeMap<u64, Vec<StoredDocument>>, StoreError> {
        let ids: Vec<i64> = order_ids.iter().copied().map(to_database).collect();
        let keys = sqlx::query!("select key from document where store = $1 and order_id = any ($2)", store, &ids)
            .fetch_all(&self.pool)
            .await?;
        let keys: Vec<String> = keys.into_iter().map(|row| row.key).collect();
        let mut found: BTreeMap<u64, Vec<StoredDocument>> = BTreeMap::new();
        for document in self.documents_by_key(store, &keys).await? {
            if let Some(order) = document.planned.order_id {
                found.entry(order).or_default().push(document);
            }
        }
        Ok(found)
    }

    /// One document of a store by its key.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn document(&self, store: &str, key: &str) -> Result<Option<StoredDocument>, StoreError> {
        Ok(self.documents_by_key(store, &[key.to_owned()]).await?.pop())
    }

    /// Documents in the order they were planned.
    async fn documents_by_key(&self, store: &str, keys: &[String]) -> Result<Vec<StoredDocument>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query!(
            r#"select d.key, d.store, d.order_id, d.kind, d.number, d.state, d.customer_id, d.currency, d.total,
                      d.posting_date, d.body, d.content_hash, d.evidence_hash, d.revision, d.request, d.attempts,
                      d.record_no, d.error, d.sent_at, d.summary_key, d.together, s.state as "summary_state?",
                      extract(epoch from case when d.open_until > now() then d.open_until - now()
                                              when d.open_until is not null then interval '0' end)::float8 as open_for
                 from document d left join document s on s.store = d.store and s.key = d.summary_key
                where d.store = $1 and d.key = any ($2) order by d.planned_at, d.key"#,
            store,
            keys
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let state = DocumentState::parse(&row.state, &row.key)?;
                let summary = match (row.summary_key, row.summary_state) {
                    (Some(key), Some(state)) => Some(Membership { state: DocumentState::parse(&state, &key)?, key }),
                    _ => None,
                };
                Ok(StoredDocument {
                    summary,
                    state,
                    attempts: row.attempts,
                    record_no: row.record_no,
                    together: row.together,
                    error: row.error,
                    request: row.request,
                    sent_at: row.sent_at.map(|at| at.to_jiff()),
                    open_for: row.open_for.map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default()),
                    planned: PlannedDocument {
                        key: row.key,
                        store: row.store,
                        order_id: row.order_id.map(from_database),
                        kind: row.kind,
                        number: row.number,
                        customer_id: row.customer_id,
                        currency: row.currency,
                        total: row.total,
                        posting_date: row.posting_date.map(|date| date.to_jiff()),
                        body: row.body,
                        content_hash: row.content_hash,
                        evidence_hash: row.evidence_hash,
                        revision: row.revision,
                        lines: Vec::new(),
                    },
                })
            })
            .collect()
    }

    /// The ledger lines of a document.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn posting_lines(&self, store: &str, key: &str) -> Result<Vec<PostingLine>, StoreError> {
        let lines = sqlx::query_as!(
            PostingLine,
            "select account, debit, credit, dimensions, memo, rule from posting_line
              where store = $1 and document_key = $2 order by position",
            store,
            key
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(lines)
    }

    /// Debits and credits of all posted documents of a store by account: our own trial balance.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn trial_balance(&self, store: &str) -> Result<Vec<(String, Decimal, Decimal)>, StoreError> {
        let rows = sqlx::query!(
            r#"select l.account, sum(l.debit) as "debit!", sum(l.credit) as "credit!"
                 from posting_line l join document d on d.store = l.store and d.key = l.document_key
                where d.store = $1 and d.state = 'posted' group by l.account order by l.account"#,
            store
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(|row| (row.account, row.debit, row.credit)).collect())
    }
}
