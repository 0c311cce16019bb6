//! The keys, kept up to date.

use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::api::core::v1::Secret;
use kube::runtime::watcher::{Config, watcher};
use kube::{Api, Client, ResourceExt};
use tokio::sync::watch;
use waxwing_api::SealingKey;
use waxwing_api::names::KEY_SECRET_TYPE;

use super::facts::{Facts, KeySecret};
use super::inventory::Inventory;
use super::ring::Keys;
use crate::health::{Health, Part};
use crate::mirror::{Mirror, map_event};
use crate::scope::Area;
use crate::watch::Watch;

/// Follows both kinds of objects, and publishes a snapshot after each change.
#[derive(Debug)]
pub(crate) struct KeyStore {
    mirrors: Mutex<Mirrors>,
    published: watch::Sender<Arc<Keys>>,
}

#[derive(Debug, Default)]
struct Mirrors {
    secrets: Mirror<String, Arc<KeySecret>>,
    sealing_keys: Mirror<String, Arc<SealingKey>>,
}

impl Default for KeyStore {
    fn default() -> Self {
        Self {
            mirrors: Mutex::default(),
            published: watch::Sender::new(Arc::default()),
        }
    }
}

impl KeyStore {
    /// The keys as they are now.
    pub(crate) fn current(&self) -> Arc<Keys> {
        self.published.borrow().clone()
    }

    /// Hears of every change, those that make no difference to unsealing included.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<Keys>> {
        self.published.subscribe()
    }

    /// Returns once all keys were listed.
    pub(crate) async fn complete(&self) {
        let mut changes = self.subscribe();
        while self.facts().is_none() {
            // An error means that the store is gone, and with it the wish to know.
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// What is known; `None` until all of it was listed.
    pub(crate) fn facts(&self) -> Option<Facts> {
        self.with(Mirrors::facts)
    }

    /// Publishes a new snapshot if there is a whole one.
    fn publish(&self, health: &Health) {
        let Some(facts) = self.facts() else { return };
        let keys = Keys::of(&facts, &Inventory::of(&facts));
        report_health(&keys, health);
        let earlier = self.published.send_replace(Arc::new(keys));
        report_unreadable(&earlier, &self.current());
    }

    fn with<T>(&self, f: impl FnOnce(&mut Mirrors) -> T) -> T {
        f(&mut self.mirrors.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Mirrors {
    fn facts(&mut self) -> Option<Facts> {
        (self.secrets.is_complete() && self.sealing_keys.is_complete()).then(|| Facts {
            secrets: self.secrets.values().cloned().collect(),
            sealing_keys: self.sealing_keys.values().cloned().collect(),
        })
    }
}

/// What selects key Secrets among all Secrets of the namespace.
pub(crate) fn key_secret_selector() -> String {
    format!("type={KEY_SECRET_TYPE}")
}

/// Keeps the store up to date for ever.
pub(crate) async fn follow(
    client: Client,
    namespace: &str,
    store: &KeyStore,
    health: &Arc<Health>,
) {
    tokio::join!(
        follow_secrets(&client, namespace, store, health),
        follow_sealing_keys(&client, namespace, store, health)
    );
}

async fn follow_secrets(client: &Client, namespace: &str, store: &KeyStore, health: &Arc<Health>) {
    let api = Api::<Secret>::namespaced(client.clone(), namespace);
    let begin = move |config: Config| watcher(api.clone(), config.fields(&key_secret_selector()));
    let mut watch = Watch::new(
        begin,
        Part::KeySecrets,
        &Area::Everywhere,
        "secrets",
        health.clone(),
    );
    loop {
        let event = map_event(watch.next().await, |secret| {
            (secret.name_any(), Arc::new(KeySecret::read(&secret)))
        });
        if store.with(|mirrors| mirrors.secrets.take(event)) {
            store.publish(health);
        }
    }
}

async fn follow_sealing_keys(
    client: &Client,
    namespace: &str,
    store: &KeyStore,
    health: &Arc<Health>,
) {
    let api = Api::<SealingKey>::namespaced(client.clone(), namespace);
    let begin = move |config: Config| watcher(api.clone(), config);
    let mut watch = Watch::new(
        begin,
        Part::SealingKeys,
        &Area::Everywhere,
        "sealingkeys",
        health.clone(),
    );
    loop {
        let event = map_event(watch.next().await, |key| (key.name_any(), Arc::new(key)));
        if store.with(|mirrors| mirrors.sealing_keys.take(event)) {
            store.publish(health);
        }
    }
}

fn report_health(keys: &Keys, health: &Health) {
    if !keys.ring().is_empty() {
        health.set_ready(Part::Keys, &Area::Everywhere);
    } else if keys.unreadable().is_empty() {
        health.set_unready(Part::Keys, &Area::Everywhere, "there is none yet");
    } else {
        let why: Vec<String> = keys
            .unreadable()
            .iter()
            .map(|(secret, why)| format!("key Secret {secret}: {why}"))
            .collect();
        let why = format!("none can be read ({})", why.join("; "));
        health.set_unready(Part::Keys, &Area::Everywhere, why);
    }
}

fn report_unreadable(earlier: &Keys, keys: &Keys) {
    let new = keys
        .unreadable()
        .iter()
        .filter(|entry| !earlier.unreadable().contains(entry));
    for (secret, why) in new {
        tracing::error!(
            secret,
            "key Secret cannot be read: {why}; restore it from a backup, or delete it if it is not needed"
        );
    }
}
