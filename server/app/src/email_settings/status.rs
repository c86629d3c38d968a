//! Whether mail is ready to be sent, from what is saved and what was found out.

use tidewire_protocol::model::email_settings::{
    CheckCode, CheckStatus, Compliance, Deliverability, DnsCheck, DnsStatus, EmailSection,
    EmailStatus, Footer, LastTest, MailQueue, MailTransport, ReadinessCheck, Sender, Smtp,
};
use tidewire_storage::{
    email_settings::{self, Stored},
    outbox,
};

use super::deliverability;
use crate::{
    Actor, App, Result, mail,
    org_settings::{self, Settings},
    permission::Permission,
};

const DAY_MS: i64 = 86_400_000;

/// Whether mail can be sent, and what is missing.
pub async fn status(app: &App, actor: &Actor) -> Result<EmailStatus> {
    actor.require(Permission::EmailSettingsRead)?;
    let since = app.clock.now().plus_ms(-DAY_MS);
    let settings = org_settings::of(app, actor.tenant_id()).await?;
    let mut conn = app.db.read().await?;
    let stored = email_settings::all(&mut conn, actor.tenant_id()).await?;
    let counted = outbox::count(&mut conn, actor.tenant_id(), mail::OUTBOX_KIND, since).await?;
    drop(conn);
    let known = Known::read(app, &settings, &stored)?;
    let (pending, failed_24h) = counted;
    Ok(EmailStatus {
        ready: known.has_sender(),
        transport: known.transport,
        checks: known.checks(),
        last_test: known.last_test,
        queue: MailQueue { pending, failed_24h },
    })
}

/// What the status is made of.
struct Known {
    transport: MailTransport,
    last_test: Option<LastTest>,
    sender: Sender,
    compliance: Compliance,
    footer: Footer,
    deliverability: Option<Deliverability>,
}

impl Known {
    fn read(app: &App, settings: &Settings, stored: &[(EmailSection, Stored)]) -> Result<Self> {
        let of = |wanted| stored.iter().find(|(section, _)| *section == wanted).map(|(_, s)| s);
        let saved = of(EmailSection::Smtp).filter(|stored| stored.version > 0);
        let smtp: Option<Smtp> = saved.map(Stored::body).transpose()?;
        let platform = app.config.mail.server.is_some();
        let dns = of(EmailSection::Deliverability);
        Ok(Self {
            transport: match smtp {
                Some(smtp) if smtp.enabled => MailTransport::Tenant,
                _ if platform => MailTransport::Platform,
                _ => MailTransport::None,
            },
            last_test: saved.and_then(|stored| stored.last_test),
            sender: of(EmailSection::Sender).map(Stored::body).transpose()?.unwrap_or_default(),
            compliance: of(EmailSection::Compliance)
                .map(Stored::body)
                .transpose()?
                .unwrap_or_default(),
            footer: of(EmailSection::Footer).map(Stored::body).transpose()?.unwrap_or_default(),
            deliverability: dns
                .map(|stored| deliverability::shown(app, settings, stored))
                .transpose()?,
        })
    }

    /// The operator's server sends from the operator's address.
    fn has_sender(&self) -> bool {
        match self.transport {
            MailTransport::Tenant => self.sender.from_email.is_some(),
            MailTransport::Platform => true,
            MailTransport::None => false,
        }
    }

    fn checks(&self) -> Vec<ReadinessCheck> {
        let dns = |pick: fn(&Deliverability) -> &DnsCheck| {
            of_record(self.deliverability.as_ref().map(|found| pick(found).status))
        };
        [
            (CheckCode::Smtp, self.smtp()),
            (CheckCode::Sender, self.sender()),
            (CheckCode::Compliance, self.compliance()),
            (CheckCode::Footer, self.footer()),
            (CheckCode::Spf, dns(|found| &found.spf)),
            (CheckCode::Dkim, dns(|found| &found.dkim)),
            (CheckCode::Dmarc, dns(|found| &found.dmarc)),
        ]
        .map(|(code, (status, message))| ReadinessCheck {
            code,
            status,
            message: message.to_owned(),
        })
        .into()
    }

    const fn smtp(&self) -> (CheckStatus, &'static str) {
        match (self.transport, &self.last_test) {
            (MailTransport::Tenant, Some(LastTest { ok: true, .. })) => {
                (CheckStatus::Ok, "The mail server was tried and works.")
            }
            (MailTransport::Tenant, Some(_)) => {
                (CheckStatus::Error, "The last test of the mail server failed.")
            }
            (MailTransport::Tenant, None) => {
                (CheckStatus::Warning, "The mail server has not been tried yet.")
            }
            (MailTransport::Platform, _) => {
                (CheckStatus::Ok, "Mail is sent by the platform's server.")
            }
            (MailTransport::None, _) => (CheckStatus::NotConfigured, "There is no mail server."),
        }
    }

    const fn sender(&self) -> (CheckStatus, &'static str) {
        match (self.transport, &self.sender.from_email) {
            (MailTransport::Tenant, Some(_)) => {
                (CheckStatus::Ok, "There is an address to send from.")
            }
            (MailTransport::Platform, _) => {
                (CheckStatus::Ok, "Mail is sent from the platform's address.")
            }
            (MailTransport::None, Some(_)) => {
                (CheckStatus::Warning, "There is an address, and no server to send from it.")
            }
            (MailTransport::Tenant | MailTransport::None, None) => {
                (CheckStatus::NotConfigured, "There is no address to send from.")
            }
        }
    }

    const fn compliance(&self) -> (CheckStatus, &'static str) {
        let compliance = &self.compliance;
        if compliance.gdpr_enabled && compliance.privacy_policy_url.is_none() {
            (CheckStatus::Warning, "A privacy policy is missing.")
        } else if compliance.can_spam_enabled || compliance.gdpr_enabled {
            (CheckStatus::Ok, "What the chosen laws ask for is there.")
        } else {
            (CheckStatus::NotConfigured, "No law has been chosen.")
        }
    }

    const fn footer(&self) -> (CheckStatus, &'static str) {
        match (self.footer.enabled, self.compliance.can_spam_enabled) {
            (true, _) => (CheckStatus::Ok, "Mails have a footer."),
            (false, true) => (CheckStatus::Warning, "The address of the company is not shown."),
            (false, false) => (CheckStatus::NotConfigured, "Mails have no footer."),
        }
    }
}

const fn of_record(status: Option<DnsStatus>) -> (CheckStatus, &'static str) {
    match status {
        Some(DnsStatus::Verified) => (CheckStatus::Ok, "The record is as it should be."),
        Some(DnsStatus::Pending) => (CheckStatus::Warning, "The record was not found yet."),
        Some(DnsStatus::Failed) => (CheckStatus::Error, "The record is missing or different."),
        Some(DnsStatus::NotConfigured) | None => {
            (CheckStatus::NotConfigured, "It is not known what to look for.")
        }
    }
}
