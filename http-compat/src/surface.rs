//! What surrounds all routes alike, from the outside in.

use axum::{
    Extension, Router,
    extract::State,
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{HeaderValue, header::CONTENT_TYPE};
use tidewire_app::App;
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{CompressionLayer, DefaultPredicate, Predicate},
};

use crate::{
    Options, RenderMetrics, access_log,
    admission::NeverCompress,
    cors::{self, Cors},
    head,
    openapi::Published,
    problem::{self, method_not_allowed, route_not_found},
    request_id,
    routing::Page,
    security_headers,
};

/// Makes a service of the routes. `/metrics` stands outside the origins' rules.
pub(crate) fn wrap(page: Page, app: App, options: &Options) -> Router {
    let (router, document) = page.finish();
    let inner = ServiceBuilder::new()
        .layer(from_fn_with_state(Cors::new(&options.allowed_origins), cors::answer))
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
        .merge(options.more.clone())
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(route_not_found)
        .layer(inner)
        .merge(internal(options))
        .layer(outer)
        .with_state(app)
}

fn internal(options: &Options) -> Router<App> {
    let Some(render) = options.metrics.clone() else { return Router::new() };
    Router::new()
        .route("/metrics", get(metrics).with_state(render))
        .method_not_allowed_fallback(method_not_allowed)
}

fn worth_compressing() -> impl Predicate {
    let allowed =
        |_, _, _: &_, extensions: &http::Extensions| extensions.get::<NeverCompress>().is_none();
    DefaultPredicate::new().and(allowed)
}

async fn metrics(State(render): State<RenderMetrics>) -> Response {
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(CONTENT_TYPE, kind)], render()).into_response()
}
