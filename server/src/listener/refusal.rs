//! The answer to a connection that there is no place for. It costs no request parsing and no place,
//! and is given to a limited number of peers at a time; the others are hung up on.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use tidewire_app::tasks::Tasks;
use tidewire_protocol::ErrorCode;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Semaphore,
    time::timeout,
};

const AT_ONCE_MAX: usize = 256;
const TIMEOUT: Duration = Duration::from_secs(2);
const RETRY_AFTER_SECONDS: u64 = 5;

static ANSWER: LazyLock<String> = LazyLock::new(|| {
    let code = ErrorCode::Unavailable;
    let error = serde_json::json!({
        "code": code.code(), "message": code.sentence(), "details": null, "requestId": null,
    });
    let body = serde_json::json!({ "success": false, "error": error }).to_string();
    format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Retry-After: {RETRY_AFTER_SECONDS}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n{body}",
        body.len(),
    )
});

pub(super) struct Refusals {
    tasks: Tasks,
    at_once: Arc<Semaphore>,
}

impl Refusals {
    pub(super) fn new(tasks: Tasks) -> Self {
        Self { tasks, at_once: Arc::new(Semaphore::new(AT_ONCE_MAX)) }
    }

    pub(super) fn refuse(&self, stream: TcpStream) {
        metrics::counter!("tidewire_connections_refused_total").increment(1);
        let Ok(permit) = Arc::clone(&self.at_once).try_acquire_owned() else { return };
        self.tasks.spawn_until_stop(async move {
            let _ = timeout(TIMEOUT, answer(stream)).await;
            drop(permit);
        });
    }
}

/// Writes the answer and waits for the peer to hang up: closing while its request is unread would
/// reset the connection, and the peer might never see why.
async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.write_all(ANSWER.as_bytes()).await?;
    stream.shutdown().await?;
    let mut ignored = [0; 1024];
    while stream.read(&mut ignored).await? > 0 {}
    Ok(())
}
