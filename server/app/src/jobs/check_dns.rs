//! Asks DNS about domains whose settings have changed, and again while their records are on the way.

use serde::{Deserialize, Serialize};
use tidewire_storage::outbox::{self, Claimed, Outcome};
use uuid::Uuid;

use crate::{App, Result, email_settings};

/// The kind of outbox rows that are questions to DNS.
pub(crate) const OUTBOX_KIND: &str = "check_dns";

const LEASE_MS: i64 = 60_000;
const BATCH_MAX: u64 = 8;
const AGAIN_MS: i64 = 15 * 60_000;

/// Which version of a tenant's settings is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Payload {
    pub version: i64,
}

/// Asks what is due, a batch at most; answers how much was taken.
pub(crate) async fn check_due(app: &App) -> Result<usize> {
    let claim: Uuid = app.clock.id();
    let now = app.clock.now();
    if !outbox::is_due(&mut app.db.read().await?, OUTBOX_KIND, now).await? {
        return Ok(0);
    }
    let mut conn = app.db.write().await?;
    let lease = (now, now.plus_ms(LEASE_MS));
    let questions = outbox::claim(&mut conn, OUTBOX_KIND, claim, lease, BATCH_MAX).await?;
    conn.commit().await?;
    for question in &questions {
        check(app, claim, question).await?;
    }
    Ok(questions.len())
}

async fn check(app: &App, claim: Uuid, question: &Claimed) -> Result<()> {
    let payload: Option<Payload> = serde_json::from_value(question.payload.clone()).ok();
    let more = match payload {
        Some(payload) => {
            email_settings::check_dns(app, question.tenant_id, payload.version).await?
        }
        None => false,
    };
    let now = app.clock.now();
    let outcome = if more {
        Outcome::Retry { due_at: now.plus_ms(AGAIN_MS), error: "not found yet" }
    } else {
        Outcome::Done
    };
    let mut conn = app.db.write().await?;
    outbox::settle(&mut conn, (question.id, claim), outcome, now).await?;
    Ok(conn.commit().await?)
}
