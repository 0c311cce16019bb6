//! The Helm chart, rendered by Helm: what it makes of its settings, and that the kustomize base is the
//! same.

use std::{collections::BTreeMap, fs, path::Path};

use kube::api::DynamicObject;
use serde_json::{Value, json};
use waxwing_tests::{document, helm, kustomize, manifests};

/// What a chart or a base is made of, by kind and name.
pub(crate) type Objects = BTreeMap<String, Value>;

pub(crate) fn render(args: &[&str]) -> Objects {
    let rendered = helm::template(args).unwrap();
    by_name(kustomize::parse(&helm::chart(), &rendered).unwrap())
}

pub(crate) fn by_name(objects: Vec<DynamicObject>) -> Objects {
    objects
        .into_iter()
        .map(|object| {
            let value = serde_json::to_value(&object).unwrap();
            let kind = value["kind"].as_str().unwrap();
            let name = object.metadata.name.as_deref().unwrap();
            (format!("{kind}/{name}"), value)
        })
        .collect()
}

pub(crate) fn set(values: &str) -> Objects {
    render(&["--set", values])
}

/// The environment of the controller, without what refers to its Pod.
pub(crate) fn environment(objects: &Objects) -> BTreeMap<String, String> {
    let deployment = &objects["Deployment/waxwing-controller"];
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    let variables = container["env"].as_array().unwrap().iter();
    variables
        .filter_map(|variable| {
            let name = variable["name"].as_str()?.to_owned();
            Some((name, variable["value"].as_str()?.to_owned()))
        })
        .collect()
}

#[test]
fn helm_finds_nothing_to_complain_about() {
    let chart = helm::chart().display().to_string();
    let run = helm::run(&["lint", "--strict", &chart]).unwrap();
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}

#[test]
fn what_is_made_from_one_source_is_up_to_date() {
    let files = manifests::chart_files().unwrap();
    let files = files.into_iter().chain(manifests::base_files().unwrap());
    for (name, text) in files {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(&name);
        let committed = fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == text,
            "{name} is out of date: run `cargo xtask manifests`"
        );
    }
}

#[test]
fn kustomize_installs_what_helm_installs() {
    let of_kustomize = by_name(kustomize::objects(&kustomize::base()).unwrap());
    assert_same(render(&[]), of_kustomize);
}

#[test]
fn kustomize_leaves_out_drift_repair_as_helm_does() {
    let of_kustomize = kustomize::with_components(&["without-drift-repair"]).unwrap();
    assert_same(set("driftRepair=false"), by_name(of_kustomize));
}

pub(crate) fn assert_same(mut of_helm: Objects, mut of_kustomize: Objects) {
    assert!(of_kustomize.remove("Namespace/waxwing-system").is_some());
    for object in of_helm.values_mut().chain(of_kustomize.values_mut()) {
        let is_definition = object["kind"] == "CustomResourceDefinition";
        let metadata = object["metadata"].as_object_mut().unwrap();
        metadata.remove("annotations");
        let labels = metadata.get_mut("labels").and_then(Value::as_object_mut);
        if let Some(labels) = labels {
            labels.remove("app.kubernetes.io/managed-by");
            labels.remove("helm.sh/chart");
        }
        if is_definition {
            metadata.remove("labels");
        }
    }
    assert_eq!(
        of_helm.keys().collect::<Vec<_>>(),
        of_kustomize.keys().collect::<Vec<_>>()
    );
    for (name, object) in of_helm {
        assert_eq!(object, of_kustomize[&name], "{name}");
    }
}

#[test]
fn the_chart_has_the_version_of_the_workspace() {
    let chart: Value =
        serde_yaml::from_str(&document::read("deploy/helm/waxwing/Chart.yaml").unwrap()).unwrap();
    for field in ["version", "appVersion"] {
        assert_eq!(chart[field], env!("CARGO_PKG_VERSION"), "{field}");
    }
}

#[test]
fn each_setting_reaches_the_controller() {
    let recipients = "keys.recoveryRecipients={age1a,age1b}";
    for (values, variable, expected) in [
        (
            "keys.rolloverPeriod=12h",
            "WAXWING_KEY_ROLLOVER_PERIOD",
            "12h",
        ),
        ("keys.algorithm=x25519", "WAXWING_KEY_ALGORITHM", "x25519"),
        ("keys.retireAfter=90d", "WAXWING_KEY_RETIRE_AFTER", "90d"),
        (
            "keys.deleteUnusedAfter=1h",
            "WAXWING_KEY_DELETE_UNUSED_AFTER",
            "1h",
        ),
        (recipients, "WAXWING_RECOVERY_RECIPIENT", "age1a\nage1b"),
        ("watchNamespaces={a,b}", "WAXWING_WATCH_NAMESPACE", "a,b"),
        ("labelSelector=team", "WAXWING_LABEL_SELECTOR", "team"),
        ("concurrency=64", "WAXWING_CONCURRENCY", "64"),
        ("auditLog=-", "WAXWING_AUDIT_LOG", "-"),
        (
            "tracing.endpoint=http://c:4318",
            "WAXWING_TRACE_ENDPOINT",
            "http://c:4318",
        ),
        ("log.level=debug", "WAXWING_LOG_LEVEL", "debug"),
        ("log.format=text", "WAXWING_LOG_FORMAT", "text"),
        ("extraEnv[0].name=A,extraEnv[0].value=b", "A", "b"),
    ] {
        let environment = environment(&set(values));
        assert_eq!(
            environment.get(variable).map(String::as_str),
            Some(expected),
            "{values}"
        );
        let unset = self::environment(&render(&[])).remove(variable);
        assert_ne!(unset.as_deref(), Some(expected), "{values} is no default");
    }
}

#[test]
fn the_permission_to_delete_keys_comes_with_the_wish_to_delete_them() {
    let role = "Role/waxwing-key-deletion";
    for (values, granted) in [
        ("keys.deleteUnusedAfter=", false),
        ("keys.deleteUnusedAfter=0s", false),
        ("keys.deleteUnusedAfter=30d", true),
    ] {
        assert_eq!(set(values).contains_key(role), granted, "{values}");
    }
}

#[test]
fn named_namespaces_have_a_role_each_with_the_rules_of_the_cluster_role() {
    let everywhere = render(&[]);
    let role = &everywhere["ClusterRole/waxwing-controller"];
    let named = helm::template(&["--set", "watchNamespaces={a,b}"]).unwrap();
    let named = kustomize::parse(&helm::chart(), &named).unwrap();
    let mut namespaces = Vec::new();
    for object in named {
        let kind = object.types.as_ref().map_or("", |types| &types.kind);
        assert!(!kind.starts_with("ClusterRole"), "{kind}");
        if kind == "Role" && object.metadata.name.as_deref() == Some("waxwing-watched-namespace") {
            assert_eq!(object.data["rules"], role["rules"]);
            namespaces.extend(object.metadata.namespace);
        }
    }
    assert_eq!(namespaces, ["a", "b"]);
}

#[test]
fn definitions_are_kept_unless_told_otherwise() {
    let definition = "CustomResourceDefinition/sealedsecrets.waxwing.dev";
    let policy = |objects: &Objects| {
        objects[definition]["metadata"]["annotations"]["helm.sh/resource-policy"].clone()
    };
    assert_eq!(policy(&render(&[])), "keep");
    assert_eq!(policy(&set("crds.keep=false")), Value::Null);
    assert!(!set("crds.install=false").contains_key(definition));
}

#[test]
fn the_network_policy_opens_what_it_is_told_to_and_no_more() {
    let policy = |args: &[&str]| render(args)["NetworkPolicy/waxwing-controller"]["spec"].clone();
    let closed = policy(&[]);
    assert_eq!(closed["policyTypes"], json!(["Ingress", "Egress"]));
    assert_eq!(closed["ingress"], Value::Null);
    assert_eq!(closed["egress"].as_array().unwrap().len(), 1);
    assert_eq!(closed["egress"][0]["to"], Value::Null);

    let open = policy(&[
        "--set-json",
        r#"networkPolicy={"apiServerPorts":[6443],"apiServerCidrs":["10.0.0.1/32"],"metricsFrom":[{"namespaceSelector":{"matchLabels":{"name":"monitoring"}}}]}"#,
    ]);
    assert_eq!(open["egress"][0]["ports"], json!([{ "port": 6443 }]));
    assert_eq!(open["egress"][0]["to"][0]["ipBlock"]["cidr"], "10.0.0.1/32");
    assert_eq!(open["ingress"][0]["ports"], json!([{ "port": "http" }]));
    let off = set("networkPolicy.enabled=false");
    assert!(!off.contains_key("NetworkPolicy/waxwing-controller"));
}

#[test]
fn with_tracing_the_network_policy_opens_the_way_to_the_receiver() {
    let opened = |values: &str| {
        let policy = set(values)["NetworkPolicy/waxwing-controller"].clone();
        policy["spec"]["egress"].as_array().unwrap()[1..].to_vec()
    };
    let ports = |ports: &[u16]| {
        let ports: Vec<Value> = ports.iter().map(|port| json!({ "port": port })).collect();
        json!({ "ports": ports })
    };
    let names = json!({ "ports": [{ "port": 53, "protocol": "UDP" }, { "port": 53 }] });
    for (values, expected) in [
        ("tracing.endpoint=", vec![]),
        (
            "tracing.endpoint=http://c:4318",
            vec![ports(&[4318]), names.clone()],
        ),
        (
            "tracing.endpoint=https://c/otlp",
            vec![ports(&[443]), names.clone()],
        ),
        (
            "tracing.endpoint=http://c",
            vec![ports(&[80]), names.clone()],
        ),
        (
            "tracing.endpoint=http://10.0.0.1:4318/v1/traces",
            vec![ports(&[4318])],
        ),
        (
            "tracing.endpoint=http://c,networkPolicy.tracingPorts={1,2}",
            vec![ports(&[1, 2]), names.clone()],
        ),
    ] {
        assert_eq!(opened(values), expected, "{values}");
    }
    let narrow = opened(
        "tracing.endpoint=http://c:1,networkPolicy.tracingTo[0].podSelector.matchLabels.app=otel",
    );
    assert_eq!(
        narrow[0]["to"][0]["podSelector"]["matchLabels"]["app"],
        "otel"
    );
}

#[test]
fn monitoring_brings_the_alerts_and_the_dashboard_as_they_are() {
    let objects = set(
        "monitoring.podMonitor=true,monitoring.rules=true,monitoring.dashboard=true,\
         monitoring.labels.release=prometheus",
    );
    let rule = &objects["PrometheusRule/waxwing"];
    let alerts = document::read("deploy/monitoring/alerts.yaml").unwrap();
    let alerts: Value = serde_yaml::from_str(&alerts).unwrap();
    assert_eq!(rule["spec"], alerts);
    assert_eq!(rule["metadata"]["labels"]["release"], "prometheus");
    let dashboard = &objects["ConfigMap/waxwing-dashboard"]["data"]["waxwing.json"];
    let dashboard: Value = serde_json::from_str(dashboard.as_str().unwrap()).unwrap();
    let committed = document::read("deploy/monitoring/dashboard.json").unwrap();
    assert_eq!(
        dashboard,
        serde_json::from_str::<Value>(&committed).unwrap()
    );

    let monitor = &objects["PodMonitor/waxwing-controller"]["spec"]["selector"];
    let deployment = &objects["Deployment/waxwing-controller"]["spec"]["selector"];
    assert_eq!(monitor, deployment);
}

#[test]
fn two_releases_do_not_share_a_name() {
    let chart = helm::chart().display().to_string();
    let other = helm::run(&["template", "team-a", &chart, "--set", "crds.install=false"]).unwrap();
    let other = by_name(kustomize::parse(&helm::chart(), &other.stdout).unwrap());
    assert!(other.contains_key("ClusterRole/team-a-waxwing-controller"));
    let first = set("crds.install=false");
    assert!(first.keys().all(|name| !other.contains_key(name)));
}

#[test]
fn the_image_is_named_by_tag_or_digest() {
    let image = |objects: &Objects| {
        let deployment = &objects["Deployment/waxwing-controller"];
        deployment["spec"]["template"]["spec"]["containers"][0]["image"].clone()
    };
    let digest = format!("sha256:{}", "0".repeat(64));
    for (values, expected) in [
        (
            "image.repository=r.example/w",
            format!("r.example/w:{}", env!("CARGO_PKG_VERSION")),
        ),
        ("image.tag=edge", "waxwing-controller:edge".to_owned()),
        (
            &format!("image.digest={digest}"),
            format!("waxwing-controller@{digest}"),
        ),
    ] {
        assert_eq!(image(&set(values)), expected, "{values}");
    }
}

#[test]
fn settings_that_are_misspelled_or_out_of_range_are_refused_by_name() {
    for (values, named) in [
        ("keys.rollover=1h", "rollover"),
        ("replica=2", "replica"),
        ("keys.algorithm=rsa", "algorithm"),
        ("keys.rolloverPeriod=soon!", "rolloverPeriod"),
        ("concurrency=0", "concurrency"),
        ("image.digest=sha256:12", "digest"),
        ("log.level=loud", "level"),
        ("tracing.endpoint=collector:4317", "endpoint"),
        ("webhook.failurePolicy=Maybe", "failurePolicy"),
        ("webhook.certificate=tls", "certificate"),
    ] {
        let error = helm::template(&["--set", values]).unwrap_err().to_string();
        assert!(error.contains(named), "{values}: {error}");
    }
}
