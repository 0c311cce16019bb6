//! Kubernetes events, told only when something changes.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::Client;
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use tokio::sync::mpsc;
use waxwing_api::names::FIELD_MANAGER;

use crate::api_error::{self, Tried};

/// How many events may wait to be sent. More are dropped: an event is a courtesy, and must not hold
/// up the work.
const WAITING: usize = 1_000;

/// The limit of the API server on the text of an event, in bytes.
const MAX_NOTE: usize = 1_024;

/// Sends events in the background.
#[derive(Debug, Clone)]
pub(crate) struct Events(mpsc::Sender<(ObjectReference, Event)>);

impl Events {
    pub(crate) fn start(client: Client, instance: String) -> Self {
        let (sender, mut waiting) = mpsc::channel::<(ObjectReference, Event)>(WAITING);
        let reporter = Reporter {
            controller: FIELD_MANAGER.to_owned(),
            instance: Some(instance),
        };
        let recorder = Recorder::new(client, reporter);
        tokio::spawn(async move {
            while let Some((about, event)) = waiting.recv().await {
                if let Err(error) = recorder.publish(&event, &about).await {
                    let why = api_error::explain(&error, Tried::new("create", "events"));
                    tracing::warn!(
                        name = about.name,
                        namespace = about.namespace,
                        "event not sent: {why}"
                    );
                }
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
        let event = Event {
            type_,
            reason: reason.to_owned(),
            note: Some(note),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        if self.0.try_send((about, event)).is_err() {
            tracing::debug!("event dropped: too many wait to be sent");
        }
    }
}
