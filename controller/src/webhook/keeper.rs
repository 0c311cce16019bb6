//! Looks after the webhook's Secret, and its configuration at the API server. Runs on the leading replica only.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams};
use kube::runtime::watcher::{Config, watcher};
use kube::{Api, Client};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use waxwing_api::names::FIELD_MANAGER;

use super::configuration;
use super::duty::{Due, due, strange_hosts};
use super::serving::Serving;
use super::store::{Known, SECRET};
use super::stored::Stored;
use crate::api_error::{self, Class, Tried};
use crate::backoff::Backoff;
use crate::health::{Health, Part};
use crate::mirror::{Mirror, map_event};
use crate::scope::Area;
use crate::server_clock::ServerClock;
use crate::watch::Watch;

const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(500),
    longest: Duration::from_secs(30),
};

/// Waiting goes by another clock than the one that says when a certificate is due, and that one can be set.
const LOOK_AGAIN: Duration = Duration::from_secs(600);

const CONFIGURATIONS: &str = "validatingwebhookconfigurations";

/// What it works with.
#[derive(Clone)]
pub(crate) struct Keeper {
    pub(super) client: Client,
    pub(super) namespace: String,
    /// The name of the ValidatingWebhookConfiguration.
    pub(super) configuration: String,
    /// Whether the certificates are its own: made, rotated, and told to the API server.
    pub(super) makes_certificates: bool,
    pub(super) known: watch::Receiver<Known>,
    pub(super) serving: watch::Receiver<Option<Arc<Serving>>>,
    pub(super) health: Arc<Health>,
    /// Whether a certificate is valid, the API server says by its own clock.
    pub(super) clock: ServerClock,
}

/// What is known of the configuration; `None`: it is not there, or was not listed yet.
type Seen = Option<Arc<ValidatingWebhookConfiguration>>;

impl Keeper {
    /// Looks after both for ever: at each change of them, and when a certificate is due.
    pub(crate) async fn run(self) {
        let (seen, configuration) = watch::channel(None);
        tokio::join!(
            self.follow_configuration(&seen),
            self.look_after(configuration)
        );
    }

    async fn look_after(&self, mut configuration: watch::Receiver<Seen>) {
        let (mut known, mut serving) = (self.known.clone(), self.serving.clone());
        let mut failures = 0;
        let mut told = None;
        loop {
            let present = known.borrow_and_update().clone();
            let seen = configuration.borrow_and_update().clone();
            let served = serving.borrow_and_update().clone();
            let served = served.as_deref().filter(|_| !self.makes_certificates);
            let stranger = strange_hosts(seen.as_deref(), served.map(|it| &it.terms));
            if stranger != told {
                if let Some(stranger) = &stranger {
                    tracing::error!("the webhook's certificate: {stranger}");
                }
                told = stranger;
            }
            let wait = match self.keep(&present, seen.as_deref()).await {
                Ok(again_at) => {
                    failures = 0;
                    again_at.map_or(LOOK_AGAIN, |at| self.until(at))
                }
                Err(error) => {
                    failures += 1;
                    tracing::warn!(failures, "looking after the webhook failed: {error}");
                    BACKOFF.after(failures)
                }
            };
            tokio::select! {
                changed = known.changed(), if failures == 0 => if changed.is_err() { return },
                changed = configuration.changed(), if failures == 0 => if changed.is_err() { return },
                changed = serving.changed(), if failures == 0 => if changed.is_err() { return },
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// One step: the Secret first, and what it holds into the configuration. Returns when to look again.
    async fn keep(
        &self,
        known: &Known,
        seen: Option<&ValidatingWebhookConfiguration>,
    ) -> Result<Option<Timestamp>, String> {
        let hosts = match seen {
            Some(seen) if self.makes_certificates => configuration::hosts(seen),
            _ => Vec::new(),
        };
        let due = due(known, &hosts, self.clock.now())
            .map_err(|error| format!("a certificate {error}"))?;
        let again_at = match due {
            Due::Nothing { again_at } => again_at,
            Due::Write {
                version,
                stored,
                what,
            } => {
                self.write(&stored, &version, what).await?;
                // The watch tells of it, and then it goes on.
                return Ok(None);
            }
        };
        if let (Some(seen), Some(stored)) = (seen, known.stored()) {
            self.configure(seen, stored).await?;
        }
        Ok(again_at)
    }

    async fn write(&self, stored: &Stored, version: &str, what: &str) -> Result<(), String> {
        let secret = stored.to_secret(SECRET, &self.namespace, version);
        let api = Api::<Secret>::namespaced(self.client.clone(), &self.namespace);
        if apply(&api, SECRET, &secret, "secrets").await? {
            tracing::info!(secret = SECRET, "{what}");
        }
        Ok(())
    }

    async fn configure(
        &self,
        seen: &ValidatingWebhookConfiguration,
        stored: &Stored,
    ) -> Result<(), String> {
        let bundle = match &stored.own {
            Some(own) if self.makes_certificates => Some(own.bundle()),
            _ => None,
        };
        let Some(patch) = configuration::patch(seen, &stored.token, bundle.as_deref()) else {
            return Ok(());
        };
        let api = Api::<ValidatingWebhookConfiguration>::all(self.client.clone());
        if apply(&api, &self.configuration, &patch, CONFIGURATIONS).await? {
            let configuration = &self.configuration;
            tracing::info!(configuration, "told the API server how to ask the webhook");
        }
        Ok(())
    }

    fn until(&self, at: Timestamp) -> Duration {
        let wait = Duration::try_from(at.duration_since(self.clock.now()));
        wait.unwrap_or_default().min(LOOK_AGAIN)
    }

    async fn follow_configuration(&self, seen: &watch::Sender<Seen>) {
        let api = Api::<ValidatingWebhookConfiguration>::all(self.client.clone());
        let only = format!("metadata.name={}", self.configuration);
        let begin = move |config: Config| watcher(api.clone(), config.fields(&only));
        let mut watch = Watch::new(
            begin,
            Part::WebhookConfiguration,
            &Area::Everywhere,
            CONFIGURATIONS,
            self.health.clone(),
        );
        let mut mirror = Mirror::default();
        let mut was_missing = false;
        loop {
            let event = map_event(watch.next().await, |found| ((), Arc::new(found)));
            if !mirror.take(event) {
                continue;
            }
            let present = mirror.get(&()).cloned();
            let is_missing = present.is_none();
            seen.send_replace(present);
            if is_missing && !was_missing {
                tracing::warn!(
                    "there is no ValidatingWebhookConfiguration {}: nobody asks the webhook; install it (webhook.enabled of the Helm chart, or the kustomize component webhook)",
                    self.configuration
                );
            }
            was_missing = is_missing;
        }
    }
}

/// Applies an object over the version that it names. False: someone else was faster, and the watch tells.
async fn apply<K>(
    api: &Api<K>,
    name: &str,
    object: &(impl Serialize + std::fmt::Debug),
    resource: &'static str,
) -> Result<bool, String>
where
    K: kube::Resource + Clone + std::fmt::Debug + DeserializeOwned,
{
    let parameters = PatchParams::apply(FIELD_MANAGER).force();
    match api
        .patch_metadata(name, &parameters, &Patch::Apply(object))
        .await
    {
        Ok(_) => Ok(true),
        Err(error) if api_error::classify(&error) == Class::Conflict => Ok(false),
        Err(error) => Err(api_error::explain(&error, Tried::new("patch", resource))),
    }
}
