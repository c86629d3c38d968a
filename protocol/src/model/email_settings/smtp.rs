//! The tenant's own mail server.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::words;
use crate::{
    Timestamp,
    input::{Fields, Input, is_host_name, not_a_host, nullable},
    limits::HOST_CHARS_MAX,
};

const USERNAME_CHARS_MAX: usize = 255;
const PASSWORD_CHARS_MAX: usize = 512;
const TIMEOUT_SECONDS_DEFAULT: i64 = 10;
const TIMEOUT_SECONDS_MAX: i64 = 30;

words! {
    /// How a connection to a mail server is protected.
    SmtpSecurity { None = "none", Starttls = "starttls", Tls = "tls", }
}

/// The mail server's settings. The password goes in and never comes out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Smtp {
    pub enabled: bool,
    pub host: Option<String>,
    pub port: Option<u16>,
    pub security: SmtpSecurity,
    pub username: Option<String>,
    pub has_password: bool,
    pub timeout_seconds: i64,
    pub updated_at: Option<Timestamp>,
}

impl Default for Smtp {
    fn default() -> Self {
        Self {
            enabled: false,
            host: None,
            port: None,
            security: SmtpSecurity::Starttls,
            username: None,
            has_password: false,
            timeout_seconds: TIMEOUT_SECONDS_DEFAULT,
            updated_at: None,
        }
    }
}

/// `PUT /settings/email/smtp`.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SaveSmtp {
    #[schema(default = true, required = false)]
    pub enabled: bool,
    #[schema(min_length = 1, max_length = 253)]
    pub host: String,
    #[schema(minimum = 1, maximum = 65_535)]
    pub port: u16,
    pub security: SmtpSecurity,
    #[schema(max_length = 255, value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<Option<String>>,
    /// Left out: as it is. `null`: none any more.
    #[schema(max_length = 512, value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Option<String>>,
    #[schema(minimum = 1, maximum = 30, default = 10, required = false)]
    pub timeout_seconds: i64,
}

impl Input for SaveSmtp {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let enabled = fields.optional_bool("enabled").unwrap_or(true);
        let host = host(fields);
        let port = fields.integer("port", 1, 65_535);
        let security = fields.word("security");
        let username = nullable(fields, "username", |fields, field| {
            fields.optional_line(field, 0, USERNAME_CHARS_MAX)
        });
        let password = nullable(fields, "password", password);
        let timeout_seconds = fields.optional_integer("timeoutSeconds", 1, TIMEOUT_SECONDS_MAX);
        Some(Self {
            enabled,
            host: host?,
            port: u16::try_from(port?).ok()?,
            security: security?,
            username: username.map(|username| username.filter(|name| !name.is_empty())),
            password: password.map(|password| password.filter(|password| !password.is_empty())),
            timeout_seconds: timeout_seconds.unwrap_or(TIMEOUT_SECONDS_DEFAULT),
        })
    }
}

/// A name or a plain address, without brackets.
fn host(fields: &mut Fields<'_>) -> Option<String> {
    let text = fields.line("host", 1, HOST_CHARS_MAX)?.to_ascii_lowercase();
    if is_host_name(&text) || text.parse::<IpAddr>().is_ok() {
        Some(text)
    } else {
        not_a_host(fields, "host")
    }
}

fn password(fields: &mut Fields<'_>, field: &str) -> Option<String> {
    let text = fields.value(field)?.as_str();
    match text {
        Some(text) if text.contains(['\0', '\r', '\n']) => {
            fields.fail(field, "characters", "must not contain line breaks")
        }
        Some(text) if text.chars().count() > PASSWORD_CHARS_MAX => {
            fields.fail(field, "length", format!("must have 0 to {PASSWORD_CHARS_MAX} characters"))
        }
        Some(text) => Some(text.to_owned()),
        None => fields.fail(field, "type", "must be a string"),
    }
}

/// The tenant's mail server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SmtpData {
    pub smtp: Smtp,
}

words! {
    /// How a test of the mail server went; a refused address and a closed port are one.
    SmtpTestCode {
        Ok = "OK",
        Unreachable = "UNREACHABLE",
        TlsFailed = "TLS_FAILED",
        AuthFailed = "AUTH_FAILED",
        Rejected = "REJECTED",
    }
}

/// What `POST /settings/email/smtp/test` answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SmtpTested {
    pub ok: bool,
    pub code: SmtpTestCode,
    pub message: String,
    pub tested_at: Timestamp,
}
