//! Handing a mail to a mail server (RFC 5321), over TLS that is verified against the server's name.
//!
//! Where STARTTLS was asked for (RFC 3207), a server that does not offer it gets nothing: the offer
//! may have been taken out on the way.

mod url;

use std::{
    error::Error as _,
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use lettre::{
    Message,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, Certificate, TlsParameters, TlsParametersBuilder},
        extension::ClientId,
    },
};
use tidewire_protocol::model::email_settings::SmtpSecurity;
use tokio::time::timeout;

pub use url::InvalidUrl;

/// Ports that mail servers listen on.
pub const PORTS: [u16; 4] = [25, 465, 587, 2525];

const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// A mail server, and how to deal with it.
#[derive(Clone)]
pub struct Server {
    pub host: String,
    pub port: u16,
    pub security: SmtpSecurity,
    pub login: Option<Login>,
    /// The most that one mail may take.
    pub deadline: Duration,
}

/// Who we are to the server. Never shown.
#[derive(Clone)]
pub struct Login {
    pub username: String,
    pub password: String,
}

/// Who else may certify mail servers beside the public authorities.
#[derive(Clone, Default)]
pub struct Authorities(Vec<Certificate>);

/// A file that holds no certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not certificates in PEM")]
pub struct InvalidCertificates;

impl Authorities {
    /// Certificates in PEM.
    pub fn parse(pem: &[u8]) -> Result<Self, InvalidCertificates> {
        let begin = b"-----BEGIN CERTIFICATE-----";
        if !pem.windows(begin.len()).any(|window| window == begin) {
            return Err(InvalidCertificates);
        }
        let certificate = Certificate::from_pem(pem).map_err(|_| InvalidCertificates)?;
        let authorities = Self(vec![certificate]);
        authorities.tls("localhost").map_err(|_| InvalidCertificates)?;
        Ok(authorities)
    }

    fn tls(&self, host: &str) -> Result<TlsParameters, Error> {
        let trusted = TlsParameters::builder(host.to_owned());
        let certificates = self.0.iter().cloned();
        certificates.fold(trusted, TlsParametersBuilder::add_root_certificate).build()
    }
}

/// Why a server has not taken a mail. Nothing that the server said is repeated: it may hold addresses,
/// and what a tenant's administrator may learn of the network is in these names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("the mail server cannot be reached")]
    Unreachable,
    #[error("there is no secure connection to the mail server")]
    Tls,
    #[error("the mail server has refused the login")]
    Login,
    /// With the reply's code.
    #[error("the mail server has refused the mail ({0})")]
    Rejected(u16),
}

impl Failure {
    /// Whether the same mail will be refused again. What is wrong with a server or its login can be
    /// mended while the mail waits.
    pub const fn is_permanent(self) -> bool {
        match self {
            Self::Unreachable | Self::Tls | Self::Login => false,
            Self::Rejected(code) => code >= 500,
        }
    }
}

/// What surrounds a delivery.
pub(crate) struct Sending<'a> {
    pub server: &'a Server,
    /// The server's addresses, already judged.
    pub addresses: &'a [SocketAddr],
    /// The name that we give.
    pub hello: &'a str,
    pub authorities: &'a Authorities,
}

impl Sending<'_> {
    /// Hands the mail over, within the server's deadline.
    pub(crate) async fn deliver(&self, message: &Message) -> Result<(), Failure> {
        let conversation = timeout(self.server.deadline, self.converse(message));
        let mut connection = conversation.await.unwrap_or(Err(Failure::Unreachable))?;
        // The mail has been taken; how the server says goodbye changes nothing.
        let _ = timeout(GOODBYE_TIMEOUT, connection.quit()).await;
        Ok(())
    }

    async fn converse(&self, message: &Message) -> Result<AsyncSmtpConnection, Failure> {
        let mut connection = self.connect().await?;
        if let Some(login) = &self.server.login {
            let credentials = Credentials::new(login.username.clone(), login.password.clone());
            let answer = connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await;
            answer.map_err(|error| lost_or(&error, Failure::Login))?;
        }
        let sent = connection.send(message.envelope(), &message.formatted()).await;
        sent.map_err(|error| refusal(&error))?;
        Ok(connection)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let hello = match self.hello.trim_matches(['[', ']']).parse() {
            Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
            Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
            Err(_) => ClientId::Domain(self.hello.to_owned()),
        };
        let tls = || self.authorities.tls(&self.server.host).map_err(|_| Failure::Tls);
        let at_once = match self.server.security {
            SmtpSecurity::Tls => Some(tls()?),
            SmtpSecurity::None | SmtpSecurity::Starttls => None,
        };
        let deadline = Some(self.server.deadline);
        let opened =
            AsyncSmtpConnection::connect_tokio1(self.addresses, deadline, &hello, at_once, None);
        let mut connection = opened.await.map_err(|error| refusal(&error))?;
        match self.server.security {
            SmtpSecurity::Starttls => {
                connection.starttls(tls()?, &hello).await.map_err(|_| Failure::Tls)?;
            }
            SmtpSecurity::None | SmtpSecurity::Tls => {}
        }
        Ok(connection)
    }
}

/// What a reply says, or else what the connection suffered.
fn refusal(error: &Error) -> Failure {
    match error.status() {
        Some(code) => Failure::Rejected(code.into()),
        None if is_of_tls(error) => Failure::Tls,
        None => Failure::Unreachable,
    }
}

/// A connection that broke has refused nothing.
fn lost_or(error: &Error, refused: Failure) -> Failure {
    if error.status().is_some() || error.is_client() { refused } else { refusal(error) }
}

/// A handshake that fails is an error of input and output to the library; its kind tells.
fn is_of_tls(error: &Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if matches!(kind, Some(io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof)) {
            return true;
        }
        cause = error.source();
    }
    false
}

#[cfg(test)]
mod tests;
