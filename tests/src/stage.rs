//! A cluster with Waxwing at work in it, and namespaces to play scenarios in.

use std::sync::atomic::{AtomicUsize, Ordering};

use k8s_openapi::api::core::v1::{Event, Namespace};
use kube::{
    Api, Client,
    api::{ListParams, ObjectMeta, PostParams},
};
use tokio::sync::OnceCell;
use waxwing_api::{ClusterSealedSecret, SealedSecret, SealingKey, names::DEFAULT_NAMESPACE};
use waxwing_crypto::Recipient;

use crate::{
    canary,
    cluster::Cluster,
    controller::Controller,
    error::{Context, HarnessError},
    space::Space,
    wait,
};

/// A cluster with a running controller.
#[derive(Debug)]
pub struct Stage {
    /// The running controller, or none while a scenario has it stopped.
    // Dropped before its cluster.
    pub controller: Option<Controller>,
    /// The cluster.
    pub cluster: Cluster,
}

impl Stage {
    /// The stage that the tests of this process share: for scenarios that keep to a namespace of
    /// their own and leave controller and keys alone.
    ///
    /// # Errors
    /// When it cannot be set.
    pub async fn shared() -> Result<&'static Self, HarnessError> {
        static SHARED: OnceCell<Stage> = OnceCell::const_new();
        SHARED.get_or_try_init(|| Self::own(&[])).await
    }

    /// A stage of one's own, with further arguments for the controller.
    ///
    /// # Errors
    /// When it cannot be set.
    pub async fn own(args: &[&str]) -> Result<Self, HarnessError> {
        let cluster = Cluster::installed().await?;
        let controller = Some(Controller::spawn(&cluster, args).await?);
        Ok(Self {
            controller,
            cluster,
        })
    }

    /// A new namespace, empty but for what Kubernetes puts into each.
    ///
    /// # Errors
    /// When the API server refuses it.
    pub async fn space(&self, name: &str) -> Result<Space, HarnessError> {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let client = self.cluster.client().await?;
        let name = format!("{name}-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let metadata = ObjectMeta {
            name: Some(name.clone()),
            ..ObjectMeta::default()
        };
        let namespace = Namespace {
            metadata,
            ..Namespace::default()
        };
        Api::all(client.clone())
            .create(&PostParams::default(), &namespace)
            .await
            .context(format!("create namespace {name}"))?;
        Ok(Space {
            client,
            namespace: name,
        })
    }

    /// The recipient that new values are sealed to, once the controller has said which one it is.
    ///
    /// # Errors
    /// When there is none in time.
    pub async fn primary(&self) -> Result<Recipient, HarnessError> {
        primary(&self.cluster.client().await?).await
    }

    /// Looks for plaintexts where none may be: in the log of every server and controller, in the
    /// metrics, in every event and in every object of Waxwing, conditions included. Every scenario
    /// ends with it.
    ///
    /// # Errors
    /// When something could not be looked at.
    ///
    /// # Panics
    /// When a plaintext is found; the message says where and in which form, not which.
    pub async fn assert_no_plaintext_leaked(&self) -> Result<(), HarnessError> {
        let logs = self.cluster.scratch().logs();
        for entry in std::fs::read_dir(&logs).context("list the logs")? {
            let path = entry.context("list the logs")?.path();
            let log = std::fs::read(&path).context(format!("read {}", path.display()))?;
            assert_clean(&path.display().to_string(), &String::from_utf8_lossy(&log));
        }
        if let Some(controller) = &self.controller {
            assert_clean("the metrics", &controller.metrics().await?);
        }
        let client = self.cluster.client().await?;
        assert_objects_clean::<Event>(&client, "an event").await?;
        assert_objects_clean::<SealedSecret>(&client, "a SealedSecret").await?;
        assert_objects_clean::<ClusterSealedSecret>(&client, "a ClusterSealedSecret").await?;
        assert_objects_clean::<SealingKey>(&client, "a SealingKey").await
    }
}

/// The recipient of the primary key, once there is one.
///
/// # Errors
/// When there is none in time.
pub async fn primary(client: &Client) -> Result<Recipient, HarnessError> {
    let keys: Api<SealingKey> = Api::namespaced(client.clone(), DEFAULT_NAMESPACE);
    wait::until("a primary sealing key", async || {
        let keys = keys
            .list(&ListParams::default())
            .await
            .map_err(|error| error.to_string())?;
        let primary = keys
            .iter()
            .find(|key| key.status.as_ref().is_some_and(|status| status.primary));
        let primary = primary.ok_or_else(|| format!("{} keys, none primary", keys.items.len()))?;
        primary
            .spec
            .recipient
            .parse()
            .map_err(|_| "a recipient that does not parse".to_owned())
    })
    .await
}

async fn assert_objects_clean<K>(client: &Client, what: &str) -> Result<(), HarnessError>
where
    K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug,
    K: serde::Serialize + serde::de::DeserializeOwned,
{
    let api: Api<K> = Api::all(client.clone());
    for object in api
        .list(&ListParams::default())
        .await
        .context(format!("list {what}"))?
    {
        let text = serde_json::to_string(&object).expect("what came as JSON goes as JSON");
        assert_clean(what, &text);
    }
    Ok(())
}

fn assert_clean(what: &str, text: &str) {
    let traces = canary::traces(text);
    assert!(
        traces.is_empty(),
        "a plaintext stands in {what}, as {}",
        traces.join(" and ")
    );
}
