//! `waxwing create`: values in, a SealedSecret out, in kubectl's words.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::workshop::{Run, Workshop};

/// A workshop with a key, and the commands of these tests in it.
pub(crate) struct Forge {
    pub(crate) workshop: Workshop,
    recipient: String,
}

impl Forge {
    pub(crate) fn new() -> Self {
        let workshop = Workshop::new();
        let recipient = workshop.keygen("key.txt", "x25519");
        Self {
            workshop,
            recipient,
        }
    }

    /// Runs a command for the namespace `prod`, with the recipient.
    pub(crate) fn run(&self, args: &[&str], stdin: impl AsRef<[u8]>) -> Run {
        let args = [args, &["-n", "prod", "-r", &self.recipient]].concat();
        self.workshop.run_with(&args, stdin)
    }

    /// The Secret that comes out of a SealedSecret.
    pub(crate) fn opened(&self, sealed: &str) -> Opened {
        let args = ["unseal", "-i", "key.txt", "--format", "json"];
        let json = self.workshop.run_with(&args, sealed).quiet();
        Opened(serde_json::from_str(&json).unwrap())
    }
}

/// A Secret, opened.
pub(crate) struct Opened(Value);

impl Opened {
    pub(crate) fn type_(&self) -> Option<&str> {
        self.0["type"].as_str()
    }

    pub(crate) fn items(&self) -> Vec<&str> {
        let data = self.0["data"].as_object().unwrap();
        data.keys().map(String::as_str).collect()
    }

    pub(crate) fn bytes(&self, item: &str) -> Vec<u8> {
        STANDARD
            .decode(self.0["data"][item].as_str().unwrap())
            .unwrap()
    }

    pub(crate) fn text(&self, item: &str) -> String {
        String::from_utf8(self.bytes(item)).unwrap()
    }
}

#[test]
fn the_items_of_a_generic_secret_come_from_files_folders_and_standard_input() {
    let forge = Forge::new();
    forge.workshop.write("config.json", "{}\n");
    fs::create_dir_all(forge.workshop.path("folder/deeper")).unwrap();
    forge.workshop.write("folder/one", "1");
    forge.workshop.write("folder/two", "2");
    let args = [
        "create",
        "generic",
        "app",
        "--from-file=config.json",
        "--from-file=named=config.json",
        "--from-file=folder",
        "--from-file=password=-",
    ];
    let sealed = forge.run(&args, b"pass\xffword\n").quiet();
    let secret = forge.opened(&sealed);
    assert_eq!(
        secret.items(),
        ["config.json", "named", "one", "password", "two"]
    );
    assert_eq!(secret.text("named"), "{}\n");
    assert_eq!(secret.text("two"), "2");
    assert_eq!(secret.bytes("password"), b"pass\xffword\n");
    assert_eq!(secret.type_(), None);
}

#[test]
fn several_files_may_stand_behind_one_option_as_in_kubectl() {
    let forge = Forge::new();
    forge.workshop.write("a", "1");
    forge.workshop.write("b", "2");
    let args = ["create", "generic", "app", "--from-file=a,c=b"];
    let secret = forge.opened(&forge.run(&args, "").quiet());
    assert_eq!(secret.items(), ["a", "c"]);
}

#[test]
fn literals_are_split_at_their_first_sign_and_warned_about_once() {
    let forge = Forge::new();
    let args = [
        "create",
        "generic",
        "app",
        "--type",
        "example.com/app",
        "--from-literal=url=a=b",
        "--from-literal=empty=",
    ];
    let run = forge.run(&args, "");
    assert_eq!(run.stderr.matches("warning: --from-literal: ").count(), 1);
    assert!(run.stderr.contains("history"), "{}", run.stderr);
    let secret = forge.opened(&run.ok());
    assert_eq!(secret.text("url"), "a=b");
    assert_eq!(secret.text("empty"), "");
    assert_eq!(secret.type_(), Some("example.com/app"));
}

#[test]
fn an_env_file_is_read_as_kubectl_reads_it() {
    let forge = Forge::new();
    let env = "\u{feff}# comment\r\n\n  A=1\r\nB=\"2\" # no comment\nFROM_OUTSIDE\nEMPTY=\n";
    forge.workshop.write(".env", env);
    let recipient = forge.recipient.as_str();
    let args = [
        "create",
        "generic",
        "app",
        "-n",
        "prod",
        "-r",
        recipient,
        "--from-env-file=.env",
    ];
    let mut command = forge.workshop.command(&args);
    command.env("FROM_OUTSIDE", "yes");
    let run = crate::workshop::finish(&mut command, b"");
    let secret = forge.opened(&run.quiet());
    assert_eq!(secret.items(), ["A", "B", "EMPTY", "FROM_OUTSIDE"]);
    assert_eq!(secret.text("A"), "1");
    assert_eq!(secret.text("B"), "\"2\" # no comment");
    assert_eq!(secret.text("FROM_OUTSIDE"), "yes");
}

#[test]
fn the_scope_and_the_format_are_those_asked_for() {
    let forge = Forge::new();
    let args = [
        "create",
        "generic",
        "app",
        "--from-file=a=-",
        "--scope",
        "namespace",
        "--format",
        "json",
    ];
    let sealed = forge.run(&args, "x").quiet();
    let object: Value = serde_json::from_str(&sealed).unwrap();
    assert_eq!(object["kind"], "SealedSecret");
    assert_eq!(object["metadata"]["name"], "app");
    assert_eq!(object["metadata"]["namespace"], "prod");
    let told = forge.workshop.run_with(&["inspect", "-o", "json"], sealed);
    let told: Value = serde_json::from_str(&told.quiet()).unwrap();
    assert_eq!(told[0]["items"][0]["scope"]["kind"], "namespace");
}

#[test]
fn a_docker_registry_secret_is_what_kubectl_makes_of_the_same_words() {
    let forge = Forge::new();
    let args = [
        "create",
        "docker-registry",
        "pull",
        "--docker-server=ghcr.io",
        "--docker-username=bot",
        "--docker-email=bot@example.com",
        "--docker-password-stdin",
    ];
    let secret = forge.opened(&forge.run(&args, "pass\"word\r\n").quiet());
    assert_eq!(secret.type_(), Some("kubernetes.io/dockerconfigjson"));
    assert_eq!(
        secret.text(".dockerconfigjson"),
        r#"{"auths":{"ghcr.io":{"username":"bot","password":"pass\"word","email":"bot@example.com","auth":"Ym90OnBhc3Mid29yZA=="}}}"#
    );
}

#[test]
fn the_default_registry_is_that_of_docker_and_a_typed_password_is_warned_about() {
    let forge = Forge::new();
    let args = [
        "create",
        "docker-registry",
        "pull",
        "--docker-username=bot",
        "--docker-password=canary",
    ];
    let run = forge.run(&args, "");
    assert!(
        run.stderr.starts_with("warning: --docker-password: "),
        "{}",
        run.stderr
    );
    assert!(!run.stderr.contains("canary"));
    let config: Value =
        serde_json::from_str(&forge.opened(&run.ok()).text(".dockerconfigjson")).unwrap();
    assert_eq!(
        config["auths"]["https://index.docker.io/v1/"]["password"],
        "canary"
    );
}

#[test]
fn a_docker_configuration_goes_in_as_it_is_and_lacking_logins_are_told() {
    let forge = Forge::new();
    let config = "{ \"auths\": {\"a.io\": {\"auth\": \"eDp5\"}} }\n";
    forge.workshop.write("config.json", config);
    for option in [
        "--from-file=config.json",
        "--from-file=.dockerconfigjson=config.json",
    ] {
        let sealed = forge.run(&["create", "docker-registry", "pull", option], "");
        assert_eq!(
            forge.opened(&sealed.quiet()).text(".dockerconfigjson"),
            config
        );
    }
    let run = forge.run(
        &["create", "docker-registry", "pull", "--from-file=-"],
        r#"{"auths": {"b.io": {}}, "credsStore": "desktop"}"#,
    );
    assert!(
        run.stderr.contains("holds no login for b.io"),
        "{}",
        run.stderr
    );
    assert_eq!(run.code, 0);
}

#[test]
fn a_basic_auth_secret_has_its_type_and_its_items() {
    let forge = Forge::new();
    forge.workshop.write("ca.crt", "ca");
    let args = [
        "create",
        "basic-auth",
        "db",
        "--username=app",
        "--password-stdin",
        "--from-file=ca.crt",
    ];
    let secret = forge.opened(&forge.run(&args, "hunter2\n").quiet());
    assert_eq!(secret.type_(), Some("kubernetes.io/basic-auth"));
    assert_eq!(secret.items(), ["ca.crt", "password", "username"]);
    assert_eq!(secret.text("password"), "hunter2");
    assert_eq!(secret.text("username"), "app");
}

#[test]
fn an_ssh_auth_secret_has_its_type_and_its_items() {
    let forge = Forge::new();
    let key = "-----BEGIN OPENSSH PRIVATE KEY-----\neA==\n-----END OPENSSH PRIVATE KEY-----\n";
    forge.workshop.write("id", key);
    let args = [
        "create",
        "ssh-auth",
        "git",
        "--ssh-privatekey=id",
        "--from-file=known_hosts=-",
    ];
    let secret = forge.opened(&forge.run(&args, "host key\n").quiet());
    assert_eq!(secret.type_(), Some("kubernetes.io/ssh-auth"));
    assert_eq!(secret.items(), ["known_hosts", "ssh-privatekey"]);
    assert_eq!(secret.text("ssh-privatekey"), key);
}

/// A certificate signed by itself and its key, in PEM.
fn pair() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["web.test".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

#[test]
fn a_tls_secret_is_made_of_a_certificate_and_its_own_key() {
    let forge = Forge::new();
    let (cert, key) = pair();
    let chain = cert.clone() + &pair().0;
    forge.workshop.write("tls.crt", &chain);
    let args = ["create", "tls", "web", "--cert=tls.crt", "--key=-"];
    let secret = forge.opened(&forge.run(&args, &key).quiet());
    assert_eq!(secret.type_(), Some("kubernetes.io/tls"));
    assert_eq!(secret.items(), ["tls.crt", "tls.key"]);
    assert_eq!(secret.text("tls.crt"), chain);
    assert_eq!(secret.text("tls.key"), key);
}

#[test]
fn a_certificate_and_a_key_that_are_no_pair_are_refused() {
    let forge = Forge::new();
    let (cert, key) = pair();
    let other = pair().1;
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\neA==\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let unknown = "-----BEGIN PRIVATE KEY-----\neA==\n-----END PRIVATE KEY-----\n";
    let damaged = "-----BEGIN CERTIFICATE-----\neA==\n-----END CERTIFICATE-----\n";
    for (cert, key, told) in [
        (
            cert.as_str(),
            other.as_str(),
            "k.pem: is not the private key of the first certificate in c.pem",
        ),
        (&key, &key, "c.pem: holds no certificate"),
        ("", &key, "c.pem: holds no certificate"),
        (damaged, &key, "c.pem: its first certificate is damaged"),
        (&cert, &cert, "k.pem: holds no private key"),
        (&cert, encrypted, "k.pem: the private key is encrypted"),
        (&cert, unknown, "k.pem: the private key is none of"),
    ] {
        forge.workshop.write("c.pem", cert);
        forge.workshop.write("k.pem", key);
        let args = [
            "create",
            "tls",
            "web",
            "--cert=c.pem",
            "--key=k.pem",
            "-o",
            "out.yaml",
        ];
        let error = forge.run(&args, "").refused();
        assert!(error.starts_with(&format!("error: {told}")), "{error}");
        assert!(error.contains("\nhelp: "), "{error}");
        assert!(!forge.workshop.path("out.yaml").exists());
    }
}

#[test]
fn a_file_that_exists_is_never_overwritten() {
    let forge = Forge::new();
    forge.workshop.write("db.yaml", "as it was");
    let args = [
        "create",
        "generic",
        "db",
        "--from-file=a=-",
        "-o",
        "db.yaml",
    ];
    let error = forge.run(&args, "x").refused();
    assert!(
        error.starts_with("error: db.yaml: exists already"),
        "{error}"
    );
    assert_eq!(forge.workshop.read("db.yaml"), "as it was");
    let args = [
        "create",
        "generic",
        "db",
        "--from-file=a=-",
        "-o",
        "new.yaml",
    ];
    assert_eq!(forge.run(&args, "x").quiet(), "");
    assert_eq!(
        forge.opened(&forge.workshop.read("new.yaml")).text("a"),
        "x"
    );
    assert_eq!(forge.workshop.files(), ["db.yaml", "key.txt", "new.yaml"]);
}

#[test]
fn bad_input_is_told_with_the_next_step_and_without_the_value() {
    let forge = Forge::new();
    forge.workshop.write("a", "1");
    forge.workshop.write("bad name", "1");
    forge.workshop.write("id.pub", "ssh-ed25519 AAAA me");
    forge
        .workshop
        .write(".env", "A=1\nexport B=canary\ncanary\nA=2\n");
    fs::create_dir(forge.workshop.path("empty")).unwrap();
    for (args, told) in [
        (
            &["generic", "Bad_Name", "--from-file=a"][..],
            "NAME \"Bad_Name\": is not a name for an object",
        ),
        (&["generic", "x"], "Secret prod/x: has no items"),
        (
            &["generic", "x", "--from-file=empty"],
            "Secret prod/x: has no items",
        ),
        (
            &["generic", "x", "--from-file=missing"],
            "missing: cannot be read",
        ),
        (
            &["generic", "x", "--from-file=a", "--from-file=a=a"],
            "--from-file=a=a: the item \"a\" is there already",
        ),
        (
            &["generic", "x", "--from-file=bad name"],
            "--from-file=bad name: the name of the item is not a name",
        ),
        (
            &["generic", "x", "--from-file=key=empty"],
            "--from-file=key=empty: is a folder",
        ),
        (
            &["generic", "x", "--from-file=-"],
            "--from-file=-: there is no file name",
        ),
        (
            &["generic", "x", "--from-file=k="],
            "--from-file=k=: the name of the item or the path is missing",
        ),
        (
            &["generic", "x", "--from-file=k=a=b"],
            "--from-file=k=a=b: neither",
        ),
        (
            &["generic", "x", "--from-literal=canary"],
            "--from-literal number 1: is not ITEM=VALUE",
        ),
        (
            &[
                "generic",
                "x",
                "--from-literal",
                "a=1",
                "--from-literal=can@ry==canary",
            ],
            "--from-literal number 2: the name of the item is not a name",
        ),
        (
            &["generic", "x", "--from-file=a=-", "--from-file=b=-"],
            "standard input would be read twice",
        ),
        (
            &["generic", "x", "--from-file=a", "--type=kubernetes.io/tls"],
            "Secret prod/x: Kubernetes demands of a Secret of type kubernetes.io/tls",
        ),
        (
            &["generic", "x", "--from-file=a", "-o", "yaml"],
            "-o yaml: -o names a file here",
        ),
        (
            &["generic", "x", "--from-env-file=.env"],
            ".env:2: does not start with the name of a variable",
        ),
        (
            &["generic", "x", "--from-env-file=.env"],
            ".env:3: has no =, and the environment has no variable",
        ),
        (
            &["generic", "x", "--from-env-file=.env"],
            ".env:4: the item \"A\" is there already",
        ),
        (
            &["basic-auth", "x", "--from-file=a"],
            "Secret prod/x: Kubernetes demands",
        ),
        (
            &["basic-auth", "x", "--password-stdin"],
            "--password: the password is empty",
        ),
        (
            &["ssh-auth", "x", "--from-file=a"],
            "Secret prod/x: Kubernetes demands",
        ),
        (
            &["ssh-auth", "x", "--ssh-privatekey=id.pub"],
            "item \"ssh-privatekey\": is no private key",
        ),
        (
            &["docker-registry", "x", "--from-file=a=a"],
            "Secret prod/x: Kubernetes demands",
        ),
        (
            &["docker-registry", "x", "--from-file=id.pub"],
            "Secret prod/x: Kubernetes demands",
        ),
    ] {
        let run = forge.run(&[&["create"], args].concat(), "");
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (1, ""),
            "{args:?}: {}",
            run.stderr
        );
        assert!(
            run.stderr.contains(&format!("error: {told}")),
            "{args:?}: {}",
            run.stderr
        );
        assert!(!run.stderr.contains("canary"), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn every_bad_source_is_told_not_only_the_first() {
    let forge = Forge::new();
    let args = [
        "create",
        "generic",
        "x",
        "--from-file=one",
        "--from-file=two",
    ];
    let error = forge.run(&args, "").refused();
    assert!(
        error.contains("error: one: ") && error.contains("error: two: "),
        "{error}"
    );
}

#[test]
fn more_than_a_secret_may_hold_is_refused() {
    let forge = Forge::new();
    let args = ["create", "generic", "x", "--from-file=a=-"];
    let error = forge.run(&args, vec![0; 1024 * 1024 + 1]).refused();
    assert!(
        error.contains("Secret prod/x: its values have more than 1 MiB"),
        "{error}"
    );
    forge.run(&args, vec![0; 1024 * 1024]).quiet();
}

#[test]
fn without_a_namespace_nothing_is_read_and_default_is_not_assumed() {
    let workshop = Workshop::new();
    let recipient = workshop.keygen("key.txt", "x25519");
    let args = [
        "create",
        "generic",
        "x",
        "--from-file=missing",
        "-r",
        &recipient,
    ];
    let error = workshop.run(&args).refused();
    assert!(
        error.starts_with("error: no namespace is known\nhelp: pass -n"),
        "{error}"
    );
}

#[test]
fn half_a_pair_is_wrong_usage() {
    let forge = Forge::new();
    for (args, missing) in [
        (&["tls", "x", "--cert=a"][..], "--key"),
        (&["tls", "x", "--key=a"], "--cert"),
        (
            &["docker-registry", "x", "--docker-username=u"],
            "--docker-password-stdin",
        ),
        (
            &["docker-registry", "x", "--docker-password-stdin"],
            "--docker-username",
        ),
        (
            &[
                "docker-registry",
                "x",
                "--from-file=a",
                "--docker-username=u",
            ],
            "--from-file",
        ),
        (
            &["generic", "x", "--from-env-file=a", "--from-file=a"],
            "--from-env-file",
        ),
        (
            &["basic-auth", "x", "--password=p", "--password-stdin"],
            "--password-stdin",
        ),
        (&["generic"], "NAME"),
    ] {
        let run = forge.run(&[&["create"], args].concat(), "");
        assert_eq!(run.code, 2, "{args:?}");
        assert!(run.stderr.contains(missing), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn no_typed_value_is_repeated_whatever_is_wrong() {
    let forge = Forge::new();
    for args in [
        &["create", "generic", "X", "--from-literal=a=canary"][..],
        &[
            "create",
            "generic",
            "x",
            "--from-literal=a=canary",
            "--scope=no",
        ],
        &[
            "create",
            "basic-auth",
            "x",
            "--password=canary",
            "--password-stdin",
        ],
        &["create", "docker-registry", "x", "--docker-password=canary"],
    ] {
        let run = forge.run(args, "");
        assert_ne!(run.code, 0);
        assert!(!run.stderr.contains("canary"), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn the_rule_for_the_output_file_says_whom_to_seal_to_and_with_which_scope() {
    let forge = Forge::new();
    let config = format!(
        "apiVersion: waxwing.dev/v1alpha1\nkind: Config\nclusters:\n  prod:\n    recipients: [{}]\n\
         rules:\n  - path: shared-*\n    clusters: [prod]\n    scope: namespace\n",
        forge.recipient
    );
    forge.workshop.write(".waxwing.yaml", &config);
    let args = [
        "create",
        "generic",
        "app",
        "-n",
        "prod",
        "--from-file=a=-",
        "-o",
        "shared-app.yaml",
    ];
    forge.workshop.run_with(&args, "x").quiet();
    let told = forge
        .workshop
        .run(&["inspect", "-o", "json", "shared-app.yaml"]);
    let told: Value = serde_json::from_str(&told.quiet()).unwrap();
    assert_eq!(told[0]["items"][0]["scope"]["kind"], "namespace");
}
