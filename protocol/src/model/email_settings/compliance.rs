//! What the law of the recipients asks for.

use crate::{
    Timestamp,
    input::{Fields, Input, https_url, nullable, put},
    limits::COMPANY_NAME_CHARS_MAX,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const ADDRESS_CHARS_MAX: usize = 300;
const RETENTION_DAYS_MIN: i64 = 30;
const RETENTION_DAYS_MAX: i64 = 3_650;

/// CAN-SPAM and GDPR settings.
#[expect(clippy::struct_excessive_bools, reason = "switches that are set one by one")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Compliance {
    pub can_spam_enabled: bool,
    pub gdpr_enabled: bool,
    pub company_name: Option<String>,
    pub physical_address: Option<String>,
    pub privacy_policy_url: Option<String>,
    /// `null`: the built-in page.
    pub unsubscribe_url: Option<String>,
    pub one_click_unsubscribe: bool,
    pub consent_confirmed: bool,
    pub retention_days: i64,
    pub updated_at: Option<Timestamp>,
}

impl Default for Compliance {
    fn default() -> Self {
        Self {
            can_spam_enabled: false,
            gdpr_enabled: false,
            company_name: None,
            physical_address: None,
            privacy_policy_url: None,
            unsubscribe_url: None,
            one_click_unsubscribe: true,
            consent_confirmed: false,
            retention_days: 365,
            updated_at: None,
        }
    }
}

/// `PUT /settings/email/compliance`. With `canSpamEnabled`, an address of 10 characters is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeCompliance {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub can_spam_enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gdpr_enabled: Option<bool>,
    #[schema(max_length = 120, value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company_name: Option<Option<String>>,
    #[schema(max_length = 300, value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub physical_address: Option<Option<String>>,
    #[schema(max_length = 2048, value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy_policy_url: Option<Option<String>>,
    #[schema(max_length = 2048, value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsubscribe_url: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_click_unsubscribe: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent_confirmed: Option<bool>,
    #[schema(minimum = 30, maximum = 3650)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<i64>,
}

impl Input for ChangeCompliance {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let company_name = nullable(fields, "companyName", |fields, field| {
            fields.optional_line(field, 0, COMPANY_NAME_CHARS_MAX)
        });
        let retention = (RETENTION_DAYS_MIN, RETENTION_DAYS_MAX);
        Some(Self {
            can_spam_enabled: fields.optional_bool("canSpamEnabled"),
            gdpr_enabled: fields.optional_bool("gdprEnabled"),
            company_name: company_name.map(|name| name.filter(|name| !name.is_empty())),
            physical_address: fields.nullable_text("physicalAddress", ADDRESS_CHARS_MAX),
            privacy_policy_url: nullable(fields, "privacyPolicyUrl", https_url),
            unsubscribe_url: nullable(fields, "unsubscribeUrl", https_url),
            one_click_unsubscribe: fields.optional_bool("oneClickUnsubscribe"),
            consent_confirmed: fields.optional_bool("consentConfirmed"),
            retention_days: fields.optional_integer("retentionDays", retention.0, retention.1),
        })
    }
}

impl ChangeCompliance {
    pub fn apply(self, compliance: &mut Compliance) {
        put(&mut compliance.can_spam_enabled, self.can_spam_enabled);
        put(&mut compliance.gdpr_enabled, self.gdpr_enabled);
        put(&mut compliance.company_name, self.company_name);
        put(&mut compliance.physical_address, self.physical_address);
        put(&mut compliance.privacy_policy_url, self.privacy_policy_url);
        put(&mut compliance.unsubscribe_url, self.unsubscribe_url);
        put(&mut compliance.one_click_unsubscribe, self.one_click_unsubscribe);
        put(&mut compliance.consent_confirmed, self.consent_confirmed);
        put(&mut compliance.retention_days, self.retention_days);
    }
}

/// The tenant's compliance settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ComplianceData {
    pub compliance: Compliance,
}
