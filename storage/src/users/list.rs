//! Paging through the people of a tenant.

use tidewire_protocol::{
    id::TenantId,
    model::{
        pages::SortOrder,
        users::{Role, User, UserSort, UserStatus, UsersQuery},
    },
};

use super::{read, select_user};
use crate::{
    Conn, Result,
    query::{Query, query},
};

macro_rules! sorted {
    ($order:literal) => {
        select_user!(
            "where u.tenant_id = $1 and u.deleted_ms is null \
             and ($2 is null or u.search_text like $2 escape '\\') \
             and ($3 is null or u.status = $3) and ($4 is null or u.role = $4) \
             and ($5 is null or u.profile_id = $5) order by ",
            $order,
            " limit $6 offset $7"
        )
    };
}

// Never signed in counts as longest ago, on both engines.
const fn sql(sort: UserSort, order: SortOrder) -> &'static str {
    match (sort, order) {
        (UserSort::Name, SortOrder::Asc) => sorted!("u.search_text, u.id"),
        (UserSort::Name, SortOrder::Desc) => sorted!("u.search_text desc, u.id desc"),
        (UserSort::Email, SortOrder::Asc) => sorted!("u.email_key, u.id"),
        (UserSort::Email, SortOrder::Desc) => sorted!("u.email_key desc, u.id desc"),
        (UserSort::CreatedAt, SortOrder::Asc) => sorted!("u.created_ms, u.id"),
        (UserSort::CreatedAt, SortOrder::Desc) => sorted!("u.created_ms desc, u.id desc"),
        (UserSort::LastLoginAt, SortOrder::Asc) => {
            sorted!("coalesce(u.last_login_ms, 0), u.id")
        }
        (UserSort::LastLoginAt, SortOrder::Desc) => {
            sorted!("coalesce(u.last_login_ms, 0) desc, u.id desc")
        }
    }
}

/// One page.
pub async fn list(conn: &mut Conn, tenant_id: TenantId, users: &UsersQuery) -> Result<Vec<User>> {
    let rows = filtered(query(sql(users.sort, users.order)), tenant_id, users)
        .bind(i64::from(users.page.limit))
        .bind(users.page.offset())
        .fetch_all(conn)
        .await?;
    rows.iter().map(read).collect()
}

const COUNT: &str = "\
select count(*) from users u where u.tenant_id = $1 and u.deleted_ms is null
  and ($2 is null or u.search_text like $2 escape '\\')
  and ($3 is null or u.status = $3) and ($4 is null or u.role = $4)
  and ($5 is null or u.profile_id = $5)";

/// How many there are on all pages.
pub async fn count(conn: &mut Conn, tenant_id: TenantId, users: &UsersQuery) -> Result<u64> {
    let row = filtered(query(COUNT), tenant_id, users).fetch_one(conn).await?;
    Ok(row.int(0)? as u64)
}

fn filtered(query: Query, tenant_id: TenantId, users: &UsersQuery) -> Query {
    query
        .bind(tenant_id)
        .bind(users.search.as_deref().map(pattern))
        .bind(users.status.map(UserStatus::word))
        .bind(users.role.map(Role::word))
        .bind(users.profile_id)
}

/// A pattern that matches exactly what was typed, anywhere in a text.
pub(super) fn pattern(typed: &str) -> String {
    let mut pattern = String::from("%");
    for c in typed.to_lowercase().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern + "%"
}
