//! The namespaces, kept as the API server has them.

use k8s_openapi::api::core::v1::Namespace as NamespaceObject;
use kube::core::PartialObjectMeta;
use kube::runtime::watcher::{Config, watcher};
use kube::{Api, ResourceExt};

use super::selection::Namespace;
use crate::health::Part;
use crate::mirror::map_event;
use crate::reconcile::Context;
use crate::scope::Area;
use crate::secrets::queue_if_drifted;
use crate::watch::Watch;

/// Keeps the namespaces up to date for ever, and queues each ClusterSealedSecret that a change concerns.
pub(crate) async fn follow(context: Context) {
    let api = Api::<PartialObjectMeta<NamespaceObject>>::all(context.client.clone());
    let begin = move |config: Config| watcher(api.clone(), config);
    let health = context.health.clone();
    let mut watch = Watch::new(
        begin,
        Part::Namespaces,
        &Area::Everywhere,
        "namespaces",
        health,
    );
    loop {
        let event = map_event(watch.next().await, read);
        let complete = context.cluster_wide.namespaces().take(event);
        if complete {
            context.cluster_wide.listed.send_replace(true);
            for key in context.cluster_wide.keys() {
                queue_if_drifted(&key, &context);
            }
        }
    }
}

fn read(object: PartialObjectMeta<NamespaceObject>) -> (Box<str>, Namespace) {
    let name = object.name_any().into_boxed_str();
    let terminating = object.metadata.deletion_timestamp.is_some();
    let labels = object.metadata.labels.unwrap_or_default();
    let namespace = Namespace {
        labels,
        terminating,
    };
    (name, namespace)
}
