//! Links sent by mail. Only a token's SHA-256 is known here; it has one purpose and works once.

use tidewire_protocol::{
    Timestamp,
    id::{TenantId, UserId},
};

use crate::{Conn, Result, query::query};

/// What a token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Invitation,
    EmailVerification,
    PasswordReset,
}

impl Purpose {
    const fn word(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::EmailVerification => "email_verification",
            Self::PasswordReset => "password_reset",
        }
    }
}

/// A token to be sent.
#[derive(Debug)]
pub struct NewToken {
    pub hash: [u8; 32],
    pub tenant_id: TenantId,
    pub user_id: UserId,
    pub purpose: Purpose,
    pub at: Timestamp,
    pub expires_at: Timestamp,
}

const SUPERSEDE: &str = "\
update one_time_tokens set used_ms = $4
where tenant_id = $1 and user_id = $2 and purpose = $3 and used_ms is null";

const INSERT: &str = "\
insert into one_time_tokens (hash, tenant_id, user_id, purpose, created_ms, expires_ms)
values ($1, $2, $3, $4, $5, $6)";

/// Makes a person's tokens of one purpose void.
pub async fn void(
    conn: &mut Conn,
    (tenant_id, user_id): (TenantId, UserId),
    purpose: Purpose,
    at: Timestamp,
) -> Result<()> {
    let superseded = query(SUPERSEDE).bind(tenant_id).bind(user_id).bind(purpose.word()).bind(at);
    superseded.execute(conn).await.map(drop)
}

/// Keeps a token and makes older ones of the same purpose void.
pub async fn issue(conn: &mut Conn, token: &NewToken) -> Result<()> {
    void(conn, (token.tenant_id, token.user_id), token.purpose, token.at).await?;
    query(INSERT)
        .bind(&token.hash[..])
        .bind(token.tenant_id)
        .bind(token.user_id)
        .bind(token.purpose.word())
        .bind(token.at)
        .bind(token.expires_at)
        .execute(conn)
        .await
        .map(drop)
}

const VOID_ALL: &str = "\
update one_time_tokens set used_ms = $3 where tenant_id = $1 and user_id = $2 and used_ms is null";

/// Makes all links of a person void.
pub async fn void_all(
    conn: &mut Conn,
    tenant_id: TenantId,
    user_id: UserId,
    at: Timestamp,
) -> Result<()> {
    query(VOID_ALL).bind(tenant_id).bind(user_id).bind(at).execute(conn).await.map(drop)
}

/// A token that was found by its hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    pub tenant_id: TenantId,
    pub user_id: UserId,
    pub expires_at: Timestamp,
    /// Used, or replaced by a newer one.
    pub void: bool,
}

const FIND: &str = "\
select tenant_id, user_id, expires_ms, used_ms from one_time_tokens
where hash = $1 and purpose = $2";

pub async fn find(conn: &mut Conn, hash: [u8; 32], purpose: Purpose) -> Result<Option<Token>> {
    let row = query(FIND).bind(&hash[..]).bind(purpose.word()).fetch_optional(conn).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Token {
        tenant_id: row.id(0)?,
        user_id: row.id(1)?,
        expires_at: row.timestamp(2)?,
        void: row.optional_timestamp(3)?.is_some(),
    }))
}

const CONSUME: &str = "\
update one_time_tokens set used_ms = $3
where hash = $1 and purpose = $2 and used_ms is null and expires_ms > $3";

/// Uses a token up. Of many who try, one is answered `true`.
pub async fn consume(
    conn: &mut Conn,
    hash: [u8; 32],
    purpose: Purpose,
    at: Timestamp,
) -> Result<bool> {
    let consumed = query(CONSUME).bind(&hash[..]).bind(purpose.word()).bind(at);
    Ok(consumed.execute(conn).await? == 1)
}

const PURGE: &str = "delete from one_time_tokens where expires_ms < $1";

/// Forgets tokens that ended before `before`.
pub async fn purge(conn: &mut Conn, before: Timestamp) -> Result<u64> {
    query(PURGE).bind(before).execute(conn).await
}

#[cfg(test)]
mod tests;
