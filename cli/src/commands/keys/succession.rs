//! One primary follows another: waiting until the controller has seen to it.

use std::thread;
use std::time::{Duration, Instant};

use waxwing_api::SealingKey;

use super::store::{KeyStore, name};
use crate::cluster::primary;
use crate::diagnostic::{Advice, Failure};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// How long to wait.
#[derive(Debug, clap::Args)]
pub(super) struct WaitArgs {
    /// How long to wait for the new primary key, such as 60s or 5m
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = humantime::parse_duration)]
    timeout: Duration,
}

impl WaitArgs {
    /// Waits until a key other than `former` is primary. A cluster that does not answer for a moment
    /// is asked again.
    pub(super) fn await_successor(
        &self,
        store: &KeyStore<'_>,
        former: &str,
    ) -> Result<SealingKey, Failure> {
        let deadline = Instant::now() + self.timeout;
        loop {
            let keys = store.list();
            let is_over = Instant::now() >= deadline;
            match keys {
                Ok(keys) => {
                    if let Some(successor) = successor(&keys, former) {
                        return Ok(successor.clone());
                    }
                }
                Err(error) if is_over => return Err(error.into()),
                Err(_) => {}
            }
            if is_over {
                return Err(NoSuccessor {
                    former: former.to_owned(),
                    namespace: store.namespace().to_owned(),
                    timeout: self.timeout,
                }
                .into());
            }
            thread::sleep(PAUSE);
        }
    }
}

fn successor<'k>(keys: &'k [SealingKey], former: &str) -> Option<&'k SealingKey> {
    primary(keys).filter(|primary| name(primary) != former)
}

/// The controller did not act in time.
#[derive(Debug, thiserror::Error)]
#[error("no key has followed {former} as the primary within {}", humantime::format_duration(*.timeout))]
struct NoSuccessor {
    former: String,
    namespace: String,
    timeout: Duration,
}

impl Advice for NoSuccessor {
    fn advice(&self) -> Vec<String> {
        vec![
            format!(
                "the request stands: the controller makes a new key as soon as it runs; see kubectl -n {} get pods, and its log",
                self.namespace
            ),
            "then look again: waxwing keys list".to_owned(),
        ]
    }
}
