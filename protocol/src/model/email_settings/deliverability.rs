//! What DNS should say so that others accept the tenant's mail, and what it said.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words;
use crate::{
    Timestamp,
    input::{Fields, Input, host_name, is_host_name, not_a_host, nullable},
    limits::HOST_CHARS_MAX,
};

words! {
    /// What a domain asks others to do with mail that fails its checks.
    DmarcPolicy { None = "none", Quarantine = "quarantine", Reject = "reject", }
}

words! {
    /// How a look-up compares with what is expected. Pending: not found yet, which takes up to 48 hours.
    DnsStatus {
        NotConfigured = "not_configured",
        Pending = "pending",
        Verified = "verified",
        Failed = "failed",
    }
}

/// A record that is expected, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DnsCheck {
    pub status: DnsStatus,
    pub host: Option<String>,
    /// `null` where only the mail provider knows it.
    pub expected: Option<String>,
    pub found: Option<String>,
    pub checked_at: Option<Timestamp>,
}

/// SPF, DKIM and DMARC of the sending domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deliverability {
    pub domain: Option<String>,
    pub dkim_selector: Option<String>,
    pub dmarc_policy: DmarcPolicy,
    pub spf: DnsCheck,
    pub dkim: DnsCheck,
    pub dmarc: DnsCheck,
    pub updated_at: Option<Timestamp>,
}

/// `PUT /settings/email/deliverability`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeDeliverability {
    #[schema(max_length = 253, value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<Option<String>>,
    #[schema(pattern = "^[a-z0-9-]{1,63}$", value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dkim_selector: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dmarc_policy: Option<DmarcPolicy>,
    #[schema(max_length = 253, value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spf_include: Option<Option<String>>,
}

impl Input for ChangeDeliverability {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            domain: nullable(fields, "domain", domain),
            dkim_selector: nullable(fields, "dkimSelector", selector),
            dmarc_policy: fields.optional_word("dmarcPolicy"),
            spf_include: nullable(fields, "spfInclude", record_name),
        })
    }
}

/// A name below a top-level one.
fn domain(fields: &mut Fields<'_>, field: &str) -> Option<String> {
    let name = host_name(fields, field)?;
    if name.contains('.') { Some(name) } else { fields.fail(field, "host", "must be a domain") }
}

/// As a host's name; records may also stand under labels that begin with an underscore.
fn record_name(fields: &mut Fields<'_>, field: &str) -> Option<String> {
    let text = fields.optional_line(field, 1, HOST_CHARS_MAX)?.to_ascii_lowercase();
    let plain: Vec<_> =
        text.split('.').map(|label| label.strip_prefix('_').unwrap_or(label)).collect();
    if is_host_name(&plain.join(".")) { Some(text) } else { not_a_host(fields, field) }
}

fn selector(fields: &mut Fields<'_>, field: &str) -> Option<String> {
    let text = fields.optional_line(field, 1, 63)?;
    if text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        Some(text)
    } else {
        fields.fail(field, "characters", "must be of a-z, 0-9 and -")
    }
}

/// The tenant's deliverability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliverabilityData {
    pub deliverability: Deliverability,
}
