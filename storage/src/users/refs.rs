//! People as others see them.

use tidewire_protocol::{
    id::{TenantId, UserId},
    model::users::{UserRef, UserRefStatus, display_name},
};

use super::list::pattern;
use crate::{
    Conn, Result,
    dialect::{by_ids, by_numbers},
    query::{Row, query},
};

/// As they are shown to others, those who are gone included; in no order, unknown ids left out.
pub async fn refs(conn: &mut Conn, tenant_id: TenantId, ids: &[UserId]) -> Result<Vec<UserRef>> {
    let sql = by_ids!(
        "select id, number, first_name, last_name, email, avatar, status, deleted_ms from users \
         where tenant_id = $1 and id ",
        "$2",
        ""
    );
    let rows = query(sql).bind(tenant_id).bind(ids).fetch_all(conn).await?;
    rows.iter().map(|row| read_ref(row, 0)).collect()
}

const ACTIVE: &str = "\
select id, number, first_name, last_name, email, avatar, status, deleted_ms from users \
where tenant_id = $1 and status = 'active' and deleted_ms is null \
  and search_text like $2 escape '\\' order by search_text, id limit $3";

/// Active people whose name or address contains `search`, by name, at most `limit`.
pub async fn active(
    conn: &mut Conn,
    tenant_id: TenantId,
    search: Option<&str>,
    limit: u32,
) -> Result<Vec<UserRef>> {
    let rows = query(ACTIVE)
        .bind(tenant_id)
        .bind(pattern(search.unwrap_or_default()))
        .bind(i64::from(limit))
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| read_ref(row, 0)).collect()
}

const SHOWN: &str = "\
select id, number, first_name, last_name, email, avatar, status, deleted_ms, version from users
where tenant_id = $1 and id = $2";

/// A person as shown to others, also one who is gone, and which version of them that is.
pub async fn shown(
    conn: &mut Conn,
    tenant_id: TenantId,
    id: UserId,
) -> Result<Option<(UserRef, i64)>> {
    let row = query(SHOWN).bind(tenant_id).bind(id).fetch_optional(conn).await?;
    row.map(|row| Ok((read_ref(&row, 0)?, row.int(8)?))).transpose()
}

/// As [`refs`], by number.
pub async fn refs_by_numbers(
    conn: &mut Conn,
    tenant_id: TenantId,
    numbers: Vec<i64>,
) -> Result<Vec<UserRef>> {
    let sql = by_numbers!(
        "select id, number, first_name, last_name, email, avatar, status, deleted_ms from users \
         where tenant_id = $1 and number ",
        "$2",
        ""
    );
    let rows = query(sql).bind(tenant_id).bind(numbers).fetch_all(conn).await?;
    rows.iter().map(|row| read_ref(row, 0)).collect()
}

/// Reads eight columns from `at`: id, number, first name, last name, email, avatar, status and the
/// instant of deletion. Nothing personal of the deleted is shown.
pub(crate) fn read_ref(row: &Row, at: usize) -> Result<UserRef> {
    let (id, number) = (row.id(at)?, row.int(at + 1)?);
    if row.optional_timestamp(at + 7)?.is_some() {
        return Ok(UserRef {
            id,
            number,
            display_name: "Deleted user".to_owned(),
            first_name: "Deleted".to_owned(),
            last_name: "user".to_owned(),
            email: None,
            avatar: None,
            status: UserRefStatus::Deleted,
        });
    }
    let (first_name, last_name) = (row.text(at + 2)?, row.text(at + 3)?);
    Ok(UserRef {
        id,
        number,
        display_name: display_name(&first_name, &last_name),
        first_name,
        last_name,
        email: row.get(at + 4)?,
        avatar: row.get(at + 5)?,
        status: row.word(at + 6, UserRefStatus::from_word)?,
    })
}
