//! Charts through `waxwing seal`: piped, and as a post-renderer.

use std::os::unix::fs::symlink;
use std::path::Path;

use waxwing_tests::{canary::plaintext, go_tools};

use crate::desk::{Desk, documented};

/// A desk with this Helm, a chart of a Secret, a ConfigMap and a hook, and the examples of the source tree.
fn desk(helm: &Path) -> Desk {
    let desk = Desk::new();
    desk.install("helm", helm);
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    symlink(examples, desk.0.folder().join("examples")).unwrap();
    desk.write(
        "chart/Chart.yaml",
        "apiVersion: v2\nname: shop\nversion: 0.1.0\n",
    );
    let password = plaintext("chart");
    desk.write("chart/values.yaml", &format!("password: {password}\n"));
    desk.write(
        "chart/templates/db.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: '{{ .Release.Name }}-db'}\n\
         stringData: {password: '{{ .Values.password }}'}\n",
    );
    desk.write(
        "chart/templates/settings.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n",
    );
    desk.write(
        "chart/templates/hook.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: hook, annotations: {helm.sh/hook: pre-install}}\n\
         stringData: {password: '{{ .Values.password }}'}\n",
    );
    desk
}

/// Runs documented commands away from the settings of the person who tests, and returns shop.yaml.
fn rendered(desk: &Desk, heading: &str) -> String {
    let commands = documented(heading).concat();
    desk.ok(&format!(
        "export HELM_CACHE_HOME=$PWD/cache HELM_CONFIG_HOME=$PWD/config HELM_DATA_HOME=$PWD/data\n{commands}"
    ));
    desk.read("shop.yaml")
}

fn assert_all_is_sealed(desk: &Desk, rendered: &str) {
    assert!(rendered.contains("\nkind: ConfigMap\n"), "{rendered}");
    assert!(!rendered.contains("postrenderer.helm.sh"), "{rendered}");
    assert!(
        rendered.contains("    helm.sh/hook: pre-install\n"),
        "{rendered}"
    );
    desk.ok("waxwing validate shop.yaml");
    let opened = desk.opened("shop.yaml");
    assert!(opened.contains("name: shop-db\n"), "{opened}");
    assert!(opened.contains("name: hook\n"), "{opened}");
}

#[test]
fn what_a_chart_renders_is_sealed_by_a_pipe() {
    let desk = desk(&go_tools::helm4().unwrap());
    let rendered = rendered(&desk, "Helm");
    assert_all_is_sealed(&desk, &rendered);
}

#[test]
fn helm_4_seals_hooks_too_by_the_plugin_of_the_examples() {
    let desk = desk(&go_tools::helm4().unwrap());
    let rendered = rendered(&desk, "Helm 4");
    assert_all_is_sealed(&desk, &rendered);
    assert!(
        rendered.contains("# Source: shop/templates/db.yaml\n"),
        "{rendered}"
    );
}

#[test]
fn helm_3_seals_all_but_hooks_and_validate_tells_of_those() {
    let desk = desk(&go_tools::helm3().unwrap());
    let rendered = rendered(&desk, "Helm 3");
    assert_eq!(
        rendered.matches("kind: SealedSecret").count(),
        1,
        "{rendered}"
    );
    let told = desk.refused("waxwing validate shop.yaml");
    assert!(
        told.contains("Secret hook") && told.contains("in clear"),
        "{told}"
    );
}
