//! The audit log: every use of power, append-only, each entry chained to the one before it by a hash.

use futures_util::TryStreamExt;
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sha2::{Digest, Sha256};

use super::pool::Transaction;
use super::{Store, StoreError};
use crate::accounting::hash::hexadecimal;
use crate::failpoint::{self, Step};

/// When an entry was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Before anything was done: what was asked for.
    Asked,
    /// After it: how it was answered.
    Answered,
    /// In one transaction with what was done.
    Done,
}

impl Phase {
    /// Its name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Answered => "answered",
            Self::Done => "done",
        }
    }
}

/// An entry to be written.
#[derive(Debug, Clone)]
pub struct NewEntry<'a> {
    /// Who: the token's name.
    pub actor: &'a str,
    /// In which role; empty on the command line.
    pub role: &'a str,
    /// What kind of thing, for example `POST /v1/stores/{store}/orders/{order_id}/replay`.
    pub action: &'a str,
    /// To what, for example `/v1/stores/acme/orders/118/replay`.
    pub subject: &'a str,
    /// When.
    pub phase: Phase,
    /// Joins what was asked and what was answered.
    pub request_id: &'a str,
    /// More.
    pub detail: &'a serde_json::Value,
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its place in the chain, from 1.
    pub seq: i64,
    /// When it was written (UTC).
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// In which role.
    pub role: String,
    /// What kind of thing.
    pub action: String,
    /// To what.
    pub subject: String,
    /// `asked`, `answered` or `done`.
    pub phase: String,
    /// Joins what was asked and what was answered.
    pub request_id: String,
    /// More, as JSON.
    pub detail: String,
    /// The hash of the entry before it.
    pub previous: Vec<u8>,
    /// Its hash.
    pub hash: Vec<u8>,
}

impl AuditEntry {
    /// Its hash in hexadecimal digits.
    pub fn hash_text(&self) -> String {
        hexadecimal(&self.hash)
    }

    /// What its hash must be: over all of it and the hash before it.
    fn expected_hash(&self) -> [u8; 32] {
        let place = (self.seq.to_string(), self.at.as_microsecond().to_string());
        let fields = [
            place.0.as_str(),
            &place.1,
            &self.actor,
            &self.role,
            &self.action,
            &self.subject,
            &self.phase,
            &self.request_id,
            &self.detail,
        ];
        let mut digest = Sha256::new();
        digest.update(&self.previous);
        for field in fields {
            // With its length, so that nothing can move from one field into the next.
            digest.update((field.len() as u64).to_be_bytes());
            digest.update(field.as_bytes());
        }
        digest.finalize().into()
    }
}

/// Writes an entry at the end of the chain, in a transaction of what it tells.
pub(super) async fn append(transaction: &mut Transaction, new: &NewEntry<'_>) -> Result<(), StoreError> {
    let head = sqlx::query!(
        r#"select seq, hash, clock_timestamp() as "now!: jiff_sqlx::Timestamp" from audit_head for update"#
    )
    .fetch_one(&mut **transaction)
    .await?;
    let mut entry = AuditEntry {
        seq: head.seq + 1,
        at: head.now.to_jiff(),
        actor: new.actor.to_owned(),
        role: new.role.to_owned(),
        action: new.action.to_owned(),
        subject: new.subject.to_owned(),
        phase: new.phase.as_str().to_owned(),
        request_id: new.request_id.to_owned(),
        detail: new.detail.to_string(),
        previous: head.hash,
        hash: Vec::new(),
    };
    entry.hash = entry.expected_hash().to_vec();
    sqlx::query!(
        "with head as (update audit_head set seq = $1, hash = $11)
         insert into audit_entry (seq, at, actor, role, action, subject, phase, request_id, detail, previous, hash)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        entry.seq,
        entry.at.to_sqlx() as jiff_sqlx::Timestamp,
        entry.actor,
        entry.role,
        entry.action,
        entry.subject,
        entry.phase,
        entry.request_id,
        entry.detail,
        entry.previous,
        entry.hash
    )
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Which entries to list.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Only by this actor.
    pub actor: Option<String>,
    /// Only entries whose action or subject contains this.
    pub about: Option<String>,
    /// Only entries of this request.
    pub request_id: Option<String>,
    /// Only entries from this moment on (UTC).
    pub from: Option<Timestamp>,
    /// Only entries before this moment (UTC).
    pub to: Option<Timestamp>,
}

/// What a look at the whole chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// Every entry is as it was written, and none is missing.
    Intact {
        /// How many there are.
        entries: i64,
        /// The last hash: noted elsewhere, it proves later that nothing up to here was changed.
        head: String,
    },
    /// Something was changed.
    Broken {
        /// The first entry that is not as it was written.
        seq: i64,
        /// What is wrong with it.
        why: String,
    },
}

impl Store {
    /// Writes an entry by itself.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing was written, and nothing must be done that it was to tell.
    pub async fn audit(&self, new: &NewEntry<'_>) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::Audit);
        let mut transaction = self.pool.begin().await?;
        append(&mut transaction, new).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Entries after `after` that fit, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn audit_entries(
        &self,
        filter: &AuditFilter,
        after: i64,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let rows = sqlx::query!(
            r#"select seq, at as "at: jiff_sqlx::Timestamp", actor, role, action, subject, phase, request_id, detail,
                      previous, hash
                 from audit_entry
                where seq > $1 and ($2::text is null or actor = $2)
                  and ($3::text is null or strpos(action || chr(31) || subject, $3) > 0)
                  and ($4::text is null or request_id = $4)
                  and ($5::timestamptz is null or at >= $5) and ($6::timestamptz is null or at < $6)
                order by seq limit $7"#,
            after,
            filter.actor,
            filter.about,
            filter.request_id,
            filter.from.map(|at| at.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
            filter.to.map(|at| at.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| AuditEntry {
                seq: row.seq,
                at: row.at.to_jiff(),
                actor: row.actor,
                role: row.role,
                action: row.action,
                subject: row.subject,
                phase: row.phase,
                request_id: row.request_id,
                detail: row.detail,
                previous: row.previous,
                hash: row.hash,
            })
            .collect())
    }

    /// Reads the whole chain and checks every hash. `known` is a hash that was noted earlier, with its place: it must
    /// still be there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn verify_audit(&self, known: Option<(i64, &str)>) -> Result<Verification, StoreError> {
        let head = sqlx::query!("select seq, hash from audit_head").fetch_one(&self.pool).await?;
        let mut connection = self.pool.connection_without_deadline().await?;
        let mut rows = sqlx::query!(
            r#"select seq, at as "at: jiff_sqlx::Timestamp", actor, role, action, subject, phase, request_id, detail,
                      previous, hash
                 from audit_entry where seq <= $1 order by seq"#,
            head.seq
        )
        .fetch(&mut *connection);
        let (mut seq, mut previous) = (0, vec![0; 32]);
        while let Some(row) = rows.try_next().await? {
            let entry = AuditEntry {
                seq: row.seq,
                at: row.at.to_jiff(),
                actor: row.actor,
                role: row.role,
                action: row.action,
                subject: row.subject,
                phase: row.phase,
                request_id: row.request_id,
                detail: row.detail,
                previous: row.previous,
                hash: row.hash,
            };
            if let Some(why) = fault(&entry, seq, &previous, known) {
                return Ok(Verification::Broken { seq: seq + 1, why });
            }
            (seq, previous) = (entry.seq, entry.hash);
        }
        if seq != head.seq || previous != head.hash {
            let why = format!("the chain ends at entry {seq}, and entry {} was written", head.seq);
            return Ok(Verification::Broken { seq: seq + 1, why });
        }
        if let Some((place, _)) = known
            && place > seq
        {
            let why = format!("the chain ends at entry {seq}, and the hash of entry {place} was noted");
            return Ok(Verification::Broken { seq: seq + 1, why });
        }
        Ok(Verification::Intact { entries: seq, head: hexadecimal(&previous) })
    }
}

/// What is wrong with an entry that follows entry `seq` with the hash `previous`.
fn fault(entry: &AuditEntry, seq: i64, previous: &[u8], known: Option<(i64, &str)>) -> Option<String> {
    if entry.seq != seq + 1 {
        return Some(format!("entry {} is missing", seq + 1));
    }
    if entry.previous != previous {
        return Some("it does not follow the entry before it".to_owned());
    }
    if entry.hash != entry.expected_hash() {
        return Some("it is not what was written: its hash does not fit".to_owned());
    }
    let (place, noted) = known?;
    (place == entry.seq && !hexadecimal(&entry.hash).eq_ignore_ascii_case(noted))
        .then(|| "its hash is not the one that was noted".to_owned())
}
