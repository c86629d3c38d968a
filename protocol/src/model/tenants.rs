//! Companies on this installation.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{users::User, words};
use crate::{
    Timestamp,
    id::TenantId,
    input::{Fields, Input},
    limits::{COMPANY_NAME_CHARS_MAX, NAME_CHARS_MAX},
};

words! {
    /// Whether a tenant may be used.
    TenantStatus { Active = "active", Suspended = "suspended", }
}

/// A tenant, as its own people see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    pub id: TenantId,
    pub name: String,
    pub slug: String,
    pub status: TenantStatus,
    pub plan: String,
    pub timezone: String,
    pub locale: String,
    pub created_at: Timestamp,
}

/// What a sign-in page may show of a tenant to strangers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantPublic {
    pub name: String,
    pub slug: String,
    pub logo_url: Option<String>,
    pub primary_color: String,
    pub login_message: String,
    pub locale: String,
}

words! {
    /// Why a slug cannot be taken.
    SlugReason { Taken = "taken", Reserved = "reserved", Invalid = "invalid", }
}

/// `POST /tenants/register`: a tenant and its first administrator.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegisterTenant {
    #[schema(min_length = 1, max_length = 120)]
    pub company_name: String,
    #[schema(min_length = 3, max_length = 48, pattern = "^[a-z0-9](?:[a-z0-9-]{1,46}[a-z0-9])$")]
    pub slug: String,
    #[schema(min_length = 3, max_length = 254)]
    pub admin_email: String,
    #[schema(min_length = 8, max_length = 128)]
    pub admin_password: String,
    #[schema(min_length = 1, max_length = 80)]
    pub admin_first_name: String,
    #[schema(min_length = 1, max_length = 80)]
    pub admin_last_name: String,
}

impl Input for RegisterTenant {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let company_name = fields.line("companyName", 1, COMPANY_NAME_CHARS_MAX);
        let slug = fields.line("slug", 1, 200);
        let admin_email = fields.email("adminEmail");
        let admin_password = fields.password("adminPassword");
        let admin_first_name = fields.line("adminFirstName", 1, NAME_CHARS_MAX);
        let admin_last_name = fields.line("adminLastName", 1, NAME_CHARS_MAX);
        Some(Self {
            company_name: company_name?,
            slug: slug?,
            admin_email: admin_email?,
            admin_password: admin_password?,
            admin_first_name: admin_first_name?,
            admin_last_name: admin_last_name?,
        })
    }
}

/// What registering answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Registered {
    pub tenant: Tenant,
    pub user: User,
}

/// `GET /tenants/me`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantData {
    pub tenant: Tenant,
}

/// `GET /tenants/by-slug/:slug`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantPublicData {
    pub tenant: TenantPublic,
}

/// `GET /tenants/check-slug/:slug`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SlugCheck {
    /// As it would be stored.
    pub slug: String,
    pub available: bool,
    pub reason: Option<SlugReason>,
}

/// A tenant, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantRef {
    pub name: String,
    pub slug: String,
}
