//! `waxwing keys` as far as it goes without a cluster: what is refused before one is asked.

use waxwing_api::{KeyState, SealingKey, SealingKeySpec, SealingKeyStatus};
use waxwing_crypto::{Algorithm, Identity};
use waxwing_escrow::{RecoveryRecipients, encrypt};
use waxwing_manifest::write_sealing_keys;

use crate::workshop::Workshop;

const NO_CLUSTER: &str = "no cluster to ask";

/// A key in escrow, as its cluster has it.
fn sealing_key(recovery: &str) -> SealingKey {
    let identity = Identity::generate(Algorithm::X25519);
    sealing_key_of(&identity, &identity, recovery)
}

/// As [`sealing_key`], but with `inside` in escrow.
fn sealing_key_of(identity: &Identity, inside: &Identity, recovery: &str) -> SealingKey {
    let recipients = RecoveryRecipients::new(vec![recovery.parse().unwrap()]).unwrap();
    let spec = SealingKeySpec {
        recipient: identity.recipient().to_string(),
        algorithm: identity.algorithm().into(),
        state: KeyState::Active,
        escrow: Some(encrypt(inside, &recipients).unwrap()),
    };
    let mut key = SealingKey::new(&identity.key_id().to_string(), spec);
    key.status = Some(SealingKeyStatus {
        primary: true,
        ..SealingKeyStatus::default()
    });
    key
}

fn id(key: &SealingKey) -> &str {
    key.metadata.name.as_deref().unwrap()
}

/// What a restore of `keys` with `recovery.txt` says: it is refused, at the latest by the lack of a
/// cluster.
fn restore(workshop: &Workshop, keys: &[SealingKey]) -> String {
    workshop.write("keys.yaml", &write_sealing_keys(keys));
    workshop
        .run(&["keys", "restore", "-i", "recovery.txt", "keys.yaml"])
        .refused()
}

#[test]
fn a_backup_that_opens_is_taken_to_the_cluster() {
    let workshop = Workshop::new();
    for algorithm in ["x25519", "mlkem768x25519"] {
        let recovery = workshop.keygen("recovery.txt", algorithm);
        let error = restore(&workshop, &[sealing_key(&recovery)]);
        assert!(error.contains(NO_CLUSTER), "{error}");
        std::fs::remove_file(workshop.path("recovery.txt")).unwrap();
    }
}

#[test]
fn a_backup_that_another_identity_opens_is_refused_key_by_key() {
    let workshop = Workshop::new();
    workshop.keygen("recovery.txt", "x25519");
    let other = workshop.keygen("other.txt", "x25519");
    let keys = [sealing_key(&other), sealing_key(&other)];
    let error = restore(&workshop, &keys);
    for key in &keys {
        let told = format!("SealingKey {} was not restored", id(key));
        assert!(error.contains(&told), "{error}");
    }
    assert!(
        error.contains("none of the given identities opens it"),
        "{error}"
    );
    assert!(!error.contains(NO_CLUSTER), "{error}");
}

#[test]
fn an_escrow_that_holds_another_key_is_refused() {
    let workshop = Workshop::new();
    let recovery = workshop.keygen("recovery.txt", "x25519");
    let [own, other] = [(); 2].map(|()| Identity::generate(Algorithm::X25519));
    let error = restore(&workshop, &[sealing_key_of(&own, &other, &recovery)]);
    assert!(error.contains("its escrow holds another key"), "{error}");
    assert!(!error.contains(&*other.to_secret_string()), "{error}");
}

#[test]
fn a_key_without_escrow_or_with_a_damaged_one_is_refused() {
    let workshop = Workshop::new();
    let recovery = workshop.keygen("recovery.txt", "x25519");
    let key = sealing_key(&recovery);
    for (escrow, told) in [
        (None, "the backup has no escrow of it"),
        (
            Some("-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n"),
            "not an armored age file",
        ),
    ] {
        let mut key = key.clone();
        key.spec.escrow = escrow.map(str::to_owned);
        let error = restore(&workshop, &[key]);
        assert!(error.contains(told), "{told} in {error}");
    }
}

#[test]
fn a_revoked_key_is_restored_without_its_private_half() {
    let workshop = Workshop::new();
    let recovery = workshop.keygen("recovery.txt", "x25519");
    let mut key = sealing_key(&recovery);
    key.spec.state = KeyState::Revoked;
    key.spec.escrow = None;
    let error = restore(&workshop, &[key]);
    assert!(error.contains(NO_CLUSTER), "{error}");
}

#[test]
fn what_is_no_backup_is_refused_with_file_and_line() {
    let workshop = Workshop::new();
    let recovery = workshop.keygen("recovery.txt", "x25519");
    let key = sealing_key(&recovery);
    let good = write_sealing_keys(std::slice::from_ref(&key));
    let renamed = good.replace(&format!("name: {}", id(&key)), "name: aaaabbbbccccdddd");
    let twice = write_sealing_keys(&[key.clone(), key.clone()]);
    for (text, told) in [
        ("a: [", "keys.yaml:1"),
        (
            "kind: ConfigMap\napiVersion: v1\n",
            "keys.yaml: holds no SealingKey",
        ),
        (
            renamed.as_str(),
            "SealingKey aaaabbbbccccdddd: metadata.name",
        ),
        (twice.as_str(), "is there twice"),
    ] {
        workshop.write("keys.yaml", text);
        let args = ["keys", "restore", "-i", "recovery.txt", "keys.yaml"];
        let error = workshop.run(&args).refused();
        assert!(error.contains(told), "{told} in {error}");
    }
}

#[test]
fn an_identity_file_that_is_encrypted_or_empty_is_refused() {
    let workshop = Workshop::new();
    let recovery = workshop.keygen("recovery.txt", "x25519");
    workshop.write("keys.yaml", &write_sealing_keys(&[sealing_key(&recovery)]));
    for (text, told) in [
        ("# nothing\n", "identity.txt: no identity in it"),
        (
            "age-encryption.org/v1\n-> scrypt\n",
            "age -d identity.txt | waxwing keys restore -i -",
        ),
        (
            // waxwing:allow: no key
            "-----BEGIN OPENSSH PRIVATE KEY-----\ncanary\n",
            "not an SSH private key",
        ),
    ] {
        workshop.write("identity.txt", text);
        let args = ["keys", "restore", "-i", "identity.txt", "keys.yaml"];
        let error = workshop.run(&args).refused();
        assert!(error.contains(told), "{told} in {error}");
        assert!(!error.contains("canary"), "{error}");
    }
}

#[test]
fn the_identity_and_the_backup_cannot_both_come_from_standard_input() {
    let error = Workshop::new()
        .run(&["keys", "restore", "-i", "-", "-"])
        .refused();
    assert!(error.contains("twice"), "{error}");
}

#[test]
fn a_private_key_given_as_a_recipient_is_refused_and_not_shown() {
    let workshop = Workshop::new();
    let identity = Identity::generate(Algorithm::X25519).to_secret_string();
    for args in [
        ["keys", "export", "3f9a", "-r", &identity],
        ["keys", "backup", "--identity-export", "-r", &identity],
    ] {
        let error = workshop.run(&args).refused();
        assert!(error.contains("is an identity (a private key)"), "{error}");
        assert!(!error.contains(&*identity), "{error}");
    }
}

#[test]
fn a_bad_line_of_a_recipients_file_is_named_and_the_classes_do_not_mix() {
    let workshop = Workshop::new();
    let [classic, strong] = [Algorithm::X25519, Algorithm::MlKem768X25519]
        .map(|algorithm| Identity::generate(algorithm).recipient().to_string());
    for (text, told) in [
        (
            "# all\n\nsomeone@example.com\n".to_owned(),
            "recipients.txt: line 3",
        ),
        (
            "# nobody\n".to_owned(),
            "recipients.txt: no recipient in it",
        ),
        (format!("{classic}\n{strong}\n"), "of one class only"),
    ] {
        workshop.write("recipients.txt", &text);
        let error = workshop
            .run(&["keys", "export", "3f9a", "-R", "recipients.txt"])
            .refused();
        assert!(error.contains(told), "{told} in {error}");
    }
}

#[test]
fn an_ssh_public_key_with_its_comment_is_a_recipient() {
    let workshop = Workshop::new();
    let ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN";
    for line in [ssh.to_owned(), format!("{ssh} operator@laptop")] {
        let error = workshop
            .run(&["keys", "export", "3f9a", "-r", &line])
            .refused();
        assert!(error.contains(NO_CLUSTER), "{error}");
    }
}

#[test]
fn nothing_is_exported_without_a_recipient_or_encrypted_to_one_for_nothing() {
    let workshop = Workshop::new();
    for args in [
        &["keys", "export", "3f9a"][..],
        &["keys", "backup", "--identity-export"],
    ] {
        let run = workshop.run(args);
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains("--recipient"), "{}", run.stderr);
    }
    let recipient = Identity::generate(Algorithm::X25519)
        .recipient()
        .to_string();
    let error = workshop
        .run(&["keys", "backup", "-r", &recipient])
        .refused();
    assert!(error.contains("add --identity-export"), "{error}");
}

#[test]
fn every_command_says_which_cluster_it_looked_for() {
    let workshop = Workshop::new();
    for args in [
        &["keys", "list"][..],
        &["keys", "rotate"],
        &["keys", "retire", "3f9a"],
        &["keys", "revoke", "--yes", "3f9a"],
        &["keys", "backup"],
    ] {
        let error = workshop.run(args).refused();
        assert!(error.contains("~/.kube/config"), "{error}");
        assert!(error.contains("--kubeconfig"), "{error}");
        assert!(!error.contains("seal without the cluster"), "{error}");
    }
}
