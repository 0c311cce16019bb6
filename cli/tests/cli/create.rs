//! `waxwing create`: values in, a SealedSecret out, in kubectl's words.

use std::fs;

use serde_json::Value;

use crate::forge::{Forge, pair};
use crate::workshop::finish;

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
    let run = finish(&mut command, b"");
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
