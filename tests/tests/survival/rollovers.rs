//! Rollovers that are asked for, and what must be true of the keys whatever happens.

use std::{collections::BTreeSet, fmt};

use kube::{Client, ResourceExt, api::ListParams};
use waxwing_api::names::PENDING_ANNOTATION;
use waxwing_tests::{
    keys::{key_secrets, request_rollover, sealing_keys},
    stage::primary,
    wait,
};

use crate::churn::insistently;

/// Keeps account of the sealing keys of one cluster.
pub(crate) struct Rollovers {
    client: Client,
    /// The primaries that were to be followed by a new key.
    requested: BTreeSet<String>,
    /// Every private half that was ever seen.
    private_halves: BTreeSet<String>,
}

impl Rollovers {
    pub(crate) async fn of(client: &Client) -> Self {
        let mut rollovers = Self {
            client: client.clone(),
            requested: BTreeSet::new(),
            private_halves: BTreeSet::new(),
        };
        rollovers.look().await;
        rollovers
    }

    /// Asks for a new key, unless the last one that was asked for is still to come.
    pub(crate) async fn request(&mut self) {
        let primary = insistently("the primary to be told", async || {
            primary(&self.client).await
        })
        .await;
        let name = primary.key_id().to_string();
        insistently("a rollover to be asked for", async || {
            request_rollover(&self.client, &name).await
        })
        .await;
        self.requested.insert(name);
        self.look().await;
    }

    /// No private half that was there before is gone.
    pub(crate) async fn look(&mut self) {
        let secrets = insistently("the keys to be listed", async || {
            key_secrets(&self.client).await
        })
        .await;
        let found = secrets.iter().map(ResourceExt::name_any).collect();
        let lost: Vec<_> = self.private_halves.difference(&found).collect();
        assert!(lost.is_empty(), "private halves lost: {lost:?}");
        self.private_halves = found;
    }

    /// Waits until every key is whole. There is one for each rollover that was asked for beside the
    /// first: none was made twice.
    pub(crate) async fn come_out_right(&mut self) {
        let expected = 1 + self.requested.len();
        wait::until("one whole key for each rollover", async || {
            let keys = sealing_keys(&self.client)
                .list(&ListParams::default())
                .await;
            let keys = keys.map_err(|error| error.to_string())?.items;
            let secrets = key_secrets(&self.client).await;
            let secrets = secrets.map_err(|error| error.to_string())?;
            let is_pending = |annotated: &&_| {
                ResourceExt::annotations(*annotated).contains_key(PENDING_ANNOTATION)
            };
            let pending = secrets.iter().filter(is_pending).count();
            if (keys.len(), secrets.len(), pending) == (expected, expected, 0) {
                Ok(())
            } else {
                Err(format!(
                    "{} keys, {} private halves, {pending} pending; expected {expected}",
                    keys.len(),
                    secrets.len()
                ))
            }
        })
        .await
        .unwrap();
        self.look().await;
    }
}

impl fmt::Display for Rollovers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rollovers", self.requested.len())
    }
}
