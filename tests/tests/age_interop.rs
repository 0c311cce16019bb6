//! Interoperability with the reference implementation of age, which is written in Go.

#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};
use std::{fs, iter};

use waxwing_crypto::{Algorithm, Identity, Place, ScopeKind, SealedValue, parse_identity_file};
use waxwing_tests::go_tools;

const ALGORITHMS: [Algorithm; 2] = [Algorithm::MlKem768X25519, Algorithm::X25519];

const PLACE: Place<'static> = Place {
    namespace: "prod",
    name: "db-credentials",
    item: "password",
};

#[test]
fn go_opens_what_is_sealed_here() {
    for algorithm in ALGORITHMS {
        let folder = tempfile::tempdir().unwrap();
        let keys = [(); 2].map(|()| Identity::generate(algorithm));
        let recipients = keys.each_ref().map(|key| key.recipient().clone());
        for len in [0, 28, 64 * 1024, 100_000] {
            let value: Vec<u8> = (0..len).map(|i: u32| (i % 251) as u8).collect();
            let sealed_at = UNIX_EPOCH + Duration::from_secs(1_795_500_000);
            let scope = ScopeKind::Strict.at(&PLACE);
            let sealed = SealedValue::seal(&value, &scope, &recipients, sealed_at).unwrap();
            for key in &keys {
                assert!(go_decrypt(sealed.as_bytes(), key, folder.path()) == value);
            }
        }
    }
}

#[test]
fn go_opens_what_is_rewrapped_here() {
    for algorithm in ALGORITHMS {
        let folder = tempfile::tempdir().unwrap();
        let [old, new] = [(); 2].map(|()| Identity::generate(algorithm));
        let (to, ring) = ([old.recipient().clone()], iter::once(old).collect());
        let sealed = SealedValue::seal(b"value", &ScopeKind::Cluster.at(&PLACE), &to, UNIX_EPOCH);
        let rewrapped = sealed.unwrap().rewrap(&ring, new.recipient()).unwrap();
        let opened = go_decrypt(rewrapped.as_bytes(), &new, folder.path());
        assert_eq!(opened, b"value");
    }
}

#[test]
fn what_go_encrypts_opens_with_an_identity_from_here() {
    for algorithm in ALGORITHMS {
        let identity = Identity::generate(algorithm);
        let recipient = identity.recipient().to_string();
        let file = run(
            go_tools::age().unwrap(),
            &["--recipient", &recipient],
            b"from Go",
        );
        let mut value = Vec::new();
        age::Decryptor::new_buffered(file.as_slice())
            .and_then(|file| file.decrypt(iter::once(&identity as _)))
            .unwrap()
            .read_to_end(&mut value)
            .unwrap();
        assert_eq!(value, b"from Go");
    }
}

#[test]
fn keys_of_age_keygen_are_read_here_and_have_the_same_recipient() {
    for flags in [&["-pq"][..], &[]] {
        let file = run(go_tools::age_keygen().unwrap(), flags, b"");
        let file = String::from_utf8(file).unwrap();
        let [identity] = parse_identity_file(&file).unwrap().try_into().unwrap();
        let recipient = identity.recipient().to_string();
        assert!(
            file.contains(&format!("# public key: {recipient}")),
            "{recipient}"
        );
    }
}

#[test]
fn age_keygen_finds_the_same_recipient_for_an_identity_from_here() {
    for algorithm in ALGORITHMS {
        let identity = Identity::generate(algorithm);
        let secret = identity.to_secret_string();
        let recipient = run(go_tools::age_keygen().unwrap(), &["-y"], secret.as_bytes());
        assert_eq!(
            String::from_utf8(recipient).unwrap().trim(),
            identity.recipient().to_string()
        );
    }
}

fn go_decrypt(file: &[u8], identity: &Identity, folder: &Path) -> Vec<u8> {
    let key_file = folder.join("key.txt");
    fs::write(&key_file, identity.to_secret_string().as_bytes()).unwrap();
    let key_file = key_file.to_str().unwrap();
    run(
        go_tools::age().unwrap(),
        &["--decrypt", "--identity", key_file],
        file,
    )
}

fn run(program: impl AsRef<Path>, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new(program.as_ref())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}
