//! Who wants an operation done.

use std::{net::IpAddr, sync::Arc};

use tidewire_protocol::{
    Timestamp,
    id::{ServiceTokenId, SessionId, TenantId, UserId},
    model::users::{Role, UserRef},
};

use crate::{
    Error, Result,
    permission::{Permission, Permissions},
};

/// Proof of a sign-in, as of now: made from a live session of an active user in an active tenant.
#[derive(Debug, Clone)]
pub struct Actor {
    pub identity: Arc<Identity>,
    pub request: Arc<Request>,
}

/// The person behind a session, with what they may do. Cached; a change replaces it.
#[derive(Debug)]
pub struct Identity {
    pub tenant_id: TenantId,
    pub user_id: UserId,
    pub session_id: SessionId,
    pub role: Role,
    pub permissions: Permissions,
    pub user: UserRef,
    pub session_created_at: Timestamp,
    pub session_expires_at: Timestamp,
}

/// A module that acts for a company, as of now: made from a live token. It is nobody: what belongs to
/// people themselves, and what administrators do, it cannot ask for.
#[derive(Debug, Clone)]
pub struct Service {
    pub tenant_id: TenantId,
    pub id: ServiceTokenId,
    pub name: String,
    pub permissions: Permissions,
}

/// Who asks for what people and services may both ask for.
#[derive(Debug, Clone)]
pub enum Caller {
    Person(Actor),
    Service(Arc<Service>),
}

impl Caller {
    pub fn tenant_id(&self) -> TenantId {
        match self {
            Self::Person(actor) => actor.tenant_id(),
            Self::Service(service) => service.tenant_id,
        }
    }

    pub fn person(&self) -> Option<&Actor> {
        match self {
            Self::Person(actor) => Some(actor),
            Self::Service(_) => None,
        }
    }

    pub fn may(&self, permission: Permission) -> bool {
        match self {
            Self::Person(actor) => actor.may(permission),
            Self::Service(service) => service.permissions.contains(permission),
        }
    }

    /// As [`Actor::require`].
    pub fn require(&self, permission: Permission) -> Result<()> {
        if self.may(permission) { Ok(()) } else { Err(Error::forbidden(permission)) }
    }
}

impl From<&Actor> for Caller {
    fn from(actor: &Actor) -> Self {
        Self::Person(actor.clone())
    }
}

/// Where a request came from; for the audit log and for repeated requests.
#[derive(Debug, Default)]
pub struct Request {
    pub id: String,
    pub address: Option<IpAddr>,
    pub user_agent: Option<String>,
    pub idempotency: Option<IdempotencyKey>,
}

/// A key under which the answer to a request is kept. Both hashes are SHA-256.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// Of method, path and the client's key.
    pub key_hash: [u8; 32],
    pub body_hash: [u8; 32],
}

impl Actor {
    pub fn tenant_id(&self) -> TenantId {
        self.identity.tenant_id
    }

    pub fn user_id(&self) -> UserId {
        self.identity.user_id
    }

    pub fn session_id(&self) -> SessionId {
        self.identity.session_id
    }

    pub fn role(&self) -> Role {
        self.identity.role
    }

    /// Refuses with 403 `FORBIDDEN` those who are no administrators, also if they hold `permission`.
    pub fn require_admin(&self, permission: Permission) -> Result<()> {
        if self.role() < Role::TenantAdmin {
            return Err(Error::forbidden(permission));
        }
        self.require(permission)
    }

    pub fn may(&self, permission: Permission) -> bool {
        self.identity.permissions.contains(permission)
    }

    /// Refuses with 403 `FORBIDDEN`, naming the permission, unless the actor holds it.
    pub fn require(&self, permission: Permission) -> Result<()> {
        if self.may(permission) { Ok(()) } else { Err(Error::forbidden(permission)) }
    }
}
