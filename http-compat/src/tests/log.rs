//! What the log says about requests.

use std::{
    io::{Result, Write},
    sync::{Arc, Mutex},
};

use super::harness::{Surface, empty, get, send};
use crate::{Options, router};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn it_names_routes_and_no_secret() {
    let surface = Surface::new().await;
    let router = router(surface.app.clone(), &Options::default());
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    for path in [
        "/api/v1/users/invitations/hidden-1",
        "/api/v1/users?search=hidden-2",
        "/hidden-3",
        "/api/v1/health/live",
    ] {
        let request = get(path).header("authorization", "Bearer hidden-4");
        send(&router, empty(request.header("x-request-id", "the-name-of-it"))).await;
    }
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("/api/v1/users/invitations/{token}"), "{text}");
    assert!(text.contains("the-name-of-it") && text.contains("401"), "{text}");
    assert!(!text.contains("hidden") && !text.contains("/health"), "{text}");
}
