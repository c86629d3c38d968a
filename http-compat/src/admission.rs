//! What stands before every handler, in the order that callers may rely on: size and type of the
//! body, rate by address, sign-in and its state, rate by user, permission, repetition. So nobody
//! learns about validation or existence who is not allowed to ask.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    body::{Body, Bytes},
    extract::{FromRequestParts as _, RawPathParams, Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{header::USER_AGENT, request::Parts};
use tidewire_app::{
    Actor, App, Error,
    actor::{self, Caller, Identity, Service},
    permission::Permission,
    rate_limit::{Checked, Class, Key, Standing},
};
use tidewire_protocol::{
    ErrorCode,
    id::ChannelId,
    limits::{AUTH_BODY_BYTES_MAX, BODY_BYTES_MAX},
    model::users::Role,
};

use crate::{
    address::{self, Network},
    authenticate::{Bearer, authenticate},
    body, idempotency,
    problem::{Problem, Result},
    rate_limit,
    request_id::RequestId,
};

const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// What a route asks of its callers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    pub(crate) access: Access,
    /// Probes have none.
    pub(crate) class: Option<Class>,
    pub(crate) body_bytes_max: usize,
    pub(crate) body_kind: body::Kind,
    /// Answers whose length must tell nothing about what is in them are sent as they are.
    pub(crate) compressed: bool,
    /// What a service must hold to come as well.
    pub(crate) services: Option<Permission>,
    /// Whether answers may be kept for repeated requests.
    pub(crate) kept: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Public,
    SignedIn,
    Holding(Permission),
    /// For administrators only, also where others may hold the permission.
    Administering(Permission),
    /// For services only.
    Serving(Permission),
}

/// Open to everybody, limited by address.
pub(crate) const fn public(class: Class) -> Policy {
    Policy {
        access: Access::Public,
        class: Some(class),
        body_bytes_max: BODY_BYTES_MAX,
        body_kind: body::Kind::Json,
        compressed: true,
        services: None,
        kept: true,
    }
}

/// Open to everybody, without a limit.
pub(crate) const fn probe() -> Policy {
    Policy { class: None, ..public(Class::Document) }
}

/// For people about themselves, limited by user.
pub(crate) const fn signed_in(class: Class) -> Policy {
    Policy { access: Access::SignedIn, ..public(class) }
}

/// For people who hold a permission, limited by user.
pub(crate) const fn holding(permission: Permission, class: Class) -> Policy {
    Policy { access: Access::Holding(permission), ..public(class) }
}

/// For administrators who hold a permission, limited by user.
pub(crate) const fn administering(permission: Permission, class: Class) -> Policy {
    Policy { access: Access::Administering(permission), ..public(class) }
}

/// For services that hold a permission, limited by token.
pub(crate) const fn serving(permission: Permission) -> Policy {
    let access = Access::Serving(permission);
    Policy { access, services: Some(permission), ..public(Class::Service) }
}

impl Policy {
    /// For bodies of another size than usual.
    pub(crate) const fn body_bytes(self, bytes_max: usize) -> Self {
        Self { body_bytes_max: bytes_max, ..self }
    }

    /// A form may come in the place of JSON.
    pub(crate) const fn or_form(self) -> Self {
        Self { body_kind: body::Kind::JsonOrForm, ..self }
    }

    /// What the body may be, and how long.
    const fn body(&self) -> (body::Kind, usize) {
        (self.body_kind, self.body_bytes_max)
    }

    /// Services that hold `permission` may come as well.
    pub(crate) const fn or_services(self, permission: Permission) -> Self {
        Self { services: Some(permission), ..self }
    }

    /// The answer holds a secret that is shown once, and is stored nowhere: not even for a repetition
    /// of the request.
    pub(crate) const fn shown_once(self) -> Self {
        Self { kept: false, ..self.credentials() }
    }

    /// Who may come, in one line of the API's description.
    pub(crate) fn describe(&self) -> String {
        let people = match self.access {
            Access::Public => return "public".to_owned(),
            Access::Serving(permission) => return format!("service:{}", permission.key()),
            Access::SignedIn => "signed_in".to_owned(),
            Access::Holding(permission) => permission.key().to_owned(),
            Access::Administering(permission) => format!("admin:{}", permission.key()),
        };
        match self.services {
            Some(permission) => format!("{people} service:{}", permission.key()),
            None => people,
        }
    }

    /// Passwords, tokens or tickets pass through.
    pub(crate) const fn credentials(self) -> Self {
        Self { body_bytes_max: AUTH_BODY_BYTES_MAX, compressed: false, ..self }
    }
}

/// Tells the compression to leave an answer alone.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NeverCompress;

/// The gate of one route.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) app: App,
    pub(crate) trusted_proxies: Arc<[Network]>,
    pub(crate) policy: Policy,
}

pub(crate) async fn admit(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let mut standing = None;
    let mut response = match gate.answer(request, next, &mut standing).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    };
    if let Some(standing) = standing {
        rate_limit::write(response.headers_mut(), standing);
    }
    if !gate.policy.compressed {
        response.extensions_mut().insert(NeverCompress);
    }
    response
}

impl Gate {
    async fn answer(
        &self,
        request: Request,
        next: Next,
        standing: &mut Option<Standing>,
    ) -> Result<Response> {
        let (mut parts, body) = request.into_parts();
        let body = body::read(&parts.headers, body, self.policy.body()).await?;
        let address = address::of_client(&parts, &self.trusted_proxies);

        if self.policy.access == Access::Public {
            note(self.check_address(address), standing)?;
            parts.extensions.insert(Arc::new(origin(&parts, address)));
            return Ok(run(parts, body, next).await);
        }

        let identity = match authenticate(&self.app, &parts).await? {
            Bearer::Person(identity) => identity,
            Bearer::Service(service) => {
                note(self.app.rate_limits.check_service(&service), standing)?;
                self.admit_service(&service)?;
                parts.extensions.insert(Caller::Service(Arc::clone(&service)));
                parts.extensions.insert(service);
                return Ok(run(parts, body, next).await);
            }
        };
        note(self.check_user(&mut parts, &identity).await, standing)?;
        self.require_permission(&identity)?;

        let idempotency = idempotency::key(&parts, &body)?.filter(|_| self.policy.kept);
        let repeatable = idempotency.is_some();
        let request = Arc::new(actor::Request { idempotency, ..origin(&parts, address) });
        let actor = Actor { identity, request };
        parts.extensions.insert(Caller::from(&actor));
        parts.extensions.insert(actor.clone());
        let answer = run(parts, body, next);
        if repeatable {
            idempotency::once(&self.app, &actor, answer).await
        } else {
            Ok(answer.await)
        }
    }

    fn check_address(&self, address: Option<IpAddr>) -> Checked {
        let Some(class) = self.policy.class else { return Ok(None) };
        // A caller without an address is this process itself; all such share one bucket.
        let address = address.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED));
        self.app.rate_limits.check(class, &Key::address(address))
    }

    async fn check_user(&self, parts: &mut Parts, identity: &Identity) -> Checked {
        let Some(class) = self.policy.class else { return Ok(None) };
        match (class, channel_of(parts).await) {
            (Class::ChatSend, Some(channel_id)) => {
                self.app.rate_limits.check_chat_send(identity, channel_id)
            }
            _ => self.app.rate_limits.check_user(class, identity),
        }
    }

    /// A service asks for what the routing page opens to services, and for nothing else.
    fn admit_service(&self, service: &Service) -> Result<()> {
        match self.policy.services {
            Some(permission) if service.permissions.contains(permission) => Ok(()),
            Some(permission) => Err(Error::forbidden(permission).into()),
            None => Err(ErrorCode::Forbidden.into()),
        }
    }

    fn require_permission(&self, identity: &Identity) -> Result<()> {
        match self.policy.access {
            Access::Holding(permission) if !identity.permissions.contains(permission) => {
                Err(Error::forbidden(permission).into())
            }
            Access::Administering(permission)
                if identity.role < Role::TenantAdmin
                    || !identity.permissions.contains(permission) =>
            {
                Err(Error::forbidden(permission).into())
            }
            Access::Serving(permission) => Err(Error::forbidden(permission).into()),
            Access::Public | Access::SignedIn | Access::Holding(_) | Access::Administering(_) => {
                Ok(())
            }
        }
    }
}

fn note(checked: Checked, standing: &mut Option<Standing>) -> Result<()> {
    match checked {
        Ok(allowed) => {
            *standing = allowed;
            Ok(())
        }
        Err(exceeded) => {
            *standing = Some(exceeded.standing);
            Err(exceeded.into())
        }
    }
}

/// The channel that the path names, if it names one.
async fn channel_of(parts: &mut Parts) -> Option<ChannelId> {
    let params = RawPathParams::from_request_parts(parts, &()).await.ok()?;
    params.iter().find(|(name, _)| *name == "id").and_then(|(_, id)| id.parse().ok())
}

fn origin(parts: &Parts, address: Option<IpAddr>) -> actor::Request {
    let user_agent = parts.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    actor::Request {
        id: parts.extensions.get().map(RequestId::as_str).unwrap_or_default().to_owned(),
        address,
        user_agent: user_agent.map(str::to_owned),
        idempotency: None,
    }
}

async fn run(parts: Parts, body: Bytes, next: Next) -> Response {
    let request = Request::from_parts(parts, Body::from(body));
    match tokio::time::timeout(ANSWER_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::from(ErrorCode::Timeout).into_response(),
    }
}
