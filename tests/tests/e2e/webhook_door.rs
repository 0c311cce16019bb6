//! A cluster whose API server asks the webhook, installed as docs/controller.md says.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{Method, Request};
use k8s_openapi::{
    ByteString,
    api::{
        admissionregistration::v1::{
            ServiceReference, ValidatingWebhookConfiguration, WebhookClientConfig,
        },
        rbac::v1::{PolicyRule, Role, RoleBinding, RoleRef, Subject},
    },
};
use kube::{
    Api, Client, Config,
    api::{ObjectMeta, PostParams},
};
use waxwing_api::{SealedSecret, names::DEFAULT_NAMESPACE};
use waxwing_tests::{Cluster, Controller, Space, Stage, canary::plaintext, free_port, wait};

use crate::installed_by;

const SECTION: &str = "Refuse what cannot be unsealed";

const CONFIGURATION: &str = "waxwing";

/// The user in no group but system:authenticated.
pub(crate) const SOMEONE: &str = "ordinary-user";

/// A stage with the webhook, and a namespace in it.
pub(crate) struct Door {
    pub(crate) stage: Stage,
    pub(crate) space: Space,
}

impl Door {
    /// With further arguments for the controller.
    pub(crate) async fn open(name: &str, args: &[&str]) -> Self {
        let cluster = installed_by(SECTION).await;
        let address = address();
        ask_at(&cluster, &address).await;
        let args = [&["--webhook", &address], args].concat();
        let controller = Some(Controller::spawn(&cluster, &args).await.unwrap());
        let stage = Stage {
            controller,
            cluster,
        };
        let space = stage.space(name).await.unwrap();
        Self { stage, space }
    }

    /// Waits until a SealedSecret that cannot be unsealed is refused.
    pub(crate) async fn refuses(&self) {
        let broken = self.broken("refused").await;
        wait::until("a broken object to be refused", async || {
            match self.dry_run(&broken).await {
                Err(kube::Error::Api(status)) if status.reason == "Malformed" => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await
        .unwrap();
    }

    /// Whether a SealedSecret that cannot be unsealed is admitted.
    pub(crate) async fn admits_anything(&self) -> bool {
        let broken = self.broken("admitted").await;
        self.dry_run(&broken).await.is_ok()
    }

    /// One with an item that is no sealed value.
    pub(crate) async fn broken(&self, name: &str) -> SealedSecret {
        let mut sealed = self.good(name).await;
        let values = &mut sealed.spec.encrypted_data;
        values.insert("bad".to_owned(), "AAAA".to_owned());
        sealed
    }

    pub(crate) async fn good(&self, name: &str) -> SealedSecret {
        let items = [("password", &*plaintext("p"))];
        self.space.seal(name, &items).await.unwrap()
    }

    pub(crate) async fn dry_run(&self, sealed: &SealedSecret) -> kube::Result<SealedSecret> {
        let dry_run = PostParams {
            dry_run: true,
            ..PostParams::default()
        };
        self.space.sealed_secrets().create(&dry_run, sealed).await
    }

    /// How the API server asks now.
    pub(crate) async fn asked(&self) -> WebhookClientConfig {
        let configurations = Api::<ValidatingWebhookConfiguration>::all(self.space.client.clone());
        let configuration = configurations.get(CONFIGURATION).await.unwrap();
        configuration.webhooks.unwrap().remove(0).client_config
    }

    /// The webhook's path, as only the API server and administrators know it.
    pub(crate) async fn path(&self) -> String {
        let url = self.asked().await.url.unwrap();
        url.parse::<http::Uri>().unwrap().path().to_owned()
    }

    /// Asks the webhook directly, as anyone on its network can.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: &str) -> kube::Result<String> {
        let WebhookClientConfig { ca_bundle, url, .. } = self.asked().await;
        let bundle = String::from_utf8(ca_bundle.unwrap().0).unwrap();
        let certificates = bundle.split("-----END CERTIFICATE-----");
        let certificates =
            certificates.filter_map(|pem| pem.split_once("-----BEGIN CERTIFICATE-----"));
        let der = certificates.map(|(_, text)| {
            let text: String = text.split_whitespace().collect();
            BASE64_STANDARD.decode(text).unwrap()
        });
        let mut config = Config::new(url.unwrap().parse::<http::Uri>().unwrap());
        config.cluster_url = config
            .cluster_url
            .to_string()
            .replace(&self.path().await, "/")
            .parse()
            .unwrap();
        config.root_cert = Some(der.collect());
        config.default_retry = false;
        let request = Request::builder().method(method).uri(path);
        let request = request.body(body.as_bytes().to_vec()).unwrap();
        waxwing_client::client(&config)
            .unwrap()
            .request_text(request)
            .await
    }

    /// Lets the ordinary user do that to SealedSecrets of the namespace, and returns its client.
    pub(crate) async fn someone_who_may(&self, verbs: &[&str]) -> Client {
        let client = &self.space.client;
        let namespace = &self.space.namespace;
        let metadata = ObjectMeta {
            name: Some("appliers".to_owned()),
            ..ObjectMeta::default()
        };
        let role = Role {
            metadata: metadata.clone(),
            rules: Some(vec![PolicyRule {
                api_groups: Some(vec!["waxwing.dev".to_owned()]),
                resources: Some(vec!["sealedsecrets".to_owned()]),
                verbs: verbs.iter().map(|&verb| verb.to_owned()).collect(),
                ..PolicyRule::default()
            }]),
        };
        let group = "rbac.authorization.k8s.io";
        let binding = RoleBinding {
            metadata,
            role_ref: RoleRef {
                api_group: Some(group.to_owned()),
                kind: "Role".to_owned(),
                name: "appliers".to_owned(),
            },
            subjects: Some(vec![Subject {
                api_group: Some(group.to_owned()),
                kind: "User".to_owned(),
                name: SOMEONE.to_owned(),
                ..Subject::default()
            }]),
        };
        let create = PostParams::default();
        let roles = Api::namespaced(client.clone(), namespace);
        roles.create(&create, &role).await.unwrap();
        let bindings = Api::namespaced(client.clone(), namespace);
        bindings.create(&create, &binding).await.unwrap();
        self.stage.cluster.user_client().await.unwrap()
    }
}

/// Where a webhook can be served.
pub(crate) fn address() -> String {
    format!("127.0.0.1:{}", free_port().unwrap())
}

/// The API server of the tests has no network of Services: it is told an address instead.
pub(crate) async fn ask_at(cluster: &Cluster, address: &str) {
    let url = format!("https://{address}");
    ask(cluster, |asked| {
        asked.service = None;
        asked.url = Some(url.clone());
    })
    .await;
}

/// As deploy/ has it.
pub(crate) async fn ask_through_service(cluster: &Cluster) {
    ask(cluster, |asked| {
        asked.url = None;
        asked.service = Some(ServiceReference {
            name: "waxwing-webhook".to_owned(),
            namespace: DEFAULT_NAMESPACE.to_owned(),
            ..ServiceReference::default()
        });
    })
    .await;
}

/// Tells the API server to trust these, as cert-manager does.
pub(crate) async fn trust(cluster: &Cluster, bundle: &str) {
    ask(cluster, |asked| {
        asked.ca_bundle = Some(ByteString(bundle.into()));
    })
    .await;
}

/// Changes how the API server asks; the leader may write at the same time.
async fn ask(cluster: &Cluster, change: impl Fn(&mut WebhookClientConfig)) {
    let client = cluster.client().await.unwrap();
    let configurations = Api::<ValidatingWebhookConfiguration>::all(client);
    wait::until("the change to be taken", async || {
        let found = configurations.get(CONFIGURATION).await;
        let mut found = found.map_err(|error| error.to_string())?;
        for webhook in found.webhooks.iter_mut().flatten() {
            change(&mut webhook.client_config);
        }
        configurations
            .replace(CONFIGURATION, &PostParams::default(), &found)
            .await
            .map_err(|error| error.to_string())
    })
    .await
    .unwrap();
}
