//! Settings from the command line and a file; the environment is read in a process of its own, by
//! `tests/config.rs`.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use clap::Parser as _;
use tempfile::TempDir;
use tidewire_testkit::{PushKind, PushPeer};

use super::*;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

fn read(arguments: &[&str]) -> Result<Settings, String> {
    let command_line = CommandLine::try_parse_from([&["tidewire"], arguments].concat()).unwrap();
    let given = Given::gather(command_line).map_err(|wrong| wrong.to_string())?;
    Settings::read(&given).map_err(|wrong| wrong.to_string())
}

fn read_file(text: &str) -> Result<Settings, String> {
    let (_directory, path) = file(text);
    read(&["--config", &path]).map_err(|wrong| wrong.replace(&path, "FILE"))
}

fn file(text: &str) -> (TempDir, String) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("settings.toml");
    fs::write(&path, text).unwrap();
    let path = path.display().to_string();
    (directory, path)
}

/// What is said of a wrong value; it is one line and does not repeat the value.
fn fault(flag: &str, value: &str) -> String {
    let argument = format!("{flag}={value}");
    let wrong = read(&[&argument]).err().unwrap_or_else(|| panic!("{argument} was read"));
    let (said, _) = wrong.split_once("; expected ").unwrap();
    assert!(!wrong.contains('\n') && !said.contains(value), "{wrong}");
    wrong
}

fn texts(values: &[HeaderValue]) -> Vec<&str> {
    values.iter().map(|value| value.to_str().unwrap()).collect()
}

#[test]
fn nothing_needs_to_be_said() {
    let settings = read(&[]).unwrap();
    assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.metrics_listen, None);
    assert_eq!(settings.database_url, "sqlite://./data/tidewire.db");
    assert_eq!(settings.public_url, "http://127.0.0.1:8080");
    assert_eq!(texts(&settings.allowed_origins), ["http://127.0.0.1:8080"]);
    assert_eq!(settings.drain, Duration::from_secs(30));
    assert_eq!(settings.log, Log { filter: "info".to_owned(), json: false });
    assert!(settings.registration_open && settings.rates.is_some());
}

#[test]
fn a_file_says_it_in_toml_and_a_flag_overrides_it() {
    let (_directory, path) = file(
        "listen = \"127.0.0.1:1\"\nconnections_max = 7\nrate_limits = false\n\
         allowed_origins = [\"https://a.example\", \"https://b.example:8443\"]\n",
    );
    let settings = read(&["--config", &path, "--listen", "127.0.0.1:2"]).unwrap();
    assert_eq!(settings.listen.port(), 2);
    assert_eq!(settings.connections_max, 7);
    assert!(settings.rates.is_none());
    let origins = ["https://a.example", "https://b.example:8443"];
    assert_eq!(texts(&settings.allowed_origins), origins);
}

#[test]
fn modules_have_names_and_addresses() {
    let modules = read(&["--modules", "crm=https://crm.example/health, a-b=http://10.0.0.5:81/"]);
    let modules = modules.unwrap().modules;
    assert_eq!((modules.len(), modules[1].name.as_str()), (2, "a-b"));
    assert_eq!(modules[0].url, "https://crm.example/health");
    for wrong in ["https://crm.example", "CRM=https://crm.example", "crm=ftp://x", "=http://x"] {
        fault("--modules", wrong);
    }
}

#[test]
fn a_wrong_value_is_named_with_its_fault_and_what_is_expected() {
    assert_eq!(
        fault("--listen", "localhost"),
        "TIDEWIRE_LISTEN: is not an address with a port; expected an address and a port, such as \
         127.0.0.1:8080; port 0 takes a free one",
    );
    assert_eq!(
        read_file("connections_max = 0\n").err().unwrap(),
        "connections_max in FILE: is too small; expected a number from 1 to 1000000",
    );
    for (flag, value, key) in [
        ("--metrics-listen", "9090", "TIDEWIRE_METRICS_LISTEN"),
        ("--database-url", "mysql://root:hunter2@db", "DATABASE_URL"),
        ("--database-url", "sqlite://", "DATABASE_URL"),
        ("--database-connections", "3", "TIDEWIRE_DATABASE_CONNECTIONS"),
        ("--public-url", "chat.example", "TIDEWIRE_PUBLIC_URL"),
        ("--public-url", "https://u:p@chat.example", "TIDEWIRE_PUBLIC_URL"),
        ("--public-url", "https://chat.example/?x=1", "TIDEWIRE_PUBLIC_URL"),
        ("--allowed-origins", "*", "TIDEWIRE_ALLOWED_ORIGINS"),
        ("--allowed-origins", "https://a.example/", "TIDEWIRE_ALLOWED_ORIGINS"),
        ("--trusted-proxies", "10.0.0.0/33", "TIDEWIRE_TRUSTED_PROXIES"),
        ("--connections-max", "many", "TIDEWIRE_CONNECTIONS_MAX"),
        ("--connections-per-address-max", "-1", "TIDEWIRE_CONNECTIONS_PER_ADDRESS_MAX"),
        ("--group-members-max", "10001", "TIDEWIRE_GROUP_MEMBERS_MAX"),
        ("--rate-limits", "login", "TIDEWIRE_RATE_LIMITS"),
        ("--rate-limits", "login=0/60", "TIDEWIRE_RATE_LIMITS"),
        ("--rate-limits", "logout=1/60", "TIDEWIRE_RATE_LIMITS"),
        ("--registration", "maybe", "TIDEWIRE_REGISTRATION"),
        ("--secret-key", "hunter2", "TIDEWIRE_SECRET_KEY"),
        ("--secret-key", "AAAA", "TIDEWIRE_SECRET_KEY"),
        ("--sealing-keys", KEY, "TIDEWIRE_SEALING_KEYS"),
        ("--sealing-keys", "k1:hunter2", "TIDEWIRE_SEALING_KEYS"),
        ("--sealing-keys", &format!("k.1:{KEY}"), "TIDEWIRE_SEALING_KEYS"),
        ("--smtp-url", "smtp://ada:hunter2@mail.example?tls=none", "TIDEWIRE_SMTP_URL"),
        ("--smtp-url", "mail.example", "TIDEWIRE_SMTP_URL"),
        ("--smtp-plain-login", "perhaps", "TIDEWIRE_SMTP_PLAIN_LOGIN"),
        ("--mail-from", "somebody", "TIDEWIRE_MAIL_FROM"),
        ("--web-push-hosts", "https://push.example", "TIDEWIRE_WEB_PUSH_HOSTS"),
        ("--web-push-hosts", "push.example,127.0.0.1", "TIDEWIRE_WEB_PUSH_HOSTS"),
        ("--vapid-private-key", "hunter2", "TIDEWIRE_VAPID_PRIVATE_KEY"),
        ("--vapid-private-key", &"A".repeat(43), "TIDEWIRE_VAPID_PRIVATE_KEY"),
        ("--vapid-subject", "ops@tide.example", "TIDEWIRE_VAPID_SUBJECT"),
        ("--vapid-subject", "mailto:Ops <ops@tide.example>", "TIDEWIRE_VAPID_SUBJECT"),
        ("--vapid-subject", "mailto:ops", "TIDEWIRE_VAPID_SUBJECT"),
        ("--vapid-subject", "http://tide.example", "TIDEWIRE_VAPID_SUBJECT"),
        ("--apns-key-id", "ABC123", "TIDEWIRE_APNS_KEY_ID"),
        ("--apns-team-id", "ABC-23DEFG", "TIDEWIRE_APNS_TEAM_ID"),
        ("--apns-base", "http://apns.example", "TIDEWIRE_APNS_BASE"),
        ("--fcm-base", "fcm.example", "TIDEWIRE_FCM_BASE"),
        ("--outbound-allow", "localhost", "TIDEWIRE_OUTBOUND_ALLOW"),
        ("--outbound-ports", "25,0", "TIDEWIRE_OUTBOUND_PORTS"),
        ("--name-server", "192.0.2.53", "TIDEWIRE_NAME_SERVER"),
        ("--drain-seconds", "3601", "TIDEWIRE_DRAIN_SECONDS"),
        ("--log", "tidewire=loud", "TIDEWIRE_LOG"),
        ("--log-format", "xml", "TIDEWIRE_LOG_FORMAT"),
    ] {
        let wrong = fault(flag, value);
        assert!(wrong.starts_with(&format!("{key}: ")), "{wrong}");
    }
}

#[test]
fn a_file_is_read_whole_or_not_at_all() {
    for (text, expected) in [
        ("listn = \"x\"\n", "listn in FILE: there is no such setting; "),
        ("log = { level = 1 }\n", "log in FILE: is neither text nor a list; "),
        ("listen = \"x\"\nsecret_key = \"hunter2\n", "FILE: TOML parse error at line 2, "),
    ] {
        let wrong = read_file(text).err().unwrap();
        assert!(wrong.starts_with(expected), "{wrong}");
        assert!(!wrong.contains('\n') && !wrong.contains("hunter2"), "{wrong}");
    }
    let missing = read(&["--config", "/nowhere/tidewire.toml"]).err().unwrap();
    assert!(missing.starts_with("/nowhere/tidewire.toml: cannot be read; "), "{missing}");
}

#[test]
fn a_file_without_certificates_stops_the_start() {
    let (directory, path) = file("no certificate");
    let data = directory.path().display().to_string();
    let settings = read(&["--smtp-ca-file", &path, "--data-dir", &data]).unwrap();
    let wrong = settings.app(&Clock::system()).err().unwrap().to_string();
    assert!(wrong.starts_with("TIDEWIRE_SMTP_CA_FILE: has no certificates in it; "), "{wrong}");
    let settings = read(&["--smtp-ca-file", "/nowhere", "--data-dir", &data]).unwrap();
    let wrong = settings.app(&Clock::system()).err().unwrap().to_string();
    assert!(wrong.starts_with("TIDEWIRE_SMTP_CA_FILE: cannot be read "), "{wrong}");
}

/// What is said of the first file that is wrong.
fn fault_of_files(arguments: &[&str]) -> String {
    let settings = read(&[arguments, &["--secret-key", KEY]].concat()).unwrap();
    settings.app(&Clock::system()).err().unwrap().to_string()
}

#[test]
fn files_for_pushes_are_what_they_should_be_or_stop_the_start() {
    let (_directory, path) = file("hunter2");
    let ids = ["--apns-key-id", "ABC123DEFG", "--apns-team-id", "DEF123GHIJ"];
    let apns = |path| [&["--apns-key-file", path], ids.as_slice()].concat();
    for (arguments, said) in [
        (apns(&path), "TIDEWIRE_APNS_KEY_FILE: is no private key of the curve P-256 in PEM; "),
        (apns("/nowhere"), "TIDEWIRE_APNS_KEY_FILE: cannot be read "),
        (vec!["--fcm-credentials-file", &path], "TIDEWIRE_FCM_CREDENTIALS_FILE: is no service "),
        (vec!["--fcm-credentials-file", "/nowhere"], "TIDEWIRE_FCM_CREDENTIALS_FILE: cannot be "),
        (vec!["--push-ca-file", &path], "TIDEWIRE_PUSH_CA_FILE: has no certificates in it; "),
        (vec!["--push-ca-file", "/nowhere"], "TIDEWIRE_PUSH_CA_FILE: cannot be read "),
    ] {
        let wrong = fault_of_files(&arguments);
        assert!(wrong.starts_with(said), "{wrong}");
        assert!(!wrong.contains("hunter2") && !wrong.contains('\n'), "{wrong}");
    }
}

#[test]
fn files_for_pushes_are_read_at_the_start() {
    let Some(apple) = PushPeer::start(PushKind::Apns) else { return };
    let Some(google) = PushPeer::start(PushKind::Fcm) else { return };
    let path = |path: PathBuf| path.display().to_string();
    let (key, account) = (path(apple.apns_key_file()), path(google.fcm_account_file()));
    let (authority, base) = (path(apple.ca_file()), format!("{}/", apple.base()));
    let given = [
        ["--secret-key", KEY],
        ["--apns-key-file", &key],
        ["--apns-key-id", PushPeer::APNS_KEY_ID],
        ["--apns-team-id", PushPeer::APNS_TEAM_ID],
        ["--apns-base", &base],
        ["--fcm-credentials-file", &account],
        ["--push-ca-file", &authority],
    ];
    let push = read(given.as_flattened()).unwrap().app(&Clock::system()).unwrap().push;
    assert!(push.apns.is_some() && push.fcm.is_some());
    assert_eq!((push.apns_base, push.fcm_base), (Some(apple.base()), None));
}

#[test]
fn what_apple_wants_to_know_is_said_in_whole() {
    let said = [
        ("--apns-key-file", "key.p8", "TIDEWIRE_APNS_KEY_ID"),
        ("--apns-key-id", "ABC123DEFG", "TIDEWIRE_APNS_KEY_FILE"),
        ("--apns-team-id", "DEF123GHIJ", "TIDEWIRE_APNS_KEY_FILE"),
    ];
    for (flag, value, missing) in said {
        let wrong = read(&[flag, value]).err().unwrap();
        let beside = format!("{missing}: is missing beside the other settings of APNs; expected ");
        assert!(wrong.starts_with(&beside), "{wrong}");
    }
}

#[test]
fn browsers_are_pushed_to_unless_it_was_said_otherwise() {
    let push = |arguments: &[&str]| {
        let settings = read(&[arguments, &["--secret-key", KEY]].concat()).unwrap();
        settings.app(&Clock::system()).unwrap().push
    };
    let usual = push(&[]);
    assert!(usual.web_hosts.len() > 3 && usual.vapid_key.is_none());
    assert_eq!(push(&["--web-push-hosts", "push.example, *.push.example"]).web_hosts.len(), 2);
    assert_eq!(push(&["--web-push-hosts", "none"]).web_hosts, []);
    let own = ["--vapid-private-key", KEY, "--vapid-subject", "mailto:ops@tide.example"];
    let own = push(&own);
    assert!(own.vapid_key.is_some());
    assert_eq!(own.vapid_subject.as_deref(), Some("mailto:ops@tide.example"));
}

#[test]
fn keys_for_sealing_are_named_and_in_order() {
    let keys = read(&["--sealing-keys", &format!("k2:{KEY}, k1:{KEY}")]).unwrap().sealing_keys;
    let ids: Vec<_> = keys.iter().map(|key| key.id.as_str()).collect();
    assert_eq!(ids, ["k2", "k1"]);
    assert!(!format!("{keys:?}").contains("AAEC"), "keys do not show themselves");
}

#[test]
fn limits_are_changed_one_by_one() {
    let rates = read(&["--rate-limits", "login=40/30, chat_send=5/1"]).unwrap().rates.unwrap();
    let login = rates.get(tidewire_app::rate_limit::Class::Login);
    assert_eq!((login.count, login.seconds), (40, 30));
    let read = tidewire_app::rate_limit::Class::Read;
    assert_eq!(rates.get(read), Rates::default().get(read));
}

#[test]
fn the_public_address_has_no_slash_at_its_end_and_its_origin_may_call() {
    let settings = read(&["--public-url", "https://Chat.example:8443/team/"]).unwrap();
    assert_eq!(settings.public_url, "https://Chat.example:8443/team");
    assert_eq!(texts(&settings.allowed_origins), ["https://chat.example:8443"]);
}

#[test]
fn the_list_of_settings_shows_no_secret() {
    let secrets = ["--secret-key", KEY, "--vapid-private-key", KEY];
    let arguments = [&["tidewire", "--database-url", "postgres://u:pw@h/d"], &secrets[..]].concat();
    let given = Given::gather(CommandLine::try_parse_from(arguments).unwrap()).unwrap();
    let list = given.to_string();
    assert!(!list.contains(KEY) && !list.contains("pw"), "{list}");
    assert!(list.contains("(not shown)"), "{list}");
}

#[test]
fn a_given_key_is_used_and_no_file_is_made() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().display().to_string();
    let settings = read(&["--data-dir", &data_dir, "--secret-key", KEY]).unwrap();
    let config = settings.app(&Clock::system()).unwrap();
    assert_eq!(config.secret.0[..4], [0, 1, 2, 3]);
    assert!(!directory.path().join("secret.key").exists());
}

#[test]
fn a_key_is_made_once_and_for_the_server_alone() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path().join("data");
    let settings = read(&["--data-dir", &data_dir.display().to_string()]).unwrap();
    settings.make_data_dir().unwrap();
    let first = settings.app(&Clock::system()).unwrap().secret.0;
    assert_eq!(settings.app(&Clock::system()).unwrap().secret.0, first);
    assert_ne!(first, [0; 32]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&data_dir), mode(&data_dir.join("secret.key"))), (0o700, 0o600));
    assert_eq!(fs::read_dir(&data_dir).unwrap().count(), 1, "no draft is left");
}

#[test]
fn a_damaged_key_file_stops_the_start_and_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secret.key");
    fs::write(&path, "hunter2").unwrap();
    let settings = read(&["--data-dir", &directory.path().display().to_string()]).unwrap();
    let wrong = settings.app(&Clock::system()).err().unwrap().to_string();
    assert!(wrong.contains("secret.key: is not base64url; expected "), "{wrong}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "hunter2");
}
