//! `tidewire admin …`: what the operator does beside the nodes that serve, or before any does.

use std::{
    fs::OpenOptions,
    io::{BufWriter, Write},
    os::unix::fs::OpenOptionsExt as _,
};

use anyhow::{Context as _, bail};
use serde_json::json;
use tidewire_app::{
    App,
    operator::{self, Link, LinkKind, NewSuper},
    seed::{self, SeedPlan},
};

use crate::{
    config::{Admin, Listing, NewOperator, Seed, Settings},
    node,
};

/// Does what was asked for and writes what came of it to `out`.
pub async fn run(settings: &Settings, act: Admin, out: &mut impl Write) -> anyhow::Result<()> {
    let open = || node::open(settings);
    match act {
        Admin::Seed(plan) => make_people(settings, plan).await,
        Admin::Suspend(company) => suspend(&open().await?, &company.tenant, true, out).await,
        Admin::Resume(company) => suspend(&open().await?, &company.tenant, false, out).await,
        Admin::Link(person) => {
            show(out, &operator::link(&open().await?, &person.company.tenant, &person.email).await?)
        }
        Admin::ResetAdministrator(person) => {
            let tenant = &person.company.tenant;
            show(out, &operator::reset_administrator(&open().await?, tenant, &person.email).await?)
        }
        Admin::CreateSuper(NewOperator { email, first_name, last_name }) => {
            let new = NewSuper { email, first_name, last_name };
            show(out, &operator::create_super(&open().await?, new).await?)
        }
        Admin::Outbox(listing) => list_troubled(&open().await?, &listing, out).await,
        Admin::RotateKeys(rotation) => {
            let rotated = operator::rotate_keys(&open().await?, rotation.leaked).await?;
            writeln!(
                out,
                "key {} signs from {}; the one before it is accepted until {}",
                rotated.generation, rotated.signs_from, rotated.previous_until
            )
            .context(CANNOT_WRITE)
        }
        Admin::Reseal => reseal(&open().await?, out).await,
    }
}

const CANNOT_WRITE: &str = "cannot write the answer";

async fn suspend(
    app: &App,
    tenant: &str,
    suspended: bool,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let is_new = operator::set_suspended(app, tenant, suspended).await?;
    let state = if suspended { "suspended" } else { "active" };
    let already = if is_new { "" } else { " already" };
    writeln!(out, "{tenant} is{already} {state}").context(CANNOT_WRITE)
}

fn show(out: &mut impl Write, link: &Link) -> anyhow::Result<()> {
    let purpose = match link.kind {
        LinkKind::Invitation => "accept the invitation",
        LinkKind::PasswordReset => "choose a new password",
    };
    writeln!(out, "{}", link.url)
        .and_then(|()| writeln!(out, "works once, until {}, to {purpose}", link.expires_at))
        .context(CANNOT_WRITE)
}

async fn list_troubled(app: &App, listing: &Listing, out: &mut impl Write) -> anyhow::Result<()> {
    for work in operator::troubled(app, listing.limit).await? {
        let line = if listing.json {
            serde_json::to_string(&work).context("work has text keys")?
        } else {
            let tenant = work.tenant.as_deref().unwrap_or("-");
            let again = work.due_at.map(|at| format!(", again at {at}")).unwrap_or_default();
            format!(
                "{} {} {tenant} {} {} after {} tries{again}: {}",
                work.created_at, work.id, work.kind, work.state, work.attempts, work.error
            )
        };
        writeln!(out, "{line}").context(CANNOT_WRITE)?;
    }
    Ok(())
}

async fn reseal(app: &App, out: &mut impl Write) -> anyhow::Result<()> {
    let done = operator::reseal(app).await?;
    writeln!(out, "{} resealed", done.resealed).context(CANNOT_WRITE)?;
    if done.unopenable > 0 {
        bail!("{} open with none of the keys and were left as they are", done.unopenable);
    }
    Ok(())
}

/// The people and their tokens go to a file that only the operator can read.
async fn make_people(settings: &Settings, plan: Seed) -> anyhow::Result<()> {
    let out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&plan.out);
    let mut out =
        BufWriter::new(out.with_context(|| format!("cannot create {}", plan.out.display()))?);
    let app = node::open(settings).await?;
    let wanted = SeedPlan {
        tenant_slug: plan.tenant.clone(),
        users: plan.users,
        channels: plan.channels,
        members_per_channel: plan.members,
    };
    let seeded = seed::seed(&app, wanted).await?;
    writeln!(out, "{}", json!({ "tenant": plan.tenant, "channels": seeded.channels }))?;
    for (user, token) in seeded.users {
        writeln!(out, "{}", json!({ "user": user, "token": token }))?;
    }
    Ok(out.flush()?)
}
