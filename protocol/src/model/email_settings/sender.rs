//! Whom mails come from.

use crate::{
    Timestamp,
    input::{Fields, Input, nullable, put},
    limits::NAME_CHARS_MAX,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Sender defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Sender {
    pub from_name: String,
    pub from_email: Option<String>,
    pub reply_to: Option<String>,
    pub updated_at: Option<Timestamp>,
}

impl Default for Sender {
    fn default() -> Self {
        Self {
            from_name: "Tidewire".to_owned(),
            from_email: None,
            reply_to: None,
            updated_at: None,
        }
    }
}

/// `PUT /settings/email/sender`. The operation knows what an address is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeSender {
    #[schema(min_length = 1, max_length = 80)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_name: Option<String>,
    #[schema(min_length = 3, max_length = 254, value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_email: Option<Option<String>>,
    #[schema(min_length = 3, max_length = 254, value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Option<String>>,
}

impl Input for ChangeSender {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self {
            from_name: fields.optional_line("fromName", 1, NAME_CHARS_MAX),
            from_email: nullable(fields, "fromEmail", Fields::email),
            reply_to: nullable(fields, "replyTo", Fields::email),
        })
    }
}

impl ChangeSender {
    pub fn apply(self, sender: &mut Sender) {
        put(&mut sender.from_name, self.from_name);
        put(&mut sender.from_email, self.from_email);
        put(&mut sender.reply_to, self.reply_to);
    }
}

/// The tenant's sender defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SenderData {
    pub sender: Sender,
}
