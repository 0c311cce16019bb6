//! Makes the changes that the policy asks for. Runs on the leading replica only.

use std::sync::Arc;
use std::time::Duration;

use futures::TryFutureExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::runtime::events::EventType;
use kube::{Resource, ResourceExt};
use tokio::sync::watch;
use tracing::Instrument;
use waxwing_api::{KeyState, SealingKey, SealingKeyStatus};
use waxwing_crypto::{Identity, KeyId};

use super::effects::{EffectError, Effects};
use super::escrow::Recovery;
use super::facts::{Facts, KeySecret};
use super::inventory::Inventory;
use super::policy::{Action, Cause, Decision, Settings, decide};
use super::report::{newly_unusable, status_to_write};
use super::store::KeyStore;
use crate::audit::{self, Audit};
use crate::backoff::Backoff;
use crate::events::Events;
use crate::index::{Dependents, Index};
use crate::reconcile::Context;
use crate::server_clock::ServerClock;
use crate::traces::spans;

const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(500),
    longest: Duration::from_secs(30),
};

/// The longest that the changes of one decision may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// Waiting goes by another clock than the one that says when a key is due, and that one can be set.
const LOOK_AGAIN: Duration = Duration::from_secs(600);

/// Dependents are counted this long after a change: one count for all the objects of a `kubectl apply`.
const DEBOUNCE: Duration = Duration::from_secs(1);

/// What a trace says of a change that failed; the log says why.
const FAILED: &str = "Failed";

pub(crate) struct Custodian {
    store: Arc<KeyStore>,
    index: Arc<Index>,
    clock: ServerClock,
    settings: Settings,
    effects: Effects,
    events: Events,
    audit: Audit,
    namespace: String,
}

impl Custodian {
    pub(crate) fn new(
        context: &Context,
        namespace: &str,
        clock: ServerClock,
        settings: Settings,
        recovery: Option<Recovery>,
    ) -> Self {
        Self {
            store: context.keys.clone(),
            index: context.index.clone(),
            clock,
            settings,
            effects: Effects::new(&context.client, namespace, recovery),
            events: context.events.clone(),
            audit: context.audit.clone(),
            namespace: namespace.to_owned(),
        }
    }

    /// Looks after the keys for ever: at each change of them or of their dependents, and when something
    /// is due.
    pub(crate) async fn run(self) {
        let (counter, counts) = watch::channel(None);
        let index = self.index.clone();
        tokio::join!(self.look_after(counts), count_dependents(&index, &counter));
    }

    async fn look_after(self, mut counts: watch::Receiver<Option<Dependents>>) {
        let mut changes = self.store.subscribe();
        let mut failures = 0;
        let mut was_blocked = false;
        loop {
            changes.borrow_and_update();
            let dependents = counts.borrow_and_update().clone();
            let Some(facts) = self.store.facts() else {
                if changes.changed().await.is_err() {
                    return;
                }
                continue;
            };
            let inventory = Inventory::of(&facts).with_dependents(dependents);
            let decision = decide(&inventory, self.clock.now(), &self.settings);
            self.report_blocked(&facts, decision.blocked && !was_blocked);
            was_blocked = decision.blocked;
            let carried_out =
                tokio::time::timeout(DEADLINE, self.carry_out(&facts, &inventory, &decision));
            let wait = match carried_out.await.unwrap_or_else(|_| Err(hung())) {
                Ok(()) => {
                    failures = 0;
                    decision.again_at.map(|at| self.until(at).min(LOOK_AGAIN))
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(failures, "looking after the sealing keys failed: {error}");
                    Some(BACKOFF.after(failures))
                }
            };
            tokio::select! {
                changed = changes.changed(), if failures == 0 => if changed.is_err() { return },
                changed = counts.changed(), if failures == 0 => if changed.is_err() { return },
                () = sleep_for(wait) => {}
            }
        }
    }

    /// Everything that can be done is done, whatever else fails; the first failure is returned.
    async fn carry_out(
        &self,
        facts: &Facts,
        inventory: &Inventory,
        decision: &Decision,
    ) -> Result<(), EffectError> {
        let mut result = Ok(());
        for action in &decision.actions {
            result = result.and(self.act(facts, action).await);
        }
        result.and(self.write_statuses(facts, inventory).await)
    }

    async fn act(&self, facts: &Facts, action: &Action) -> Result<(), EffectError> {
        self.carry_out_one(facts, action)
            .inspect_err(|_| spans::failed(FAILED))
            .instrument(spans::change_key(action.as_str()))
            .await
    }

    async fn carry_out_one(&self, facts: &Facts, action: &Action) -> Result<(), EffectError> {
        if let Some(id) = action.key_id() {
            spans::of_key(id);
        }
        match action {
            Action::Create(_) => self.create_if_still_due().await,
            Action::Publish { id, state } => self.publish(facts, *id, *state).await,
            Action::Complete { secret } => self.effects.complete(secret).await,
            Action::MarkRevoked { secret, id } => self.mark_revoked(facts, secret, *id).await,
            Action::Escrow(id) => self.put_in_escrow(facts, *id).await,
            Action::Keep(id) => match facts.sealing_key(*id) {
                Some(key) => self.effects.keep(key).await,
                None => Ok(()),
            },
            Action::Release(id) => self.release(facts, *id).await,
            Action::Retire(id) => self.retire(facts, *id).await,
            Action::Delete(id) => self.delete(facts, *id).await,
        }
    }

    /// The watches can lag behind what this replica, or the leader before it, has just done: a new
    /// key is made only after the keys were listed afresh.
    async fn create_if_still_due(&self) -> Result<(), EffectError> {
        let facts = self.effects.list().await?;
        let decision = decide(&Inventory::of(&facts), self.clock.now(), &self.settings);
        let cause = decision.actions.iter().find_map(|action| match action {
            Action::Create(cause) => Some(*cause),
            _ => None,
        });
        match cause {
            Some(cause) => self.create(cause).await,
            None => Ok(()),
        }
    }

    async fn create(&self, cause: Cause) -> Result<(), EffectError> {
        spans::caused_by(cause.as_str());
        let algorithm = self.settings.algorithm;
        let (id, key) = self.effects.create(algorithm).await?;
        spans::of_key(id);
        tracing::info!(key_id = %id, %algorithm, ?cause, "made a new sealing key");
        self.record(audit::Event::KeyCreated, id);
        if let Some(key) = key {
            let note = format!("New primary key, algorithm {algorithm}.");
            self.tell(&key, EventType::Normal, "KeyCreated", note);
        }
        Ok(())
    }

    async fn publish(&self, facts: &Facts, id: KeyId, state: KeyState) -> Result<(), EffectError> {
        let Some(identity) = facts.identity(id) else {
            return Ok(());
        };
        if self.effects.publish(identity, state).await?.is_some() {
            tracing::info!(key_id = %id, ?state, "published the public half of a sealing key");
            self.record(audit::Event::KeyPublished, id);
        }
        Ok(())
    }

    async fn mark_revoked(&self, facts: &Facts, name: &str, id: KeyId) -> Result<(), EffectError> {
        let Some(secret) = facts.secrets.iter().find(|secret| secret.name == name) else {
            return Ok(());
        };
        self.effects.mark_revoked(secret, id).await?;
        tracing::info!(key_id = %id, secret = name, "revoked a sealing key");
        self.record(audit::Event::KeyRevoked, id);
        Ok(())
    }

    async fn put_in_escrow(&self, facts: &Facts, id: KeyId) -> Result<(), EffectError> {
        if let (Some(key), Some(identity)) = (facts.sealing_key(id), facts.identity(id)) {
            self.effects.put_in_escrow(key, identity).await?;
            tracing::info!(key_id = %id, "put a sealing key in escrow for the recovery recipients");
            self.record(audit::Event::KeyEscrowed, id);
        }
        Ok(())
    }

    async fn release(&self, facts: &Facts, id: KeyId) -> Result<(), EffectError> {
        if let Some(key) = facts.sealing_key(id)
            && self.is_unneeded_now(id)
        {
            self.effects.release(key).await?;
            tracing::info!(key_id = %id, "no SealedSecret needs the sealing key: its deletion goes on");
            self.record(audit::Event::KeyReleased, id);
        }
        Ok(())
    }

    async fn retire(&self, facts: &Facts, id: KeyId) -> Result<(), EffectError> {
        if let Some(key) = facts.sealing_key(id) {
            self.effects.retire(key).await?;
            tracing::info!(key_id = %id, "retired a sealing key");
            self.record(audit::Event::KeyRetired, id);
        }
        Ok(())
    }

    async fn delete(&self, facts: &Facts, id: KeyId) -> Result<(), EffectError> {
        let Some(key) = facts.sealing_key(id) else {
            return Ok(());
        };
        let holds_it = |secret: &&KeySecret| {
            let mut identities = secret.identities().iter();
            identities.any(|identity| identity.key_id() == id)
        };
        let secrets: Vec<&KeySecret> = facts
            .secrets
            .iter()
            .map(AsRef::as_ref)
            .filter(holds_it)
            .collect();
        if self.is_unneeded_now(id) && self.effects.delete(key, id, &secrets).await? {
            tracing::info!(key_id = %id, "deleted a sealing key that no SealedSecret needed any more");
            self.record(audit::Event::KeyDeleted, id);
            let note = "Deleted for good: no SealedSecret needed it any more.".to_owned();
            self.tell(key, EventType::Normal, "KeyDeleted", note);
        }
        Ok(())
    }

    /// What was counted can be a moment old.
    fn is_unneeded_now(&self, id: KeyId) -> bool {
        let dependents = self.index.dependents();
        dependents.is_some_and(|dependents| !dependents.contains_key(&id))
    }

    /// The new primary is told first: there is a moment with two, and none without any.
    async fn write_statuses(
        &self,
        facts: &Facts,
        inventory: &Inventory,
    ) -> Result<(), EffectError> {
        let now = self.clock.now();
        let mut statuses: Vec<_> = facts
            .sealing_keys
            .iter()
            .filter_map(|key| Some((key, status_to_write(inventory, key, now)?)))
            .collect();
        if statuses.is_empty() {
            return Ok(());
        }
        statuses.sort_by_key(|(_, status)| !status.primary);
        self.tell_of_keys(statuses)
            .inspect_err(|_| spans::failed(FAILED))
            .instrument(spans::tell_of_keys())
            .await
    }

    async fn tell_of_keys(
        &self,
        statuses: Vec<(&Arc<SealingKey>, SealingKeyStatus)>,
    ) -> Result<(), EffectError> {
        for (key, status) in statuses {
            self.effects.write_status(key, &status).await?;
            if let Some(loaded) = newly_unusable(key, &status) {
                tracing::warn!(
                    key_id = key.name_any(),
                    reason = loaded.reason,
                    "sealing key not used: {}",
                    loaded.message
                );
                self.tell(
                    key,
                    EventType::Warning,
                    &loaded.reason,
                    loaded.message.clone(),
                );
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

    fn until(&self, at: Timestamp) -> Duration {
        Duration::try_from(at.duration_since(self.clock.now())).unwrap_or_default()
    }

    fn record(&self, event: audit::Event, id: KeyId) {
        self.audit.key(event, &self.namespace, id);
    }

    fn tell(&self, key: &SealingKey, type_: EventType, reason: &str, note: String) {
        self.events.tell(key.object_ref(&()), type_, reason, note);
    }
}

impl Facts {
    fn sealing_key(&self, id: KeyId) -> Option<&SealingKey> {
        let name = id.to_string();
        self.sealing_keys
            .iter()
            .map(AsRef::as_ref)
            .find(|key| key.metadata.name.as_ref() == Some(&name))
    }

    fn identity(&self, id: KeyId) -> Option<&Identity> {
        self.secrets
            .iter()
            .flat_map(|secret| secret.identities())
            .find(|identity| identity.key_id() == id)
    }
}

/// Keeps the number of dependents of each key up to date for ever.
async fn count_dependents(index: &Index, counter: &watch::Sender<Option<Dependents>>) {
    loop {
        index.changed().await;
        tokio::time::sleep(DEBOUNCE).await;
        let counted = index.dependents();
        counter.send_if_modified(|before| {
            let differs = *before != counted;
            *before = counted;
            differs
        });
    }
}

fn hung() -> EffectError {
    EffectError("the API server does not answer".to_owned())
}

/// For ever, if there is nothing to wait for.
async fn sleep_for(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}
