//! A request to the API server, told in the words of RBAC and without names.

use http::{Method, Uri};

/// What is asked, whatever the object is called.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ApiRequest {
    /// Kubernetes' verb.
    pub(crate) verb: &'static str,
    /// With its subresource, as in `sealedsecrets/status`.
    pub(crate) resource: String,
    /// The path, with the names of namespace and object left out.
    pub(crate) path_template: String,
}

impl ApiRequest {
    pub(crate) fn of(method: &Method, uri: &Uri) -> Self {
        let parts: Vec<&str> = uri
            .path()
            .split('/')
            .filter(|part| !part.is_empty())
            .collect();
        // /api/VERSION/… or /apis/GROUP/VERSION/…
        let prefix = if parts.first() == Some(&"api") { 2 } else { 3 };
        let (group, rest) = parts.split_at(prefix.min(parts.len()));
        let mut path = group.to_vec();
        let rest = match rest {
            ["namespaces", _, rest @ ..] if !rest.is_empty() => {
                path.extend(["namespaces", "{namespace}"]);
                rest
            }
            rest => rest,
        };
        let resource = match rest {
            [] => "discovery".to_owned(),
            [resource] | [resource, _] => (*resource).to_owned(),
            [resource, _, subresource, ..] => format!("{resource}/{subresource}"),
        };
        match rest {
            [resource, _, subresources @ ..] => {
                path.extend([resource, "{name}"]);
                path.extend(subresources);
            }
            rest => path.extend(rest),
        }
        Self {
            verb: verb(method, uri, rest),
            resource,
            path_template: format!("/{}", path.join("/")),
        }
    }
}

/// `rest` is the path from the resource on.
fn verb(method: &Method, uri: &Uri, rest: &[&str]) -> &'static str {
    let is_named = rest.len() > 1;
    let is_watch = uri
        .query()
        .is_some_and(|query| query.split('&').any(|pair| pair == "watch=true"));
    match method.as_str() {
        "GET" if is_watch => "watch",
        "GET" if is_named || rest.is_empty() => "get",
        "GET" => "list",
        "POST" => "create",
        "PUT" => "update",
        "PATCH" => "patch",
        "DELETE" if is_named => "delete",
        "DELETE" => "deletecollection",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_request_is_told_in_the_words_of_rbac() {
        for (method, uri, verb, resource) in [
            ("GET", "/apis/waxwing.dev/v1alpha1", "get", "discovery"),
            (
                "GET",
                "/api/v1/secrets?labelSelector=a&limit=500",
                "list",
                "secrets",
            ),
            (
                "GET",
                "/api/v1/secrets?watch=true&labelSelector=a",
                "watch",
                "secrets",
            ),
            ("GET", "/api/v1/namespaces?limit=1", "list", "namespaces"),
            ("GET", "/api/v1/namespaces/prod", "get", "namespaces"),
            ("GET", "/api/v1/namespaces/prod/secrets", "list", "secrets"),
            (
                "GET",
                "/api/v1/namespaces/prod/secrets/db",
                "get",
                "secrets",
            ),
            (
                "PATCH",
                "/api/v1/namespaces/prod/secrets/db?force=true",
                "patch",
                "secrets",
            ),
            (
                "DELETE",
                "/api/v1/namespaces/prod/secrets/db",
                "delete",
                "secrets",
            ),
            (
                "DELETE",
                "/api/v1/namespaces/prod/secrets",
                "deletecollection",
                "secrets",
            ),
            (
                "PATCH",
                "/apis/waxwing.dev/v1alpha1/namespaces/prod/sealedsecrets/db/status",
                "patch",
                "sealedsecrets/status",
            ),
            (
                "PUT",
                "/apis/coordination.k8s.io/v1/namespaces/w/leases/waxwing",
                "update",
                "leases",
            ),
            (
                "POST",
                "/apis/events.k8s.io/v1/namespaces/w/events",
                "create",
                "events",
            ),
        ] {
            let asked = ApiRequest::of(&method.parse().unwrap(), &uri.parse().unwrap());
            assert_eq!(
                (asked.verb, &*asked.resource),
                (verb, resource),
                "{method} {uri}"
            );
        }
    }

    #[test]
    fn a_path_is_told_without_names() {
        for (uri, template) in [
            ("/apis/waxwing.dev/v1alpha1", "/apis/waxwing.dev/v1alpha1"),
            ("/api/v1/namespaces?limit=1", "/api/v1/namespaces"),
            ("/api/v1/namespaces/prod", "/api/v1/namespaces/{name}"),
            (
                "/api/v1/namespaces/prod/secrets/db?force=true",
                "/api/v1/namespaces/{namespace}/secrets/{name}",
            ),
            (
                "/apis/waxwing.dev/v1alpha1/clustersealedsecrets/db/status",
                "/apis/waxwing.dev/v1alpha1/clustersealedsecrets/{name}/status",
            ),
            (
                "/apis/events.k8s.io/v1/namespaces/w/events",
                "/apis/events.k8s.io/v1/namespaces/{namespace}/events",
            ),
        ] {
            let request = ApiRequest::of(&Method::GET, &uri.parse().unwrap());
            assert_eq!(request.path_template, template, "{uri}");
        }
    }
}
