//! Waiting for what has to come true: the only place where tests let time pass.

use std::future::Future;
use std::time::{Duration, Instant};

/// How long anything may take on a busy machine before a test gives up.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// How often a condition is looked at that nobody announces.
const BETWEEN_LOOKS: Duration = Duration::from_millis(15);

/// Asks until there is an answer.
///
/// # Panics
/// With `what` when there is none within [`PATIENCE`].
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(started.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Waits for a future.
///
/// # Panics
/// With `what` when it is not ready within [`PATIENCE`].
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(answer) => answer,
        Err(_) => panic!("not within {PATIENCE:?}: {what}"),
    }
}

/// Lets the load of a test run for a while. Never to wait for something to happen.
pub async fn let_run(duration: Duration) {
    tokio::time::sleep(duration).await;
}
