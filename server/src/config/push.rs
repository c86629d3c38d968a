//! How devices are pushed to: what was said in settings, and what stands in the files that they name.

use std::{fs, path::PathBuf};

use tidewire_app::{
    config::PushConfig,
    push::{
        Authorities,
        apns::{Credentials, InvalidCredentials},
        fcm::Account,
        web_push::{PushHost, VapidKey},
    },
};

use super::{Given, Wrong, command_line as key, command_line::Key, values};

/// What was said; the files are not read yet.
#[derive(Clone)]
pub(super) struct Push {
    web_hosts: Vec<PushHost>,
    vapid_key: Option<VapidKey>,
    vapid_subject: Option<String>,
    apns: Option<Apns>,
    apns_base: Option<String>,
    fcm_file: Option<PathBuf>,
    fcm_base: Option<String>,
    ca_file: Option<PathBuf>,
}

#[derive(Clone)]
struct Apns {
    key_file: PathBuf,
    key_id: String,
    team_id: String,
}

impl Push {
    pub(super) fn read(given: &Given) -> Result<Self, Wrong> {
        Ok(Self {
            web_hosts: given.read(&key::WEB_PUSH_HOSTS, hosts)?,
            vapid_key: given.optional(&key::VAPID_PRIVATE_KEY, vapid_key)?,
            vapid_subject: given.optional(&key::VAPID_SUBJECT, subject)?,
            apns: apns(given)?,
            apns_base: given.optional(&key::APNS_BASE, base)?,
            fcm_file: given.optional(&key::FCM_CREDENTIALS_FILE, values::folder)?,
            fcm_base: given.optional(&key::FCM_BASE, base)?,
            ca_file: given.optional(&key::PUSH_CA_FILE, values::folder)?,
        })
    }

    /// With what stands in the files.
    pub(super) fn load(&self) -> Result<PushConfig, Wrong> {
        let authorities = load(self.ca_file.as_ref(), &key::PUSH_CA_FILE, |pem| {
            Authorities::parse(pem).map_err(|_| "has no certificates in it".to_owned())
        })?;
        let apns = self.apns.as_ref().map(Apns::load).transpose()?;
        let fcm = load(self.fcm_file.as_ref(), &key::FCM_CREDENTIALS_FILE, |json| {
            Account::parse(json).map_err(|error| error.to_string())
        })?;
        Ok(PushConfig {
            web_hosts: self.web_hosts.clone(),
            vapid_key: self.vapid_key.clone(),
            vapid_subject: self.vapid_subject.clone(),
            apns,
            apns_base: self.apns_base.clone(),
            fcm,
            fcm_base: self.fcm_base.clone(),
            authorities: authorities.unwrap_or_default(),
        })
    }
}

impl Apns {
    fn load(&self) -> Result<Credentials, Wrong> {
        let credentials = |pem: &[u8]| Credentials::new(pem, &self.key_id, &self.team_id);
        let file = Some(&self.key_file);
        let loaded = load(file, &key::APNS_KEY_FILE, |pem| {
            credentials(pem).map_err(|error: InvalidCredentials| error.to_string())
        })?;
        loaded.ok_or_else(|| missing(&key::APNS_KEY_FILE))
    }
}

/// What a file holds, where there is one.
fn load<T>(
    path: Option<&PathBuf>,
    key: &'static Key,
    parse: impl FnOnce(&[u8]) -> Result<T, String>,
) -> Result<Option<T>, Wrong> {
    let Some(path) = path else { return Ok(None) };
    let read = fs::read(path).map_err(|error| format!("cannot be read ({})", error.kind()));
    let value = read.and_then(|bytes| parse(&bytes));
    value.map(Some).map_err(|fault| Wrong::new(key.variable, &fault, key.expected))
}

/// All three or none of them.
fn apns(given: &Given) -> Result<Option<Apns>, Wrong> {
    let key_file = given.optional(&key::APNS_KEY_FILE, values::folder)?;
    let key_id = given.optional(&key::APNS_KEY_ID, apple_id)?;
    let team_id = given.optional(&key::APNS_TEAM_ID, apple_id)?;
    if key_file.is_none() && key_id.is_none() && team_id.is_none() {
        return Ok(None);
    }
    Ok(Some(Apns {
        key_file: key_file.ok_or_else(|| missing(&key::APNS_KEY_FILE))?,
        key_id: key_id.ok_or_else(|| missing(&key::APNS_KEY_ID))?,
        team_id: team_id.ok_or_else(|| missing(&key::APNS_TEAM_ID))?,
    }))
}

fn missing(key: &'static Key) -> Wrong {
    Wrong::new(key.variable, "is missing beside the other settings of APNs", key.expected)
}

fn hosts(text: &str) -> Result<Vec<PushHost>, String> {
    if text == "none" {
        return Ok(Vec::new());
    }
    let host = |text: &str| text.parse().map_err(|_| "is not a list of hosts".to_owned());
    values::members(text).map(host).collect()
}

fn vapid_key(text: &str) -> Result<VapidKey, String> {
    VapidKey::new(&values::secret(text)?).ok_or_else(|| "is no key of the curve".to_owned())
}

fn subject(text: &str) -> Result<String, String> {
    match text.strip_prefix("mailto:") {
        Some(address) if !address.contains('<') => values::mail_from(address).map(|_| ())?,
        Some(_) => return Err("has more than an address".to_owned()),
        None => https(text)?,
    }
    Ok(text.to_owned())
}

fn base(text: &str) -> Result<String, String> {
    https(text)?;
    values::public_url(text)
}

fn https(text: &str) -> Result<(), String> {
    values::public_url(text)?;
    let is_https = text.starts_with("https://");
    is_https.then_some(()).ok_or_else(|| "does not start with https://".to_owned())
}

/// Keys and teams have ids of one form.
fn apple_id(text: &str) -> Result<String, String> {
    let is_id = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_id.then(|| text.to_owned()).ok_or_else(|| "is not ten letters and digits".to_owned())
}
