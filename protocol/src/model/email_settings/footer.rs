//! What stands below a mail.

use crate::{
    Timestamp,
    input::{Fields, Input, put},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The footer of outgoing mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Footer {
    pub enabled: bool,
    /// As it is sent: what could do harm was taken out.
    pub html: String,
    pub text: String,
    pub show_address: bool,
    pub show_unsubscribe: bool,
    pub updated_at: Option<Timestamp>,
}

impl Default for Footer {
    fn default() -> Self {
        Self {
            enabled: false,
            html: String::new(),
            text: String::new(),
            show_address: true,
            show_unsubscribe: true,
            updated_at: None,
        }
    }
}

/// `PUT /settings/email/footer`. The operation cleans the HTML and knows the limits in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeFooter {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// At most 16 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// At most 4 KB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub show_address: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub show_unsubscribe: Option<bool>,
}

impl Input for ChangeFooter {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let mut text = |field| match fields.value(field) {
            Some(_) => fields.nullable_text(field, usize::MAX).map(Option::unwrap_or_default),
            None => None,
        };
        let (html, text) = (text("html"), text("text"));
        Some(Self {
            enabled: fields.optional_bool("enabled"),
            html,
            text,
            show_address: fields.optional_bool("showAddress"),
            show_unsubscribe: fields.optional_bool("showUnsubscribe"),
        })
    }
}

impl ChangeFooter {
    pub fn apply(self, footer: &mut Footer) {
        put(&mut footer.enabled, self.enabled);
        put(&mut footer.html, self.html);
        put(&mut footer.text, self.text);
        put(&mut footer.show_address, self.show_address);
        put(&mut footer.show_unsubscribe, self.show_unsubscribe);
    }
}

/// The tenant's footer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FooterData {
    pub footer: Footer,
}
