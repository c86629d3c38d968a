//! Leaving a kind of mails by one click (RFC 8058), without signing in: the link is signed, names one
//! person and one kind, and works for ever.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use tidewire_protocol::{
    ErrorCode,
    id::{TenantId, UserId},
    model::{digests::DigestFrequency, notification_preferences::Channel},
    notification_event::EventKey,
};
use tidewire_storage::{
    digests,
    notification_preferences::{self as choices, Choice},
    users,
};
use uuid::Uuid;

use crate::{
    App, Result,
    actor::Request,
    audit::{self, Note},
    digests as own_digests, org_settings,
};

/// What somebody gets no more mails about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Event(EventKey),
    /// Mails that collect several.
    Digest,
}

const DIGEST: &str = "digest";
const IDS_BYTES: usize = 32;
const TAG_BYTES: usize = 32;

impl Subject {
    const fn word(self) -> &'static str {
        match self {
            Self::Event(event) => event.word(),
            Self::Digest => DIGEST,
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        if word == DIGEST { Some(Self::Digest) } else { EventKey::from_word(word).map(Self::Event) }
    }

    /// As people read it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Event(event) => event.title(),
            Self::Digest => "Digest",
        }
    }
}

/// Where a mail of its kind is left.
pub(crate) fn address(app: &App, tenant: TenantId, user: UserId, subject: Subject) -> String {
    format!(
        "{}/api/v1/email/unsubscribe/{}",
        app.config.public_url,
        token(app, tenant, user, subject)
    )
}

fn token(app: &App, tenant: TenantId, user: UserId, subject: Subject) -> String {
    let mut bytes = Vec::with_capacity(IDS_BYTES + 40 + TAG_BYTES);
    bytes.extend_from_slice(tenant.uuid().as_bytes());
    bytes.extend_from_slice(user.uuid().as_bytes());
    bytes.extend_from_slice(subject.word().as_bytes());
    let tag = app.unsubscribe_key.sign(&bytes);
    bytes.extend_from_slice(&tag);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Whose link it is and what it is about; looks nothing up.
fn read(app: &App, token: &str) -> Option<(TenantId, UserId, Subject)> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (signed, tag) = bytes.split_at_checked(bytes.len().checked_sub(TAG_BYTES)?)?;
    if !app.unsubscribe_key.verify(signed, tag) {
        return None;
    }
    let (ids, word) = signed.split_at_checked(IDS_BYTES)?;
    let tenant = TenantId::new(Uuid::from_slice(&ids[..16]).ok()?);
    let user = UserId::new(Uuid::from_slice(&ids[16..]).ok()?);
    Some((tenant, user, Subject::from_word(std::str::from_utf8(word).ok()?)?))
}

/// What a link is about. Changes nothing, so that programs which look at links do no harm.
pub fn preview(app: &App, token: &str) -> Result<Subject> {
    let (_, _, subject) = read(app, token).ok_or(ErrorCode::OneTimeTokenInvalid)?;
    Ok(subject)
}

/// Leaves the mails that a link is about. A second time changes nothing.
pub async fn leave(app: &App, request: &Request, token: &str) -> Result<()> {
    let (tenant, user, subject) = read(app, token).ok_or(ErrorCode::OneTimeTokenInvalid)?;
    let settings = org_settings::of(app, tenant).await?;
    let (owner, at) = ((tenant, user), app.clock.now());
    let mut conn = app.db.write().await?;
    users::lock(&mut conn, tenant, user).await?;
    if users::by_id(&mut conn, tenant, user).await?.is_none() {
        return Err(ErrorCode::OneTimeTokenInvalid.into());
    }
    match subject {
        Subject::Event(event) => {
            let choice = Choice { event, channel: Channel::Email, enabled: false, updated_at: at };
            choices::choose(&mut conn, owner, choice).await?;
        }
        Subject::Digest => {
            let said = digests::settings(&mut conn, owner).await?;
            let mut said = said.unwrap_or_else(|| own_digests::unsaid(&settings));
            said.frequency = DigestFrequency::Never;
            digests::set(&mut conn, owner, &said, at).await?;
        }
    }
    let note = Note {
        tenant_id: tenant,
        action: "notifications.unsubscribed",
        actor_id: Some(user),
        target: Some(("user", user.to_string())),
        detail: json!({ "event": subject.word() }),
    };
    audit::note(app, &mut conn, request, note).await?;
    Ok(conn.commit().await?)
}

#[cfg(test)]
mod tests;
