//! The operator's mail server as a URL: `smtp://user:password@host:587?tls=required`, or `smtps://…`.

use std::{str::FromStr, time::Duration};

use percent_encoding::percent_decode_str;
use tidewire_protocol::model::email_settings::SmtpSecurity;

use super::{Login, Server};

const DEADLINE: Duration = Duration::from_secs(30);

/// What is wrong with the URL, in words that do not repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    #[error("does not start with smtp:// or smtps://")]
    Scheme,
    #[error("has no host")]
    Host,
    #[error("has no port from 1 to 65535")]
    Port,
    #[error("has a user without a password, or characters in them that no server takes")]
    Login,
    #[error("says something else than tls=required or tls=none behind its host")]
    Tls,
    #[error("would send a password without TLS")]
    PlainLogin,
}

impl FromStr for Server {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let (scheme, rest) = text.split_once("://").ok_or(InvalidUrl::Scheme)?;
        let (authority, query) = rest.split_once('?').map_or((rest, None), |(a, q)| (a, Some(q)));
        let security = security(scheme, query)?;
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let (login, place) = match authority.rsplit_once('@') {
            Some((login, place)) => (Some(read_login(login)?), place),
            None => (None, authority),
        };
        if login.is_some() && security == SmtpSecurity::None {
            return Err(InvalidUrl::PlainLogin);
        }
        let (host, port) = read_place(place, security)?;
        Ok(Self { host, port, security, login, deadline: DEADLINE })
    }
}

fn security(scheme: &str, query: Option<&str>) -> Result<SmtpSecurity, InvalidUrl> {
    match (scheme, query) {
        ("smtps", None | Some("tls=required")) => Ok(SmtpSecurity::Tls),
        ("smtp", None | Some("tls=required")) => Ok(SmtpSecurity::Starttls),
        ("smtp", Some("tls=none")) => Ok(SmtpSecurity::None),
        ("smtp" | "smtps", _) => Err(InvalidUrl::Tls),
        _ => Err(InvalidUrl::Scheme),
    }
}

fn read_login(text: &str) -> Result<Login, InvalidUrl> {
    let (username, password) = text.split_once(':').ok_or(InvalidUrl::Login)?;
    let read = |part: &str| {
        let part = percent_decode_str(part).decode_utf8().ok()?.into_owned();
        Some(part).filter(|part| !part.is_empty() && !part.contains(['\0', '\r', '\n']))
    };
    read(username)
        .zip(read(password))
        .map(|(username, password)| Login { username, password })
        .ok_or(InvalidUrl::Login)
}

fn read_place(text: &str, security: SmtpSecurity) -> Result<(String, u16), InvalidUrl> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) if host.parse::<std::net::Ipv6Addr>().is_ok() => {
            (host, rest.strip_prefix(':'))
        }
        Some(_) => return Err(InvalidUrl::Host),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let is_odd = |c: char| c.is_whitespace() || c.is_control() || "/#\\".contains(c);
    if host.is_empty() || host.contains(is_odd) {
        return Err(InvalidUrl::Host);
    }
    let usual = if security == SmtpSecurity::Tls { 465 } else { 587 };
    let port = port.map_or(Ok(usual), str::parse).map_err(|_| InvalidUrl::Port)?;
    if port == 0 { Err(InvalidUrl::Port) } else { Ok((host.to_owned(), port)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = (String, u16, SmtpSecurity, Option<(String, String)>);

    fn read(text: &str) -> Result<Read, InvalidUrl> {
        let server: Server = text.parse()?;
        let login = server.login.map(|login| (login.username, login.password));
        Ok((server.host, server.port, server.security, login))
    }

    #[test]
    fn a_url_says_where_how_and_who() {
        let login = Some(("ada@acme".to_owned(), "p@ss:/?".to_owned()));
        for (text, expected) in [
            ("smtp://mail.example", ("mail.example", 587, SmtpSecurity::Starttls, None)),
            ("smtp://mail.example:25/?tls=none", ("mail.example", 25, SmtpSecurity::None, None)),
            ("smtps://mail.example", ("mail.example", 465, SmtpSecurity::Tls, None)),
            ("smtps://[::1]:2465", ("::1", 2465, SmtpSecurity::Tls, None)),
            (
                "smtp://ada%40acme:p%40ss:%2F%3F@mail.example:2525?tls=required",
                ("mail.example", 2525, SmtpSecurity::Starttls, login),
            ),
        ] {
            let (host, port, security, login) = expected;
            assert_eq!(read(text), Ok((host.to_owned(), port, security, login)), "{text}");
        }
    }

    #[test]
    fn a_url_that_is_wrong_or_careless_is_refused() {
        for (text, expected) in [
            ("mail.example", InvalidUrl::Scheme),
            ("https://mail.example", InvalidUrl::Scheme),
            ("smtp://", InvalidUrl::Host),
            ("smtp://[x]", InvalidUrl::Host),
            ("smtp://a b", InvalidUrl::Host),
            ("smtp://mail.example:0", InvalidUrl::Port),
            ("smtp://mail.example:99999", InvalidUrl::Port),
            ("smtp://ada@mail.example", InvalidUrl::Login),
            ("smtp://ada:a%0d%0ab@mail.example", InvalidUrl::Login),
            ("smtp://mail.example?tls=opportunistic", InvalidUrl::Tls),
            ("smtps://mail.example?tls=none", InvalidUrl::Tls),
            ("smtp://ada:secret@mail.example?tls=none", InvalidUrl::PlainLogin),
        ] {
            assert_eq!(read(text), Err(expected), "{text}");
            assert!(!expected.to_string().contains("secret"));
        }
    }
}
