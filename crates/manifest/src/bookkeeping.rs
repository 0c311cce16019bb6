//! The annotations by which kustomize, kpt and Helm keep track of the objects that they build. They are
//! about the object in the manifest, whatever it is, and not about the Secret that comes of it.

use std::collections::BTreeMap;

/// The domains of such annotations.
const DOMAINS: [&str; 7] = [
    "config.kubernetes.io",
    "internal.config.kubernetes.io",
    "kustomize.config.k8s.io",
    "config.k8s.io",
    "internal.kpt.dev",
    "helm.sh",
    "postrenderer.helm.sh",
];

/// By which kustomize adds a hash of an object to its name. A SealedSecret is another each time that it
/// is sealed, and its values are bound to its name.
const HASH: [&str; 2] = [
    "internal.config.kubernetes.io/needsHashSuffix",
    "kustomize.config.k8s.io/needs-hash",
];

/// The annotations of a Secret in two parts: those that a SealedSecret in its place has to have, and
/// those of the Secret itself.
pub(crate) fn split(
    annotations: &BTreeMap<String, String>,
) -> (BTreeMap<String, String>, BTreeMap<String, String>) {
    let all = annotations.clone().into_iter();
    let (mut of_object, of_secret): (BTreeMap<_, _>, BTreeMap<_, _>) =
        all.partition(|(key, _)| is_bookkeeping(key));
    of_object.retain(|key, _| !HASH.contains(&key.as_str()));
    (of_object, of_secret)
}

fn is_bookkeeping(key: &str) -> bool {
    key.split_once('/')
        .is_some_and(|(domain, _)| DOMAINS.contains(&domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_of_the_tools_stay_with_the_object_and_the_hash_suffix_goes() {
        let (object, secret, nothing) = (Some(true), Some(false), None);
        for (key, expected) in [
            ("internal.config.kubernetes.io/path", object),
            ("config.kubernetes.io/index", object),
            ("kustomize.config.k8s.io/id", object),
            ("config.k8s.io/id", object),
            ("helm.sh/hook", object),
            ("postrenderer.helm.sh/postrender-filename", object),
            ("internal.config.kubernetes.io/needsHashSuffix", nothing),
            ("kustomize.config.k8s.io/needs-hash", nothing),
            ("path", secret),
            ("example.com/path", secret),
            ("waxwing.dev/adopt", secret),
        ] {
            let annotations = BTreeMap::from([(key.to_owned(), "1".to_owned())]);
            let found = match split(&annotations) {
                (of_object, _) if of_object == annotations => object,
                (_, of_secret) if of_secret == annotations => secret,
                _ => nothing,
            };
            assert_eq!(found, expected, "{key}");
        }
    }
}
