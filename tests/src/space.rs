//! A namespace in which one scenario is played.

use std::collections::BTreeMap;

use k8s_openapi::{
    ByteString,
    api::core::v1::{Event, Secret},
    apimachinery::pkg::apis::meta::v1::Condition,
};
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
};
use waxwing_api::{ConditionType, Reason, SealedSecret};

use crate::{
    error::{Context, HarnessError},
    sealing,
    stage::primary,
    wait,
};

/// What a GitOps tool or kubectl would be to the API server.
const APPLIER: &str = "gitops";

/// A namespace of one's own.
pub struct Space {
    /// The admin's client.
    pub client: Client,
    /// Its name.
    pub namespace: String,
}

impl Space {
    /// The Secrets of this namespace.
    pub fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// The SealedSecrets of this namespace.
    pub fn sealed_secrets(&self) -> Api<SealedSecret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Seals items strictly for this namespace and `name`, to the primary key.
    ///
    /// # Errors
    /// When there is no primary key in time.
    ///
    /// # Panics
    /// When the test gives a name that no scope can hold.
    pub async fn seal(
        &self,
        name: &str,
        items: &[(&str, &str)],
    ) -> Result<SealedSecret, HarnessError> {
        let recipient = primary(&self.client).await?;
        let sealed = sealing::sealed_secret(&self.namespace, name, items, &recipient);
        Ok(sealed.expect("the names of tests are valid"))
    }

    /// Applies a SealedSecret as GitOps does.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn apply(&self, sealed: &SealedSecret) -> Result<SealedSecret, HarnessError> {
        let name = sealed.metadata.name.clone().unwrap_or_default();
        self.sealed_secrets()
            .patch(
                &name,
                &PatchParams::apply(APPLIER).force(),
                &Patch::Apply(sealed),
            )
            .await
            .context(format!("apply SealedSecret {name}"))
    }

    /// Seals, applies and waits for the Secret: the main job.
    ///
    /// # Errors
    /// When it does not become Ready.
    pub async fn unseal(
        &self,
        name: &str,
        items: &[(&str, &str)],
    ) -> Result<SealedSecret, HarnessError> {
        self.apply(&self.seal(name, items).await?).await?;
        self.ready(name).await
    }

    /// Waits until a SealedSecret, as it is now, is Ready.
    ///
    /// # Errors
    /// When it is not in time; the error shows its conditions.
    pub async fn ready(&self, name: &str) -> Result<SealedSecret, HarnessError> {
        self.settled(name, "Ready", |ready| ready.status == "True")
            .await
    }

    /// Waits until a SealedSecret, as it is now, is refused for `reason`, and returns the message.
    ///
    /// # Errors
    /// When it is not in time; the error shows its conditions.
    pub async fn refused(&self, name: &str, reason: Reason) -> Result<String, HarnessError> {
        let sealed = self
            .settled(name, reason.as_str(), |ready| {
                ready.status == "False" && ready.reason == reason.as_str()
            })
            .await?;
        Ok(condition(&sealed, ConditionType::Ready)
            .map(|ready| ready.message)
            .unwrap_or_default())
    }

    async fn settled(
        &self,
        name: &str,
        expected: &str,
        is_met: impl Fn(&Condition) -> bool,
    ) -> Result<SealedSecret, HarnessError> {
        let api = self.sealed_secrets();
        wait::until(
            &format!("SealedSecret {name} to be {expected}"),
            async || {
                let sealed = api.get(name).await.map_err(|error| error.to_string())?;
                let observed = sealed
                    .status
                    .as_ref()
                    .and_then(|status| status.observed_generation);
                let ready = condition(&sealed, ConditionType::Ready);
                if observed == sealed.metadata.generation && ready.as_ref().is_some_and(&is_met) {
                    Ok(sealed)
                } else {
                    Err(format!(
                        "generation {:?}, observed {observed:?}, {ready:?}",
                        sealed.metadata.generation
                    ))
                }
            },
        )
        .await
    }

    /// A Secret that must exist.
    ///
    /// # Errors
    /// When it does not.
    pub async fn secret(&self, name: &str) -> Result<Secret, HarnessError> {
        self.secrets()
            .get(name)
            .await
            .context(format!("get Secret {name}"))
    }

    /// Whether a Secret exists.
    ///
    /// # Errors
    /// When the API server cannot tell.
    pub async fn has_secret(&self, name: &str) -> Result<bool, HarnessError> {
        let found = self
            .secrets()
            .get_opt(name)
            .await
            .context(format!("get Secret {name}"))?;
        Ok(found.is_some())
    }

    /// The items of a Secret that must exist.
    ///
    /// # Errors
    /// When it does not.
    pub async fn items(&self, name: &str) -> Result<BTreeMap<String, String>, HarnessError> {
        Ok(items_of(&self.secret(name).await?))
    }

    /// Waits until a Secret holds exactly `expected`.
    ///
    /// # Errors
    /// When it does not in time; the error tells item names only.
    pub async fn holds(
        &self,
        name: &str,
        expected: &[(&str, &str)],
    ) -> Result<Secret, HarnessError> {
        let api = self.secrets();
        let expected = items(expected);
        wait::until(
            &format!("Secret {name} to hold what is expected"),
            async || {
                let secret = api.get(name).await.map_err(|error| error.to_string())?;
                let found = items_of(&secret);
                if found == expected {
                    Ok(secret)
                } else {
                    Err(format!("items {:?}", found.keys()))
                }
            },
        )
        .await
    }

    /// Waits until there is no Secret of that name.
    ///
    /// # Errors
    /// When there still is one after the time.
    pub async fn secret_gone(&self, name: &str) -> Result<(), HarnessError> {
        let api = self.secrets();
        wait::until(&format!("Secret {name} to be gone"), async || {
            match api.get_opt(name).await {
                Ok(None) => Ok(()),
                Ok(Some(_)) => Err("still there".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        })
        .await
    }

    /// Creates a Secret that is none of Waxwing's.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn create_secret(&self, secret: &Secret) -> Result<Secret, HarnessError> {
        self.secrets()
            .create(&PostParams::default(), secret)
            .await
            .context("create a Secret")
    }

    /// Changes a Secret by hand (a merge patch).
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn edit_secret(
        &self,
        name: &str,
        patch: serde_json::Value,
    ) -> Result<Secret, HarnessError> {
        self.secrets()
            .patch(name, &PatchParams::default(), &Patch::Merge(patch))
            .await
            .context(format!("edit Secret {name}"))
    }

    /// Deletes a SealedSecret.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn delete(&self, name: &str) -> Result<(), HarnessError> {
        self.sealed_secrets()
            .delete(name, &DeleteParams::default())
            .await
            .map(|_| ())
            .context(format!("delete SealedSecret {name}"))
    }

    /// The events about an object of this namespace.
    ///
    /// # Errors
    /// When the API server cannot tell.
    pub async fn events(&self, name: &str) -> Result<Vec<Event>, HarnessError> {
        let events: Api<Event> = Api::namespaced(self.client.clone(), &self.namespace);
        let about = ListParams::default().fields(&format!("involvedObject.name={name}"));
        Ok(events.list(&about).await.context("list events")?.items)
    }
}

/// A condition of a SealedSecret, if it has it.
pub fn condition(sealed: &SealedSecret, kind: ConditionType) -> Option<Condition> {
    let conditions = &sealed.status.as_ref()?.conditions;
    waxwing_api::condition::find(conditions, kind.as_str()).cloned()
}

/// The items of a Secret as text.
pub fn items_of(secret: &Secret) -> BTreeMap<String, String> {
    let data = secret.data.clone().unwrap_or_default();
    let text = |ByteString(bytes)| String::from_utf8_lossy(&bytes).into_owned();
    data.into_iter()
        .map(|(item, value)| (item, text(value)))
        .collect()
}

/// A map of items, to compare with.
pub fn items(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(item, value)| ((*item).to_owned(), (*value).to_owned()))
        .collect()
}
