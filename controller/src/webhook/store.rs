//! The webhook's Secret, kept up to date on every replica.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use kube::runtime::watcher::{Config, watcher};
use kube::{Api, Client, ResourceExt};
use tokio::sync::watch;

use super::stored::Stored;
use crate::health::{Health, Part};
use crate::mirror::{Mirror, map_event};
use crate::scope::Area;
use crate::watch::Watch;

/// The name of the Secret.
pub(super) const SECRET: &str = "waxwing-webhook";

/// What is known of the Secret.
#[derive(Clone, Default)]
pub(super) enum Known {
    #[default]
    NotListed,
    Absent,
    There {
        version: String,
        /// `None`: nothing in it can be used.
        stored: Option<Stored>,
    },
}

impl Known {
    pub(super) fn stored(&self) -> Option<&Stored> {
        match self {
            Self::There { stored, .. } => stored.as_ref(),
            Self::NotListed | Self::Absent => None,
        }
    }
}

/// Follows the Secret for ever.
pub(super) async fn follow(
    client: Client,
    namespace: String,
    known: watch::Sender<Known>,
    health: Arc<Health>,
) {
    let api = Api::<Secret>::namespaced(client, &namespace);
    let only = format!("metadata.name={SECRET}");
    let begin = move |config: Config| watcher(api.clone(), config.fields(&only));
    let mut watch = Watch::new(
        begin,
        Part::WebhookSecret,
        &Area::Everywhere,
        "secrets",
        health,
    );
    let mut mirror = Mirror::default();
    loop {
        let event = map_event(watch.next().await, |secret| ((), there(&secret)));
        if mirror.take(event) {
            known.send_replace(mirror.get(&()).cloned().unwrap_or(Known::Absent));
        }
    }
}

fn there(secret: &Secret) -> Known {
    Known::There {
        version: secret.resource_version().unwrap_or_default(),
        stored: Stored::read(secret),
    }
}
