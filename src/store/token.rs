//! Tokens of the admin API: who may use it, in which role, until when. Only the hash of a token is stored.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::audit::{self, NewEntry, Phase};
use super::{Store, StoreError};
use crate::failpoint::{self, Step};

/// What a token may do; each role may do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees everything, changes nothing.
    Viewer,
    /// Works on holds, replays, proposes rules.
    Preparer,
    /// Approves what preparers propose; excludes orders, marks postings made by hand.
    Approver,
    /// Manages tokens, webhooks and schedules.
    Admin,
}

impl Role {
    /// All of them, the weakest first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Preparer, Self::Approver, Self::Admin];

    /// Its name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Preparer => "preparer",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|role| role.as_str() == text);
        known.ok_or_else(|| format!("'{text}' is no role: viewer, preparer, approver or admin"))
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A token as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// Its number.
    pub id: i64,
    /// Whose it is: the name in the audit log.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Who made it.
    pub created_by: String,
    /// When (UTC).
    pub created_at: Timestamp,
    /// Until when it is valid (UTC); `None` for ever.
    pub expires_at: Option<Timestamp>,
    /// When it was used last (UTC), to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked (UTC).
    pub revoked_at: Option<Timestamp>,
}

/// A token to be made.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    /// Whose it is.
    pub name: &'a str,
    /// What it may do.
    pub role: Role,
    /// Until when it is valid (UTC); `None` for ever.
    pub expires_at: Option<Timestamp>,
    /// Who makes it.
    pub created_by: &'a str,
}

/// What the audit log calls whoever uses the token of the settings.
pub const OF_SETTINGS: &str = "settings";
/// What it calls whoever uses the command line, before who that is.
pub const OF_COMMAND_LINE: &str = "command line";

/// The name of a token without spaces around it.
///
/// # Errors
/// Why it is none: too long, not visible, or what others go by in the audit log.
pub fn token_name(text: &str) -> Result<&str, &'static str> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err("the name must have 1 to 100 visible characters");
    }
    let lower = name.to_lowercase();
    if lower == OF_SETTINGS || lower.starts_with(OF_COMMAND_LINE) {
        return Err("that name stands for the token of the settings or for the command line");
    }
    Ok(name)
}

/// The hash under which a token is stored. A token is random over its whole length, so a plain hash is enough.
pub fn hash_of(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

struct Row {
    id: i64,
    name: String,
    role: String,
    created_by: String,
    created_at: jiff_sqlx::Timestamp,
    expires_at: Option<jiff_sqlx::Timestamp>,
    last_used_at: Option<jiff_sqlx::Timestamp>,
    revoked_at: Option<jiff_sqlx::Timestamp>,
}

impl Row {
    fn read(self) -> Result<ApiToken, StoreError> {
        let corrupt = |why| StoreError::Corrupt { what: format!("token {}", self.id), why };
        Ok(ApiToken {
            id: self.id,
            role: self.role.parse().map_err(corrupt)?,
            name: self.name,
            created_by: self.created_by,
            created_at: self.created_at.to_jiff(),
            expires_at: self.expires_at.map(|at| at.to_jiff()),
            last_used_at: self.last_used_at.map(|at| at.to_jiff()),
            revoked_at: self.revoked_at.map(|at| at.to_jiff()),
        })
    }
}

impl Store {
    /// Makes a token whose hash is given; `None` when somebody has a valid token of that name. It is in the audit log.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: then none was made.
    pub async fn create_token(&self, new: &NewToken<'_>, hash: &[u8; 32]) -> Result<Option<i64>, StoreError> {
        let _around = failpoint::around(Step::CreateToken);
        let mut transaction = self.pool.begin().await?;
        // One that has expired gives its name free.
        sqlx::query!(
            "update api_token set revoked_at = expires_at, revoked_by = 'expiry'
              where name = $1 and revoked_at is null and expires_at <= now()",
            new.name
        )
        .execute(&mut *transaction)
        .await?;
        let row = sqlx::query!(
            "insert into api_token (name, role, hash, created_by, expires_at) values ($1, $2, $3, $4, $5)
             on conflict (name) where revoked_at is null do nothing returning id",
            new.name,
            new.role.as_str(),
            hash,
            new.created_by,
            new.expires_at.map(|at| at.to_sqlx()) as Option<jiff_sqlx::Timestamp>
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let detail = serde_json::json!({
            "role": new.role.as_str(), "expires_at": new.expires_at.map(|at| at.to_string())
        });
        audit::append(
            &mut transaction,
            &NewEntry {
                actor: new.created_by,
                role: "",
                action: "token create",
                subject: new.name,
                phase: Phase::Done,
                request_id: "",
                detail: &detail,
            },
        )
        .await?;
        transaction.commit().await?;
        Ok(Some(row.id))
    }

    /// The valid token with this hash, noted as used now; `None` when there is none, or it has expired or was revoked.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn use_token(&self, hash: &[u8; 32]) -> Result<Option<ApiToken>, StoreError> {
        let _around = failpoint::around(Step::UseToken);
        let row = sqlx::query_as!(
            Row,
            r#"select id, name, role, created_by, created_at as "created_at: jiff_sqlx::Timestamp",
                      expires_at as "expires_at: jiff_sqlx::Timestamp",
                      last_used_at as "last_used_at: jiff_sqlx::Timestamp",
                      revoked_at as "revoked_at: jiff_sqlx::Timestamp"
                 from api_token
                where hash = $1 and revoked_at is null and (expires_at is null or expires_at > now())"#,
            hash
        )
        .fetch_optional(&self.pool)
        .await?;
        let Some(token) = row.map(Row::read).transpose()? else { return Ok(None) };
        // To the minute is enough, and spares a write for each request.
        sqlx::query!(
            "update api_token set last_used_at = now()
              where id = $1 and (last_used_at is null or last_used_at < now() - interval '1 minute')",
            token.id
        )
        .execute(&self.pool)
        .await?;
        Ok(Some(token))
    }

    /// All tokens, the newest first; revoked ones too.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn tokens(&self) -> Result<Vec<ApiToken>, StoreError> {
        let rows = sqlx::query_as!(
            Row,
            r#"select id, name, role, created_by, created_at as "created_at: jiff_sqlx::Timestamp",
                      expires_at as "expires_at: jiff_sqlx::Timestamp",
                      last_used_at as "last_used_at: jiff_sqlx::Timestamp",
                      revoked_at as "revoked_at: jiff_sqlx::Timestamp"
                 from api_token order by id desc"#
        )
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(Row::read).collect()
    }

    /// Revokes a token for good; answers whether there was a valid one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn revoke_token(&self, id: i64, by: &str) -> Result<bool, StoreError> {
        let _around = failpoint::around(Step::RevokeToken);
        let done = sqlx::query!(
            "update api_token set revoked_at = now(), revoked_by = $2 where id = $1 and revoked_at is null",
            id,
            by
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_goes_by_the_name_of_the_settings_or_the_command_line() {
        assert_eq!(token_name(" anna "), Ok("anna"));
        for name in ["", " ", "a\nb", "Settings", "command line: root", &"x".repeat(101)] {
            assert!(token_name(name).is_err(), "{name}");
        }
    }
}
