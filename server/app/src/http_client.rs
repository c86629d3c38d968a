//! What calls others over HTTP. It follows nobody elsewhere, and knows public authorities by itself, so
//! that a machine without any certificates runs it too.

use std::sync::Arc;

use reqwest::{Client, redirect::Policy};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs::default_provider};

/// # Panics
///
/// Never: the options go together, and the provider has the usual versions of TLS.
pub(crate) fn new() -> Client {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has the usual versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        .no_proxy()
        .build()
        .expect("the options go together")
}
