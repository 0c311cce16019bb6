//! What Kubernetes demands of Secrets by their type.

use std::collections::BTreeMap;

use serde::de::IgnoredAny;

use crate::error::Problem;

/// Checks what `ValidateSecret` of k8s.io/kubernetes checks. `has` tells whether the Secret has an
/// item, `has_json` whether it has one and that is JSON, as far as can be known.
pub(crate) fn check_type(
    type_: Option<&str>,
    annotations: &BTreeMap<String, String>,
    has: impl Fn(&str) -> bool,
    has_json: impl Fn(&str) -> bool,
) -> Result<(), Problem> {
    let (type_, needed, is_met) = match type_ {
        Some("kubernetes.io/tls") => (
            "kubernetes.io/tls",
            "the items tls.crt and tls.key",
            has("tls.crt") && has("tls.key"),
        ),
        Some("kubernetes.io/dockerconfigjson") => (
            "kubernetes.io/dockerconfigjson",
            "the item .dockerconfigjson, which holds JSON",
            has_json(".dockerconfigjson"),
        ),
        Some("kubernetes.io/dockercfg") => (
            "kubernetes.io/dockercfg",
            "the item .dockercfg, which holds JSON",
            has_json(".dockercfg"),
        ),
        Some("kubernetes.io/basic-auth") => (
            "kubernetes.io/basic-auth",
            "the item username or password",
            has("username") || has("password"),
        ),
        Some("kubernetes.io/ssh-auth") => (
            "kubernetes.io/ssh-auth",
            "the item ssh-privatekey",
            has("ssh-privatekey"),
        ),
        Some("kubernetes.io/service-account-token") => (
            "kubernetes.io/service-account-token",
            "the annotation kubernetes.io/service-account.name",
            annotations
                .get("kubernetes.io/service-account.name")
                .is_some_and(|name| !name.is_empty()),
        ),
        _ => return Ok(()),
    };
    if is_met {
        Ok(())
    } else {
        Err(Problem::TypeNeeds { type_, needed })
    }
}

pub(crate) fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
}
