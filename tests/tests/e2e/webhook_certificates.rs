//! The certificates of the admission webhook: made, rotated and replaced while it serves.

use std::{path::Path, time::Duration, time::SystemTime};

use base64::{Engine, prelude::BASE64_STANDARD};
use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::{
    Api,
    api::{DeleteParams, Patch, PatchParams},
};
use rcgen::{CertificateParams, KeyPair};
use serde_json::json;
use waxwing_api::names::DEFAULT_NAMESPACE;
use waxwing_tests::{space::items_of, wait};

use crate::webhook_door::{Door, ask_through_service, trust};

const SECRET: &str = "waxwing-webhook";

const DAY: Duration = Duration::from_secs(86_400);

/// PEM of certificate and key, valid for that many days before and after now.
fn certificate(name: &str, before: i32, after: i32) -> (String, String) {
    let now = SystemTime::now();
    let at = |days: i32| match u32::try_from(days) {
        Ok(days) => now + DAY * days,
        Err(_) => now - DAY * days.unsigned_abs(),
    };
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = at(-before).into();
    params.not_after = at(after).into();
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), key.serialize_pem())
}

fn secrets(door: &Door) -> Api<Secret> {
    Api::namespaced(door.space.client.clone(), DEFAULT_NAMESPACE)
}

/// Puts another pair into the Secret, as it would have become with time.
async fn put(door: &Door, name: &str, (certificate, key): &(String, String)) {
    let data = json!({
        format!("{name}.crt"): BASE64_STANDARD.encode(certificate),
        format!("{name}.key"): BASE64_STANDARD.encode(key),
    });
    let patch = Patch::Merge(json!({ "data": data }));
    let parameters = PatchParams::default();
    secrets(door)
        .patch(SECRET, &parameters, &patch)
        .await
        .unwrap();
}

/// Waits until a pair that was put in is served or replaced, and the API server was told.
async fn told(door: &Door, what: &str, is_so: impl Fn(&str) -> bool) -> String {
    wait::until(what, async || {
        let secret = secrets(door).get(SECRET).await;
        let items = items_of(&secret.map_err(|error| error.to_string())?);
        let served = items.get("tls.crt").ok_or("no certificate")?.clone();
        let ByteString(bundle) = door.asked().await.ca_bundle.unwrap_or_default();
        let trusted = String::from_utf8_lossy(&bundle).contains(&served);
        if trusted && is_so(&served) {
            Ok(served)
        } else {
            Err(format!("trusted: {trusted}"))
        }
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn its_certificates_are_rotated_and_replaced_while_it_serves() {
    let door = Door::open("rotation", &[]).await;
    door.refuses().await;
    let first = told(&door, "a first certificate", |_| true).await;

    let due = certificate("127.0.0.1", 31, 59);
    put(&door, "next", &due).await;
    told(&door, "the next one to be served", |served| served == due.0).await;
    door.refuses().await;
    let ByteString(bundle) = door.asked().await.ca_bundle.unwrap();
    let bundle = String::from_utf8(bundle).unwrap();
    assert!(bundle.contains(&first), "the one before is trusted still");

    let expired = certificate("127.0.0.1", 90, -1);
    put(&door, "tls", &expired).await;
    let path = door.path().await;
    let second = told(&door, "an expired one to be replaced", |served| {
        served != expired.0 && served != due.0
    })
    .await;
    door.refuses().await;
    assert_eq!(door.path().await, path);

    let delete = DeleteParams::default();
    secrets(&door).delete(SECRET, &delete).await.unwrap();
    told(&door, "all of it to be made anew", |served| {
        served != second
    })
    .await;
    door.refuses().await;
    let another = door.path().await;
    assert_ne!(another, path);

    // As it is outside of the tests: through the Service, under its name.
    ask_through_service(&door.stage.cluster).await;
    wait::until("path and trust for the Service", async || {
        let asked = door.asked().await;
        let is_told = asked.service.and_then(|service| service.path).as_ref() == Some(&another);
        let secret = secrets(&door).get(SECRET).await.unwrap();
        let served = items_of(&secret).remove("tls.crt").unwrap();
        let ByteString(bundle) = asked.ca_bundle.unwrap_or_default();
        if is_told && String::from_utf8_lossy(&bundle).contains(&served) {
            Ok(())
        } else {
            Err(format!("path told: {is_told}"))
        }
    })
    .await
    .unwrap();
    let controller = door.stage.controller.as_ref().unwrap();
    controller
        .logged(&["waxwing-webhook.waxwing-system.svc"])
        .await
        .unwrap();
    door.stage.assert_no_plaintext_leaked().await.unwrap();
}

fn mount(folder: &Path, (certificate, key): &(String, String)) {
    std::fs::write(folder.join("tls.crt"), certificate).unwrap();
    std::fs::write(folder.join("tls.key"), key).unwrap();
}

#[tokio::test]
async fn a_mounted_certificate_that_expired_is_named_and_a_renewed_one_is_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    mount(folder.path(), &certificate("127.0.0.1", 90, -1));
    let args = ["--webhook-certificate", folder.path().to_str().unwrap()];
    let door = Door::open("mounted", &args).await;
    let controller = door.stage.controller.as_ref().unwrap();
    controller
        .logged(&[
            "the webhook's certificate: tls.crt expired on ",
            "; renew it",
        ])
        .await
        .unwrap();
    assert!(door.admits_anything().await && controller.is_ready().await.unwrap());

    let good = certificate("127.0.0.1", 1, 30);
    mount(folder.path(), &good);
    trust(&door.stage.cluster, &good.0).await;
    door.refuses().await;
    let asked = door.asked().await;
    assert_eq!(
        asked.ca_bundle,
        Some(ByteString(good.0.clone().into_bytes()))
    );

    let (_, other_key) = certificate("127.0.0.1", 1, 30);
    mount(folder.path(), &(good.0.clone(), other_key));
    let last = "tls.key is the private key of another certificate; put the right one there; the last one is served until it expires on ";
    controller.logged(&[last]).await.unwrap();
    door.refuses().await;

    let elsewhere = certificate("elsewhere.example", 1, 30);
    mount(folder.path(), &elsewhere);
    let strange = "it is for elsewhere.example, and API servers ask 127.0.0.1; name these in it";
    controller.logged(&[strange]).await.unwrap();
    let metrics = controller.metrics().await.unwrap();
    let expiry = "waxwing_webhook_certificate_expiry_timestamp_seconds ";
    let expiry = metrics.lines().find_map(|line| line.strip_prefix(expiry));
    let left = Duration::from_secs_f64(expiry.unwrap().parse().unwrap());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    assert!(left > now.unwrap() + DAY * 29, "{left:?}");
    door.stage.assert_no_plaintext_leaked().await.unwrap();
}
