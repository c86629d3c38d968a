//! Lists that are read page by page.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::words;
use crate::{
    input::{Fields, Input},
    limits::{INTEGER_MAX, PAGE_DEPTH_MAX, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX},
};

words! {
    /// Which end of a list comes first.
    SortOrder { Asc = "asc", Desc = "desc", }
}

/// Some items of a longer list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub pagination: PagePagination,
}

/// Where a page stands in its list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PagePagination {
    pub page: u64,
    pub limit: u32,
    pub total: u64,
    pub total_pages: u64,
    pub has_more: bool,
}

/// Where a page stands in a list that is read by cursor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CursorPagination {
    pub limit: u32,
    pub next_cursor: Option<String>,
    pub has_more: bool,
}

/// A whole list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Items<T> {
    pub items: Vec<T>,
}

/// Which page: from 1, of at most 100 items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    #[param(required = false, default = 1, minimum = 1)]
    pub page: u64,
    /// More than 100 is lowered to that.
    #[param(required = false, default = 20, minimum = 1, value_type = u64)]
    pub limit: u32,
}

impl PageQuery {
    /// How many items come before this page.
    pub const fn offset(self) -> u64 {
        (self.page - 1) * self.limit as u64
    }

    /// This page of `items`, out of `total`.
    pub fn page_of<T>(self, items: Vec<T>, total: u64) -> Page<T> {
        let total_pages = total.div_ceil(u64::from(self.limit));
        Page {
            items,
            pagination: PagePagination {
                page: self.page,
                limit: self.limit,
                total,
                total_pages,
                has_more: self.page < total_pages,
            },
        }
    }
}

impl Input for PageQuery {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let page = fields.optional_integer("page", 1, INTEGER_MAX).unwrap_or(1) as u64;
        let limit = fields
            .optional_integer("limit", 1, INTEGER_MAX)
            .map_or(PAGE_LIMIT_DEFAULT, |limit| limit.min(i64::from(PAGE_LIMIT_MAX)) as u32);
        if page.saturating_mul(u64::from(limit)) > PAGE_DEPTH_MAX {
            return fields.fail("page", "depth", format!("must end within {PAGE_DEPTH_MAX} items"));
        }
        Some(Self { page, limit })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::input::{FieldError, parse_query};

    fn read(query: &serde_json::Value) -> Result<PageQuery, Vec<FieldError>> {
        parse_query(query.as_object().expect("an object"))
    }

    #[test]
    fn a_large_limit_is_lowered_and_a_deep_page_is_refused() {
        assert_eq!(read(&json!({})), Ok(PageQuery { page: 1, limit: 20 }));
        assert_eq!(read(&json!({"limit": "500"})), Ok(PageQuery { page: 1, limit: 100 }));
        assert_eq!(
            read(&json!({"page": "1000", "limit": "100"})),
            Ok(PageQuery { page: 1_000, limit: 100 })
        );
        assert!(read(&json!({"page": "1001", "limit": "100"})).is_err());
        for bad in ["0", "-1", "abc", "", "1e3"] {
            assert!(read(&json!({ "page": bad })).is_err(), "page {bad}");
            assert!(read(&json!({ "limit": bad })).is_err(), "limit {bad}");
        }
    }

    #[test]
    fn a_page_past_the_end_is_empty_and_the_last() {
        let page = PageQuery { page: 9, limit: 20 }.page_of(Vec::<i32>::new(), 41);
        assert_eq!(page.pagination.total_pages, 3);
        assert!(!page.pagination.has_more);
        assert!(PageQuery { page: 2, limit: 20 }.page_of(vec![0; 20], 41).pagination.has_more);
    }
}
