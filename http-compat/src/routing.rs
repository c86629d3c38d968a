//! How one line of the routing page becomes a route, its gate, and its part of the description.

use std::sync::Arc;

use axum::{Router, middleware::from_fn_with_state};
use tidewire_app::App;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::{
    address::Network,
    admission::{Gate, Policy, admit},
    openapi,
};

/// The routes so far.
pub(crate) struct Page {
    app: App,
    trusted_proxies: Arc<[Network]>,
    router: OpenApiRouter<App>,
}

impl Page {
    pub(crate) fn new(app: &App, trusted_proxies: &[Network]) -> Self {
        Self {
            app: app.clone(),
            trusted_proxies: trusted_proxies.into(),
            router: OpenApiRouter::with_openapi(openapi::base()),
        }
    }

    /// Puts a handler, which knows no path of its own, at `path` behind `policy`.
    pub(crate) fn at(self, path: &str, policy: Policy, handlers: UtoipaMethodRouter<App>) -> Self {
        let (schemas, mut paths, methods) = handlers;
        let items = std::mem::take(&mut paths.paths).into_values();
        for mut item in items {
            openapi::complete(path, &mut item, &policy);
            paths.paths.insert(path.to_owned(), item);
        }
        let gate = Gate {
            app: self.app.clone(),
            trusted_proxies: Arc::clone(&self.trusted_proxies),
            policy,
        };
        let methods = methods.route_layer(from_fn_with_state(gate, admit));
        Self { router: self.router.routes((schemas, paths, methods)), ..self }
    }

    pub(crate) fn finish(self) -> (Router<App>, OpenApi) {
        self.router.split_for_parts()
    }
}
