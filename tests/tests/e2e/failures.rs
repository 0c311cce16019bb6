//! SealedSecrets that cannot be unsealed: nothing is written, and the conditions say why.

use std::time::SystemTime;

use base64::{Engine, prelude::BASE64_STANDARD};
use waxwing_api::{ConditionType, Reason, SecretTemplate};
use waxwing_crypto::{Algorithm, Identity, Scope, SealedValue};
use waxwing_tests::{
    canary::plaintext,
    sealing,
    space::{condition, items},
};

use crate::play;

/// Flips the lowest bit of the byte at `position`.
fn flip(sealed: &str, position: usize) -> String {
    let mut bytes = BASE64_STANDARD.decode(sealed).unwrap();
    bytes[position] ^= 1;
    BASE64_STANDARD.encode(bytes)
}

#[tokio::test]
async fn a_value_sealed_to_a_foreign_key_is_refused_and_the_key_is_named() {
    play("unknown-key", async |_, space| {
        for (name, algorithm) in [
            ("hybrid", Algorithm::MlKem768X25519),
            ("classic", Algorithm::X25519),
        ] {
            let foreign = Identity::generate(algorithm).recipient().clone();
            let secret = [("password", plaintext("p"))];
            let secret = secret
                .each_ref()
                .map(|(item, value)| (*item, value.as_str()));
            let sealed = sealing::sealed_secret(&space.namespace, name, &secret, &foreign).unwrap();
            space.apply(&sealed).await.unwrap();
            let message = space.refused(name, Reason::UnknownKey).await.unwrap();
            assert!(
                message.contains(&foreign.key_id().to_string()),
                "no key id in: {message}"
            );
            assert!(!space.has_secret(name).await.unwrap());
        }
    })
    .await;
}

#[tokio::test]
async fn a_tampered_or_malformed_value_is_refused() {
    play("malformed", async |stage, space| {
        let sealed = space
            .seal("intact", &[("password", &plaintext("p"))])
            .await
            .unwrap();
        let intact = sealed.spec.encrypted_data["password"].clone();
        let bytes = BASE64_STANDARD.decode(&intact).unwrap();
        let recipient = stage.primary().await.unwrap();
        let scope = Scope::Cluster;
        let plain = plaintext("p");
        let wide =
            SealedValue::seal(plain.as_bytes(), &scope, &[recipient], SystemTime::now()).unwrap();
        let text = String::from_utf8_lossy(wide.as_bytes()).into_owned();
        let scope_at = text.find("scope cluster").unwrap() + "scope ".len();
        let cases = [
            ("payload-flipped", flip(&intact, bytes.len() - 1)),
            ("scope-flipped", flip(&wide.to_base64(), scope_at)),
            (
                "truncated",
                BASE64_STANDARD.encode(&bytes[..bytes.len() - 1]),
            ),
            ("header-only", BASE64_STANDARD.encode(&bytes[..200])),
            ("not-age", BASE64_STANDARD.encode("anything")),
            ("not-base64", "AAA".to_owned()),
            (
                "future",
                BASE64_STANDARD.encode("age-encryption.org/v2\n-> X\n"),
            ),
        ];
        for (name, value) in cases {
            let mut sealed = space.seal(name, &[]).await.unwrap();
            sealed
                .spec
                .encrypted_data
                .insert("password".to_owned(), value);
            space.apply(&sealed).await.unwrap();
            let message = space.refused(name, Reason::Malformed).await.unwrap();
            assert!(
                message.contains("password"),
                "{name}: no item in: {message}"
            );
            assert!(!space.has_secret(name).await.unwrap(), "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn one_bad_item_among_good_ones_stops_them_all_and_every_bad_one_is_named() {
    play("all-or-nothing", async |_, space| {
        let good = [("good", plaintext("good")), ("fine", plaintext("fine"))];
        let good = good.each_ref().map(|(item, value)| (*item, value.as_str()));
        let mut sealed = space.seal("db", &good).await.unwrap();
        let foreign = Identity::generate(Algorithm::default()).recipient().clone();
        let stray = sealing::sealed_secret("elsewhere", "db", &[("stray", "s")], &foreign).unwrap();
        let value = sealed.spec.encrypted_data["good"].clone();
        let bad = [
            ("unknown", stray.spec.encrypted_data["stray"].clone()),
            ("moved", value.clone()),
            ("tampered", flip(&value, value.len() / 2)),
        ];
        sealed.spec.encrypted_data.extend(
            bad.iter()
                .map(|(item, value)| ((*item).to_owned(), value.clone())),
        );
        space.apply(&sealed).await.unwrap();
        let message = space.refused("db", Reason::ScopeMismatch).await.unwrap();
        for part in [
            "unknown",
            "UnknownKey",
            "moved",
            "ScopeMismatch",
            "tampered",
            "Malformed",
        ] {
            assert!(message.contains(part), "no {part:?} in: {message}");
        }
        assert!(
            !message.contains("fine"),
            "a good item is blamed in: {message}"
        );
        assert!(!space.has_secret("db").await.unwrap());

        sealed
            .spec
            .encrypted_data
            .retain(|item, _| bad.iter().all(|(name, _)| name != item));
        space.apply(&sealed).await.unwrap();
        space.ready("db").await.unwrap();
        space.holds("db", &good).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_failing_change_leaves_the_last_good_secret() {
    play("last-good", async |_, space| {
        let first = plaintext("first");
        space.unseal("db", &[("password", &first)]).await.unwrap();
        let written = space.secret("db").await.unwrap();
        let mut sealed = space
            .seal("db", &[("password", &plaintext("second"))])
            .await
            .unwrap();
        sealed
            .spec
            .encrypted_data
            .insert("bad".to_owned(), "AAAA".to_owned());
        space.apply(&sealed).await.unwrap();
        space.refused("db", Reason::Malformed).await.unwrap();
        let kept = space.secret("db").await.unwrap();
        assert_eq!(
            kept.metadata.resource_version,
            written.metadata.resource_version
        );
        assert_eq!(
            space.items("db").await.unwrap(),
            items(&[("password", &first)])
        );
    })
    .await;
}

#[tokio::test]
async fn what_only_a_change_can_help_is_stalled_until_it_comes() {
    play("stalled", async |_, space| {
        let mut sealed = space
            .seal("db", &[("password", &plaintext("p"))])
            .await
            .unwrap();
        let good = sealed.spec.encrypted_data.clone();
        sealed
            .spec
            .encrypted_data
            .insert("bad".to_owned(), "AAAA".to_owned());
        space.apply(&sealed).await.unwrap();
        space.refused("db", Reason::Malformed).await.unwrap();
        let refused = space.sealed_secrets().get("db").await.unwrap();
        assert_eq!(
            condition(&refused, ConditionType::Stalled).unwrap().status,
            "True"
        );

        sealed.spec.encrypted_data = good;
        space.apply(&sealed).await.unwrap();
        let ready = space.ready("db").await.unwrap();
        assert_ne!(
            condition(&ready, ConditionType::Stalled)
                .map(|c| c.status)
                .as_deref(),
            Some("True")
        );
    })
    .await;
}

#[tokio::test]
async fn a_refusal_is_told_as_an_event() {
    play("events", async |stage, space| {
        let mut sealed = space
            .seal("db", &[("password", &plaintext("p"))])
            .await
            .unwrap();
        sealed
            .spec
            .encrypted_data
            .insert("bad".to_owned(), "AAAA".to_owned());
        space.apply(&sealed).await.unwrap();
        space.refused("db", Reason::Malformed).await.unwrap();
        waxwing_tests::wait::until("an event of the refusal", async || {
            let events = space
                .events("db")
                .await
                .map_err(|error| error.to_string())?;
            let told = events.iter().any(|event| {
                event.reason.as_deref() == Some("Malformed")
                    && event.type_.as_deref() == Some("Warning")
            });
            if told {
                Ok(())
            } else {
                Err(format!("{} events", events.len()))
            }
        })
        .await
        .unwrap();
        let metrics = stage.controller.as_ref().unwrap().metrics().await.unwrap();
        assert!(
            metrics.contains("reason=\"Malformed\""),
            "no refusal in the metrics"
        );
    })
    .await;
}

#[tokio::test]
async fn a_template_that_names_an_unknown_item_is_refused_and_quotes_no_value() {
    play("template-error", async |_, space| {
        let mut sealed = space
            .seal("db", &[("password", &plaintext("p"))])
            .await
            .unwrap();
        let cases = [
            ("undefined", "{{ pasword }}"),
            ("syntax", "{{ password"),
            ("arithmetic", "{{ password + 1 }}"),
        ];
        for (item, text) in cases {
            let data = [(item.to_owned(), text.to_owned())].into();
            sealed.spec.template = Some(SecretTemplate {
                data,
                ..SecretTemplate::default()
            });
            space.apply(&sealed).await.unwrap();
            let message = space.refused("db", Reason::TemplateError).await.unwrap();
            assert!(message.contains(item), "no item in: {message}");
        }
        assert!(!space.has_secret("db").await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_secret_beyond_the_limit_of_kubernetes_is_refused_as_too_large() {
    play("too-large", async |_, space| {
        let half = plaintext(&"x".repeat(528_000));
        let sealed = space
            .seal("db", &[("a", &half), ("b", &half)])
            .await
            .unwrap();
        space.apply(&sealed).await.unwrap();
        space.refused("db", Reason::TooLarge).await.unwrap();
        assert!(!space.has_secret("db").await.unwrap());
    })
    .await;
}
