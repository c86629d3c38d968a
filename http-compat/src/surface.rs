//! What surrounds all routes alike, from the outside in.

use axum::{
    Extension, Router,
    middleware::{from_fn, from_fn_with_state},
};
use http::HeaderValue;
use tidewire_app::App;
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{CompressionLayer, DefaultPredicate, Predicate},
};

use crate::{
    access_log,
    admission::NeverCompress,
    cors::{self, Cors},
    head,
    openapi::Published,
    problem::{self, method_not_allowed, route_not_found},
    request_id,
    routing::Page,
    security_headers,
};

/// Makes a service of the routes.
pub(crate) fn wrap(page: Page, more: Router<App>, app: App, origins: &[HeaderValue]) -> Router {
    let (router, document) = page.finish();
    let inner = ServiceBuilder::new()
        .layer(from_fn_with_state(Cors::new(origins), cors::answer))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(from_fn(head::check))
        .layer(Extension(Published::new(&document)));
    let outer = ServiceBuilder::new()
        .layer(from_fn_with_state(app.clone(), request_id::assign))
        .layer(from_fn_with_state(app.clone(), access_log::write))
        .layer(from_fn(security_headers::add))
        .layer(CompressionLayer::new().compress_when(worth_compressing()))
        .layer(from_fn(problem::render));
    router
        .merge(more)
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(route_not_found)
        .layer(inner)
        .layer(outer)
        .with_state(app)
}

fn worth_compressing() -> impl Predicate {
    let allowed =
        |_, _, _: &_, extensions: &http::Extensions| extensions.get::<NeverCompress>().is_none();
    DefaultPredicate::new().and(allowed)
}
