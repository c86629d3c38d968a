//! What calls others over HTTP. It follows nobody elsewhere, and knows public authorities by itself, so
//! that a machine without any certificates runs it too.

use std::{sync::Arc, time::Duration};

use reqwest::{
    Client, ClientBuilder,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect::Policy,
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use crate::outgoing::Exceptions;

/// How often a connection in use is asked whether it is alive, and how long it may take to answer.
const PING_INTERVAL: Duration = Duration::from_secs(20);
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// Who else may certify servers beside the public authorities.
#[derive(Clone, Default)]
pub struct Authorities(Vec<CertificateDer<'static>>);

/// A file that holds no certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not certificates in PEM")]
pub struct InvalidCertificates;

impl Authorities {
    /// Certificates in PEM.
    pub fn parse(pem: &[u8]) -> Result<Self, InvalidCertificates> {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let certificates = certificates.map_err(|_| InvalidCertificates)?;
        let mut store = RootCertStore::empty();
        let are_good = certificates.iter().all(|one| store.add(one.clone()).is_ok());
        if certificates.is_empty() || !are_good {
            return Err(InvalidCertificates);
        }
        Ok(Self(certificates))
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        roots.add_parsable_certificates(self.0.iter().cloned());
        roots
    }
}

/// For what the operator has named.
///
/// # Panics
///
/// Never: the options go together, and the provider has the usual versions of TLS.
pub(crate) fn new() -> Client {
    build(builder(&Authorities::default(), &[]))
}

/// As [`new`], in HTTP/2 where the server can, or in nothing else.
pub(crate) fn to_services(authorities: &Authorities, http2_only: bool) -> Client {
    if http2_only {
        return build(builder(authorities, &[b"h2"]).http2_prior_knowledge());
    }
    build(builder(authorities, &[b"h2", b"http/1.1"]))
}

/// For what others have named: connects to addresses only that `exceptions` permit. A host that is an
/// address itself is not resolved and must have been judged before.
pub(crate) fn to_strangers(authorities: &Authorities, exceptions: Exceptions) -> Client {
    let builder = builder(authorities, &[b"h2", b"http/1.1"]).https_only(true);
    build(builder.dns_resolver(Judged(exceptions)))
}

fn builder(authorities: &Authorities, protocols: &[&[u8]]) -> ClientBuilder {
    let mut tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has the usual versions of TLS")
        .with_root_certificates(authorities.roots())
        .with_no_client_auth();
    tls.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .no_proxy()
        .http2_keep_alive_interval(PING_INTERVAL)
        .http2_keep_alive_timeout(PING_TIMEOUT)
}

fn build(builder: ClientBuilder) -> Client {
    builder.build().expect("the options go together")
}

/// Resolves a name once; what is connected to is what was judged.
struct Judged(Exceptions);

impl Resolve for Judged {
    fn resolve(&self, name: Name) -> Resolving {
        let exceptions = self.0.clone();
        Box::pin(async move {
            let found = exceptions.resolve_any_port(name.as_str(), 0).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_are_certificates_and_at_least_one() {
        for wrong in [
            "",
            "no certificate",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ] {
            assert!(Authorities::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
