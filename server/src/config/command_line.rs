//! The command line, and the one table of settings: constant, name, variable, form, what it is for,
//! what is expected, default.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// A self-hosted collaboration server that speaks WebSocket first.
#[derive(Parser)]
#[command(name = "tidewire", version)]
pub struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    pub(super) file: File,
    #[command(flatten)]
    pub(super) flags: Flags,
}

impl CommandLine {
    /// What to do; serving, when nothing is said.
    pub fn command(&self) -> &Command {
        self.command.as_ref().unwrap_or(&Command::Serve)
    }
}

/// What the binary can do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Serve until stopped (the default)
    Serve,
    /// Bring the database's schema up to date and exit
    Migrate,
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// What only the operator may do
    #[command(subcommand)]
    Admin(Admin),
}

#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Read every setting, print where each comes from, and exit
    Check,
}

#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Admin {
    /// Create a company with people and channels to try things with
    Seed(Seed),
    /// Keep the people of a company out; what they have stays
    Suspend(Company),
    /// Let the people of a suspended company in again
    Resume(Company),
    /// Print a link that lets somebody in: their invitation, or to choose a new password
    Link(Person),
    /// Make somebody an active administrator, sign them out everywhere, and print a link for them
    ResetAdministrator(Person),
    /// Add an operator to the company "platform", and print the link by which they join it
    CreateSuper(NewOperator),
    /// List mails and other work that has failed, the newest first
    Outbox(Listing),
    /// Replace the key that signs access tokens; nobody has to sign in again
    RotateKeys(Rotation),
    /// Seal stored passwords of mail servers with the first of the sealing keys
    Reseal,
}

#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Company {
    /// The company's short name
    #[arg(long, value_name = "SLUG")]
    pub tenant: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Person {
    #[command(flatten)]
    pub company: Company,
    /// The person's email address
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct NewOperator {
    /// The operator's email address
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
    #[arg(long, value_name = "NAME")]
    pub first_name: String,
    #[arg(long, value_name = "NAME")]
    pub last_name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Listing {
    /// A JSON object a line
    #[arg(long)]
    pub json: bool,
    /// How many at most
    #[arg(long, default_value_t = 100, value_name = "NUMBER")]
    pub limit: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Rotation {
    /// The old key has leaked: refuse it within seconds; programs have to refresh their tokens
    #[arg(long)]
    pub leaked: bool,
}

/// What to create: a tenant full of signed-in people, for load tests.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Seed {
    /// The tenant's short name; must be free
    #[arg(long, default_value = "load")]
    pub tenant: String,
    /// How many people
    #[arg(long, default_value_t = 10)]
    pub users: usize,
    /// How many group channels
    #[arg(long, default_value_t = 1)]
    pub channels: usize,
    /// How many people in each; channel c has those from c*K on, around the end
    #[arg(long, default_value_t = 10)]
    pub members: usize,
    /// Where to write the people and their access tokens, a JSON object a line
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Where the file with settings is.
#[derive(Args)]
pub(super) struct File {
    /// A file with settings [default: tidewire.toml, if there is one]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "TIDEWIRE_CONFIG",
        hide_env_values = true
    )]
    pub(super) config: Option<PathBuf>,
}

/// A setting, as its texts know it.
#[derive(Debug)]
pub(super) struct Key {
    /// In `tidewire.toml`, and with dashes as a flag.
    pub(super) name: &'static str,
    /// In the environment.
    pub(super) variable: &'static str,
    pub(super) expected: &'static str,
    /// Empty: nothing, or made from another setting.
    pub(super) default: &'static str,
    /// Never shown.
    pub(super) is_secret: bool,
}

macro_rules! settings {
    ($($constant:ident $name:ident $variable:literal $form:literal $default:literal $secret:ident
        $help:literal $expected:literal;)+) => {
        $(pub(super) const $constant: Key = Key {
            name: stringify!($name),
            variable: $variable,
            expected: $expected,
            default: $default,
            is_secret: $secret,
        };)+

        pub(super) const KEYS: &[&Key] = &[$(&$constant,)+];

        /// One text for each setting, from a flag or the environment.
        #[derive(Default, Args)]
        pub(super) struct Flags {$(
            #[arg(
                long, global = true, value_name = $form, env = $variable, hide_env_values = true,
                help = concat!($help, ": ", $expected)
            )]
            $name: Option<String>,
        )+}

        impl Flags {
            pub(super) fn into_texts(self) -> impl Iterator<Item = (&'static Key, String)> {
                [$((&$constant, self.$name),)+]
                    .into_iter()
                    .filter_map(|(key, text)| Some((key, text.filter(|text| !text.is_empty())?)))
            }
        }
    };
}

#[rustfmt::skip]
settings! {
    LISTEN listen "TIDEWIRE_LISTEN" "ADDRESS:PORT" "127.0.0.1:8080" false
        "Where to serve"
        "an address and a port, such as 127.0.0.1:8080; port 0 takes a free one";
    METRICS_LISTEN metrics_listen "TIDEWIRE_METRICS_LISTEN" "ADDRESS:PORT" "" false
        "Where to serve figures for Prometheus; nowhere by default"
        "an address and a port, such as 127.0.0.1:9090";
    DATA_DIR data_dir "TIDEWIRE_DATA_DIR" "FOLDER" "./data" false
        "Where the embedded database, keys and mails for development are kept"
        "the path of a folder";
    DATABASE_URL database_url "DATABASE_URL" "URL" "" true
        "Where everything is kept; SQLite in the data directory by default"
        "sqlite://<path> or postgres://<user>@<host>/<database>";
    DATABASE_CONNECTIONS database_connections "TIDEWIRE_DATABASE_CONNECTIONS" "NUMBER" "16" false
        "Connections to PostgreSQL"
        "a number from 4 to 500";
    REDIS_URL redis_url "REDIS_URL" "URLS" "" true
        "What carries news between nodes; nothing by default, for a single node"
        "redis:// or rediss:// addresses separated by commas, such as redis://:password@host:6379";
    REDIS_PREFIX redis_prefix "TIDEWIRE_REDIS_PREFIX" "PREFIX" "tidewire" false
        "What this installation's names in Redis begin with"
        "up to 64 letters, digits, dots, dashes and underscores";
    PUBLIC_URL public_url "TIDEWIRE_PUBLIC_URL" "URL" "" false
        "How people reach this server; links in mails start with it"
        "http:// or https://, a host and perhaps a path, such as https://chat.example.com";
    ALLOWED_ORIGINS allowed_origins "TIDEWIRE_ALLOWED_ORIGINS" "ORIGINS" "" false
        "Whose pages may call this server; only its own by default"
        "origins separated by commas, such as https://app.example.com";
    TRUSTED_PROXIES trusted_proxies "TIDEWIRE_TRUSTED_PROXIES" "ADDRESSES" "" false
        "Proxies whose X-Forwarded-For is believed"
        "addresses or ranges separated by commas, such as 10.0.0.0/8";
    CONNECTIONS_MAX connections_max "TIDEWIRE_CONNECTIONS_MAX" "NUMBER" "16000" false
        "Connections at once"
        "a number from 1 to 1000000";
    CONNECTIONS_PER_ADDRESS_MAX connections_per_address_max "TIDEWIRE_CONNECTIONS_PER_ADDRESS_MAX" "NUMBER" "2000" false
        "Connections at once from one address, or one IPv6 network"
        "a number from 1 to 1000000";
    ADMISSIONS_PER_SECOND admissions_per_second "TIDEWIRE_ADMISSIONS_PER_SECOND" "NUMBER" "1500" false
        "Sockets that may open in a second; the others are told when to come back"
        "a number from 1 to 1000000";
    GROUP_MEMBERS_MAX group_members_max "TIDEWIRE_GROUP_MEMBERS_MAX" "NUMBER" "10000" false
        "People in a group"
        "a number from 2 to 10000";
    RATE_LIMITS rate_limits "TIDEWIRE_RATE_LIMITS" "LIMITS" "on" false
        "How often somebody may ask"
        "on, off, or changed limits separated by commas, such as login=40/60 (40 in 60 seconds)";
    REGISTRATION registration "TIDEWIRE_REGISTRATION" "open|closed" "open" false
        "Whether strangers may register a company"
        "open or closed";
    API_DESCRIPTION api_description "TIDEWIRE_API_DESCRIPTION" "on|off" "on" false
        "Whether /api/v1/openapi.json and /docs are served"
        "on or off";
    SECRET_KEY secret_key "TIDEWIRE_SECRET_KEY" "KEY" "" true
        "What all keys are derived from, the same on all nodes; made in the data directory by default"
        "32 bytes in base64url, which are 43 characters";
    SEALING_KEYS sealing_keys "TIDEWIRE_SEALING_KEYS" "KEYS" "" true
        "What passwords of tenants' mail servers are sealed with; a key of the installation by default"
        "names and keys separated by commas, the newest first, such as k2:<32 bytes in base64url>";
    SMTP_URL smtp_url "TIDEWIRE_SMTP_URL" "URL" "" true
        "The mail server for tenants that have none; without it their mails are files in the data directory"
        "smtp://user:password@host:587 or smtps://host, with ?tls=none for a server without TLS";
    SMTP_CA_FILE smtp_ca_file "TIDEWIRE_SMTP_CA_FILE" "FILE" "" false
        "Who may certify mail servers beside the public authorities"
        "the path of a file with certificates in PEM";
    SMTP_PLAIN_LOGIN smtp_plain_login "TIDEWIRE_SMTP_PLAIN_LOGIN" "on|off" "off" false
        "Whether tenants may send a mail server's password without TLS"
        "on or off";
    MAIL_FROM mail_from "TIDEWIRE_MAIL_FROM" "ADDRESS" "" false
        "Whom mails come from; no-reply at the public address by default"
        "an address, perhaps with a name, such as Tidewire <no-reply@example.com>";
    WEB_PUSH_HOSTS web_push_hosts "TIDEWIRE_WEB_PUSH_HOSTS" "HOSTS" "fcm.googleapis.com,updates.push.services.mozilla.com,*.push.services.mozilla.com,web.push.apple.com,*.push.apple.com,*.notify.windows.com" false
        "Whose push services browsers may subscribe with; those of the makers of browsers by default"
        "hosts separated by commas, *. in front for all below one, or none for no Web Push";
    VAPID_PRIVATE_KEY vapid_private_key "TIDEWIRE_VAPID_PRIVATE_KEY" "KEY" "" true
        "What browsers know this server by, the same on all nodes; derived from the secret key by default"
        "a private key of the curve P-256: 32 bytes in base64url, which are 43 characters";
    VAPID_SUBJECT vapid_subject "TIDEWIRE_VAPID_SUBJECT" "ADDRESS" "" false
        "Whom push services of browsers may ask about this server; its public address by default, if that is https"
        "an address such as mailto:admin@example.com or https://example.com/contact";
    APNS_KEY_FILE apns_key_file "TIDEWIRE_APNS_KEY_FILE" "FILE" "" false
        "The key for pushes to devices of Apple's; without it there are none"
        "the path of a .p8 file as Apple hands it out";
    APNS_KEY_ID apns_key_id "TIDEWIRE_APNS_KEY_ID" "ID" "" false
        "The name of that key"
        "ten letters and digits, such as ABC123DEFG";
    APNS_TEAM_ID apns_team_id "TIDEWIRE_APNS_TEAM_ID" "ID" "" false
        "The team that the key belongs to"
        "ten letters and digits, such as DEF123GHIJ";
    APNS_BASE apns_base "TIDEWIRE_APNS_BASE" "URL" "" false
        "Where to push to devices of Apple's instead of Apple's services; for proxies and tests"
        "https:// and a host, such as https://apns.example.com:8443";
    FCM_CREDENTIALS_FILE fcm_credentials_file "TIDEWIRE_FCM_CREDENTIALS_FILE" "FILE" "" false
        "The service account for pushes to Android devices; without it there are none"
        "the path of a service account's key in JSON as Google hands it out";
    FCM_BASE fcm_base "TIDEWIRE_FCM_BASE" "URL" "" false
        "Where to push to Android devices instead of Google's service; for proxies and tests"
        "https:// and a host, such as https://fcm.example.com:8443";
    PUSH_CA_FILE push_ca_file "TIDEWIRE_PUSH_CA_FILE" "FILE" "" false
        "Who may certify push services beside the public authorities"
        "the path of a file with certificates in PEM";
    OUTBOUND_ALLOW outbound_allow "TIDEWIRE_OUTBOUND_ALLOW" "ADDRESSES" "" false
        "What tenants' mail servers and push services of browsers may be beside public addresses"
        "addresses or ranges separated by commas, such as 10.1.2.0/24";
    OUTBOUND_PORTS outbound_ports "TIDEWIRE_OUTBOUND_PORTS" "PORTS" "" false
        "Ports of tenants' mail servers beside 25, 465, 587 and 2525, and of push services beside 443"
        "port numbers separated by commas, such as 1025";
    NAME_SERVER name_server "TIDEWIRE_NAME_SERVER" "ADDRESS:PORT" "" false
        "Where records of tenants' domains are looked up; the system's name servers by default"
        "an address and a port, such as 192.0.2.53:53";
    MODULES modules "TIDEWIRE_MODULES" "MODULES" "" false
        "Modules whose state is shown beside the server's own"
        "names and addresses separated by commas, such as crm=https://crm.example.com/health";
    TEST_CLOCK_FILE test_clock_file "TIDEWIRE_TEST_CLOCK_FILE" "FILE" "" false
        "For trials only, never where people work: by how much the server's clock is ahead of the machine's"
        "the path of a file with a number of milliseconds, which is read again and again";
    DRAIN_SECONDS drain_seconds "TIDEWIRE_DRAIN_SECONDS" "SECONDS" "30" false
        "How long a stop spreads its connections over"
        "a number of seconds from 0 to 3600";
    LOG log "TIDEWIRE_LOG" "FILTER" "info" false
        "What to log"
        "a level or directives, such as info or tidewire=debug,warn";
    LOG_FORMAT log_format "TIDEWIRE_LOG_FORMAT" "text|json" "text" false
        "How to log"
        "text or json";
}
