//! SealedSecrets that cannot be unsealed: nothing is written, and the conditions say why.

use base64::{Engine, prelude::BASE64_STANDARD};
use waxwing_api::{ConditionType, Reason, SealedSecret, SecretTemplate};
use waxwing_crypto::{Algorithm, Identity, Place, ScopeKind};
use waxwing_tests::{
    canary::plaintext,
    sealing,
    space::{condition, items},
};

use crate::play;

/// Flips the lowest bit of the byte at `position`.
fn flip(file: &[u8], position: usize) -> Vec<u8> {
    let mut file = file.to_vec();
    file[position] ^= 1;
    file
}

/// Where `text` stands in the header of an age file.
fn find(file: &[u8], text: &str) -> usize {
    file.windows(text.len())
        .position(|window| window == text.as_bytes())
        .unwrap()
}

/// Puts another text of the same length in the place of `text`.
fn replace(file: &[u8], text: &str, by: &str) -> Vec<u8> {
    let at = find(file, text);
    let mut file = file.to_vec();
    file[at..at + text.len()].copy_from_slice(by.as_bytes());
    file
}

#[tokio::test]
async fn a_value_sealed_to_a_foreign_key_is_refused_and_the_key_is_named() {
    play("unknown-key", async |_, space| {
        let password = plaintext("p");
        for (name, algorithm) in [
            ("hybrid", Algorithm::MlKem768X25519),
            ("classic", Algorithm::X25519),
        ] {
            let foreign = Identity::generate(algorithm).recipient().clone();
            let secret = [("password", password.as_str())];
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
        let here = |name| Place {
            namespace: &space.namespace,
            name,
            item: "password",
        };
        let recipient = stage.primary().await.unwrap();
        let seal = |place: &Place<'_>, scope| {
            let sealed = sealing::sealed_value(&plaintext("p"), place, scope, &recipient).unwrap();
            BASE64_STANDARD.decode(sealed).unwrap()
        };
        let wide = seal(&here("any"), ScopeKind::Cluster);
        let strict = seal(&here("scope-move."), ScopeKind::Strict);
        let second_of_sealing = find(&wide, "Z ") - 1;
        let cases = [
            ("payload-flipped", flip(&wide, wide.len() - 1)),
            ("time-flipped", flip(&wide, second_of_sealing)),
            (
                "scope-moved",
                replace(&strict, "scope-move.", "scope-moved"),
            ),
            (
                "scope-unknown",
                replace(&wide, "scope cluster", "scope clustar"),
            ),
            ("truncated", wide[..wide.len() - 1].to_vec()),
            ("header-only", wide[..200].to_vec()),
            ("not-age", b"anything".to_vec()),
            (
                "future",
                replace(&wide, "age-encryption.org/v1", "age-encryption.org/v2"),
            ),
        ];
        for (name, value) in cases {
            let mut sealed = space.seal(name, &[]).await.unwrap();
            sealed
                .spec
                .encrypted_data
                .insert("password".to_owned(), BASE64_STANDARD.encode(value));
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
        let [good, fine, unknown, tampered] =
            ["good", "fine", "unknown", "tampered"].map(plaintext);
        let good = [("good", good.as_str()), ("fine", &fine)];
        let mut sealed = space.seal("db", &good).await.unwrap();
        let values = &mut sealed.spec.encrypted_data;
        values.insert("moved".to_owned(), values["good"].clone());

        let foreign = Identity::generate(Algorithm::default()).recipient().clone();
        let to_foreign = [("unknown", unknown.as_str())];
        let other = sealing::sealed_secret(&space.namespace, "db", &to_foreign, &foreign).unwrap();
        values.extend(other.spec.encrypted_data);

        let other = space.seal("db", &[("tampered", &tampered)]).await.unwrap();
        let file = BASE64_STANDARD
            .decode(&other.spec.encrypted_data["tampered"])
            .unwrap();
        let file = flip(&file, file.len() - 1);
        values.insert("tampered".to_owned(), BASE64_STANDARD.encode(file));

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
            .retain(|item, _| good.iter().any(|(name, _)| name == item));
        space.apply(&sealed).await.unwrap();
        space.ready("db").await.unwrap();
        space.holds("db", &good).await.unwrap();
    })
    .await;
}

/// Adds an item that is Malformed.
fn spoil(sealed: &mut SealedSecret) {
    let items = &mut sealed.spec.encrypted_data;
    items.insert("bad".to_owned(), "AAAA".to_owned());
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
        spoil(&mut sealed);
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
        spoil(&mut sealed);
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
        spoil(&mut sealed);
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
        let controller = stage.controller.as_ref().unwrap();
        let refused = controller.unseals("reason=\"Malformed\"").await.unwrap();
        assert!(refused > 0, "no refusal in the metrics");
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
