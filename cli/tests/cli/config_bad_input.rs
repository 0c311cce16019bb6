//! What is wrong with a `.waxwing.yaml`, or with what is asked of it: told with its line and the next step.

use crate::config::Repository;

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
