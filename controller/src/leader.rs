//! Which replica acts: the one that holds the Lease.
//!
//! As client-go does it: a replica takes the Lease if nobody holds it or its holder has not renewed
//! it for the Lease's whole duration, measured by this replica's own clock. Writes are
//! compare-and-set by the API server. The holder stops acting before its Lease runs out.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease as LeaseObject, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::PostParams;
use kube::{Api, Client};
use tokio::time::Instant;
use waxwing_api::names::FIELD_MANAGER;

use crate::api_error::{self, Class, Tried};
use crate::fence::Fence;

/// How long a Lease is valid without a renewal.
const DURATION: Duration = Duration::from_secs(10);
/// A holder that could not renew for so long stops acting.
const RENEW_DEADLINE: Duration = Duration::from_secs(7);
/// The time between two renewals.
const RENEW: Duration = Duration::from_secs(2);
/// The time between two looks of a replica that stands by.
const LOOK: Duration = Duration::from_millis(500);

/// The Lease as this replica sees it.
pub(crate) struct Lease {
    api: Api<LeaseObject>,
    identity: String,
    fence: Fence,
    seen: Option<Seen>,
}

/// The last version of the Lease that was seen, and since when.
struct Seen {
    version: Option<String>,
    since: Instant,
}

#[derive(Debug, PartialEq, Eq)]
enum Claim {
    Take,
    Renew,
    Wait,
}

impl Lease {
    /// `client` is not behind the fence that this Lease opens.
    pub(crate) fn new(client: Client, namespace: &str, identity: String, fence: Fence) -> Self {
        Self {
            api: Api::namespaced(client, namespace),
            identity,
            fence,
            seen: None,
        }
    }

    /// Returns once this replica holds the Lease.
    pub(crate) async fn acquire(&mut self) {
        let mut waits = false;
        loop {
            let started = Instant::now();
            match self.attempt_in_time().await {
                Ok(true) => {
                    self.fence.open_until(started + RENEW_DEADLINE);
                    tracing::info!(identity = self.identity, "this replica leads");
                    return;
                }
                Ok(false) if !waits => {
                    waits = true;
                    tracing::info!("another replica leads; standing by");
                }
                Ok(false) => {}
                Err(error) => warn("acquired", &error),
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Renews the Lease; returns once it is lost, or may be lost, and then nothing is written any more.
    pub(crate) async fn hold(&mut self) {
        self.renew().await;
        self.fence.close();
    }

    async fn renew(&mut self) {
        let mut renewed = Instant::now();
        loop {
            tokio::time::sleep(RENEW).await;
            let started = Instant::now();
            let deadline = renewed + RENEW_DEADLINE;
            match tokio::time::timeout_at(deadline, self.attempt()).await {
                Ok(Ok(true)) => {
                    renewed = started;
                    self.fence.open_until(started + RENEW_DEADLINE);
                }
                Ok(Ok(false)) => return tracing::warn!("another replica has taken the Lease"),
                Ok(Err(error)) => warn("renewed", &error),
                Err(_) => {}
            }
            if Instant::now() >= deadline {
                return tracing::warn!(
                    "the Lease could not be renewed in time; this replica stops acting"
                );
            }
        }
    }

    /// Gives the Lease back, so that another replica need not wait until it runs out.
    pub(crate) async fn release(&mut self) {
        self.fence.close();
        let Ok(Some(mut lease)) = self.api.get_opt(FIELD_MANAGER).await else {
            return;
        };
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() != Some(&self.identity) {
            return;
        }
        spec.holder_identity = None;
        spec.lease_duration_seconds = Some(1);
        if let Err(error) = self
            .api
            .replace(FIELD_MANAGER, &PostParams::default(), &lease)
            .await
        {
            warn("released", &error);
        }
    }

    /// A request that hangs counts as one that another replica was faster with.
    async fn attempt_in_time(&mut self) -> Result<bool, kube::Error> {
        tokio::time::timeout(RENEW_DEADLINE, self.attempt())
            .await
            .unwrap_or(Ok(false))
    }

    /// True: this replica holds the Lease now.
    async fn attempt(&mut self) -> Result<bool, kube::Error> {
        let written = match self.api.get_opt(FIELD_MANAGER).await? {
            None => {
                let lease = LeaseObject {
                    metadata: ObjectMeta {
                        name: Some(FIELD_MANAGER.to_owned()),
                        ..ObjectMeta::default()
                    },
                    spec: Some(self.spec(None)),
                };
                self.api.create(&PostParams::default(), &lease).await
            }
            Some(mut lease) => {
                let unchanged_for = self.look_at(lease.metadata.resource_version.as_deref());
                if claim(lease.spec.as_ref(), &self.identity, unchanged_for) == Claim::Wait {
                    return Ok(false);
                }
                lease.spec = Some(self.spec(lease.spec.as_ref()));
                self.api
                    .replace(FIELD_MANAGER, &PostParams::default(), &lease)
                    .await
            }
        };
        match written {
            Ok(_) => Ok(true),
            Err(error) if api_error::classify(&error) == Class::Conflict => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// How long the Lease has been seen in that version.
    fn look_at(&mut self, version: Option<&str>) -> Duration {
        match &self.seen {
            Some(seen) if seen.version.as_deref() == version => seen.since.elapsed(),
            _ => {
                self.seen = Some(Seen {
                    version: version.map(str::to_owned),
                    since: Instant::now(),
                });
                Duration::ZERO
            }
        }
    }

    fn spec(&self, previous: Option<&LeaseSpec>) -> LeaseSpec {
        let now = MicroTime(Timestamp::now());
        let was_ours =
            previous.is_some_and(|spec| spec.holder_identity.as_deref() == Some(&self.identity));
        let transitions = previous
            .and_then(|spec| spec.lease_transitions)
            .unwrap_or_default();
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
            acquire_time: previous
                .filter(|_| was_ours)
                .and_then(|spec| spec.acquire_time.clone())
                .or_else(|| Some(now.clone())),
            renew_time: Some(now),
            lease_transitions: Some(if was_ours || previous.is_none() {
                transitions
            } else {
                transitions.saturating_add(1)
            }),
            ..LeaseSpec::default()
        }
    }
}

/// What this replica may do with a Lease that has not changed for so long.
fn claim(spec: Option<&LeaseSpec>, identity: &str, unchanged_for: Duration) -> Claim {
    let holder = spec
        .and_then(|spec| spec.holder_identity.as_deref())
        .unwrap_or_default();
    let seconds = spec
        .and_then(|spec| spec.lease_duration_seconds)
        .unwrap_or_default();
    let duration = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    if holder == identity {
        Claim::Renew
    } else if holder.is_empty() || unchanged_for >= duration {
        Claim::Take
    } else {
        Claim::Wait
    }
}

fn warn(what: &str, error: &kube::Error) {
    let why = api_error::explain(error, Tried::new("update", "leases"));
    tracing::warn!("the Lease could not be {what}: {why}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_taken_only_from_nobody_or_after_it_ran_out() {
        let held_by = |holder: &str| LeaseSpec {
            holder_identity: Some(holder.to_owned()),
            lease_duration_seconds: Some(10),
            ..LeaseSpec::default()
        };
        let cases = [
            (None, 0, Claim::Take),
            (Some(held_by("")), 0, Claim::Take),
            (Some(held_by("me")), 0, Claim::Renew),
            (Some(held_by("me")), 99, Claim::Renew),
            (Some(held_by("other")), 0, Claim::Wait),
            (Some(held_by("other")), 9, Claim::Wait),
            (Some(held_by("other")), 10, Claim::Take),
        ];
        for (spec, seconds, expected) in cases {
            assert_eq!(
                claim(spec.as_ref(), "me", Duration::from_secs(seconds)),
                expected,
                "{spec:?}, unchanged for {seconds} s"
            );
        }
    }
}
