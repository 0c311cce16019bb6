//! The Role for one namespace, beside the ClusterRole for all of them.

use serde_json::Value;
use waxwing_tests::kustomize;

#[test]
fn the_role_for_one_namespace_grants_what_the_cluster_role_grants_everywhere() {
    let base = kustomize::base();
    let everywhere = rules(&base, "waxwing-controller", "ClusterRole");
    assert!(everywhere.is_array(), "no rules: {everywhere}");
    let here = rules(
        &base.join("watched-namespace"),
        "waxwing-watched-namespace",
        "Role",
    );
    assert_eq!(here, everywhere);
}

/// The rules of one role.
fn rules(folder: &std::path::Path, name: &str, kind: &str) -> Value {
    let objects = kustomize::objects(folder).unwrap();
    let role = objects.into_iter().find(|object| {
        let types = object.types.as_ref();
        object.metadata.name.as_deref() == Some(name)
            && types.is_some_and(|types| types.kind == kind)
    });
    role.unwrap().data["rules"].clone()
}
