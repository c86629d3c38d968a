//! The keys that stored secrets need, and moving the secrets to the first of them.

use tidewire_protocol::id::TenantId;
use tidewire_storage::email_settings;
use uuid::Uuid;

use super::password_place;
use crate::{App, Result};

const PAGE_MAX: u64 = 500;

/// There are sealed secrets, and none of the configured keys opens one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "none of the stored passwords of mail servers opens: the keys they were sealed with are missing"
)]
pub struct KeysMissing;

/// How secrets fared when they were moved to the first key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resealed {
    pub resealed: u64,
    /// Those that no key opens; they are left as they are.
    pub unopenable: u64,
}

/// Looks at the start whether what is stored can be opened at all. One that cannot is a damaged row;
/// all of them are a key that was lost.
pub async fn require_keys(app: &App) -> Result<Result<(), KeysMissing>> {
    let mut found = false;
    let mut after = TenantId::new(Uuid::nil());
    loop {
        let page = email_settings::sealed(&mut app.db.read().await?, after, PAGE_MAX).await?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        found = true;
        if page.iter().any(|(id, sealed)| app.seal.open(password_place(*id), sealed).is_ok()) {
            return Ok(Ok(()));
        }
    }
    Ok(if found { Err(KeysMissing) } else { Ok(()) })
}

/// Puts every secret under the key that seals now, so that the others can be taken away.
pub async fn reseal_all(app: &App) -> Result<Resealed> {
    let mut done = Resealed::default();
    let mut after = TenantId::new(Uuid::nil());
    loop {
        let page = email_settings::sealed(&mut app.db.read().await?, after, PAGE_MAX).await?;
        let Some((last, _)) = page.last() else { return Ok(done) };
        after = *last;
        for (tenant_id, sealed) in page.iter().filter(|(_, sealed)| !app.seal.is_current(sealed)) {
            match reseal(app, *tenant_id, sealed).await? {
                Some(true) => done.resealed += 1,
                // It was saved anew meanwhile, under the first key.
                Some(false) => {}
                None => done.unopenable += 1,
            }
        }
    }
}

/// `None` for one that does not open.
async fn reseal(app: &App, tenant_id: TenantId, sealed: &str) -> Result<Option<bool>> {
    let place = password_place(tenant_id);
    let Ok(password) = app.seal.open(place, sealed) else { return Ok(None) };
    let Some(renewed) = app.seal.seal(place, &password) else { return Ok(None) };
    let mut conn = app.db.write().await?;
    let replaced = email_settings::reseal(&mut conn, tenant_id, sealed, &renewed).await?;
    conn.commit().await?;
    Ok(Some(replaced))
}
