//! What shells offer on Tab, as they ask for it.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::workshop::{Workshop, finish};

/// A repository of the clusters `prod` and `preview`, with the key ids of both.
fn repository() -> (Workshop, [String; 2]) {
    let workshop = Workshop::new();
    let [prod, preview] = ["prod", "preview"].map(|name| workshop.keygen(name, "x25519"));
    workshop.write(
        ".waxwing.yaml",
        &format!(
            "apiVersion: waxwing.dev/v1alpha1\nkind: Config\nclusters:\n  \
             prod: {{context: p, recipients: [{prod}]}}\n  preview: {{recipients: [{preview}]}}\n"
        ),
    );
    fs::create_dir(workshop.path("apps")).unwrap();
    let ids = [prod, preview].map(|recipient| {
        let recipient: waxwing_crypto::Recipient = recipient.parse().unwrap();
        recipient.key_id().to_string()
    });
    (workshop, ids)
}

/// What bash offers for the last of `words`, with the script of `waxwing completions bash`.
fn offered(workshop: &Workshop, words: &[&str]) -> Vec<String> {
    let program = Path::new(env!("CARGO_BIN_EXE_waxwing")).parent().unwrap();
    // What bash does on Tab: it looks up the function of the command and calls it with the command,
    // the word at the cursor and the one before it.
    let script = r#"
        source <(waxwing completions bash)
        function=$(complete -p waxwing | sed 's/.* -F \([^ ]*\) .*/\1/')
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_TYPE=9
        "$function" waxwing "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
        printf '%s\n' "${COMPREPLY[@]}""#;
    let mut bash = Command::new("bash");
    bash.args(["-c", script, "bash"])
        .args(words)
        .current_dir(workshop.path(""))
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", program.display()));
    let offered = finish(&mut bash, b"").quiet();
    offered.lines().map(ToOwned::to_owned).collect()
}

#[test]
fn bash_offers_commands_options_clusters_and_files() {
    let (workshop, _) = repository();
    let cases: &[(&[&str], &[&str])] = &[
        (&["waxwing", "sea"], &["seal"]),
        (&["waxwing", "seal", "--trust"], &["--trust-cluster"]),
        (&["waxwing", "seal", "--scope", "n"], &["namespace"]),
        (&["waxwing", "seal", "--cluster", ""], &["preview", "prod"]),
        (&["waxwing", "seal", "--cluster=pro"], &["--cluster=prod"]),
        (
            &["waxwing", "recipients", "sync", "--cluster", "pre"],
            &["preview"],
        ),
        (&["waxwing", "seal", "-f", "ap"], &["apps/"]),
        (&["waxwing", "seal", "-f", "nothing"], &[""]),
    ];
    for (words, expected) in cases {
        assert_eq!(offered(&workshop, words), *expected, "{words:?}");
    }
}

#[test]
fn bash_offers_the_ids_of_the_pinned_keys() {
    let (workshop, ids) = repository();
    for command in ["retire", "revoke", "export"] {
        let offered = offered(&workshop, &["waxwing", "keys", command, &ids[0][..6]]);
        assert_eq!(offered, [ids[0].clone()], "{command}");
    }
}

#[test]
fn bash_offers_the_items_of_the_file_before_the_cursor() {
    let (workshop, _) = repository();
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: prod}\n\
                  stringData: {password: a, port: b, user: c}\n";
    let seal = ["seal", "--cluster", "prod", "-o", "db.yaml"];
    workshop.run_with(&seal, secret).quiet();
    for (words, expected) in [
        (
            &["waxwing", "unset", "db.yaml", "p"][..],
            &["password", "port"][..],
        ),
        (&["waxwing", "unset", "db.yaml", "port", "u"], &["user"]),
        (&["waxwing", "set", "db.yaml", "pa"], &["password"]),
        (&["waxwing", "rename", "db.yaml", "us"], &["user"]),
        (
            &[
                "waxwing", "generate", "token", "db", "--into", "db.yaml", "--item", "p",
            ],
            &["password", "port"],
        ),
        (&["waxwing", "unset", "missing.yaml", "p"], &[""]),
    ] {
        assert_eq!(offered(&workshop, words), expected, "{words:?}");
    }
}

#[test]
fn a_config_that_cannot_be_read_disturbs_nobody() {
    let (workshop, _) = repository();
    workshop.write(".waxwing.yaml", "clusters: [");
    assert_eq!(
        offered(&workshop, &["waxwing", "seal", "--cluster", "p"]),
        [""]
    );
}

#[test]
fn there_is_a_script_for_every_shell_and_it_asks_the_program() {
    let workshop = Workshop::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = workshop.run(&["completions", shell]).quiet();
        assert!(script.contains("WAXWING_COMPLETE"), "{shell}: {script}");
    }
}
