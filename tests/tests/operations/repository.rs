//! A repository of sealed files, and the operator who works in it.

use std::path::Path;

use waxwing_crypto::{Algorithm, Identity, SealedValue};
use waxwing_manifest::{Document, read, sealed_items};
use waxwing_tests::{Cluster, Stage, Terminal, canary::plaintext, document};

/// The recovery identity that an operator keeps offline.
pub(crate) struct Recovery(Identity);

impl Recovery {
    pub(crate) fn new() -> Self {
        Self(Identity::generate(Algorithm::MlKem768X25519))
    }

    pub(crate) fn recipient(&self) -> String {
        self.0.recipient().to_string()
    }

    /// A cluster whose controller keeps every key in escrow for it.
    pub(crate) async fn stage(&self) -> Stage {
        Stage::own(&["--recovery-recipient", &self.recipient()])
            .await
            .unwrap()
    }
}

/// A terminal in a repository, with the sealed files in `apps`.
pub(crate) struct Repository {
    pub(crate) terminal: Terminal,
}

impl Repository {
    /// A folder with the recovery identity and its recipient, and no sealed file yet.
    pub(crate) fn empty(cluster: &Cluster, recovery: &Recovery) -> Self {
        let terminal = Terminal::open(cluster, "repository").unwrap();
        let repository = Self { terminal };
        repository.write("recovery.txt", &recovery.0.to_secret_string());
        repository.write("recovery-recipients.txt", &recovery.recipient());
        repository.run("chmod 600 recovery.txt; mkdir apps");
        repository
    }

    /// As [`Self::empty`], with `db` and `web` of namespace `prod` sealed to the cluster and applied.
    pub(crate) async fn sealed(stage: &Stage, recovery: &Recovery) -> Self {
        stage.primary().await.unwrap();
        let repository = Self::empty(&stage.cluster, recovery);
        repository.run("kubectl create namespace prod");
        for name in ["db", "web"] {
            let password = plaintext(name);
            repository.run(&format!(
                "kubectl create secret generic {name} -n prod --from-literal=password={password} \
                 --dry-run=client -o yaml | waxwing seal -o apps/{name}.yaml"
            ));
        }
        repository.run("kubectl apply -R -f apps");
        repository
            .run("kubectl wait -n prod --all sealedsecrets --for=condition=Ready --timeout=60s");
        repository
    }

    /// A clone, as it is now, on a machine whose current context is `cluster`.
    pub(crate) fn clone_to(&self, cluster: &Cluster) -> Self {
        let terminal = Terminal::open(cluster, "clone").unwrap();
        let origin = self.terminal.folder().display().to_string();
        terminal.run(&format!("cp -R '{origin}'/. .")).unwrap();
        Self { terminal }
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.terminal.folder().join(name), text).unwrap();
    }

    /// Runs a script and returns what it printed, on standard error too.
    pub(crate) fn run(&self, script: &str) -> String {
        self.terminal
            .run(&format!("exec 2>&1\n{script}"))
            .unwrap_or_else(|error| panic!("{error}"))
    }

    /// Runs all commands of sections of docs/operations.md after each other, in one shell.
    pub(crate) fn follow(&self, headings: &[&str], settings: &str) -> String {
        let commands: Vec<String> = headings
            .iter()
            .flat_map(|heading| commands_of(heading))
            .collect();
        self.run(&format!("{settings}\n{}", commands.join("\n")))
    }

    /// The password in a Secret of the cluster.
    pub(crate) fn password(&self, name: &str) -> String {
        self.run(&format!(
            "kubectl get secret -n prod {name} -o go-template='{{{{.data.password | base64decode}}}}'"
        ))
    }

    /// Deletes a Secret and waits until the controller has made it again.
    pub(crate) fn reopen(&self, name: &str) {
        self.run(&format!(
            "kubectl delete secret -n prod {name} && kubectl wait -n prod secret/{name} --for=create --timeout=60s"
        ));
    }

    /// The ids of the keys that a sealed file needs.
    pub(crate) fn key_ids(&self, name: &str) -> Vec<String> {
        let file = self
            .terminal
            .folder()
            .join("apps")
            .join(name)
            .with_extension("yaml");
        let values = sealed_values(&file);
        values
            .iter()
            .flat_map(|value| value.header().key_ids())
            .map(|id| id.to_string())
            .collect()
    }
}

fn sealed_values(file: &Path) -> Vec<SealedValue> {
    let documents = read("file", &std::fs::read_to_string(file).unwrap()).unwrap();
    let objects = documents.iter().flat_map(Document::objects);
    let items = objects.flat_map(|object| sealed_items(&object).unwrap());
    items.map(|item| item.value).collect()
}

/// The blocks of a section of docs/operations.md.
pub(crate) fn commands_of(heading: &str) -> Vec<String> {
    document::commands("docs/operations.md", heading).unwrap_or_else(|error| panic!("{error}"))
}
