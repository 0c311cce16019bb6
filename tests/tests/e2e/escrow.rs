//! Escrow: every sealing key, encrypted to offline recovery recipients, in its SealingKey.

use std::{
    io::Write,
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use kube::ResourceExt;
use waxwing_api::{KeyConditionType, KeyReason, SealingKey, names::ESCROW_RECIPIENTS_ANNOTATION};
use waxwing_crypto::{Algorithm, Identity, Recipient};
use waxwing_tests::{Cluster, Controller, Stage, go_tools, keys::sealing_keys, wait};

use crate::{
    lifecycle::{key_becomes, key_condition, roll_over},
    play_alone,
};

fn recovery() -> Identity {
    Identity::generate(Algorithm::MlKem768X25519)
}

/// Opens the escrow of a SealingKey with the recovery identity and nothing but `age`.
fn open_with_age(stage: &Stage, key: &SealingKey, recovery: &Identity) -> Recipient {
    let identity = stage
        .cluster
        .scratch()
        .write(
            &format!("recovery-{}", recovery.key_id()),
            recovery.to_secret_string().as_str(),
        )
        .unwrap();
    let mut age = Command::new(go_tools::age().unwrap())
        .args(["--decrypt", "--identity"])
        .arg(identity)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let escrow = key.spec.escrow.as_deref().unwrap();
    age.stdin
        .take()
        .unwrap()
        .write_all(escrow.as_bytes())
        .unwrap();
    let output = age.wait_with_output().unwrap();
    assert!(output.status.success(), "age does not open the escrow");
    let file = String::from_utf8(output.stdout).unwrap();
    let identities = waxwing_crypto::parse_identity_file(&file).unwrap();
    identities[0].recipient().clone()
}

#[tokio::test]
async fn every_new_key_is_in_escrow_from_its_creation_on() {
    let recovery = recovery();
    let recipient = recovery.recipient().to_string();
    play_alone(
        "escrow",
        &["--recovery-recipient", &recipient],
        async |stage, space| {
            let first = stage.primary().await.unwrap();
            let second = roll_over(stage, &first).await;
            for primary in [first, second] {
                let name = primary.key_id().to_string();
                let key = sealing_keys(&space.client).get(&name).await.unwrap();
                assert_eq!(
                    key.metadata.generation,
                    Some(1),
                    "the escrow was not there when the key was made"
                );
                assert_eq!(open_with_age(stage, &key, &recovery), primary);
                key_becomes(&space.client, &name, "in escrow", |key| {
                    key_condition(key, KeyConditionType::Escrowed)
                        == Some((true, KeyReason::InEscrow.as_str().to_owned()))
                })
                .await;
            }
        },
    )
    .await;
}

#[tokio::test]
async fn the_keys_that_exist_follow_a_change_of_the_recovery_recipients() {
    play_alone("escrow-later", &[], async |stage, space| {
        let primary = stage.primary().await.unwrap();
        let name = primary.key_id().to_string();
        key_becomes(&space.client, &name, "said not to be in escrow", |key| {
            key_condition(key, KeyConditionType::Escrowed)
                == Some((false, KeyReason::NoEscrow.as_str().to_owned()))
        })
        .await;
        let recoveries = [recovery(), recovery()];
        let mut mark = None;
        for recovery in &recoveries {
            stage.controller.take().unwrap().terminate().unwrap();
            let recipient = recovery.recipient().to_string();
            let args = ["--recovery-recipient", &recipient];
            stage.controller = Some(Controller::spawn(&stage.cluster, &args).await.unwrap());
            let key = key_becomes(&space.client, &name, "in a new escrow", |key| {
                let present = key.annotations().get(ESCROW_RECIPIENTS_ANNOTATION);
                present.is_some() && present != mark.as_ref()
            })
            .await;
            mark = key.annotations().get(ESCROW_RECIPIENTS_ANNOTATION).cloned();
            assert_eq!(open_with_age(stage, &key, recovery), primary);
        }
    })
    .await;
}

#[tokio::test]
async fn recovery_recipients_that_cannot_be_used_are_named_and_nothing_starts() {
    let cluster = Cluster::installed().await.unwrap();
    let strong = recovery().recipient().to_string();
    let classic = Identity::generate(Algorithm::X25519)
        .recipient()
        .to_string();
    let plugin = "age1yubikey1q2w7u3vpya839jxxuq8g0sedh3d740d4xvn639sqhr95ejj8vu3hyfumptt";
    for (recipients, named) in [
        (format!("{strong},age1nonsense"), "age1nonsense"),
        (format!("{strong},{classic}"), classic.as_str()),
        (plugin.to_owned(), plugin),
    ] {
        let args = ["--recovery-recipient", recipients.as_str()];
        let mut controller = Controller::launch(&cluster, &args).unwrap();
        let status = end_of(&mut controller).await;
        assert_eq!(status.code(), Some(1));
        let log = controller.logs().unwrap();
        assert!(log.contains(named), "{log}");
    }
}

async fn end_of(controller: &mut Controller) -> ExitStatus {
    let deadline = Instant::now() + wait::PATIENCE;
    loop {
        if let Some(status) = controller.ended() {
            return status;
        }
        assert!(Instant::now() < deadline, "it did not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
