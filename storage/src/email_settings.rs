//! How tenants' mail is sent: a document for each section, and beside it what is no setting but
//! belongs to one, such as the sealed password.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tidewire_protocol::{
    Timestamp,
    id::{TenantId, UserId},
    model::email_settings::{EmailSection, LastTest},
};

use crate::{
    Conn, Result,
    query::{Row, query},
};

/// A section as it is stored. Version 0 was never saved.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    pub body: Value,
    pub version: i64,
    pub updated_at: Option<Timestamp>,
    /// Of the mail server's section.
    pub sealed_password: Option<String>,
    /// Of the mail server's section, since it was saved.
    pub last_test: Option<LastTest>,
    /// Of the deliverability section, since it was saved.
    pub dns: Option<Value>,
}

impl Stored {
    /// What was saved; the defaults stand in for what a row does not say.
    pub fn body<T: DeserializeOwned + Default>(&self) -> Result<T> {
        if self.version == 0 {
            return Ok(T::default());
        }
        serde_json::from_value(self.body.clone()).map_err(|_| crate::Error::Corrupt { column: 0 })
    }
}

const GET: &str = "\
select body, version, updated_ms, sealed_password, last_test, dns from email_settings
where tenant_id = $1 and section = $2";

pub async fn get(
    conn: &mut Conn,
    tenant_id: TenantId,
    section: EmailSection,
) -> Result<Option<Stored>> {
    let row = query(GET).bind(tenant_id).bind(section.word()).fetch_optional(conn).await?;
    row.as_ref().map(read).transpose()
}

const ALL: &str = "\
select body, version, updated_ms, sealed_password, last_test, dns, section from email_settings
where tenant_id = $1";

/// All sections that there are.
pub async fn all(conn: &mut Conn, tenant_id: TenantId) -> Result<Vec<(EmailSection, Stored)>> {
    let rows = query(ALL).bind(tenant_id).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.word(6, EmailSection::from_word)?, read(row)?))).collect()
}

const HOLD: &str = "\
insert into email_settings (tenant_id, section, body, version) values ($1, $2, $3, 0)
on conflict (tenant_id, section) do update set version = email_settings.version
returning body, version, updated_ms, sealed_password, last_test, dns";

/// The section, which nobody else changes until the transaction ends.
pub async fn hold(conn: &mut Conn, tenant_id: TenantId, section: EmailSection) -> Result<Stored> {
    let empty = serde_json::json!({});
    let held = query(HOLD).bind(tenant_id).bind(section.word()).bind_json(&empty);
    read(&held.fetch_one(conn).await?)
}

/// Who saves a section, and when.
#[derive(Debug, Clone, Copy)]
pub struct Saving {
    pub tenant_id: TenantId,
    pub section: EmailSection,
    pub by: UserId,
    pub at: Timestamp,
}

const SAVE: &str = "\
update email_settings set body = $3, sealed_password = $4, last_test = null, dns = null,
  version = version + 1, updated_ms = $5, updated_by = $6
where tenant_id = $1 and section = $2
returning version";

/// Saves a section that is held; answers its new version. What was found out about the old one is
/// forgotten.
pub async fn save(
    conn: &mut Conn,
    saving: Saving,
    body: &impl Serialize,
    sealed_password: Option<&str>,
) -> Result<i64> {
    query(SAVE)
        .bind(saving.tenant_id)
        .bind(saving.section.word())
        .bind_json(body)
        .bind(sealed_password)
        .bind(saving.at)
        .bind(saving.by)
        .fetch_one(conn)
        .await?
        .int(0)
}

const NOTE_TEST: &str = "\
update email_settings set last_test = $4
where tenant_id = $1 and section = $2 and version = $3";

/// Keeps how the mail server of this version was tried.
pub async fn note_test(
    conn: &mut Conn,
    tenant_id: TenantId,
    version: i64,
    test: &LastTest,
) -> Result<()> {
    let noted = query(NOTE_TEST).bind(tenant_id).bind(EmailSection::Smtp.word()).bind(version);
    noted.bind_json(test).execute(conn).await.map(drop)
}

const NOTE_DNS: &str = "\
update email_settings set dns = $4
where tenant_id = $1 and section = $2 and version = $3";

/// Keeps what DNS said about this version.
pub async fn note_dns(
    conn: &mut Conn,
    tenant_id: TenantId,
    version: i64,
    findings: &impl Serialize,
) -> Result<()> {
    let section = EmailSection::Deliverability.word();
    let noted = query(NOTE_DNS).bind(tenant_id).bind(section).bind(version);
    noted.bind_json(findings).execute(conn).await.map(drop)
}

const SEALED: &str = "\
select tenant_id, sealed_password from email_settings
where sealed_password is not null and tenant_id > $1
order by tenant_id limit $2";

/// Sealed passwords of all tenants, in the order of the tenants; for the operator.
pub async fn sealed(
    conn: &mut Conn,
    after: TenantId,
    limit: u64,
) -> Result<Vec<(TenantId, String)>> {
    let rows = query(SEALED).bind(after).bind(limit).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.id(0)?, row.text(1)?))).collect()
}

const RESEAL: &str = "\
update email_settings set sealed_password = $3 where tenant_id = $1 and sealed_password = $2";

/// Puts the same secret under another key. Answers `false` when it was changed meanwhile.
pub async fn reseal(conn: &mut Conn, tenant_id: TenantId, old: &str, new: &str) -> Result<bool> {
    Ok(query(RESEAL).bind(tenant_id).bind(old).bind(new).execute(conn).await? == 1)
}

fn read(row: &Row) -> Result<Stored> {
    Ok(Stored {
        body: row.json(0)?,
        version: row.int(1)?,
        updated_at: row.optional_timestamp(2)?,
        sealed_password: row.get(3)?,
        last_test: row.optional_json(4)?,
        dns: row.optional_json(5)?,
    })
}

#[cfg(test)]
mod tests;
