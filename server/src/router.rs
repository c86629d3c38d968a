//! Both mouths over one set of operations.

use axum::Router;
use tidewire_app::App;
use tidewire_http_compat::Options;

use crate::{
    config::Settings,
    ws::{
        admission::Admission,
        upgrade::{self, CallRouter, Origins},
    },
};

/// REST with the socket beside it; `call` on the socket goes through the same router.
pub fn router(app: &App, settings: &Settings) -> Router {
    let call = CallRouter::default();
    let origins = Origins(settings.allowed_origins.clone().into());
    let admission = Admission::new(settings.admissions_per_second);
    let options = Options {
        allowed_origins: settings.allowed_origins.clone(),
        trusted_proxies: settings.trusted_proxies.clone(),
        description_hidden: settings.description_hidden,
        more: upgrade::routes(origins, admission, call.clone()),
    };
    let router = tidewire_http_compat::router(app.clone(), &options);
    call.set(router.clone());
    router
}
