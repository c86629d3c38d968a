//! What the operator decides. Flags override the environment, which overrides `tidewire.toml`. A
//! wrong value ends the start with one line that names the key, the fault and what is expected.

mod command_line;
mod given;
mod push;
mod secret_key;
mod values;

use std::{
    fs::{self, DirBuilder},
    net::SocketAddr,
    os::unix::fs::DirBuilderExt as _,
    path::PathBuf,
    time::Duration,
};

use http::HeaderValue;
use tidewire_app::{
    clock::Clock,
    config::{Config, MailConfig, SealingKey, Secret},
    fanout::bus::{Transport, local::LocalBus, redis::RedisAddresses},
    health::Module,
    mail::smtp::Authorities,
    outgoing::Exceptions,
    rate_limit::Rates,
};
use tidewire_http_compat::address::Network;

pub use command_line::{
    Admin, Command, CommandLine, Company, ConfigCommand, Listing, NewOperator, Person, Rotation,
    Seed,
};
pub use given::{Given, Wrong};

use command_line as key;
use push::Push;

/// Everything that was decided, with defaults where nothing was.
#[derive(Clone)]
pub struct Settings {
    pub listen: SocketAddr,
    /// Where figures are served, apart from everything else; nowhere when absent.
    pub metrics_listen: Option<SocketAddr>,
    pub database_url: String,
    pub database_connections: u32,
    /// Origins whose pages may call, exactly as browsers send them.
    pub allowed_origins: Vec<HeaderValue>,
    /// Peers whose forwarding header is believed.
    pub trusted_proxies: Vec<Network>,
    pub connections_max: usize,
    pub connections_per_address_max: usize,
    pub admissions_per_second: u32,
    /// Leaves out `/api/v1/openapi.json`.
    pub description_hidden: bool,
    /// How long connections are spread over when the node stops.
    pub drain: Duration,
    pub log: Log,
    data_dir: PathBuf,
    public_url: String,
    redis: Option<RedisAddresses>,
    redis_prefix: String,
    registration_open: bool,
    rates: Option<Rates>,
    group_members_max: usize,
    secret: Option<Secret>,
    sealing_keys: Vec<SealingKey>,
    outgoing: Exceptions,
    mail: MailConfig,
    push: Push,
    modules: Vec<Module>,
    smtp_ca_file: Option<PathBuf>,
    pub test_clock_file: Option<PathBuf>,
    skips_catch_up: bool,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// Directives as `tracing` reads them.
    pub filter: String,
    pub json: bool,
}

impl Settings {
    /// Reads what was given; touches nothing.
    pub fn read(given: &Given) -> Result<Self, Wrong> {
        let listen = given.read(&key::LISTEN, values::address)?;
        let data_dir: PathBuf = given.read(&key::DATA_DIR, values::folder)?;
        let public_url = given.optional(&key::PUBLIC_URL, values::public_url)?;
        let public_url = public_url.unwrap_or_else(|| format!("http://{listen}"));
        let allowed_origins = given.optional(&key::ALLOWED_ORIGINS, values::origins)?;
        let database_url = given.optional(&key::DATABASE_URL, values::database_url)?;
        Ok(Self {
            listen,
            metrics_listen: given.optional(&key::METRICS_LISTEN, values::address)?,
            database_url: database_url
                .unwrap_or_else(|| format!("sqlite://{}", data_dir.join("tidewire.db").display())),
            database_connections: given
                .read(&key::DATABASE_CONNECTIONS, values::database_connections)?,
            allowed_origins: allowed_origins.unwrap_or_else(|| values::origin_of(&public_url)),
            trusted_proxies: given
                .optional(&key::TRUSTED_PROXIES, values::networks)?
                .unwrap_or_default(),
            connections_max: given.read(&key::CONNECTIONS_MAX, values::count)?,
            connections_per_address_max: given
                .read(&key::CONNECTIONS_PER_ADDRESS_MAX, values::count)?,
            admissions_per_second: given.read(&key::ADMISSIONS_PER_SECOND, values::per_second)?,
            description_hidden: !given.read(&key::API_DESCRIPTION, values::is_on)?,
            drain: given.read(&key::DRAIN_SECONDS, values::seconds)?,
            log: Log {
                filter: given.read(&key::LOG, values::log_filter)?,
                json: given.read(&key::LOG_FORMAT, values::is_json)?,
            },
            redis: given.optional(&key::REDIS_URL, values::redis_addresses)?,
            redis_prefix: given.read(&key::REDIS_PREFIX, values::redis_prefix)?,
            registration_open: given.read(&key::REGISTRATION, values::is_open)?,
            rates: given.read(&key::RATE_LIMITS, values::rates)?,
            group_members_max: given.read(&key::GROUP_MEMBERS_MAX, values::group_members)?,
            secret: given.optional(&key::SECRET_KEY, values::secret)?,
            sealing_keys: given
                .optional(&key::SEALING_KEYS, values::sealing_keys)?
                .unwrap_or_default(),
            outgoing: outgoing(given)?,
            mail: mail(given)?,
            push: Push::read(given)?,
            modules: given.optional(&key::MODULES, values::modules)?.unwrap_or_default(),
            smtp_ca_file: given.optional(&key::SMTP_CA_FILE, values::folder)?,
            test_clock_file: given.optional(&key::TEST_CLOCK_FILE, values::folder)?,
            data_dir,
            public_url,
            skips_catch_up: skips_catch_up(),
        })
    }

    /// What carries news between nodes.
    pub fn transport(&self) -> Transport {
        match &self.redis {
            Some(addresses) => Transport::Redis(addresses.clone().with_prefix(&self.redis_prefix)),
            None => Transport::Local(LocalBus::default()),
        }
    }

    /// Makes the folder for everything that is kept in files, readable by the server alone.
    pub fn make_data_dir(&self) -> Result<(), Wrong> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.data_dir);
        made.map_err(|error| {
            let fault = format!("cannot be made ({})", error.kind());
            Wrong::new(key::DATA_DIR.variable, &fault, key::DATA_DIR.expected)
        })
    }

    /// What operations look at. Makes the installation's key in the data directory unless one was
    /// given.
    pub fn app(&self, clock: &Clock) -> Result<Config, Wrong> {
        let secret = match &self.secret {
            Some(secret) => secret.clone(),
            None => secret_key::load_or_make(&self.data_dir, clock)?,
        };
        Ok(Config {
            data_dir: self.data_dir.clone(),
            public_url: self.public_url.clone(),
            registration_open: self.registration_open,
            rate_limits: self.rates.is_some(),
            rates: self.rates.clone().unwrap_or_default(),
            group_members_max: self.group_members_max,
            secret,
            sealing_keys: self.sealing_keys.clone(),
            outgoing: self.outgoing.clone(),
            mail: MailConfig { authorities: self.authorities()?, ..self.mail.clone() },
            push: self.push.load()?,
            modules: self.modules.clone(),
            skips_catch_up: self.skips_catch_up,
        })
    }

    fn authorities(&self) -> Result<Authorities, Wrong> {
        let Some(path) = &self.smtp_ca_file else { return Ok(Authorities::default()) };
        let wrong =
            |fault: &str| Wrong::new(key::SMTP_CA_FILE.variable, fault, key::SMTP_CA_FILE.expected);
        let pem =
            fs::read(path).map_err(|error| wrong(&format!("cannot be read ({})", error.kind())))?;
        Authorities::parse(&pem).map_err(|_| wrong("has no certificates in it"))
    }
}

fn outgoing(given: &Given) -> Result<Exceptions, Wrong> {
    Ok(Exceptions {
        networks: given.optional(&key::OUTBOUND_ALLOW, values::networks)?.unwrap_or_default(),
        ports: given.optional(&key::OUTBOUND_PORTS, values::ports)?.unwrap_or_default(),
    })
}

/// All but the authorities, whose file is read when they are needed.
fn mail(given: &Given) -> Result<MailConfig, Wrong> {
    Ok(MailConfig {
        server: given.optional(&key::SMTP_URL, values::smtp_url)?,
        from: given.optional(&key::MAIL_FROM, values::mail_from)?,
        authorities: Authorities::default(),
        plain_login: given.read(&key::SMTP_PLAIN_LOGIN, values::is_on)?,
        name_server: given.optional(&key::NAME_SERVER, values::address)?,
    })
}

/// Whether this is the build that loses what the bus does, by which the tests are tested. No release
/// build can be told to be.
#[expect(clippy::disallowed_methods, reason = "not a setting: it is in no list and no file")]
fn skips_catch_up() -> bool {
    cfg!(debug_assertions) && std::env::var_os("TIDEWIRE_TEST_SKIP_CATCH_UP").is_some()
}

#[cfg(test)]
mod tests;
