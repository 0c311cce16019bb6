//! Kubernetes events, told only when something changes.

mod correlation;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::{Patch, PatchParams, PostParams};
use kube::runtime::events::EventType;
use kube::{Api, Client};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::Instant;
use waxwing_api::names::FIELD_MANAGER;

use crate::api_error::{self, Tried};
use correlation::{Correlation, Same, Way};

/// How many events may wait to be sent. More are dropped: an event is a courtesy, and must not hold
/// up the work.
const WAITING: usize = 1_000;

/// The limit of the API server on the text of an event, in bytes.
const MAX_NOTE: usize = 1_024;

/// How much of an object's name stands in the name of its events, in bytes: the limit of Kubernetes is
/// 253, and a point and the time in hexadecimal nanoseconds follow.
const MAX_NAME: usize = 220;

/// The namespace of events about objects that are in none.
const CLUSTER_WIDE: &str = "default";

/// Something to tell about an object.
#[derive(Debug)]
struct Occurrence {
    about: ObjectReference,
    type_: EventType,
    reason: String,
    note: String,
}

/// Sends events in the background.
#[derive(Debug, Clone)]
pub(crate) struct Events(mpsc::Sender<Occurrence>);

impl Events {
    pub(crate) fn start(client: Client, instance: String) -> Self {
        let (sender, mut waiting) = mpsc::channel(WAITING);
        let mut reporter = Reporter {
            client,
            instance,
            correlation: Correlation::default(),
        };
        tokio::spawn(async move {
            while let Some(occurrence) = waiting.recv().await {
                reporter.report(&occurrence).await;
            }
        });
        Self(sender)
    }

    pub(crate) fn tell(
        &self,
        about: ObjectReference,
        type_: EventType,
        reason: &str,
        mut note: String,
    ) {
        note.truncate(note.floor_char_boundary(MAX_NOTE));
        let occurrence = Occurrence {
            about,
            type_,
            reason: reason.to_owned(),
            note,
        };
        if self.0.try_send(occurrence).is_err() {
            tracing::debug!("event dropped: too many wait to be sent");
        }
    }
}

/// The one task that sends.
struct Reporter {
    client: Client,
    instance: String,
    correlation: Correlation,
}

impl Reporter {
    async fn report(&mut self, occurrence: &Occurrence) {
        let same = Same::of(occurrence);
        let told = match self.correlation.way(&same, Instant::now()) {
            Way::Nothing => Ok(()),
            Way::Anew => self.create(occurrence, same).await,
            Way::Again { event, count } => match self.count(occurrence, &event, count).await {
                // Someone has deleted it, or its time was up.
                Err(error) if api_error::is_gone(&error) => self.create(occurrence, same).await,
                counted => counted,
            },
        };
        let Err(error) = told else { return };
        let ObjectReference {
            namespace, name, ..
        } = &occurrence.about;
        let why = api_error::explain(&error, Tried::new("create", "events"));
        if api_error::is_namespace_going(&error) {
            tracing::debug!(name, namespace, "event not sent: {why}");
        } else {
            tracing::warn!(name, namespace, "event not sent: {why}");
        }
    }

    async fn create(&mut self, occurrence: &Occurrence, same: Same) -> Result<(), kube::Error> {
        let event = self.event(occurrence);
        let name = event.metadata.name.clone().unwrap_or_default();
        let api = self.api(&occurrence.about);
        api.create(&PostParams::default(), &event).await?;
        self.correlation.created(same, name, Instant::now());
        Ok(())
    }

    /// Says of an event that is there already that it has come so many times by now.
    async fn count(
        &self,
        occurrence: &Occurrence,
        event: &str,
        count: i32,
    ) -> Result<(), kube::Error> {
        let series = json!({ "count": count, "lastObservedTime": MicroTime(Timestamp::now()) });
        let patch = Patch::Merge(json!({ "series": series }));
        let api = self.api(&occurrence.about);
        api.patch_metadata(event, &PatchParams::default(), &patch)
            .await
            .map(drop)
    }

    fn event(&self, occurrence: &Occurrence) -> Event {
        let now = Timestamp::now();
        let name = occurrence.about.name.as_deref().unwrap_or_default();
        let name = &name[..name.floor_char_boundary(MAX_NAME)];
        let type_ = match occurrence.type_ {
            EventType::Normal => "Normal",
            EventType::Warning => "Warning",
        };
        Event {
            metadata: ObjectMeta {
                name: Some(format!("{name}.{:x}", now.as_nanosecond())),
                namespace: Some(namespace(&occurrence.about).to_owned()),
                ..ObjectMeta::default()
            },
            event_time: Some(MicroTime(now)),
            regarding: Some(occurrence.about.clone()),
            type_: Some(type_.to_owned()),
            reason: Some(occurrence.reason.clone()),
            note: Some(occurrence.note.clone()),
            action: Some("Reconcile".to_owned()),
            reporting_controller: Some(FIELD_MANAGER.to_owned()),
            reporting_instance: Some(self.instance.clone()),
            ..Event::default()
        }
    }

    fn api(&self, about: &ObjectReference) -> Api<Event> {
        Api::namespaced(self.client.clone(), namespace(about))
    }
}

fn namespace(about: &ObjectReference) -> &str {
    about.namespace.as_deref().unwrap_or(CLUSTER_WIDE)
}
