//! `.waxwing.yaml`: where it is found, whom it makes `waxwing seal` seal to, and what is wrong with it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::workshop::{Run, Workshop};

const SECRET: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: prod}\n\
                      stringData: {password: canary}\n";

/// A repository with keys for two clusters and for recovery, the files `prod.key`, `staging.key` and
/// `recovery.key`.
struct Repository {
    workshop: Workshop,
    prod: String,
    staging: String,
    recovery: String,
}

impl Repository {
    fn new() -> Self {
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

    fn with_config() -> Self {
        let repository = Self::new();
        repository.configure(
            "rules:\n  - {path: /clusters/prod/, clusters: [prod]}\n  \
             - {path: /clusters/, clusters: [staging], scope: namespace}\n  \
             - {path: 'both/*.yaml', clusters: [prod, staging], scope: cluster}\n",
        );
        repository
    }

    /// Writes a config of both clusters with these rules.
    fn configure(&self, rules: &str) {
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

    fn seal(&self, args: &[&str]) -> Run {
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
fn a_file_without_a_rule_is_refused_and_the_rules_are_named() {
    let repository = Repository::with_config();
    let error = repository.seal(&["-o", "db.yaml"]).refused();
    for told in [
        ".waxwing.yaml",
        "db.yaml",
        "/clusters/prod/, /clusters/, both/*.yaml",
        "--cluster",
    ] {
        assert!(error.contains(told), "{told} in {error}");
    }
    repository.configure("");
    let error = repository.seal(&[]).refused();
    assert!(error.contains("has no rules"), "{error}");
    assert!(error.contains("clusters: [prod, staging]"), "{error}");
    assert!(!repository.workshop.path("db.yaml").exists());
}

#[test]
fn a_cluster_that_is_misspelt_is_refused_and_the_near_one_suggested() {
    let repository = Repository::with_config();
    let error = repository.seal(&["--cluster", "stagign"]).refused();
    assert!(error.contains("knows no cluster \"stagign\""), "{error}");
    assert!(error.contains("did you mean \"staging\"?"), "{error}");
    let error = repository.seal(&["--cluster", "zzz"]).refused();
    assert!(error.contains("prod, staging"), "{error}");
    repository.configure("rules:\n- path: '*'\n  clusters:\n  - prod\n  - stagin\n");
    let error = repository.seal(&["-o", "both/x.yaml"]).refused();
    assert!(error.starts_with("error: .waxwing.yaml:11: "), "{error}");
    assert!(error.contains("did you mean \"staging\"?"), "{error}");
}

#[test]
fn a_cluster_without_any_config_is_refused_and_the_way_to_one_named() {
    let repository = Repository::new();
    let error = repository.seal(&["--cluster", "prod"]).refused();
    assert!(error.contains("no .waxwing.yaml"), "{error}");
    assert!(error.contains("waxwing init"), "{error}");
}

#[test]
fn without_config_recipient_and_cluster_the_three_ways_are_named() {
    let error = Repository::new().seal(&[]).refused();
    for way in ["-r RECIPIENT or -R FILE", "waxwing init", "--kubeconfig"] {
        assert!(error.contains(way), "{way} in {error}");
    }
}

#[test]
fn what_is_wrong_with_the_config_is_told_with_its_line_and_without_its_values() {
    let repository = Repository::new();
    let secret = repository.workshop.read("prod.key");
    let secret = secret.lines().last().unwrap();
    let prod = &repository.prod;
    let head = "apiVersion: waxwing.dev/v1alpha1\nkind: Config\n";
    let clusters = format!("clusters:\n  prod:\n    recipients: [{prod}]\n");
    let cases = [
        ("no YAML", format!("{head}clusters: [\n"), 4, ""),
        ("nothing", "# nothing\n".to_owned(), 1, "nothing in it"),
        (
            "two documents",
            format!("{head}{clusters}---\n{head}"),
            7,
            "second document",
        ),
        (
            "another version",
            clusters.replace("clusters", "apiVersion: v2\nkind: Config\nclusters"),
            1,
            "is not waxwing.dev/v1alpha1",
        ),
        (
            "no version",
            clusters.clone(),
            1,
            "missing field `apiVersion`",
        ),
        (
            "an unknown field",
            format!("{head}{clusters}    contxt: x\n"),
            6,
            "unknown field \"contxt\"; there are context",
        ),
        (
            "a field twice",
            format!("{head}{clusters}recovery: []\nrecovery: []\n"),
            7,
            "recovery",
        ),
        (
            "a cluster twice",
            format!("{head}{clusters}  prod: {{recipients: []}}\n"),
            6,
            "prod",
        ),
        (
            "no clusters",
            format!("{head}clusters: {{}}\n"),
            3,
            "names no cluster",
        ),
        (
            "a bad recipient",
            format!("{head}{clusters}recovery:\n- {prod}x\n"),
            7,
            "",
        ),
        (
            "a private key",
            format!("{head}{clusters}recovery:\n- {secret}\n"),
            7,
            "",
        ),
        (
            "a private key alone",
            format!("{head}{clusters}recovery: {secret}\n"),
            6,
            "is a string",
        ),
        (
            "a bad namespace",
            format!("{head}{clusters}    controllerNamespace: A_b\n"),
            6,
            "",
        ),
        (
            "a bad cluster name",
            format!("{head}{clusters}  a b: {{recipients: []}}\n"),
            6,
            "no blanks",
        ),
        (
            "a bad pattern",
            format!("{head}{clusters}rules:\n- path: '[a'\n  clusters: [prod]\n"),
            7,
            "no pattern",
        ),
        (
            "a pattern of nothing",
            format!("{head}{clusters}rules:\n- clusters: [prod]\n  path: '!a'\n"),
            8,
            "matches nothing",
        ),
        (
            "a rule without clusters",
            format!("{head}{clusters}rules:\n- path: a\n  clusters: []\n"),
            8,
            "names no cluster",
        ),
        (
            "a bad scope",
            format!("{head}{clusters}rules:\n- path: a\n  clusters: [prod]\n  scope: {secret}\n"),
            9,
            "is not strict or namespace or cluster",
        ),
    ];
    for (case, config, line, told) in cases {
        repository.workshop.write(".waxwing.yaml", &config);
        let error = repository.seal(&[]).refused();
        let place = format!("error: .waxwing.yaml:{line}: ");
        assert!(error.starts_with(&place), "{case}: {error}");
        assert!(error.contains(told), "{case}: {error}");
        assert!(!error.contains(secret), "{case}: {error}");
    }
}

#[test]
fn post_quantum_and_classic_keys_never_meet_and_the_odd_one_is_named() {
    let repository = Repository::new();
    let pq = repository.workshop.keygen("pq.key", "mlkem768x25519");
    let prod = &repository.prod;
    let text = |recovery: &str, rules: &str| {
        format!(
            "apiVersion: waxwing.dev/v1alpha1\nkind: Config\nclusters:\n  prod:\n    recipients:\n    \
             - {prod}\n  new:\n    recipients:\n    - {pq}\nrecovery: [{recovery}]\n{rules}"
        )
    };
    let together = "rules: [{path: '*', clusters: [new, prod]}]\n";
    for (config, line) in [(text("", together), 6), (text(&pq, ""), 6)] {
        repository.workshop.write(".waxwing.yaml", &config);
        let error = repository.seal(&["--cluster", "new"]).refused();
        assert!(
            error.starts_with(&format!("error: .waxwing.yaml:{line}: ")),
            "{error}"
        );
        assert!(error.contains(prod), "{error}");
    }
    // In files of their own they do not meet.
    let apart = "rules: [{path: a.yaml, clusters: [new]}, {path: '*', clusters: [prod]}]\n";
    repository.workshop.write(".waxwing.yaml", &text("", apart));
    repository.seal(&["-o", "a.yaml"]).quiet();
    let error = repository
        .seal(&["--cluster", "new", "--cluster", "prod"])
        .refused();
    assert!(error.contains(prod), "{error}");
}

#[test]
fn a_cluster_whose_key_is_not_known_yet_is_refused_and_the_way_to_it_named() {
    let repository = Repository::new();
    repository.workshop.write(
        ".waxwing.yaml",
        "apiVersion: waxwing.dev/v1alpha1\nkind: Config\nclusters: {prod: {context: p, recipients: []}}\n\
         rules: [{path: '*', clusters: [prod]}]\n",
    );
    let error = repository.seal(&[]).refused();
    assert!(
        error.contains("cluster prod has no recipient yet"),
        "{error}"
    );
    assert!(
        error.contains("waxwing recipients sync --cluster prod"),
        "{error}"
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
