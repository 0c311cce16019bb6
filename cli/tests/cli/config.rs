//! `.waxwing.yaml`: where it is found, and whom it makes `waxwing seal` seal to.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::workshop::{Run, Workshop};

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: prod}\n\
                      stringData: {password: canary}\n";

/// A repository with keys for two clusters and for recovery, the files `prod.key`, `staging.key` and
/// `recovery.key`.
pub(crate) struct Repository {
    pub(crate) workshop: Workshop,
    pub(crate) prod: String,
    staging: String,
    recovery: String,
}

impl Repository {
    pub(crate) fn new() -> Self {
        let workshop = Workshop::new();
        for folder in ["clusters/prod/deep", "clusters/staging", "both"] {
            fs::create_dir_all(workshop.path(folder)).unwrap();
        }
        Self {
            prod: workshop.keygen("prod.key", "x25519"),
            staging: workshop.keygen("staging.key", "x25519"),
            recovery: workshop.keygen("recovery.key", "x25519"),
            workshop,
        }
    }

    pub(crate) fn with_config() -> Self {
        let repository = Self::new();
        repository.configure(
            "rules:\n  - {path: /clusters/prod/, clusters: [prod]}\n  \
             - {path: /clusters/, clusters: [staging], scope: namespace}\n  \
             - {path: 'both/*.yaml', clusters: [prod, staging], scope: cluster}\n",
        );
        repository
    }

    /// Writes a config of both clusters with these rules.
    pub(crate) fn configure(&self, rules: &str) {
        let Self {
            workshop,
            prod,
            staging,
            recovery,
        } = self;
        workshop.write(
            ".waxwing.yaml",
            &format!(
                "apiVersion: waxwing.dev/v1alpha1\nkind: Config\nclusters:\n  \
                 prod: {{recipients: [{prod}]}}\n  staging: {{recipients: [{staging}]}}\n\
                 recovery: [{recovery}]\n{rules}"
            ),
        );
    }

    pub(crate) fn seal(&self, args: &[&str]) -> Run {
        self.workshop.run_with(&[&["seal"], args].concat(), SECRET)
    }

    /// Which of the three keys open the value in `file`, and with which scope it was sealed.
    fn opened_by(&self, file: &str) -> (Vec<&'static str>, String) {
        let keys = ["prod", "staging", "recovery"];
        let opens = |key: &&str| {
            let key = format!("{key}.key");
            self.workshop.run(&["unseal", "-i", &key, "-f", file]).code == 0
        };
        let report = self.workshop.run(&["inspect", "-o", "json", file]).quiet();
        let report: Value = serde_json::from_str(&report).unwrap();
        let scope = report[0]["items"][0]["scope"]["kind"].as_str().unwrap();
        (keys.into_iter().filter(opens).collect(), scope.to_owned())
    }
}

#[test]
fn the_first_rule_for_the_file_says_which_keys_open_it_and_with_which_scope() {
    let repository = Repository::with_config();
    let cases = [
        ("clusters/prod/db.yaml", &["prod", "recovery"][..], "strict"),
        (
            "clusters/prod/deep/db.yaml",
            &["prod", "recovery"],
            "strict",
        ),
        (
            "clusters/staging/db.yaml",
            &["staging", "recovery"],
            "namespace",
        ),
        ("both/db.yaml", &["prod", "staging", "recovery"], "cluster"),
    ];
    for (file, keys, scope) in cases {
        assert_eq!(repository.seal(&["-o", file]).quiet(), "", "{file}");
        assert_eq!(
            repository.opened_by(file),
            (keys.to_vec(), scope.to_owned()),
            "{file}"
        );
    }
}

#[test]
fn what_is_typed_counts_more_than_the_rule() {
    let repository = Repository::with_config();
    let staging = repository.staging.clone();
    let cases: [(&[&str], &[&str], &str); 4] = [
        (
            &["--scope", "strict"],
            &["prod", "staging", "recovery"],
            "strict",
        ),
        (&["--cluster", "prod"], &["prod", "recovery"], "cluster"),
        (
            &["--cluster", "prod", "--cluster", "staging"],
            &["prod", "staging", "recovery"],
            "cluster",
        ),
        (&["-r", &staging], &["staging"], "strict"),
    ];
    for (args, keys, scope) in cases {
        repository
            .seal(&[args, &["-o", "both/db.yaml"]].concat())
            .quiet();
        let expected = (keys.to_vec(), scope.to_owned());
        assert_eq!(repository.opened_by("both/db.yaml"), expected, "{args:?}");
    }
}

#[test]
fn a_filter_counts_as_a_file_of_the_current_folder() {
    let repository = Repository::with_config();
    let mut command = repository
        .workshop
        .command(&["seal", "--raw", "--scope", "cluster"]);
    command.current_dir(repository.workshop.path("clusters/prod"));
    let value = crate::workshop::finish(&mut command, b"value").quiet();
    let report = repository
        .workshop
        .run_with(&["inspect", "-o", "json"], &value);
    let report: Value = serde_json::from_str(&report.quiet()).unwrap();
    assert_eq!(report[0]["items"][0]["keys"].as_array().unwrap().len(), 2);
}

#[test]
fn the_input_file_counts_where_the_output_is_no_file() {
    let repository = Repository::with_config();
    repository
        .workshop
        .write("clusters/prod/plain.yaml", SECRET);
    let sealed = repository.seal(&["-f", "clusters/prod/plain.yaml"]).quiet();
    repository.workshop.write("out.yaml", &sealed);
    assert_eq!(repository.opened_by("out.yaml").0, ["prod", "recovery"]);
}

#[test]
fn the_nearest_config_counts() {
    let repository = Repository::with_config();
    let nearer = format!(
        "apiVersion: waxwing.dev/v1alpha1\nkind: Config\nclusters: {{own: {{recipients: [{}]}}}}\n\
         rules: [{{path: '*.yaml', clusters: [own]}}]\n",
        repository.staging
    );
    repository
        .workshop
        .write("clusters/prod/.waxwing.yaml", &nearer);
    repository
        .seal(&["-o", "clusters/prod/deep/db.yaml"])
        .quiet();
    assert_eq!(
        repository.opened_by("clusters/prod/deep/db.yaml").0,
        ["staging"]
    );
}

#[test]
fn a_config_may_have_windows_line_endings_and_a_byte_order_mark() {
    let repository = Repository::with_config();
    let text = repository.workshop.read(".waxwing.yaml");
    let windows = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    repository.workshop.write(".waxwing.yaml", &windows);
    repository.seal(&["-o", "both/db.yaml"]).quiet();
    assert_eq!(repository.opened_by("both/db.yaml").0.len(), 3);
}

#[test]
fn a_config_of_ones_own_counts_in_a_folder_that_anyone_may_write_to() {
    let repository = Repository::with_config();
    let everyone = fs::Permissions::from_mode(0o777);
    fs::set_permissions(repository.workshop.path(""), everyone).unwrap();
    repository.seal(&["-o", "both/db.yaml"]).quiet();
}

#[test]
fn recipients_of_hand_need_no_config_not_even_a_good_one() {
    let repository = Repository::new();
    repository.workshop.write(".waxwing.yaml", "broken: [");
    let prod = repository.prod.clone();
    assert!(
        repository
            .seal(&["-r", &prod])
            .quiet()
            .contains("SealedSecret")
    );
}

#[test]
fn the_config_of_the_document_is_a_good_one() {
    let document = include_str!("../../../docs/cli.md");
    let (_, config) = document.split_once("```yaml\n").unwrap();
    let (config, _) = config.split_once("```").unwrap();
    let workshop = Workshop::new();
    workshop.write(".waxwing.yaml", config);
    let value = workshop
        .run_with(&["seal", "--raw", "--scope", "cluster"], "value")
        .quiet();
    let table = workshop.run_with(&["inspect"], value).quiet();
    assert_eq!(table.matches(',').count(), 2, "not three keys in {table}");
}
