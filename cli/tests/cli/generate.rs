//! `waxwing generate`: what comes out of the SealedSecret is what was asked for, and nothing of it is
//! printed but public halves.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::PublicKeyData;
use ssh_key::{PrivateKey, PublicKey};

use crate::forge::{Forge, Opened};

/// The bytes in a PEM file.
fn der(pem: &str) -> Vec<u8> {
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    STANDARD.decode(lines.collect::<String>()).unwrap()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_password_has_the_length_and_the_alphabet_that_were_asked_for() {
    let forge = Forge::new();
    let lower = |c: char| c.is_ascii_lowercase();
    let upper = |c: char| c.is_ascii_uppercase();
    let digit = |c: char| c.is_ascii_digit();
    let symbol = |c: char| c.is_ascii_punctuation() && !"'\"`\\".contains(c);
    type Classes<'a> = &'a [&'a dyn Fn(char) -> bool];
    let cases: [(&[&str], usize, Classes<'_>); 4] = [
        (&[], 32, &[&lower, &upper, &digit]),
        (&["--length", "100"], 100, &[&lower, &upper, &digit]),
        (
            &["--length", "13", "--alphabet", "lower,upper,digits,symbols"],
            13,
            &[&lower, &upper, &digit, &symbol],
        ),
        (&["--alphabet", "digits"], 32, &[&digit]),
    ];
    for (flags, length, classes) in cases {
        let args = [&["generate", "password", "db"], flags].concat();
        let secret = forge.opened(&forge.run(&args, "").quiet());
        assert_eq!(secret.items(), ["password"]);
        let password = secret.text("password");
        assert_eq!(password.chars().count(), length, "{flags:?}");
        let is_known = |c: char| classes.iter().any(|class| class(c));
        assert!(password.chars().all(is_known), "{flags:?}: {password}");
        let is_there = |class: &&dyn Fn(char) -> bool| password.chars().any(class);
        assert!(classes.iter().all(is_there), "{flags:?}: {password}");
    }
}

#[test]
fn a_password_may_be_drawn_from_any_set_of_characters() {
    let forge = Forge::new();
    let args = [
        "generate",
        "password",
        "door",
        "--item",
        "pin",
        "--length",
        "70",
        "--characters",
        "aé€",
    ];
    let secret = forge.opened(&forge.run(&args, "").quiet());
    assert_eq!(secret.items(), ["pin"]);
    let pin = secret.text("pin");
    assert_eq!(pin.chars().count(), 70);
    assert!(pin.chars().all(|c| "aé€".contains(c)));
}

#[test]
fn no_two_values_are_the_same() {
    let forge = Forge::new();
    for kind in ["password", "token"] {
        let value = || {
            let sealed = forge.run(&["generate", kind, "x"], "").quiet();
            forge.opened(&sealed).text(kind)
        };
        assert_ne!(value(), value());
    }
}

#[test]
fn a_value_that_can_be_guessed_is_warned_about() {
    let forge = Forge::new();
    for args in [
        &["password", "x", "--length=4", "--alphabet=digits"][..],
        &["token", "x", "--bytes=7"],
    ] {
        let run = forge.run(&[&["generate"], args].concat(), "");
        assert_eq!(run.code, 0);
        assert!(run.stderr.contains("can be guessed"), "{}", run.stderr);
    }
    forge
        .run(&["generate", "token", "x", "--bytes=8"], "")
        .quiet();
}

#[test]
fn a_token_has_its_bytes_in_the_encoding_that_was_asked_for() {
    let forge = Forge::new();
    let token = |flags: &[&str]| {
        let args = [&["generate", "token", "api"], flags].concat();
        forge.opened(&forge.run(&args, "").quiet()).text("token")
    };
    assert_eq!(URL_SAFE_NO_PAD.decode(token(&[])).unwrap().len(), 32);
    let base64 = token(&["--encoding", "base64", "--bytes", "16"]);
    assert_eq!(STANDARD.decode(base64).unwrap().len(), 16);
    let hex = token(&["--encoding", "hex", "--bytes", "20"]);
    assert_eq!(hex.len(), 40);
    assert!(hex.bytes().all(|byte| b"0123456789abcdef".contains(&byte)));
}

#[test]
fn the_halves_of_an_ssh_key_belong_together_and_only_the_public_one_is_printed() {
    let forge = Forge::new();
    let args = ["generate", "ssh-key", "deploy", "-o", "deploy.yaml"];
    let printed = forge.run(&args, "").quiet();
    let sealed = forge.workshop.read("deploy.yaml");
    let secret = forge.opened(&sealed);
    assert_eq!(secret.type_(), Some("kubernetes.io/ssh-auth"));
    assert_eq!(secret.items(), ["ssh-privatekey", "ssh-publickey"]);
    let private = PrivateKey::from_openssh(secret.text("ssh-privatekey")).unwrap();
    let public = PublicKey::from_openssh(&printed).unwrap();
    assert!(printed.starts_with("ssh-ed25519 AAAA") && printed.ends_with(" deploy\n"));
    assert_eq!(private.public_key().key_data(), public.key_data());
    assert_eq!(private.comment(), "deploy");
    assert_eq!(secret.text("ssh-publickey"), printed);
    assert!(!sealed.contains("PRIVATE KEY"));
}

#[test]
fn the_public_half_goes_to_standard_error_where_the_sealed_secret_has_standard_output() {
    let forge = Forge::new();
    let args = [
        "generate",
        "ssh-key",
        "git",
        "--item",
        "identity",
        "--comment",
        "flux@prod",
    ];
    let run = forge.run(&args, "");
    assert!(run.stderr.starts_with("ssh-ed25519 "), "{}", run.stderr);
    assert!(run.stderr.ends_with(" flux@prod\n"), "{}", run.stderr);
    let public = run.stderr.clone();
    let secret = forge.opened(&run.ok());
    assert_eq!(secret.type_(), None);
    assert_eq!(secret.items(), ["identity", "identity.pub"]);
    assert_eq!(secret.text("identity.pub"), public);
}

/// The key of a tls Secret, which must be that of its certificate: the program itself checks that
/// when it makes a Secret of the two.
fn checked_key(forge: &Forge, secret: &Opened) -> rcgen::KeyPair {
    assert_eq!(secret.type_(), Some("kubernetes.io/tls"));
    assert_eq!(secret.items(), ["tls.crt", "tls.key"]);
    forge.workshop.write("tls.crt", &secret.text("tls.crt"));
    forge.workshop.write("tls.key", &secret.text("tls.key"));
    let args = ["create", "tls", "again", "--cert=tls.crt", "--key=tls.key"];
    forge.run(&args, "").quiet();
    rcgen::KeyPair::from_pem(&secret.text("tls.key")).unwrap()
}

#[test]
fn a_certificate_signed_by_itself_belongs_to_its_key_and_names_its_hosts() {
    let forge = Forge::new();
    let args = [
        "generate",
        "tls-cert",
        "web",
        "--host",
        "web.prod.svc",
        "--host=*.example.com",
        "--host=10.1.2.3",
        "-o",
        "web.yaml",
    ];
    let printed = forge.run(&args, "").quiet();
    let secret = forge.opened(&forge.workshop.read("web.yaml"));
    assert_eq!(secret.text("tls.crt"), printed);
    let key = checked_key(&forge, &secret);
    let cert = der(&printed);
    assert!(contains(&cert, key.der_bytes()));
    for name in [&b"web.prod.svc"[..], b"*.example.com", &[10, 1, 2, 3]] {
        assert!(contains(&cert, name));
    }
}

#[test]
fn a_request_is_printed_for_the_same_key_and_the_secret_is_whole_until_the_answer_comes() {
    let forge = Forge::new();
    let args = [
        "generate",
        "tls-cert",
        "web",
        "--host",
        "www.example.com",
        "--csr",
        "-o",
        "web.yaml",
    ];
    let request = forge.run(&args, "").quiet();
    assert!(request.starts_with("-----BEGIN CERTIFICATE REQUEST-----\n"));
    let secret = forge.opened(&forge.workshop.read("web.yaml"));
    let key = checked_key(&forge, &secret);
    assert!(contains(&der(&request), key.der_bytes()));
    assert!(contains(&der(&request), b"www.example.com"));
}

#[test]
fn the_htpasswd_line_verifies_the_password_and_no_other() {
    let forge = Forge::new();
    let args = [
        "generate",
        "htpasswd",
        "mon",
        "--user",
        "prometheus",
        "--cost",
        "4",
        "--length",
        "20",
    ];
    let secret = forge.opened(&forge.run(&args, "").quiet());
    assert_eq!(secret.items(), ["auth", "password", "username"]);
    assert_eq!(secret.text("username"), "prometheus");
    let line = secret.text("auth");
    let hash = line.strip_prefix("prometheus:").unwrap();
    let hash = hash.strip_suffix('\n').unwrap();
    assert!(hash.starts_with("$2y$04$"), "{hash}");
    assert!(bcrypt::verify(secret.text("password"), hash).unwrap());
    assert!(!bcrypt::verify("another", hash).unwrap());
}

#[test]
fn nothing_secret_is_printed_and_no_file_is_left() {
    let forge = Forge::new();
    for (args, secrets) in [
        (&["password", "x"][..], &["password"][..]),
        (&["token", "x"], &["token"]),
        (&["ssh-key", "x"], &["ssh-privatekey"]),
        (&["tls-cert", "x", "--host=a"], &["tls.key"]),
        (&["tls-cert", "x", "--host=a", "--csr"], &["tls.key"]),
        (
            &["htpasswd", "x", "--user=u", "--cost=4"],
            &["password", "auth"],
        ),
    ] {
        let run = forge.run(&[&["generate"], args].concat(), "");
        let told = run.stdout.clone() + &run.stderr;
        let secret = forge.opened(&run.ok());
        for item in secrets {
            let value = secret.text(item);
            // Of a PEM file the first line that is not its frame.
            let canary = value.lines().nth(1).unwrap_or(&value);
            assert!(!told.contains(canary.trim_end()), "{args:?}: {item}");
        }
        assert_eq!(forge.workshop.files(), ["key.txt"], "{args:?}");
    }
}

#[test]
fn bad_input_is_refused() {
    let forge = Forge::new();
    for (args, told) in [
        (
            &["password", "x", "--item=.."][..],
            "--item: the name of the item is not a name",
        ),
        (
            &["password", "x", "--characters=aa"],
            "--characters: has \"a\" twice",
        ),
        (
            &["password", "x", "--characters=a"],
            "--characters: has fewer than two",
        ),
        (
            &["password", "x", "--length=2"],
            "--length: has to be 3 or more",
        ),
        (&["password", "Bad"], "NAME \"Bad\": is not a name"),
        (
            &["ssh-key", "x", "--comment=a\nb"],
            "--comment: has a control character",
        ),
        (&["htpasswd", "x", "--user=a:b"], "--user: "),
        (
            &[
                "htpasswd",
                "x",
                "--user=a",
                "--length=30",
                "--characters=€₤",
            ],
            "--length: 30 of these characters may have more than 72 bytes",
        ),
        (
            &["htpasswd", "x", "--user=a", "--item=password"],
            "--item: the item \"password\" is there already",
        ),
        (&["token", "x", "-o", "key.txt"], "key.txt: exists already"),
    ] {
        let error = forge.run(&[&["generate"], args].concat(), "").refused();
        assert!(
            error.contains(&format!("error: {told}")),
            "{args:?}: {error}"
        );
    }
    for args in [
        &["password", "x", "--length=0"][..],
        &["password", "x", "--alphabet=greek"],
        &["password", "x", "--alphabet=lower", "--characters=ab"],
        &["token", "x", "--bytes=0"],
        &["token", "x", "--encoding=base32"],
        &["tls-cert", "x"],
        &["tls-cert", "x", "--host=a b"],
        &["tls-cert", "x", "--host=a", "--days=0"],
        &["htpasswd", "x", "--user=a", "--length=73"],
        &["htpasswd", "x"],
    ] {
        let run = forge.run(&[&["generate"], args].concat(), "");
        assert_eq!(run.code, 2, "{args:?}: {}", run.stderr);
    }
}
