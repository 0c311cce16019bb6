//! The traces of a running controller, as the receiver of the OpenTelemetry Collector gets them.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use kube::{Api, api::PostParams};
use serde_json::{Value, json};
use waxwing_api::{ClusterSealedSecret, Reason};
use waxwing_crypto::{Place, ScopeKind};
use waxwing_tests::{
    Cluster, Collector, Controller, Programs, Space, Stage, Waxwing,
    canary::{self, plaintext},
    collector::Span,
    document, sealing, wait,
};

const STATUS: &str =
    "PATCH /apis/waxwing.dev/v1alpha1/namespaces/{namespace}/sealedsecrets/{name}/status";
const SECRET: &str = "PATCH /api/v1/namespaces/{namespace}/secrets/{name}";

/// A cluster with a controller that sends its traces to a collector.
async fn traced(args: &[&str]) -> (Stage, Collector) {
    let cluster = Cluster::installed().await.unwrap();
    let collector = Collector::start(&cluster).await.unwrap();
    let url = collector.url();
    let args = [&["--trace-endpoint", &url], args].concat();
    let controller = Some(Controller::spawn(&cluster, &args).await.unwrap());
    (
        Stage {
            controller,
            cluster,
        },
        collector,
    )
}

/// The spans of that name about the object of that name.
fn about<'a>(spans: &'a [Span], span: &str, name: &str) -> Vec<&'a Span> {
    let is_it = |found: &&Span| {
        found.name == span && found.attributes.get("waxwing.object.name") == Some(&json!(name))
    };
    spans.iter().filter(is_it).collect()
}

/// The names of the spans that are directly within that one.
fn within<'a>(spans: &'a [Span], outer: &Span) -> Vec<&'a Span> {
    let inner: Vec<&Span> = spans
        .iter()
        .filter(|span| span.parent == outer.id)
        .collect();
    assert!(
        inner.iter().all(|span| span.trace_id == outer.trace_id),
        "{inner:?}"
    );
    inner
}

fn find<'a>(spans: &[&'a Span], name: &str) -> &'a Span {
    let found: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
    assert_eq!(found.len(), 1, "{name} in {spans:?}");
    found[0]
}

/// Each span of docs/traces.md, and the attributes that it may have.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let page = document::read("docs/traces.md").unwrap();
    let rows = page.lines().skip_while(|line| *line != "## Spans");
    let mut spans = BTreeMap::new();
    for row in rows.filter(|line| line.starts_with("| `") || line.starts_with("| *")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, name, _, attributes, _, _] = cells[..] else {
            continue;
        };
        let attributes = match attributes.strip_prefix("those of `") {
            Some(other) => BTreeSet::clone(&spans[other.trim_end_matches('`')]),
            None => {
                let names = attributes
                    .split(", ")
                    .map(|name| name.trim_matches('`').to_owned());
                names.filter(|name| !name.is_empty()).collect()
            }
        };
        spans.insert(name.trim_matches('`').to_owned(), attributes);
    }
    spans
}

const REQUEST: &str = "*METHOD* *PATH*";

fn assert_as_documented(spans: &[Span]) {
    let documented = documented();
    let mut seen = BTreeSet::new();
    for span in spans {
        let name = match span.attributes.get("url.template") {
            Some(template) => {
                let method = &span.attributes["http.request.method"];
                let (method, template) = (method.as_str().unwrap(), template.as_str().unwrap());
                assert_eq!(span.name, format!("{method} {template}"));
                REQUEST
            }
            None => span.name.as_str(),
        };
        let attributes = documented.get(name).unwrap_or_else(|| panic!("no {name}"));
        for attribute in span.attributes.keys() {
            assert!(attributes.contains(attribute), "{attribute} in {span:?}");
        }
        seen.insert(name);
    }
    let documented: BTreeSet<&str> = documented.keys().map(String::as_str).collect();
    assert_eq!(seen, documented);
}

async fn apply_to_every_namespace(stage: &Stage, space: &Space) {
    let anywhere = Place {
        namespace: "any",
        name: "any",
        item: "any",
    };
    let recipient = stage.primary().await.unwrap();
    let value = plaintext("wide");
    let value = sealing::sealed_value(&value, &anywhere, ScopeKind::Cluster, &recipient);
    let spec = json!({
        "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": space.namespace } },
        "encryptedData": { "k": value.unwrap() },
    });
    let wide = ClusterSealedSecret::new("wide", serde_json::from_value(spec).unwrap());
    let api = Api::all(space.client.clone());
    api.create(&PostParams::default(), &wide).await.unwrap();
    space
        .holds("wide", &[("k", &plaintext("wide"))])
        .await
        .unwrap();
}

#[tokio::test]
async fn every_step_is_a_span_in_its_place_as_documented_and_no_plaintext_is_in_any() {
    let (mut stage, collector) = traced(&["--log-format", "json"]).await;
    let space = stage.space("traces").await.unwrap();
    let mut sealed = space.seal("db", &[("k", &plaintext("k"))]).await.unwrap();
    let template = json!({ "data": { "url": "postgres://app:{{ k }}@db" } });
    sealed.spec.template = serde_json::from_value(template).unwrap();
    space.apply(&sealed).await.unwrap();
    space.ready("db").await.unwrap();
    let mut misplaced = space
        .seal("elsewhere", &[("k", &plaintext("k"))])
        .await
        .unwrap();
    misplaced.metadata.name = Some("here".to_owned());
    space.apply(&misplaced).await.unwrap();
    space.refused("here", Reason::ScopeMismatch).await.unwrap();
    apply_to_every_namespace(&stage, &space).await;
    let rotated = Waxwing::of_admin(&stage.cluster)
        .run(&["keys", "rotate"], "")
        .unwrap();
    assert_eq!(rotated.code, 0, "{}", rotated.stderr);
    wait::until("the renewal", async || {
        let api = space.sealed_secrets();
        let sealed = api.get("db").await.map_err(|error| error.to_string())?;
        let renewal = sealed.status.and_then(|status| status.renewal);
        renewal.map(drop).ok_or_else(|| "none".to_owned())
    })
    .await
    .unwrap();
    let log = stage.controller.as_ref().unwrap().logs().unwrap();
    stage.controller.take().unwrap().terminate().unwrap();

    let spans = collector.spans().unwrap();
    assert_as_documented(&spans);
    for span in &spans {
        assert_eq!(span.resource["service.name"], "waxwing-controller");
        assert_eq!(span.resource["service.version"], env!("CARGO_PKG_VERSION"));
        assert!(span.resource.contains_key("service.instance.id"));
        let is_request = span.attributes.contains_key("url.template");
        assert!(!is_request || !span.parent.is_empty(), "{span:?}");
    }

    let reconciled = about(&spans, "reconcile", "db");
    let reconciled = reconciled[0];
    assert_eq!(reconciled.parent, "");
    assert_eq!(
        reconciled.attributes,
        BTreeMap::from(
            [
                ("waxwing.object.kind", json!("SealedSecret")),
                ("waxwing.object.namespace", json!(space.namespace)),
                ("waxwing.object.name", json!("db")),
                ("waxwing.object.generation", json!("1")),
                ("waxwing.result", json!("Ready")),
            ]
            .map(|(name, value)| (name.to_owned(), value))
        )
    );
    let steps = within(&spans, reconciled);
    let unsealed = within(&spans, find(&steps, "unseal"));
    find(&unsealed, "template");
    let written = find(&steps, "write");
    assert_eq!(written.attributes["waxwing.secret.name"], "db");
    let request = find(&within(&spans, written), SECRET);
    assert_eq!(request.attributes["http.response.status_code"], "201");
    assert_eq!(request.attributes["server.address"], "127.0.0.1");
    find(&steps, STATUS);
    assert!(within(&spans, request).is_empty());

    let refused = about(&spans, "reconcile", "here")[0];
    assert!(refused.is_error);
    assert_eq!(refused.attributes["error.type"], "ScopeMismatch");
    assert_eq!(refused.attributes["waxwing.result"], "ScopeMismatch");
    let steps = within(&spans, refused);
    assert!(find(&steps, "unseal").is_error);
    assert!(steps.iter().all(|span| span.name != "write"), "{steps:?}");

    let wide = about(&spans, "reconcile", "wide")[0];
    assert_eq!(
        wide.attributes["waxwing.object.kind"],
        "ClusterSealedSecret"
    );
    assert!(!wide.attributes.contains_key("waxwing.object.namespace"));
    let written = find(&within(&spans, wide), "write");
    assert_eq!(
        written.attributes["waxwing.secret.namespace"],
        *space.namespace
    );

    let renewed = about(&spans, "renew", "db");
    assert!(
        renewed
            .iter()
            .any(|span| span.attributes["waxwing.result"] == "Written")
    );
    let causes: Vec<&Value> = spans
        .iter()
        .filter_map(|span| span.attributes.get("waxwing.key.cause"))
        .collect();
    assert_eq!(causes, ["NoKey", "Rollover"]);
    assert_eq!(
        spans.iter().filter(|span| span.name == "takeover").count(),
        1
    );

    let line = log
        .lines()
        .find(|line| line.contains("\"unsealed\"") && line.contains("\"db\""));
    let line: Value = serde_json::from_str(line.unwrap()).unwrap();
    assert_eq!(line["trace_id"], *reconciled.trace_id);
    let text = collector.text().unwrap();
    assert_eq!(canary::traces(&text), [""; 0], "a plaintext is in a trace");
    stage.assert_no_plaintext_leaked().await.unwrap();
}

fn count(log: &str, words: &str) -> usize {
    log.lines().filter(|line| line.contains(words)).count()
}

#[tokio::test]
async fn a_collector_that_is_down_costs_one_warning_and_holds_up_no_secret() {
    let cluster = Cluster::installed().await.unwrap();
    let port = Collector::free_port().unwrap();
    let url = format!("http://127.0.0.1:{port}");
    // More spans than fit, and attempts in quick succession.
    let variables = [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "10"),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
    ];
    let args = ["--trace-endpoint", &*url];
    let mut controller = Controller::launch_with(&cluster, variables, &args).unwrap();
    controller.ready().await.unwrap();
    let stage = Stage {
        controller: Some(controller),
        cluster,
    };
    let space = stage.space("down").await.unwrap();
    for name in ["one", "two", "three"] {
        space
            .unseal(name, &[("k", &plaintext(name))])
            .await
            .unwrap();
    }
    let controller = stage.controller.as_ref().unwrap();
    controller
        .logged(&["traces could not be sent"])
        .await
        .unwrap();
    for name in ["four", "five"] {
        space
            .unseal(name, &[("k", &plaintext(name))])
            .await
            .unwrap();
    }
    assert_eq!(
        count(&controller.logs().unwrap(), "traces could not be sent"),
        1
    );

    let collector = Collector::start_at(&stage.cluster, port, None)
        .await
        .unwrap();
    space
        .unseal("six", &[("k", &plaintext("six"))])
        .await
        .unwrap();
    let log = controller.logged(&["traces are sent to"]).await.unwrap();
    assert!(collector.text().unwrap().contains("waxwing"));
    assert_eq!(count(&log, "traces could not be sent"), 1, "{log}");
    stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn the_variables_of_the_specification_are_honoured_and_https_is_held_against_the_authorities()
{
    let cluster = Cluster::installed().await.unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned()];
    let certificate = rcgen::CertificateParams::new(names)
        .unwrap()
        .self_signed(&key)
        .unwrap();
    let scratch = cluster.scratch();
    let certificate = scratch.write("collector.crt", &certificate.pem()).unwrap();
    let key = scratch
        .write("collector.key", &key.serialize_pem())
        .unwrap();
    let port = Collector::free_port().unwrap();
    let collector = Collector::start_at(&cluster, port, Some((&certificate, &key)))
        .await
        .unwrap();
    let base = format!("https://localhost:{port}");
    let authorities = certificate.display().to_string();
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*base),
        ("OTEL_SERVICE_NAME", "mine"),
        ("SSL_CERT_FILE", &authorities),
    ];
    let mut controller = Controller::launch_with(&cluster, variables, &[]).unwrap();
    controller.ready().await.unwrap();
    controller.to_lead().await.unwrap();
    let log = controller.logs().unwrap();
    controller.terminate().unwrap();
    assert!(log.contains(&format!("{base}/v1/traces")), "{log}");
    let spans = collector.spans().unwrap();
    assert!(
        spans.iter().any(|span| span.name == "takeover"),
        "{spans:?}"
    );
    assert!(
        spans
            .iter()
            .all(|span| span.resource["service.name"] == "mine"),
        "{spans:?}"
    );
}

/// What the controller says, and its exit code, with that setting.
fn start_with(variable: (&str, &str), args: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(&Programs::debug().unwrap().controller)
        .args(["run", "--kubeconfig", "/nonexistent"])
        .args(args)
        .env(variable.0, variable.1)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

#[test]
fn a_url_that_is_none_stops_it_at_its_start() {
    let none = ("UNUSED", "");
    let (code, said) = start_with(none, &["--trace-endpoint", "collector:4317"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("such as http://collector:4318"), "{said}");
    let variable = ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317");
    let (code, said) = start_with(variable, &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("OTEL_EXPORTER_OTLP_ENDPOINT cannot be used"),
        "{said}"
    );
}
