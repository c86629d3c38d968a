//! Waiting for a condition instead of for a while.

use std::time::Duration;

use tokio::time::{sleep, timeout};

/// How long a test waits for anything before it fails; far above what a busy machine needs.
pub const DEADLINE: Duration = Duration::from_secs(30);

const INTERVAL: Duration = Duration::from_millis(10);

/// Asks `probe` until it has an answer.
///
/// # Panics
///
/// After [`DEADLINE`], naming `what` was waited for.
pub async fn eventually<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let answer = async {
        loop {
            if let Some(answer) = probe().await {
                break answer;
            }
            sleep(INTERVAL).await;
        }
    };
    timeout(DEADLINE, answer)
        .await
        .unwrap_or_else(|_| panic!("waited {DEADLINE:?} in vain: {what}"))
}
