//! Makes the changes that the policy asks for. Runs on the leading replica only.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::runtime::events::EventType;
use kube::{Api, Client, Resource, ResourceExt};
use serde_json::json;
use waxwing_api::key_secret::key_secret;
use waxwing_api::names::{FIELD_MANAGER, PENDING_ANNOTATION, REVOKED_ANNOTATION};
use waxwing_api::{KeyState, SealingKey, SealingKeySpec};
use waxwing_crypto::{Identity, KeyId, Recipient};

use super::facts::{Facts, KeySecret};
use super::inventory::Inventory;
use super::policy::{Action, Cause, Decision, Settings, decide};
use super::report::status_to_write;
use super::store::{KeyStore, key_secret_selector};
use crate::api_error::{self, Class, Tried};
use crate::backoff::Backoff;
use crate::events::Events;

const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(500),
    longest: Duration::from_secs(30),
};

/// The longest that the changes of one decision may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// Waiting goes by another clock than the one that says when a key is due, and that one can be set.
const LOOK_AGAIN: Duration = Duration::from_secs(600);

/// What failed, in words that hold nothing of a key.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct EffectError(String);

impl EffectError {
    fn hung() -> Self {
        Self("the API server does not answer".to_owned())
    }
}

pub(crate) struct Custodian {
    store: Arc<KeyStore>,
    settings: Settings,
    secrets: Api<Secret>,
    sealing_keys: Api<SealingKey>,
    events: Events,
    namespace: String,
}

impl Custodian {
    pub(crate) fn new(
        client: &Client,
        namespace: &str,
        store: Arc<KeyStore>,
        settings: Settings,
        events: Events,
    ) -> Self {
        Self {
            store,
            settings,
            secrets: Api::namespaced(client.clone(), namespace),
            sealing_keys: Api::namespaced(client.clone(), namespace),
            events,
            namespace: namespace.to_owned(),
        }
    }

    /// Looks after the keys for ever: at each change, and when the next rollover is due.
    pub(crate) async fn run(self) {
        let mut changes = self.store.subscribe();
        let mut failures = 0;
        let mut was_blocked = false;
        loop {
            changes.borrow_and_update();
            let Some(facts) = self.store.facts() else {
                if changes.changed().await.is_err() {
                    return;
                }
                continue;
            };
            let decision = decide(&Inventory::of(&facts), Timestamp::now(), &self.settings);
            self.report_blocked(&facts, decision.blocked && !was_blocked);
            was_blocked = decision.blocked;
            let carried_out = tokio::time::timeout(DEADLINE, self.carry_out(&facts, &decision));
            let wait = match carried_out
                .await
                .unwrap_or_else(|_| Err(EffectError::hung()))
            {
                Ok(()) => {
                    failures = 0;
                    decision.again_at.map(|at| until(at).min(LOOK_AGAIN))
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(failures, "looking after the sealing keys failed: {error}");
                    Some(BACKOFF.after(failures))
                }
            };
            tokio::select! {
                changed = changes.changed(), if failures == 0 => if changed.is_err() { return },
                () = sleep_for(wait) => {}
            }
        }
    }

    async fn carry_out(&self, facts: &Facts, decision: &Decision) -> Result<(), EffectError> {
        for action in &decision.actions {
            match action {
                Action::Create(_) => self.create_if_still_due().await?,
                Action::Publish { id, state } => self.publish_one(facts, *id, *state).await?,
                Action::Complete { secret } => {
                    self.annotate(secret, json!({ PENDING_ANNOTATION: null }))
                        .await?;
                }
                Action::MarkRevoked { secret, id } => self.mark_revoked(facts, secret, *id).await?,
            }
        }
        self.write_statuses(facts).await
    }

    /// The watches can lag behind what this replica, or the leader before it, has just done: a new
    /// key is made only after the keys were listed afresh.
    async fn create_if_still_due(&self) -> Result<(), EffectError> {
        let facts = self.list().await?;
        let decision = decide(&Inventory::of(&facts), Timestamp::now(), &self.settings);
        let cause = decision.actions.iter().find_map(|action| match action {
            Action::Create(cause) => Some(*cause),
            _ => None,
        });
        match cause {
            Some(cause) => self.create(cause).await,
            None => Ok(()),
        }
    }

    async fn list(&self) -> Result<Facts, EffectError> {
        let of_keys = ListParams::default().fields(&key_secret_selector());
        let secrets = self
            .secrets
            .list(&of_keys)
            .await
            .map_err(failed("list", "secrets"))?;
        let sealing_keys = self
            .sealing_keys
            .list(&ListParams::default())
            .await
            .map_err(failed("list", "sealingkeys"))?;
        Ok(Facts {
            secrets: secrets
                .items
                .iter()
                .map(KeySecret::read)
                .map(Arc::new)
                .collect(),
            sealing_keys: sealing_keys.items.into_iter().map(Arc::new).collect(),
        })
    }

    /// The private half is there before anyone can seal to the public half.
    async fn create(&self, cause: Cause) -> Result<(), EffectError> {
        let algorithm = self.settings.algorithm;
        let identity = tokio::task::block_in_place(|| Identity::generate(algorithm));
        let secret = pending_key_secret(&identity);
        self.secrets
            .create(&created_by(), &secret)
            .await
            .map_err(failed("create", "secrets"))?;
        let key = self.publish(identity.recipient(), KeyState::Active).await?;
        let id = identity.key_id();
        tracing::info!(key_id = %id, %algorithm, ?cause, "made a new sealing key");
        if let Some(key) = key {
            self.events.tell(
                key.object_ref(&()),
                EventType::Normal,
                "KeyCreated",
                format!("New primary key, algorithm {algorithm}."),
            );
        }
        self.annotate(&id.to_string(), json!({ PENDING_ANNOTATION: null }))
            .await
    }

    async fn publish_one(
        &self,
        facts: &Facts,
        id: KeyId,
        state: KeyState,
    ) -> Result<(), EffectError> {
        let mut identities = facts.secrets.iter().flat_map(|secret| secret.identities());
        let Some(identity) = identities.find(|identity| identity.key_id() == id) else {
            return Ok(());
        };
        if self.publish(identity.recipient(), state).await?.is_some() {
            tracing::info!(key_id = %id, ?state, "published the public half of a sealing key");
        }
        Ok(())
    }

    /// Makes the SealingKey; `None` if it is there already.
    async fn publish(
        &self,
        recipient: &Recipient,
        state: KeyState,
    ) -> Result<Option<SealingKey>, EffectError> {
        let spec = SealingKeySpec {
            recipient: recipient.to_string(),
            algorithm: recipient.algorithm().into(),
            state,
            escrow: None,
        };
        let key = SealingKey::new(&recipient.key_id().to_string(), spec);
        match self.sealing_keys.create(&created_by(), &key).await {
            Ok(key) => Ok(Some(key)),
            Err(error) if api_error::classify(&error) == Class::Conflict => Ok(None),
            Err(error) => Err(failed("create", "sealingkeys")(error)),
        }
    }

    async fn mark_revoked(&self, facts: &Facts, name: &str, id: KeyId) -> Result<(), EffectError> {
        let Some(secret) = facts.secrets.iter().find(|secret| secret.name == name) else {
            return Ok(());
        };
        self.annotate(name, json!({ REVOKED_ANNOTATION: secret.revoked.with(id) }))
            .await?;
        tracing::info!(key_id = %id, secret = name, "revoked a sealing key");
        Ok(())
    }

    async fn annotate(
        &self,
        secret: &str,
        annotations: serde_json::Value,
    ) -> Result<(), EffectError> {
        let patch = json!({ "metadata": { "annotations": annotations } });
        self.secrets
            .patch_metadata(secret, &patched_by(), &Patch::Merge(patch))
            .await
            .map(drop)
            .map_err(failed("patch", "secrets"))
    }

    /// The new primary is told first: there is a moment with two, and none without any.
    async fn write_statuses(&self, facts: &Facts) -> Result<(), EffectError> {
        let inventory = Inventory::of(facts);
        let now = Timestamp::now();
        let mut statuses: Vec<_> = facts
            .sealing_keys
            .iter()
            .filter_map(|key| Some((key, status_to_write(&inventory, key, now)?)))
            .collect();
        statuses.sort_by_key(|(_, status)| !status.primary);
        for (key, status) in statuses {
            let name = key.metadata.name.as_deref().unwrap_or_default();
            let patch = json!({ "metadata": { "uid": key.metadata.uid }, "status": status });
            let written = self
                .sealing_keys
                .patch_status(name, &patched_by(), &Patch::Merge(patch))
                .await;
            match written {
                // It was deleted, or made anew: the watch tells.
                Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => {}
                written => written
                    .map(drop)
                    .map_err(failed("patch", "sealingkeys/status"))?,
            }
        }
        Ok(())
    }

    fn report_blocked(&self, facts: &Facts, newly: bool) {
        if !newly {
            return;
        }
        tracing::error!(
            "a new sealing key is needed, and is not made while a key Secret cannot be read"
        );
        for secret in facts
            .secrets
            .iter()
            .filter(|secret| secret.contents.is_err())
        {
            let mut reference = Secret::default().object_ref(&());
            reference.namespace = Some(self.namespace.clone());
            reference.name = Some(secret.name.clone());
            reference.uid = Some(secret.uid.clone());
            self.events.tell(
                reference,
                EventType::Warning,
                "KeyUnreadable",
                "The key in this Secret cannot be read, and no new key is made as long as it is there. Restore the Secret from a backup, or delete it if it is not needed.".to_owned(),
            );
        }
    }
}

/// The key Secret, marked as not complete without its SealingKey.
fn pending_key_secret(identity: &Identity) -> Secret {
    let mut secret = key_secret(identity);
    secret
        .annotations_mut()
        .insert(PENDING_ANNOTATION.to_owned(), "true".to_owned());
    secret
}

fn created_by() -> PostParams {
    PostParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PostParams::default()
    }
}

fn patched_by() -> PatchParams {
    PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    }
}

fn failed(verb: &'static str, resource: &'static str) -> impl Fn(kube::Error) -> EffectError {
    move |error| EffectError(api_error::explain(&error, Tried::new(verb, resource)))
}

fn until(at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default()
}

/// For ever, if there is nothing to wait for.
async fn sleep_for(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}
