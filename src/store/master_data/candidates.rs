//! Active records of a kind from which a person may pick: those first that have more of the words asked for.

use super::super::{Store, StoreError};
use crate::accounting::masters::MasterKind;

/// A record to pick.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What rules name it by.
    pub id: String,
    /// Its name; may be empty.
    pub name: String,
}

impl Store {
    /// Active records of a kind: those whose id or name has most of `words` (in lower case) first, then by id, at most
    /// `limit`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn master_candidates(
        &self,
        company: &str,
        kind: &MasterKind,
        words: &[String],
        limit: u32,
    ) -> Result<Vec<Candidate>, StoreError> {
        let rows = sqlx::query_as!(
            Candidate,
            "select id, name from master_record
              where company = $1 and kind = $2 and status = 'active'
              order by (select count(*) from unnest($3::text[]) word
                         where strpos(lower(id || chr(31) || name), word) > 0) desc, id
              limit $4",
            company,
            kind.name(),
            words,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        Ok(rows)
    }
}
