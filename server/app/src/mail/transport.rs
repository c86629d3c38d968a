//! Which way a tenant's mails take, in whose name, and with what below them.

use std::time::Duration;

use lettre::{Message, message::Mailbox};
use tidewire_protocol::{
    id::TenantId,
    model::email_settings::{Compliance, EmailSection, Footer, Sender, Smtp},
};
use tidewire_storage::email_settings::{self, Stored};
use uuid::Uuid;

use super::{
    Recipient, SendError, dev_mailbox,
    letter::{self, Letter},
    render::{self, Frame},
    smtp::{Failure, Login, PORTS, Sending, Server},
};
use crate::{App, auth::seal::Unopenable, email_settings::password_place, outgoing};

/// How a tenant's mails leave.
pub(super) struct Route {
    way: Way,
    frame: Frame,
}

enum Way {
    /// Chosen by the tenant, so it is judged where it leads before every mail.
    Tenant(Server),
    /// Chosen by the operator.
    Operator(Server),
    DevMailbox,
}

/// Reads the tenant's settings anew for each mail, so that a change counts for what is waiting.
pub(super) async fn route(app: &App, tenant_id: TenantId) -> Result<Route, SendError> {
    let stored = email_settings::all(&mut app.db.read().await?, tenant_id).await?;
    let smtp = of(&stored, EmailSection::Smtp);
    let own = smtp.map(|smtp| tenant_server(app, tenant_id, smtp)).transpose()?.flatten();
    let way = match (own, &app.config.mail.server) {
        (Some(server), _) => Way::Tenant(server),
        (None, Some(server)) => Way::Operator(server.clone()),
        (None, None) => Way::DevMailbox,
    };
    let frame = frame(app, &stored, matches!(way, Way::Tenant(_)))?;
    Ok(Route { way, frame })
}

fn of(stored: &[(EmailSection, Stored)], wanted: EmailSection) -> Option<&Stored> {
    stored.iter().find(|(section, _)| *section == wanted).map(|(_, stored)| stored)
}

fn tenant_server(
    app: &App,
    tenant_id: TenantId,
    stored: &Stored,
) -> Result<Option<Server>, SendError> {
    let smtp: Smtp = stored.body()?;
    if smtp.enabled { Ok(smtp_server(app, tenant_id, stored)?) } else { Ok(None) }
}

/// The tenant's mail server with its password, if one is saved.
pub(crate) fn smtp_server(
    app: &App,
    tenant_id: TenantId,
    stored: &Stored,
) -> Result<Option<Server>, SendError> {
    let smtp: Smtp = stored.body()?;
    let Some((host, port)) = smtp.host.zip(smtp.port) else { return Ok(None) };
    let sealed = stored.sealed_password.as_deref();
    let password = sealed.map(|sealed| app.seal.open(password_place(tenant_id), sealed));
    let password = password.transpose().inspect_err(|Unopenable| {
        tracing::error!(%tenant_id, "a stored password does not open: is its key still configured?");
    })?;
    let login = smtp.username.zip(password);
    Ok(Some(Server {
        host,
        port,
        security: smtp.security,
        login: login.map(|(username, password)| Login { username, password }),
        deadline: Duration::from_secs(smtp.timeout_seconds.unsigned_abs()),
    }))
}

/// The tenant's own address stands only on what its own server sends: for others, nobody's DNS would
/// vouch.
fn frame(
    app: &App,
    stored: &[(EmailSection, Stored)],
    own_server: bool,
) -> Result<Frame, SendError> {
    let mut from = app.mail.from.clone();
    let mut reply_to = None;
    if let Some(stored) = of(stored, EmailSection::Sender) {
        let sender: Sender = stored.body()?;
        from.name = Some(sender.from_name);
        if let Some(address) = sender.from_email.filter(|_| own_server) {
            from.email = render::address(&address)?;
        }
        let address = sender.reply_to.as_deref().map(render::address).transpose()?;
        reply_to = address.map(|address| Mailbox::new(None, address));
    }
    Ok(Frame { from, reply_to, footer: footer(stored)? })
}

fn footer(stored: &[(EmailSection, Stored)]) -> Result<Option<render::Footer>, SendError> {
    let Some(footer) = of(stored, EmailSection::Footer) else { return Ok(None) };
    let footer: Footer = footer.body()?;
    if !footer.enabled {
        return Ok(None);
    }
    let compliance =
        of(stored, EmailSection::Compliance).map(Stored::body::<Compliance>).transpose()?;
    let address = compliance.and_then(|compliance| compliance.physical_address);
    Ok(Some(render::Footer {
        html: footer.html,
        text: footer.text,
        address: address.filter(|_| footer.show_address),
    }))
}

/// Puts a mail on paper.
pub(super) fn write(
    app: &App,
    route: &Route,
    to: &Recipient,
    letter: &Letter,
    id: Uuid,
) -> Result<Message, SendError> {
    render::message(to, letter, &route.frame, (id, &app.mail.public_url), app.clock.now())
}

pub(super) async fn hand_over(
    app: &App,
    route: &Route,
    id: Uuid,
    message: &Message,
) -> Result<(), SendError> {
    match &route.way {
        Way::Tenant(server) => Ok(deliver_for_tenant(app, server, message).await?),
        Way::Operator(server) => {
            let found = outgoing::resolve(&server.host, server.port).await;
            let addresses = found.ok_or(Failure::Unreachable)?;
            let delivered = sending(app, server, &addresses).deliver(message).await;
            let refused = delivered.as_ref().is_err_and(|failure| !failure.is_permanent());
            app.health.services.note_mail(!refused);
            Ok(delivered?)
        }
        Way::DevMailbox => {
            let (directory, text) = (app.mail.dev_mailbox.clone(), message.formatted());
            let written = app
                .tasks
                .blocking(move || dev_mailbox::deliver(&directory, id, &text))
                .await
                .unwrap_or_else(|| Err(std::io::Error::other("interrupted")));
            Ok(written?)
        }
    }
}

/// A host that may not be connected to looks like one that does not answer.
async fn deliver_for_tenant(app: &App, server: &Server, message: &Message) -> Result<(), Failure> {
    let resolved = app.config.outgoing.resolve(&server.host, server.port, &PORTS).await;
    let addresses = resolved.map_err(|reason| {
        tracing::warn!(%reason, "a tenant's mail server is not connected to");
        Failure::Unreachable
    })?;
    sending(app, server, &addresses).deliver(message).await
}

fn sending<'a>(
    app: &'a App,
    server: &'a Server,
    addresses: &'a [std::net::SocketAddr],
) -> Sending<'a> {
    Sending {
        server,
        addresses,
        hello: render::host(&app.mail.public_url),
        authorities: &app.config.mail.authorities,
    }
}

/// Sends the test letter by the tenant's own server, whether it is switched on or not.
pub(crate) async fn send_test(
    app: &App,
    tenant_id: TenantId,
    server: Server,
    to: &Recipient,
) -> Result<(), SendError> {
    let stored = email_settings::all(&mut app.db.read().await?, tenant_id).await?;
    let frame = frame(app, &stored, true)?;
    let route = Route { way: Way::Tenant(server), frame };
    let id = app.clock.id();
    let message = write(app, &route, to, &letter::smtp_test(&to.name), id)?;
    hand_over(app, &route, id, &message).await
}
