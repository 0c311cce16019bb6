//! Waiting for a state to come.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::HarnessError;

/// How long a state may take to come before a test gives up. Generous: it only costs time in a test
/// that fails, and a machine that builds beside its tests is slow.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// Looks until `look` says Ok, and returns what it found. Its Err describes the state it saw instead.
///
/// # Errors
/// [`HarnessError::Timeout`] with the last state seen, after [`PATIENCE`].
pub async fn until<T>(
    what: &str,
    look: impl AsyncFn() -> Result<T, String>,
) -> Result<T, HarnessError> {
    until_within(PATIENCE, what, look).await
}

/// As [`until`], with a patience of one's own.
///
/// # Errors
/// [`HarnessError::Timeout`] with the last state seen.
pub async fn until_within<T>(
    patience: Duration,
    what: &str,
    look: impl AsyncFn() -> Result<T, String>,
) -> Result<T, HarnessError> {
    let deadline = Instant::now() + patience;
    loop {
        match look().await {
            Ok(found) => return Ok(found),
            Err(state) if Instant::now() > deadline => {
                return Err(HarnessError::Timeout {
                    seconds: patience.as_secs(),
                    what: what.to_owned(),
                    state,
                });
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}
