//! The mirror of a company's master data: its records by kind and id, and how far the reading of each kind is.
//!
//! A reading goes through the records by their number, page by page; each page and how far it got are one transaction, so
//! a reading that broke off is gone on with. The mark moves with the last page only.

mod candidates;
mod refresh;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;

pub use self::candidates::Candidate;
pub use self::refresh::{Page, Reading, RefreshState};
use super::{Store, StoreError};
use crate::accounting::masters::{Facts, Master, MasterData, MasterKind, MasterStatus};
use crate::failpoint::{self, Step};

/// A mirrored record with its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirrored {
    /// Its kind.
    pub kind: MasterKind,
    /// The record.
    pub record: Master,
    /// When it was read last (UTC).
    pub seen_at: Timestamp,
}

/// A row of the table.
struct Row {
    kind: String,
    id: String,
    record_no: i64,
    name: String,
    status: String,
    email: Option<String>,
    facts: serde_json::Value,
    modified: Option<jiff_sqlx::DateTime>,
    seen_at: jiff_sqlx::Timestamp,
}

impl Row {
    fn read(self) -> Result<Mirrored, StoreError> {
        let corrupt = |why: String| StoreError::Corrupt { what: format!("master data {} {}", self.kind, self.id), why };
        let kind = MasterKind::try_from(self.kind.clone()).map_err(corrupt)?;
        let status = MasterStatus::from_text(&self.status);
        let status = status.ok_or_else(|| corrupt(format!("'{}' is no status", self.status)))?;
        let facts: Facts = serde_json::from_value(self.facts).map_err(|error| corrupt(error.to_string()))?;
        let record = Master {
            id: self.id,
            record_no: u64::try_from(self.record_no).unwrap_or_default(),
            name: self.name,
            status,
            email: self.email,
            facts,
            modified: self.modified.map(|modified| modified.to_jiff()),
        };
        Ok(Mirrored { kind, record, seen_at: self.seen_at.to_jiff() })
    }
}

impl Store {
    /// One record of a company, gone ones too; `None` when the mirror has none of that kind and id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn master(&self, company: &str, kind: &MasterKind, id: &str) -> Result<Option<Master>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"select kind, id, record_no, name, status, email, facts, modified as "modified: jiff_sqlx::DateTime",
                      seen_at as "seen_at: jiff_sqlx::Timestamp"
                 from master_record where company = $1 and kind = $2 and id = $3"#,
            company,
            kind.name(),
            id
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| Ok(row.read()?.record)).transpose()
    }

    /// The customers with this e-mail address, whatever its capitals: active ones first, then by record number. An address
    /// is not unique in Intacct. Customers that are gone are left out.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn customers_by_email(&self, company: &str, email: &str) -> Result<Vec<Master>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"select kind, id, record_no, name, status, email, facts, modified as "modified: jiff_sqlx::DateTime",
                      seen_at as "seen_at: jiff_sqlx::Timestamp"
                 from master_record
                where company = $1 and email = lower(trim($2)) and kind = 'customer' and status <> 'gone'
                order by status <> 'active', record_no"#,
            company,
            email
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(|row| Ok(row.read()?.record)).collect()
    }

    /// Records of a company, of one kind when it is given, whose id, name or e-mail address contains `text`, whatever its
    /// capitals; by kind and id after `after`, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn find_masters(
        &self,
        company: &str,
        kind: Option<&MasterKind>,
        text: &str,
        after: Option<(&MasterKind, &str)>,
        limit: u32,
    ) -> Result<Vec<Mirrored>, StoreError> {
        let (after_kind, after_id) = after.map(|(kind, id)| (kind.name(), id)).unwrap_or_default();
        let rows = sqlx::query_as!(
            Row,
            r#"select kind, id, record_no, name, status, email, facts, modified as "modified: jiff_sqlx::DateTime",
                      seen_at as "seen_at: jiff_sqlx::Timestamp"
                 from master_record
                where company = $1 and ($2::text is null or kind = $2) and (kind, id) > ($4, $5)
                  and ($3 = '' or strpos(lower(id || chr(31) || name || chr(31) || coalesce(email, '')), lower($3)) > 0)
                order by kind, id limit $6"#,
            company,
            kind.map(MasterKind::name),
            text,
            after_kind,
            after_id,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Row::read).collect()
    }

    /// Everything of a company that validation looks at: all kinds that are mirrored whole and available, but of customers
    /// those only that cannot be posted to, because there may be very many and an unknown one is no reason to hold.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn master_data(&self, company: &str) -> Result<MasterData, StoreError> {
        let mut masters = MasterData::default();
        for state in self.refresh_states(company).await? {
            if state.is_mirrored() {
                masters.add(state.kind, []);
            }
        }
        let rows = sqlx::query_as!(
            Row,
            r#"select m.kind, m.id, m.record_no, m.name, m.status, m.email, m.facts,
                      m.modified as "modified: jiff_sqlx::DateTime", m.seen_at as "seen_at: jiff_sqlx::Timestamp"
                 from master_record m join master_refresh r on r.company = m.company and r.kind = m.kind
                where m.company = $1 and r.last_full_at is not null and r.unavailable is null
                  and (m.kind <> 'customer' or m.status <> 'active' or m.facts <> '{}')"#,
            company
        )
        .fetch_all(&self.pool)
        .await?;
        for row in rows {
            let found = row.read()?;
            masters.add(found.kind, [found.record]);
        }
        Ok(masters)
    }

    /// Of the kinds that are mirrored whole and available the records named here; what is not there is missing in Intacct.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn named_masters(
        &self,
        company: &str,
        named: impl IntoIterator<Item = (&MasterKind, &str)>,
    ) -> Result<MasterData, StoreError> {
        let mut masters = MasterData::default();
        for state in self.refresh_states(company).await? {
            if state.is_mirrored() {
                masters.add(state.kind, []);
            }
        }
        let (kinds, ids): (Vec<String>, Vec<String>) =
            named.into_iter().map(|(kind, id)| (kind.name(), id.to_owned())).unzip();
        let rows = sqlx::query_as!(
            Row,
            r#"select m.kind, m.id, m.record_no, m.name, m.status, m.email, m.facts,
                      m.modified as "modified: jiff_sqlx::DateTime", m.seen_at as "seen_at: jiff_sqlx::Timestamp"
                 from (select distinct kind, id from unnest($2::text[], $3::text[]) as n (kind, id)) n
                 join master_record m on m.company = $1 and m.kind = n.kind and m.id = n.id
                 join master_refresh r on r.company = $1 and r.kind = m.kind
                where r.last_full_at is not null and r.unavailable is null"#,
            company,
            &kinds,
            &ids
        )
        .fetch_all(&self.pool)
        .await?;
        for row in rows {
            let found = row.read()?;
            masters.add(found.kind, [found.record]);
        }
        Ok(masters)
    }

    /// A number that rises whenever something changed that [`Store::master_data`] reads.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn master_version(&self, company: &str) -> Result<i64, StoreError> {
        let row = sqlx::query!(
            r#"select coalesce(sum(version), 0)::bigint as "version!" from master_refresh where company = $1"#,
            company
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(row.version)
    }

    /// Keeps records outside a reading, for example a customer that was just created: readings bring the rest.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then nothing was written.
    pub async fn keep_masters(&self, company: &str, kind: &MasterKind, records: &[Master]) -> Result<(), StoreError> {
        let _around = failpoint::around(Step::KeepMasters);
        let mut transaction = self.pool.begin().await?;
        let changed = refresh::upsert(&mut transaction, company, kind, records, None).await?;
        refresh::note_change(&mut transaction, company, kind, !changed.is_empty()).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// The time as Postgres takes it.
fn stamp(at: Timestamp) -> jiff_sqlx::Timestamp {
    at.to_sqlx()
}
