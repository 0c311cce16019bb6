//! The ValidatingWebhookConfiguration by which API servers know the webhook: under which names they ask, and
//! what has to be written into it. Pure functions.

use std::net::IpAddr;

use http::Uri;
use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{
    ValidatingWebhook, ValidatingWebhookConfiguration, WebhookClientConfig,
};
use serde_json::{Value, json};

use super::token::Token;

/// The hosts that API servers ask, as they will look for them in the certificate; each once, sorted.
pub(super) fn hosts(configuration: &ValidatingWebhookConfiguration) -> Vec<String> {
    let mut hosts: Vec<String> = webhooks(configuration)
        .filter_map(|webhook| host(&webhook.client_config))
        .collect();
    hosts.sort_unstable();
    hosts.dedup();
    hosts
}

fn host(client: &WebhookClientConfig) -> Option<String> {
    if let Some(service) = &client.service {
        return Some(format!("{}.{}.svc", service.name, service.namespace));
    }
    let url: Uri = client.url.as_ref()?.parse().ok()?;
    let host = url.host()?.trim_start_matches('[').trim_end_matches(']');
    let address = host.parse::<IpAddr>().map(|address| address.to_string());
    Some(address.unwrap_or_else(|_| host.to_owned()))
}

/// The server-side apply that writes the webhook's path into it and, unless `None`, whom to trust; `None`:
/// all of it is there. It fails if anyone changed the configuration meanwhile.
pub(super) fn patch(
    configuration: &ValidatingWebhookConfiguration,
    token: &Token,
    bundle: Option<&str>,
) -> Option<Value> {
    let changes = |webhook: &ValidatingWebhook| wanted(&webhook.client_config, token, bundle);
    let is_there = |webhook: &ValidatingWebhook| {
        let wanted = changes(webhook);
        let present = &webhook.client_config;
        bundle.is_none_or(|_| wanted.ca_bundle == present.ca_bundle)
            && wanted.url == present.url
            && path(&wanted) == path(present)
    };
    if webhooks(configuration).all(is_there) {
        return None;
    }
    let entries: Vec<Value> = webhooks(configuration)
        .map(|webhook| {
            let wanted = changes(webhook);
            let mut client = json!({});
            if let Some(path) = path(&wanted) {
                client["service"] = json!({ "path": path });
            }
            if let Some(url) = &wanted.url {
                client["url"] = json!(url);
            }
            if let Some(bundle) = &wanted.ca_bundle {
                client["caBundle"] = json!(bundle);
            }
            json!({ "name": webhook.name, "clientConfig": client })
        })
        .collect();
    Some(json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {
            "name": configuration.metadata.name,
            "resourceVersion": configuration.metadata.resource_version,
        },
        "webhooks": entries,
    }))
}

/// How an API server has to ask.
fn wanted(
    present: &WebhookClientConfig,
    token: &Token,
    bundle: Option<&str>,
) -> WebhookClientConfig {
    let mut wanted = present.clone();
    wanted.ca_bundle = bundle.map(|bundle| ByteString(bundle.as_bytes().to_vec()));
    if let Some(service) = &mut wanted.service {
        service.path = Some(token.path());
    }
    if let Some(url) = &mut wanted.url
        && let Ok(present) = url.parse::<Uri>()
        && let Some(authority) = present.authority()
    {
        *url = format!("https://{authority}{}", token.path());
    }
    wanted
}

fn path(client: &WebhookClientConfig) -> Option<&String> {
    client.service.as_ref()?.path.as_ref()
}

fn webhooks(
    configuration: &ValidatingWebhookConfiguration,
) -> impl Iterator<Item = &ValidatingWebhook> {
    configuration.webhooks.iter().flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn configuration(clients: &[Value]) -> ValidatingWebhookConfiguration {
        let webhooks: Vec<Value> = clients
            .iter()
            .enumerate()
            .map(|(number, client)| {
                json!({
                    "name": format!("{number}.waxwing.dev"), "clientConfig": client,
                    "sideEffects": "None", "admissionReviewVersions": ["v1"],
                })
            })
            .collect();
        serde_json::from_value(json!({
            "metadata": { "name": "waxwing", "resourceVersion": "7" }, "webhooks": webhooks,
        }))
        .unwrap()
    }

    fn service() -> Value {
        json!({ "service": { "name": "hook", "namespace": "system" } })
    }

    #[test]
    fn the_certificate_is_for_the_hosts_that_are_asked() {
        for (clients, expected) in [
            (vec![], vec![]),
            (vec![service(), service()], vec!["hook.system.svc"]),
            (
                vec![json!({ "url": "https://127.0.0.1:9443/x" })],
                vec!["127.0.0.1"],
            ),
            (vec![json!({ "url": "https://[0::1]:9443" })], vec!["::1"]),
            (
                vec![json!({ "url": "https://hook.example" }), service()],
                vec!["hook.example", "hook.system.svc"],
            ),
            (vec![json!({ "url": "https://" }), json!({})], vec![]),
        ] {
            assert_eq!(hosts(&configuration(&clients)), expected, "{clients:?}");
        }
    }

    #[test]
    fn path_and_trust_are_written_where_they_are_not_there_yet() {
        let token = Token::generate();
        let path = token.path();
        let of_service = |path: &str| json!({ "service": { "path": path } });
        let applied = |client: Value, bundle| {
            let patch = patch(&configuration(&[client]), &token, bundle)?;
            assert_eq!(patch["metadata"]["resourceVersion"], "7");
            assert_eq!(patch["webhooks"][0]["name"], "0.waxwing.dev");
            Some(patch["webhooks"][0]["clientConfig"].clone())
        };
        let mut trusting = of_service(&path);
        trusting["caBundle"] = json!(ByteString(b"PEM".to_vec()));
        assert_eq!(applied(service(), None), Some(of_service(&path)));
        assert_eq!(applied(service(), Some("PEM")), Some(trusting.clone()));
        let url = format!("https://127.0.0.1:9443{path}");
        for present in ["https://127.0.0.1:9443", "https://127.0.0.1:9443/other"] {
            assert_eq!(
                applied(json!({ "url": present }), None),
                Some(json!({ "url": url }))
            );
        }

        let mut present = service();
        present["service"]["path"] = json!(path);
        present["caBundle"] = json!(ByteString(b"of cert-manager".to_vec()));
        assert_eq!(applied(present.clone(), None), None);
        assert_eq!(applied(present.clone(), Some("PEM")), Some(trusting));
        present["caBundle"] = json!(ByteString(b"PEM".to_vec()));
        assert_eq!(applied(present, Some("PEM")), None);
        assert_eq!(applied(json!({ "url": url }), None), None);
    }
}
