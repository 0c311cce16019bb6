//! ClusterSealedSecrets: one sealed object, and a Secret in every namespace that it selects.
//!
//! To index, queue, status and renewal such an object is a SealedSecret without a namespace, and the
//! `digest` of its Secrets' versions stands for the version of the one Secret. What is different is here:
//! `namespaces` are watched, `selection` says which of them get a Secret, and `spread` writes them.

mod digest;
mod namespaces;
mod selection;
mod spread;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use kube::ResourceExt;
use kube::core::Selector;
use tokio::sync::watch;
use waxwing_api::{AnySealedSecret, ClusterSealedSecret, NamespacesStatus, SealedSecret};

pub(crate) use namespaces::follow;
pub(crate) use spread::{failures, spread};

use crate::mirror::Mirror;
use crate::object_key::ObjectKey;
use crate::secrets::Secrets;
use selection::{Namespace, Selection, select};

/// What is remembered of the namespaces, and of each ClusterSealedSecret.
#[derive(Debug)]
pub(crate) struct ClusterWide {
    own_namespace: Box<str>,
    namespaces: Mutex<Mirror<Box<str>, Namespace>>,
    listed: watch::Sender<bool>,
    objects: Mutex<HashMap<Box<str>, Object>>,
}

#[derive(Debug)]
struct Object {
    uid: Box<str>,
    generation: i64,
    /// `None`: it is malformed.
    selector: Option<Selector>,
    told: Option<NamespacesStatus>,
    /// By namespace, the versions of the Secrets that are what this generation says.
    left: BTreeMap<Box<str>, Box<str>>,
}

impl ClusterWide {
    pub(crate) fn new(own_namespace: &str) -> Self {
        Self {
            own_namespace: own_namespace.into(),
            namespaces: Mutex::default(),
            listed: watch::Sender::new(false),
            objects: Mutex::default(),
        }
    }

    /// Remembers an object as the API server has it, and returns it as a SealedSecret.
    pub(crate) fn take_in(&self, object: ClusterSealedSecret) -> SealedSecret {
        let name = object.name_any().into_boxed_str();
        let uid = object.uid().unwrap_or_default().into_boxed_str();
        let generation = object.metadata.generation.unwrap_or_default();
        let mut objects = self.objects();
        let earlier = objects
            .remove(&name)
            .filter(|earlier| earlier.uid == uid && earlier.generation == generation);
        let present = Object {
            uid,
            generation,
            selector: object.spec.namespace_selector.clone().try_into().ok(),
            told: object
                .status
                .as_ref()
                .and_then(|status| status.namespaces.clone()),
            left: earlier.map(|earlier| earlier.left).unwrap_or_default(),
        };
        objects.insert(name, present);
        drop(objects);
        as_sealed_secret(object)
    }

    pub(crate) fn forget(&self, name: &str) {
        self.objects().remove(name);
    }

    /// The keys of all objects.
    fn keys(&self) -> Vec<ObjectKey> {
        let objects = self.objects();
        let names = objects.keys();
        names.map(|name| ObjectKey::cluster_wide(name)).collect()
    }

    /// The object that makes Secrets of that name, if there is one.
    pub(crate) fn of_secret(&self, key: &ObjectKey) -> Option<ObjectKey> {
        let is_there = self.objects().contains_key(&key.name);
        is_there.then(|| ObjectKey::cluster_wide(&key.name))
    }

    /// Returns once all namespaces were listed.
    pub(crate) async fn complete(&self) {
        // An error means that the sender is gone, and it is part of this.
        let _ = self.listed.subscribe().wait_for(|listed| *listed).await;
    }

    /// What stands for the versions of all Secrets of the object; `None`: it is not known, or malformed.
    pub(crate) fn version(&self, name: &str, secrets: &Secrets) -> Option<Box<str>> {
        let selection = self.selection(name)?;
        Some(digest::of(name, &selection, secrets, &BTreeMap::new()))
    }

    /// The namespaces as the object selects them; `None`: it is not known, or malformed.
    fn selection(&self, name: &str) -> Option<Selection> {
        let selector = self.objects().get(name)?.selector.clone()?;
        let namespaces = self.namespaces();
        Some(select(&selector, namespaces.iter(), &self.own_namespace))
    }

    fn told(&self, name: &str) -> Option<NamespacesStatus> {
        self.objects().get(name)?.told.clone()
    }

    /// Remembers in which version the Secret of a namespace is what the object says.
    fn leave(&self, sealed: &SealedSecret, namespace: &str, version: &str) {
        self.with_this(sealed, |object| {
            object.left.insert(namespace.into(), version.into())
        });
    }

    /// Whether the Secret of a namespace is, in that version, what the object says.
    fn is_left(&self, sealed: &SealedSecret, namespace: &str, version: Option<&str>) -> bool {
        version.is_some()
            && self
                .with_this(sealed, |object| {
                    object.left.get(namespace).map(AsRef::as_ref) == version
                })
                .unwrap_or_default()
    }

    /// All Secrets are as the object says: its status does, and nothing contradicts.
    pub(crate) fn leave_all(&self, sealed: &SealedSecret, secrets: &Secrets) {
        let name = sealed.name_any();
        for namespace in self.selection(&name).unwrap_or_default().wanted {
            let key = ObjectKey::new(&namespace, &name);
            if let Some(version) = secrets.version(&key) {
                self.leave(sealed, &namespace, &version);
            }
        }
    }

    /// Does something to what is remembered of this very generation of the object.
    fn with_this<T>(&self, sealed: &SealedSecret, act: impl FnOnce(&mut Object) -> T) -> Option<T> {
        let mut objects = self.objects();
        let object = objects.get_mut(sealed.metadata.name.as_deref()?)?;
        let is_this = Some(&*object.uid) == sealed.metadata.uid.as_deref()
            && Some(object.generation) == sealed.metadata.generation;
        is_this.then(|| act(object))
    }

    fn objects(&self) -> MutexGuard<'_, HashMap<Box<str>, Object>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn namespaces(&self) -> MutexGuard<'_, Mirror<Box<str>, Namespace>> {
        let namespaces = self.namespaces.lock();
        namespaces.unwrap_or_else(PoisonError::into_inner)
    }
}

fn as_sealed_secret(object: ClusterSealedSecret) -> SealedSecret {
    let AnySealedSecret {
        metadata,
        spec,
        status,
        ..
    } = object.into();
    SealedSecret {
        metadata,
        spec,
        status,
    }
}
