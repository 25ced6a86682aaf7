//! Changes of the rules that wait for a second person: nobody approves their own, and what is decided is decided once.

use jiff::Timestamp;

use super::rulebook::{NewRevision, insert};
use super::{Store, StoreError};
use crate::failpoint::{self, Step};

/// Where a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalState {
    /// It waits for somebody to decide.
    Open,
    /// It became a revision.
    Approved,
    /// Somebody else refused it.
    Rejected,
    /// Who proposed it took it back.
    Withdrawn,
}

impl ProposalState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Open, Self::Approved, Self::Rejected, Self::Withdrawn];

    /// The stable text, for example `open`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A proposed change of the rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// Its number.
    pub id: i64,
    /// The revision it was made against; 0 when there were no rules.
    pub base: i64,
    /// All rules as they would be after it, made from `base`.
    pub rules: serde_json::Value,
    /// Why.
    pub note: String,
    /// Who proposes it.
    pub proposed_by: String,
    /// When (UTC).
    pub proposed_at: Timestamp,
    /// Where it stands.
    pub state: ProposalState,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When (UTC).
    pub decided_at: Option<Timestamp>,
    /// Why it was decided so; may be empty.
    pub reason: String,
    /// The revision it became.
    pub revision: Option<i64>,
}

/// What became of an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// It is saved as this revision.
    Saved(i64),
    /// Another revision was saved meanwhile; nothing was done.
    MovedOn,
    /// It is not open, or it is the approver's own; nothing was done.
    NotTheirs,
}

/// A row of the table.
struct Row {
    id: i64,
    base_revision: i64,
    rules: serde_json::Value,
    note: String,
    proposed_by: String,
    proposed_at: jiff_sqlx::Timestamp,
    state: String,
    decided_by: Option<String>,
    decided_at: Option<jiff_sqlx::Timestamp>,
    reason: String,
    revision: Option<i64>,
}

impl Row {
    fn read(self) -> Result<Proposal, StoreError> {
        let state = ProposalState::ALL.into_iter().find(|state| state.as_str() == self.state);
        let state = state.ok_or_else(|| StoreError::Corrupt {
            what: format!("the state of rule proposal {}", self.id),
            why: format!("'{}' is no state", self.state),
        })?;
        Ok(Proposal {
            id: self.id,
            base: self.base_revision,
            rules: self.rules,
            note: self.note,
            proposed_by: self.proposed_by,
            proposed_at: self.proposed_at.to_jiff(),
            state,
            decided_by: self.decided_by,
            decided_at: self.decided_at.map(|at| at.to_jiff()),
            reason: self.reason,
            revision: self.revision,
        })
    }
}

impl Store {
    /// Keeps a proposal; its author is who proposes it. Answers it as it is kept.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn propose_rules(&self, new: &NewRevision<'_>) -> Result<Proposal, StoreError> {
        let _around = failpoint::around(Step::ProposeRules);
        let row = sqlx::query!(
            "insert into rule_proposal (store, base_revision, rules, note, proposed_by) values ($1, $2, $3, $4, $5)
             returning id, proposed_at",
            new.store,
            new.base,
            new.rules,
            new.note,
            new.author
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(Proposal {
            id: row.id,
            base: new.base,
            rules: new.rules.clone(),
            note: new.note.to_owned(),
            proposed_by: new.author.to_owned(),
            proposed_at: row.proposed_at.to_jiff(),
            state: ProposalState::Open,
            decided_by: None,
            decided_at: None,
            reason: String::new(),
            revision: None,
        })
    }

    /// One proposal of a store.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn rule_proposal(&self, store: &str, id: i64) -> Result<Option<Proposal>, StoreError> {
        let row = sqlx::query_as!(
            Row,
            r#"select id, base_revision, rules, note, proposed_by, proposed_at as "proposed_at: jiff_sqlx::Timestamp",
                      state, decided_by, decided_at as "decided_at: jiff_sqlx::Timestamp", reason, revision
                 from rule_proposal where store = $1 and id = $2"#,
            store,
            id
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(Row::read).transpose()
    }

    /// Proposals of a store, the newest first, in this state when one is given, those below `before` when it is given, at
    /// most `limit`. Their rules are left out (`null`).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn rule_proposals(
        &self,
        store: &str,
        state: Option<ProposalState>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Proposal>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"select id, base_revision, 'null'::jsonb as "rules!", note, proposed_by,
                      proposed_at as "proposed_at: jiff_sqlx::Timestamp",
                      state, decided_by, decided_at as "decided_at: jiff_sqlx::Timestamp", reason, revision
                 from rule_proposal
                where store = $1 and ($2::text is null or state = $2) and ($3::bigint is null or id < $3)
                order by id desc limit $4"#,
            store,
            state.map(ProposalState::as_str),
            before,
            i64::from(limit)
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Row::read).collect()
    }

    /// Saves an open proposal of somebody else as a revision, all or nothing. `new` are the rules it comes to on the newest
    /// revision, which is `new.base`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn approve_proposal(
        &self,
        id: i64,
        approver: &str,
        new: &NewRevision<'_>,
    ) -> Result<Approval, StoreError> {
        let _around = failpoint::around(Step::ApproveRules);
        let mut transaction = self.pool.begin().await?;
        let Some(revision) = insert(&mut transaction, new, Some(approver)).await? else {
            return Ok(Approval::MovedOn);
        };
        // Who proposed it is compared here and nowhere else, so that no race and no other caller gets around it.
        let taken = sqlx::query!(
            "update rule_proposal set state = 'approved', decided_by = $3, decided_at = now(), revision = $4
              where store = $1 and id = $2 and state = 'open' and lower(proposed_by) <> lower($3)",
            new.store,
            id,
            approver,
            revision
        )
        .execute(&mut *transaction)
        .await?;
        if taken.rows_affected() != 1 {
            transaction.rollback().await?;
            return Ok(Approval::NotTheirs);
        }
        transaction.commit().await?;
        Ok(Approval::Saved(revision))
    }

    /// Rejects an open proposal, or withdraws one of `by`'s own; whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn close_proposal(
        &self,
        store: &str,
        id: i64,
        withdraw: bool,
        by: &str,
        reason: &str,
    ) -> Result<bool, StoreError> {
        let _around = failpoint::around(Step::CloseProposal);
        let state = if withdraw { ProposalState::Withdrawn } else { ProposalState::Rejected };
        let done = sqlx::query!(
            "update rule_proposal set state = $3, decided_by = $4, decided_at = now(), reason = $5
              where store = $1 and id = $2 and state = 'open' and (not $6 or lower(proposed_by) = lower($4))",
            store,
            id,
            state.as_str(),
            by,
            reason,
            withdraw
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}
