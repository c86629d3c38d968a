//! From the text of a setting to its value. A fault never repeats the text, which may be a secret.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderValue, Uri};
use tidewire_app::{
    config::{SealingKey, Secret},
    fanout::bus::redis::RedisAddresses,
    health::Module,
    mail::{FromAddress, smtp},
    rate_limit::{Class, Rate, Rates},
};
use tidewire_http_compat::address::Network;
use tidewire_protocol::limits::GROUP_MEMBERS_MAX;
use tracing_subscriber::EnvFilter;

type Value<T> = Result<T, String>;

const COUNT_MAX: usize = 1_000_000;
const DRAIN_SECONDS_MAX: usize = 3_600;

pub(super) fn address(text: &str) -> Value<SocketAddr> {
    text.parse().map_err(|_| fault("is not an address with a port"))
}

pub(super) fn folder(text: &str) -> Value<PathBuf> {
    if text.is_empty() { Err(fault("is empty")) } else { Ok(text.into()) }
}

pub(super) fn database_url(text: &str) -> Value<String> {
    let path = text.strip_prefix("sqlite://");
    let host = text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://"));
    match path.or(host) {
        Some("") => Err(fault("ends after its scheme")),
        Some(_) => Ok(text.to_owned()),
        None => Err(fault("is of no database that is supported")),
    }
}

pub(super) fn redis_addresses(text: &str) -> Value<RedisAddresses> {
    RedisAddresses::parse(members(text)).map_err(|_| fault("is not a list of Redis addresses"))
}

pub(super) fn redis_prefix(text: &str) -> Value<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    match text.len() {
        1..=64 if text.bytes().all(allowed) => Ok(text.to_owned()),
        1..=64 => Err(fault("has other characters")),
        _ => Err(fault("is empty or too long")),
    }
}

/// The address without a slash at its end, so that paths can be added.
pub(super) fn public_url(text: &str) -> Value<String> {
    let url = web_address(text)?;
    if url.query().is_some() || text.contains('#') {
        return Err(fault("has a query or a fragment"));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

pub(super) fn origins(text: &str) -> Value<Vec<HeaderValue>> {
    members(text).map(origin).collect()
}

fn origin(text: &str) -> Value<HeaderValue> {
    let url = web_address(text)?;
    // `Uri` reads an absent path as "/"; the text tells them apart.
    if url.path() != "/" || url.query().is_some() || text.ends_with('/') {
        return Err(fault("has more in it than scheme, host and port"));
    }
    HeaderValue::from_str(&text.to_ascii_lowercase()).map_err(|_| fault("is not an origin"))
}

/// The origin of a public address that was read before.
pub(super) fn origin_of(public_url: &str) -> Vec<HeaderValue> {
    let authority_starts = public_url.find("://").map_or(0, |scheme| scheme + 3);
    let authority = &public_url[authority_starts..];
    let length = authority.find('/').map_or(public_url.len(), |slash| authority_starts + slash);
    origin(&public_url[..length]).into_iter().collect()
}

fn web_address(text: &str) -> Value<Uri> {
    let url: Uri = text.parse().map_err(|_| fault("is not a URL"))?;
    if !matches!(url.scheme_str(), Some("http" | "https")) {
        return Err(fault("does not start with http:// or https://"));
    }
    match url.authority() {
        Some(authority) if authority.as_str().contains('@') => Err(fault("contains credentials")),
        Some(_) => Ok(url),
        None => Err(fault("has no host")),
    }
}

pub(super) fn networks(text: &str) -> Value<Vec<Network>> {
    let network = |text: &str| text.parse().map_err(|_| fault("is not a list of addresses"));
    members(text).map(network).collect()
}

pub(super) fn count(text: &str) -> Value<usize> {
    within(text, 1, COUNT_MAX)
}

pub(super) fn per_second(text: &str) -> Value<u32> {
    within(text, 1, COUNT_MAX).map(|rate| rate as u32)
}

pub(super) fn is_on(text: &str) -> Value<bool> {
    match text {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => Err(fault("is neither on nor off")),
    }
}

/// Fewer than four lanes of the log would wait for one another.
pub(super) fn database_connections(text: &str) -> Value<u32> {
    within(text, 4, 500).map(|count| count as u32)
}

pub(super) fn group_members(text: &str) -> Value<usize> {
    within(text, 2, GROUP_MEMBERS_MAX)
}

pub(super) fn seconds(text: &str) -> Value<Duration> {
    within(text, 0, DRAIN_SECONDS_MAX).map(|seconds| Duration::from_secs(seconds as u64))
}

fn within(text: &str, least: usize, most: usize) -> Value<usize> {
    match text.parse() {
        Ok(number) if number < least => Err(fault("is too small")),
        Ok(number) if number > most => Err(fault("is too large")),
        Ok(number) => Ok(number),
        Err(_) => Err(fault("is not a whole number")),
    }
}

/// `None`: no request is ever refused for its rate.
pub(super) fn rates(text: &str) -> Value<Option<Rates>> {
    let mut rates = Rates::default();
    match text {
        "on" | "true" => return Ok(Some(rates)),
        "off" | "false" => return Ok(None),
        _ => {}
    }
    for member in members(text) {
        let (class, rate) = rate(member)?;
        rates.set(class, rate);
    }
    Ok(Some(rates))
}

fn rate(text: &str) -> Value<(Class, Rate)> {
    let (word, limit) = text.split_once('=').ok_or_else(|| fault("has a limit without a value"))?;
    let class = Class::ALL.iter().find(|class| class.word() == word.trim());
    let class = class.ok_or_else(|| fault("names a limit that does not exist"))?;
    let (count, seconds) = limit.split_once('/').ok_or_else(|| fault("has a limit without a /"))?;
    let number = |text: &str| match text.trim().parse() {
        Ok(0) | Err(_) => Err(fault("has a limit that is no positive number")),
        Ok(number) => Ok(number),
    };
    Ok((*class, Rate { count: number(count)?, seconds: number(seconds)? }))
}

pub(super) fn is_open(text: &str) -> Value<bool> {
    one_of(text, "open", "closed")
}

pub(super) fn is_json(text: &str) -> Value<bool> {
    one_of(text, "json", "text")
}

fn one_of(text: &str, yes: &str, no: &str) -> Value<bool> {
    match text {
        word if word == yes => Ok(true),
        word if word == no => Ok(false),
        _ => Err(fault("is another word")),
    }
}

pub(super) fn log_filter(text: &str) -> Value<String> {
    EnvFilter::try_new(text).map_err(|_| fault("is not a filter"))?;
    Ok(text.to_owned())
}

pub(super) fn secret(text: &str) -> Value<Secret> {
    let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('='));
    let bytes = bytes.map_err(|_| fault("is not base64url"))?;
    bytes.try_into().map(Secret).map_err(|_| fault("has another length"))
}

pub(super) fn smtp_url(text: &str) -> Value<smtp::Server> {
    text.parse().map_err(|error: smtp::InvalidUrl| error.to_string())
}

pub(super) fn mail_from(text: &str) -> Value<FromAddress> {
    text.parse().map_err(|_| fault("is not an address"))
}

pub(super) fn ports(text: &str) -> Value<Vec<u16>> {
    let port = |text: &str| within(text, 1, u16::MAX.into()).map(|port| port as u16);
    members(text).map(port).collect()
}

/// Keys with their names, which are in front of every value that is sealed under them.
pub(super) fn sealing_keys(text: &str) -> Value<Vec<SealingKey>> {
    members(text).map(sealing_key).collect()
}

fn sealing_key(text: &str) -> Value<SealingKey> {
    let (id, key) = text.split_once(':').ok_or_else(|| fault("has a key without a name"))?;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !(1..=32).contains(&id.len()) || !id.bytes().all(allowed) {
        return Err(fault(
            "has a name that is not 1 to 32 letters, digits, dashes and underscores",
        ));
    }
    Ok(SealingKey { id: id.to_owned(), key: secret(key)? })
}

/// Modules, each with the address that says whether it is well.
pub(super) fn modules(text: &str) -> Value<Vec<Module>> {
    members(text).map(module).collect()
}

fn module(text: &str) -> Value<Module> {
    let (name, url) = text.split_once('=').ok_or_else(|| fault("has an address without a name"))?;
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if !(1..=32).contains(&name.len()) || !name.bytes().all(allowed) {
        return Err(fault("has a name that is not 1 to 32 of a-z, digits, dashes and underscores"));
    }
    web_address(url)?;
    Ok(Module { name: name.to_owned(), url: url.to_owned() })
}

/// The members of a list with commas between them.
pub(super) fn members(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|member| !member.is_empty())
}

fn fault(text: &str) -> String {
    text.to_owned()
}
