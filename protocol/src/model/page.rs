//! Lists: pages by number, pages by cursor, and lists that are short enough to come whole.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    input::Fields,
    limits::{INTEGER_MAX, PAGE_DEPTH_MAX, PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX},
};

/// One page of a list.
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

/// Which page is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PageQuery {
    /// From 1.
    pub page: u64,
    pub limit: u32,
}

impl PageQuery {
    /// Reads `page` and `limit`. A limit above the cap is lowered to it; pages too deep are refused.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let page = fields.optional_integer("page", 1, INTEGER_MAX).unwrap_or(1) as u64;
        let limit = fields
            .optional_integer("limit", 1, INTEGER_MAX)
            .map_or(PAGE_LIMIT_DEFAULT, |limit| limit.min(i64::from(PAGE_LIMIT_MAX)) as u32);
        if page.saturating_mul(u64::from(limit)) > PAGE_DEPTH_MAX {
            let message = format!("page times limit must be at most {PAGE_DEPTH_MAX}");
            return fields.fail("page", "range", message);
        }
        Some(Self { page, limit })
    }

    /// How many items come before this page.
    pub const fn offset(self) -> u64 {
        (self.page - 1) * self.limit as u64
    }

    /// The figures to go with this page of a list of `total` items.
    pub const fn pagination(self, total: u64) -> PagePagination {
        let total_pages = total.div_ceil(self.limit as u64);
        PagePagination {
            page: self.page,
            limit: self.limit,
            total,
            total_pages,
            has_more: self.page < total_pages,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::input::{self, FieldError};

    struct Only(PageQuery);

    impl input::Input for Only {
        fn read(fields: &mut Fields<'_>) -> Option<Self> {
            PageQuery::read(fields).map(Self)
        }
    }

    fn read(query: &serde_json::Value) -> Result<PageQuery, Vec<FieldError>> {
        input::parse_query::<Only>(query.as_object().unwrap()).map(|only| only.0)
    }

    #[test]
    fn a_page_has_defaults_and_a_cap() {
        assert_eq!(read(&json!({})), Ok(PageQuery { page: 1, limit: 20 }));
        assert_eq!(
            read(&json!({"page": "3", "limit": "500"})),
            Ok(PageQuery { page: 3, limit: 100 })
        );
    }

    #[test]
    fn nonsense_and_depth_are_refused() {
        for bad in [json!({"page": "0"}), json!({"page": "abc"}), json!({"limit": "-1"})] {
            assert!(read(&bad).is_err(), "{bad}");
        }
        assert!(read(&json!({"page": "1000", "limit": "100"})).is_ok());
        assert!(read(&json!({"page": "1001", "limit": "100"})).is_err());
    }

    #[test]
    fn a_page_past_the_end_has_no_more() {
        let query = PageQuery { page: 2, limit: 20 };
        assert_eq!(query.offset(), 20);
        assert!(query.pagination(41).has_more);
        assert!(!query.pagination(40).has_more);
        assert_eq!(query.pagination(0).total_pages, 0);
    }
}
