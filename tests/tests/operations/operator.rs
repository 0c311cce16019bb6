//! The operator who runs `waxwing keys`, and what a cluster's keys are.

use std::collections::BTreeMap;

use kube::{Api, api::ListParams};
use serde_json::Value;
use waxwing_api::{KeyState, SealingKey, names::DEFAULT_NAMESPACE};
use waxwing_crypto::{Algorithm, Identity, Recipient};
use waxwing_tests::{Cluster, Run, Waxwing};

/// A folder for files, and the admin who runs `waxwing keys` on a cluster.
pub(crate) struct Operator {
    pub(crate) waxwing: Waxwing,
    pub(crate) folder: tempfile::TempDir,
}

impl Operator {
    pub(crate) fn of(cluster: &Cluster) -> Self {
        Self {
            waxwing: Waxwing::of_admin(cluster),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// A recovery identity in a file, and its recipient.
    pub(crate) fn recovery(&self, name: &str) -> (String, String) {
        let identity = Identity::generate(Algorithm::MlKem768X25519);
        let path = self.path(name);
        std::fs::write(&path, &*identity.to_secret_string()).unwrap();
        (path, identity.recipient().to_string())
    }

    /// A backup of all keys, exported to a recovery identity: the files of the identity and of the
    /// backup.
    pub(crate) fn exported_backup(&self) -> (String, String) {
        let (identity, recipient) = self.recovery("recovery.txt");
        let backup = self.path("keys.yaml");
        self.ok(&[
            "backup",
            "--identity-export",
            "-r",
            &recipient,
            "-o",
            &backup,
        ]);
        (identity, backup)
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        let args = [&["keys"], args].concat();
        self.waxwing.run(&args, "").unwrap()
    }

    /// What a run that goes well prints on standard output.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let run = self.run(args);
        assert_eq!(run.code, 0, "{args:?}: {}", run.stderr);
        run.stdout
    }

    /// What a run that is refused says.
    pub(crate) fn refused(&self, args: &[&str]) -> String {
        let run = self.run(args);
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.stderr);
        run.stderr
    }

    /// The keys, by id.
    pub(crate) fn list(&self) -> BTreeMap<String, Value> {
        let keys: Vec<Value> = serde_json::from_str(&self.ok(&["list", "-o", "json"])).unwrap();
        keys.into_iter()
            .map(|key| (key["id"].as_str().unwrap().to_owned(), key))
            .collect()
    }
}

/// The state of every SealingKey, by id.
pub(crate) async fn states(cluster: &Cluster) -> BTreeMap<String, KeyState> {
    let client = cluster.client().await.unwrap();
    let keys: Api<SealingKey> = Api::namespaced(client, DEFAULT_NAMESPACE);
    let keys = keys.list(&ListParams::default()).await.unwrap();
    keys.into_iter()
        .map(|key| (key.metadata.name.unwrap(), key.spec.state))
        .collect()
}

/// What `rotate`, `retire` and `revoke` print: an age recipients file.
pub(crate) fn printed_primary(text: &str) -> Recipient {
    let (comment, recipient) = text.trim_end().split_once('\n').unwrap();
    let recipient: Recipient = recipient.parse().unwrap();
    assert_eq!(comment, format!("# primary key {}", recipient.key_id()));
    recipient
}
