//! What an operator decides about the rules; read from the environment by the binary.

use std::{net::SocketAddr, path::PathBuf};

use crate::{
    health::Module,
    mail::{FromAddress, smtp},
    outgoing::Exceptions,
    push::{
        Authorities, apns, fcm,
        web_push::{PushHost, VapidKey},
    },
    rate_limit::Rates,
};

/// The settings of one node that operations look at.
#[derive(Clone)]
pub struct Config {
    /// Where the embedded database, the keys and the dev mailbox live.
    pub data_dir: PathBuf,
    /// The address that links in mails start with, without a trailing slash.
    pub public_url: String,
    /// Whether strangers may register a company.
    pub registration_open: bool,
    /// Off for load tests: no request is ever refused for its rate.
    pub rate_limits: bool,
    /// How many requests of each class are allowed.
    pub rates: Rates,
    /// The most members a group may have.
    pub group_members_max: usize,
    /// 32 bytes that every key of this installation is derived from; the same on all its nodes.
    pub secret: Secret,
    /// What secrets of tenants are sealed with; the first seals, all open.
    pub sealing_keys: Vec<SealingKey>,
    /// Where tenants may make this server connect to beyond the public internet.
    pub outgoing: Exceptions,
    pub mail: MailConfig,
    pub push: PushConfig,
    /// Whose state is shown beside the server's own.
    pub modules: Vec<Module>,
    /// For the tests of tests: what the bus loses stays lost.
    pub skips_catch_up: bool,
}

/// How mail leaves this installation.
#[derive(Clone, Default)]
pub struct MailConfig {
    /// The operator's own server, for tenants that have none.
    pub server: Option<smtp::Server>,
    /// Whom mails come from that a tenant's own address does not.
    pub from: Option<FromAddress>,
    /// Who certifies mail servers beside the public authorities.
    pub authorities: smtp::Authorities,
    /// Lets tenants send a password without TLS.
    pub plain_login: bool,
    /// Where names are looked up that settings are checked by; the system's servers otherwise.
    pub name_server: Option<SocketAddr>,
}

/// By whom devices are pushed to, and who we are to them. A platform without credentials is off.
#[derive(Clone, Default)]
pub struct PushConfig {
    /// Whose services browsers may subscribe with; empty turns Web Push off.
    pub web_hosts: Vec<PushHost>,
    /// What browsers subscribe with; derived from the installation's secret when absent.
    pub vapid_key: Option<VapidKey>,
    /// Whom services may ask about us: `mailto:` or `https:`; the public address when absent.
    pub vapid_subject: Option<String>,
    pub apns: Option<apns::Credentials>,
    /// Instead of Apple's services, both of them; without a slash at its end.
    pub apns_base: Option<String>,
    pub fcm: Option<fcm::Account>,
    /// Instead of Google's service; without a slash at its end.
    pub fcm_base: Option<String>,
    /// Who certifies push services beside the public authorities.
    pub authorities: Authorities,
}

/// A key with the name that values sealed under it carry.
#[derive(Debug, Clone)]
pub struct SealingKey {
    pub id: String,
    pub key: Secret,
}

/// Key material that never shows itself in logs.
#[derive(Clone)]
pub struct Secret(pub [u8; 32]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}
