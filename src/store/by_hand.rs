//! Claims that a document was entered in Intacct by hand, and what a look-up made of each.
//!
//! While a claim stands, nothing of its document is sent (see the trigger `document_may_be_sent`): what somebody says is in
//! the books is not posted beside it.

use jiff::Timestamp;

use super::exclusion::lock_order;
use super::inbox::mark;
use super::pool::Transaction;
use super::{Store, StoreError, from_database, to_database};
use crate::failpoint::{self, Step};

/// Where a claim is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimState {
    /// Not looked up yet.
    Open,
    /// Found and equal: the document is posted.
    Accepted,
    /// Not found, or different. Its document is kept back until it is claimed anew or the claim is withdrawn.
    Refused,
    /// Taken back, or followed by another.
    Withdrawn,
}

impl ClaimState {
    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The state of this name.
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Open, Self::Accepted, Self::Refused, Self::Withdrawn];
        all.into_iter().find(|state| state.as_str() == name)
    }

    fn parse(text: &str, id: i64) -> Result<Self, StoreError> {
        Self::named(text).ok_or_else(|| StoreError::Corrupt {
            what: format!("by_hand.state of {id}"),
            why: format!("'{text}' is no state"),
        })
    }
}

/// How the record in Intacct is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundBy {
    /// By its record number; of an Order Entry document by its id.
    RecordNo(String),
    /// By its number.
    Number(String),
}

/// A claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Its number.
    pub id: i64,
    /// The store's name.
    pub store: String,
    /// The document's order.
    pub order_id: u64,
    /// The document.
    pub document_key: String,
    /// How it is found.
    pub found_by: FoundBy,
    /// What was said about it.
    pub note: String,
    /// By whom.
    pub claimed_by: String,
    /// When (UTC).
    pub claimed_at: Timestamp,
    /// Where it is.
    pub state: ClaimState,
    /// The record it was accepted as.
    pub found_record: Option<String>,
    /// Why it was refused.
    pub differences: Option<String>,
    /// When it was looked up (UTC).
    pub settled_at: Option<Timestamp>,
}

/// A claim to be kept.
#[derive(Debug, Clone, Copy)]
pub struct NewClaim<'a> {
    /// The store's name.
    pub store: &'a str,
    /// The document's order.
    pub order_id: u64,
    /// The document.
    pub document_key: &'a str,
    /// How the record is found.
    pub found_by: &'a FoundBy,
    /// What is said about it.
    pub note: &'a str,
    /// Who says so.
    pub claimed_by: &'a str,
}

/// What became of keeping a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// It is kept under this number.
    Claim(i64),
    /// The document is in this state, in which nothing can be claimed of it.
    State(String),
    /// Another claim of the document has not been looked up yet.
    Open(i64),
    /// The order is excluded.
    Excluded,
    /// The order goes into summaries.
    Daily,
    /// There is no such document.
    Unknown,
}

/// What a look-up made of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The record is the document.
    Accepted {
        /// Its record number, or the id of an Order Entry document.
        record_no: String,
    },
    /// It is not.
    Refused {
        /// Why.
        differences: String,
    },
}

struct Row {
    id: i64,
    store: String,
    order_id: i64,
    document_key: String,
    record_no: Option<String>,
    number: Option<String>,
    note: String,
    claimed_by: String,
    claimed_at: jiff_sqlx::Timestamp,
    state: String,
    found_record: Option<String>,
    differences: Option<String>,
    settled_at: Option<jiff_sqlx::Timestamp>,
}

impl TryFrom<Row> for Claim {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let found_by = match (row.record_no, row.number) {
            (Some(record), _) => FoundBy::RecordNo(record),
            (None, number) => FoundBy::Number(number.unwrap_or_default()),
        };
        Ok(Self {
            state: ClaimState::parse(&row.state, row.id)?,
            id: row.id,
            store: row.store,
            order_id: from_database(row.order_id),
            document_key: row.document_key,
            found_by,
            note: row.note,
            claimed_by: row.claimed_by,
            claimed_at: row.claimed_at.to_jiff(),
            found_record: row.found_record,
            differences: row.differences,
            settled_at: row.settled_at.map(|at| at.to_jiff()),
        })
    }
}

/// Whether a claim of a document of an order stands: not looked up yet, or refused. To be asked under the order's lock.
pub(super) async fn is_claimed(transaction: &mut Transaction, store: &str, order_id: u64) -> Result<bool, StoreError> {
    let row = sqlx::query!(
        r#"select exists (select from by_hand
                           where store = $1 and order_id = $2 and state in ('open', 'refused')) as "claimed!""#,
        store,
        to_database(order_id)
    )
    .fetch_one(&mut **transaction)
    .await?;
    Ok(row.claimed)
}

impl Store {
    /// Keeps a claim of a document of an order and marks the order as due. From then on nothing of the document is sent. A
    /// claim of it that was refused before is withdrawn.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing was kept.
    pub async fn claim_by_hand(&self, claim: &NewClaim<'_>) -> Result<Kept, StoreError> {
        let _around = failpoint::around(Step::ClaimByHand);
        let order = to_database(claim.order_id);
        let mut transaction = self.pool.begin().await?;
        // First all documents of the order by their key, then the order: as sending and excluding do.
        let documents = sqlx::query!(
            "select key from document where store = $1 and order_id = $2 order by key collate \"C\" for update",
            claim.store,
            order
        )
        .fetch_all(&mut *transaction)
        .await?;
        if !documents.iter().any(|document| document.key == claim.document_key) {
            return Ok(Kept::Unknown);
        }
        lock_order(&mut transaction, claim.store, order).await?;
        let now = sqlx::query!(
            r#"select d.state,
                      exists (select from order_exclusion e where e.store = $1 and e.order_id = $3) as "excluded!",
                      exists (select from document o where o.store = $1 and o.order_id = $3
                                                       and o.state in ('collected', 'summarised')) as "daily!",
                      (select b.id from by_hand b
                        where b.store = $1 and b.document_key = $2 and b.state = 'open') as open
                 from document d where d.store = $1 and d.key = $2"#,
            claim.store,
            claim.document_key,
            order
        )
        .fetch_one(&mut *transaction)
        .await?;
        match now.open {
            Some(open) => return Ok(Kept::Open(open)),
            None if now.excluded => return Ok(Kept::Excluded),
            None if now.daily => return Ok(Kept::Daily),
            None if now.state == "posted" => return Ok(Kept::State(now.state)),
            None => {}
        }
        sqlx::query!(
            "update by_hand set state = 'withdrawn' where store = $1 and document_key = $2 and state = 'refused'",
            claim.store,
            claim.document_key
        )
        .execute(&mut *transaction)
        .await?;
        let (record_no, number) = match claim.found_by {
            FoundBy::RecordNo(record) => (Some(record), None),
            FoundBy::Number(number) => (None, Some(number)),
        };
        let row = sqlx::query!(
            "insert into by_hand (store, order_id, document_key, record_no, number, note, claimed_by)
             values ($1, $2, $3, $4, $5, $6, $7) returning id",
            claim.store,
            order,
            claim.document_key,
            record_no,
            number,
            claim.note,
            claim.claimed_by
        )
        .fetch_one(&mut *transaction)
        .await?;
        mark(&mut *transaction, claim.store, order).await?;
        transaction.commit().await?;
        Ok(Kept::Claim(row.id))
    }

    /// Records what a look-up made of an open claim. Accepted, the document is posted as that record, when the fate of all
    /// its requests is certain and no other document of the store is that record; `journal` says whether it is a journal
    /// entry, whose record numbers are counted apart.
    ///
    /// # Errors
    /// [`StoreError::Lost`] when the claim or the document has moved on, [`StoreError::Unavailable`]: then nothing was changed.
    pub async fn settle_claim(
        &self,
        claim: &Claim,
        journal: bool,
        verdict: &Verdict,
        answer: Option<&str>,
    ) -> Result<Verdict, StoreError> {
        let _around = failpoint::around(Step::SettleClaim);
        let mut transaction = self.pool.begin().await?;
        let mut verdict = verdict.clone();
        let lost = || StoreError::Lost(format!("the claim {} of {}", claim.id, claim.document_key));
        if let Verdict::Accepted { record_no } = &verdict {
            // One at a time for each store, so that two claims cannot take the same record.
            sqlx::query!("select pg_advisory_xact_lock(hashtextextended('by-hand/' || $1, 0))", claim.store)
                .execute(&mut *transaction)
                .await?;
            let taken = sqlx::query!(
                "select key from document
                  where store = $1 and record_no = $2 and key <> $3 and state = 'posted'
                    and (kind in ('deposit', 'cost-of-goods', 'summary', 'payout', 'dispute', 'entry')
                         or kind = 'correction' and body -> 'detail' ->> 'form' = 'journal') = $4
                  limit 1",
                claim.store,
                record_no,
                claim.document_key,
                journal
            )
            .fetch_optional(&mut *transaction)
            .await?;
            if let Some(other) = taken {
                verdict = Verdict::Refused { differences: format!("record {record_no} is {} already", other.key) };
            }
        }
        let (state, record, differences) = match &verdict {
            Verdict::Accepted { record_no } => (ClaimState::Accepted, Some(record_no), None),
            Verdict::Refused { differences } => (ClaimState::Refused, None, Some(differences)),
        };
        if let Some(record_no) = record {
            let posted = sqlx::query!(
                "update document set state = 'posted', record_no = $3, error = null, settled_at = now(), open_until = null,
                        found_by = 'hand'
                  where store = $1 and key = $2 and state in ('planned', 'rejected', 'unknown')
                    and (open_until is null or (state = 'unknown' and open_until <= now()))",
                claim.store,
                claim.document_key,
                record_no
            )
            .execute(&mut *transaction)
            .await?;
            if posted.rows_affected() != 1 {
                return Err(lost());
            }
        }
        let attempts = sqlx::query_scalar!(
            "select attempts from document where store = $1 and key = $2",
            claim.store,
            claim.document_key
        )
        .fetch_optional(&mut *transaction)
        .await?;
        // A document that is gone has no trail to add to.
        if let Some(attempts) = attempts {
            sqlx::query!(
                "insert into attempt (store, document_key, number, step, at, outcome, answer)
                 values ($1, $2, $3, 'by-hand', clock_timestamp(), $4, $5)",
                claim.store,
                claim.document_key,
                attempts,
                if record.is_some() { "posted" } else { "refused" },
                answer
            )
            .execute(&mut *transaction)
            .await?;
        }
        let settled = sqlx::query!(
            "update by_hand set state = $3, found_record = $4, differences = $5, settled_at = now()
              where store = $1 and id = $2 and state = 'open'",
            claim.store,
            claim.id,
            state.as_str(),
            record,
            differences
        )
        .execute(&mut *transaction)
        .await?;
        if settled.rows_affected() != 1 {
            return Err(lost());
        }
        transaction.commit().await?;
        Ok(verdict)
    }

    /// Takes a claim back that was not accepted, and marks its order as due: its document may be sent again. Answers whether
    /// there is such a claim.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing was changed.
    pub async fn withdraw_claim(&self, store: &str, id: i64) -> Result<bool, StoreError> {
        let _around = failpoint::around(Step::WithdrawClaim);
        let mut transaction = self.pool.begin().await?;
        let order = sqlx::query_scalar!(
            "update by_hand set state = 'withdrawn' where store = $1 and id = $2 and state in ('open', 'refused')
             returning order_id",
            store,
            id
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(order) = order else { return Ok(false) };
        mark(&mut *transaction, store, order).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// The claims of an order that keep a document back: not looked up yet, or refused.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn standing_claims(&self, store: &str, order_id: u64) -> Result<Vec<Claim>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            "select id, store, order_id, document_key, record_no, number, note, claimed_by, claimed_at, state,
                    found_record, differences, settled_at
               from by_hand where store = $1 and order_id = $2 and state in ('open', 'refused') order by id",
            store,
            to_database(order_id)
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Claim::try_from).collect()
    }

    /// Claims of a store by number after `after`, at most `limit`; only those of a document or in a state when they are named.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn claims(
        &self,
        store: &str,
        key: Option<&str>,
        state: Option<&str>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<Claim>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            "select id, store, order_id, document_key, record_no, number, note, claimed_by, claimed_at, state,
                    found_record, differences, settled_at
               from by_hand
              where store = $1 and id > $2 and ($4::text is null or document_key = $4) and ($5::text is null or state = $5)
              order by id limit $3",
            store,
            after,
            i64::from(limit),
            key,
            state
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Claim::try_from).collect()
    }
}
