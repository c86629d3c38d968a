//! Which records a tenant's domain needs so that others accept its mail, and whether it has them.

mod dns;

use serde::{Deserialize, Serialize};
use tidewire_protocol::{
    Timestamp,
    id::TenantId,
    model::email_settings::{
        ChangeDeliverability, Deliverability, DmarcPolicy, DnsCheck, DnsStatus, EmailSection,
    },
};
use tidewire_storage::{
    email_settings::{self, Stored},
    outbox,
};

use super::{Versioned, publish, save};
use crate::{
    Actor, App, Result,
    jobs::check_dns,
    org_settings::{self, Settings},
    permission::Permission,
    versions::Expected,
};

/// A record that was added a moment ago is not seen everywhere at once.
const PENDING_MS: i64 = 48 * 3_600_000;

/// What a tenant has said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wanted {
    domain: Option<String>,
    dkim_selector: Option<String>,
    dmarc_policy: DmarcPolicy,
    spf_include: Option<String>,
}

impl Default for Wanted {
    fn default() -> Self {
        let dmarc_policy = DmarcPolicy::None;
        Self { domain: None, dkim_selector: None, dmarc_policy, spf_include: None }
    }
}

/// What DNS has said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Findings {
    spf: Option<Finding>,
    dkim: Option<Finding>,
    dmarc: Option<Finding>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Finding {
    record: Option<String>,
    at: Timestamp,
}

/// A record that should be there.
struct Guidance {
    host: String,
    /// How such a record begins.
    tag: &'static str,
    /// `None` where only the mail provider knows it.
    expected: Option<String>,
    /// A part that makes it the right one.
    mark: String,
}

/// The guidance and the last results.
pub async fn deliverability(app: &App, actor: &Actor) -> Result<Versioned<Deliverability>> {
    actor.require(Permission::EmailSettingsRead)?;
    let settings = org_settings::of(app, actor.tenant_id()).await?;
    let mut conn = app.db.read().await?;
    let section = EmailSection::Deliverability;
    let stored = email_settings::get(&mut conn, actor.tenant_id(), section).await?;
    Ok(match stored {
        Some(stored) => {
            Versioned { version: stored.version, value: shown(app, &settings, &stored)? }
        }
        None => Versioned {
            version: 0,
            value: view(&Wanted::default(), None, &Findings::default(), (None, app.clock.now())),
        },
    })
}

/// What a stored section comes to now.
pub(super) fn shown(app: &App, settings: &Settings, stored: &Stored) -> Result<Deliverability> {
    let wanted: Wanted = stored.body()?;
    let times = (stored.updated_at, app.clock.now());
    Ok(view(&wanted, settings.support_email(), &findings(stored), times))
}

/// Results in a form that is no longer known count as none.
fn findings(stored: &Stored) -> Findings {
    let findings = stored.dns.clone().and_then(|dns| serde_json::from_value(dns).ok());
    findings.unwrap_or_default()
}

/// `report_to` is where reports about refused mails should go.
fn view(
    wanted: &Wanted,
    report_to: Option<&str>,
    findings: &Findings,
    (updated_at, now): (Option<Timestamp>, Timestamp),
) -> Deliverability {
    let is_new = updated_at.is_some_and(|at| now < at.plus_ms(PENDING_MS));
    Deliverability {
        domain: wanted.domain.clone(),
        dkim_selector: wanted.dkim_selector.clone(),
        dmarc_policy: wanted.dmarc_policy,
        spf: check(wanted.spf(), findings.spf.as_ref(), is_new),
        dkim: check(wanted.dkim(), findings.dkim.as_ref(), is_new),
        dmarc: check(wanted.dmarc(report_to), findings.dmarc.as_ref(), is_new),
        updated_at,
    }
}

impl Wanted {
    fn spf(&self) -> Option<Guidance> {
        let include = self.spf_include.as_ref()?;
        Some(Guidance {
            host: self.domain.clone()?,
            tag: "v=spf1",
            expected: Some(format!("v=spf1 include:{include} ~all")),
            mark: format!("include:{include}"),
        })
    }

    fn dkim(&self) -> Option<Guidance> {
        let (domain, selector) = self.domain.as_ref().zip(self.dkim_selector.as_ref())?;
        Some(Guidance {
            host: format!("{selector}._domainkey.{domain}"),
            tag: "v=DKIM1",
            expected: None,
            mark: "v=DKIM1".to_owned(),
        })
    }

    fn dmarc(&self, report_to: Option<&str>) -> Option<Guidance> {
        let policy = format!("p={}", self.dmarc_policy.word());
        let reports = report_to.map(|address| format!("; rua=mailto:{address}"));
        Some(Guidance {
            host: format!("_dmarc.{}", self.domain.as_ref()?),
            tag: "v=DMARC1",
            expected: Some(format!("v=DMARC1; {policy}{}", reports.unwrap_or_default())),
            mark: policy,
        })
    }
}

fn check(guidance: Option<Guidance>, finding: Option<&Finding>, is_new: bool) -> DnsCheck {
    let Some(guidance) = guidance else {
        let status = DnsStatus::NotConfigured;
        return DnsCheck { status, host: None, expected: None, found: None, checked_at: None };
    };
    let found = finding.and_then(|finding| finding.record.clone());
    let status = match (&found, finding) {
        (Some(record), _) if guidance.is_met_by(record) => DnsStatus::Verified,
        (Some(_), _) => DnsStatus::Failed,
        (None, Some(_)) if !is_new => DnsStatus::Failed,
        (None, _) => DnsStatus::Pending,
    };
    DnsCheck {
        status,
        host: Some(guidance.host),
        expected: guidance.expected,
        found,
        checked_at: finding.map(|finding| finding.at),
    }
}

impl Guidance {
    /// The terms of a record stand between spaces or semicolons.
    fn is_met_by(&self, record: &str) -> bool {
        record.split([' ', ';']).any(|term| term.eq_ignore_ascii_case(&self.mark))
    }
}

/// Changes what is expected, and has DNS asked.
pub async fn change_deliverability(
    app: &App,
    actor: &Actor,
    change: ChangeDeliverability,
    expected: &Expected,
) -> Result<Versioned<Deliverability>> {
    actor.require(Permission::EmailSettingsManage)?;
    let (tenant_id, at) = (actor.tenant_id(), app.clock.now());
    let settings = org_settings::of(app, tenant_id).await?;
    let mut conn = app.db.write().await?;
    let stored = email_settings::hold(&mut conn, tenant_id, EmailSection::Deliverability).await?;
    expected.require(stored.version)?;
    let before: Wanted = stored.body()?;
    let after = merged(change, &before);
    let place = (EmailSection::Deliverability, "email_settings.deliverability_updated");
    let version = save(app, &mut conn, actor, place, (&before, &after), None).await?;
    if after.domain.is_some() {
        let payload = check_dns::Payload { version };
        let key = (app.clock.id(), tenant_id);
        outbox::put(&mut conn, key, check_dns::OUTBOX_KIND, &payload, at).await?;
    }
    conn.commit().await?;
    app.dns_queued.notify_one();
    publish(app, tenant_id, EmailSection::Deliverability).await;
    let value = view(&after, settings.support_email(), &Findings::default(), (Some(at), at));
    Ok(Versioned { value, version })
}

fn merged(change: ChangeDeliverability, before: &Wanted) -> Wanted {
    Wanted {
        domain: change.domain.unwrap_or_else(|| before.domain.clone()),
        dkim_selector: change.dkim_selector.unwrap_or_else(|| before.dkim_selector.clone()),
        dmarc_policy: change.dmarc_policy.unwrap_or(before.dmarc_policy),
        spf_include: change.spf_include.unwrap_or_else(|| before.spf_include.clone()),
    }
}

/// Asks DNS about one version of the settings. Answers whether something is still to come.
pub(crate) async fn check_dns(app: &App, tenant_id: TenantId, version: i64) -> Result<bool> {
    let section_name = EmailSection::Deliverability;
    let mut conn = app.db.read().await?;
    let stored = email_settings::get(&mut conn, tenant_id, section_name).await?;
    drop(conn);
    // A newer version has had its own question queued.
    let Some(stored) = stored.filter(|stored| stored.version == version) else { return Ok(false) };
    let wanted: Wanted = stored.body()?;
    let before = findings(&stored);
    let found = look_up(app, &wanted, before.clone()).await;
    if found != before {
        let mut conn = app.db.write().await?;
        email_settings::note_dns(&mut conn, tenant_id, version, &found).await?;
        conn.commit().await?;
        publish(app, tenant_id, section_name).await;
    }
    let seen = view(&wanted, None, &found, (stored.updated_at, app.clock.now()));
    let is_pending = |check: &DnsCheck| check.status == DnsStatus::Pending;
    Ok([&seen.spf, &seen.dkim, &seen.dmarc].into_iter().any(is_pending))
}

/// What cannot be asked now stays as it was.
async fn look_up(app: &App, wanted: &Wanted, before: Findings) -> Findings {
    let Some(resolver) = dns::resolver(&app.config.mail) else { return before };
    let ask = async |guidance: Option<Guidance>, known: Option<Finding>| {
        let guidance = guidance?;
        match dns::text_record(&resolver, &guidance.host, guidance.tag).await {
            Ok(record) => Some(Finding { record, at: app.clock.now() }),
            Err(dns::NoAnswer) => known,
        }
    };
    let (spf, dkim, dmarc) = tokio::join!(
        ask(wanted.spf(), before.spf),
        ask(wanted.dkim(), before.dkim),
        ask(wanted.dmarc(None), before.dmarc),
    );
    Findings { spf, dkim, dmarc }
}

#[cfg(test)]
mod tests;
