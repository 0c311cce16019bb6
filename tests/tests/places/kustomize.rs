//! `waxwing krm`, run by kustomize.

use waxwing_tests::{canary::plaintext, go_tools};

use crate::desk::{Desk, documented};

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  template:
    spec:
      containers: [{name: app, envFrom: [{secretRef: {name: db}}]}]
";

/// Runs kustomize with functions.
const BUILD: &str = "kustomize build --enable-alpha-plugins --enable-exec";

/// A desk with kustomize, and the files that the kustomization of the documentation needs.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.install("kustomize", &go_tools::kustomize().unwrap());
    desk.write("deployment.yaml", DEPLOYMENT);
    desk.write("db.env", &format!("password={}\n", plaintext("env")));
    desk
}

#[test]
fn what_kustomize_generates_is_sealed_as_the_documentation_says() {
    let desk = desk();
    let [build, pipe, names] = &documented("waxwing krm")[..] else {
        panic!("another number of commands");
    };
    desk.ok(build);
    let built = desk.read("prod.yaml");
    assert!(built.contains("kind: SealedSecret"), "{built}");
    assert!(built.contains("name: db\n  namespace: prod\n"), "{built}");
    assert!(!built.contains("config.kubernetes.io"), "{built}");
    assert!(desk.opened("prod.yaml").contains("name: db\n"));

    desk.ok(names);
    let built = desk.read("prod.yaml");
    assert!(
        built.contains("        - secretRef:\n            name: eu-db\n"),
        "{built}"
    );
    assert!(desk.opened("prod.yaml").contains("name: eu-db\n"));

    desk.ok(&format!(
        "sed -i '/^transformers/d' kustomization.yaml\n{pipe}"
    ));
    assert!(desk.opened("prod.yaml").contains("name: eu-db-"));
}

#[test]
fn without_the_right_to_run_programs_kustomize_leaves_secrets_in_clear_and_validate_tells() {
    let desk = desk();
    desk.ok(&documented("waxwing krm")[0]);
    desk.ok("kubectl kustomize --enable-alpha-plugins . > prod.yaml");
    let told = desk.refused("waxwing validate prod.yaml");
    assert!(told.contains("in clear"), "{told}");
}

#[test]
fn a_build_with_something_wrong_fails_and_says_what() {
    let desk = desk();
    desk.ok(&documented("waxwing krm")[0]);
    desk.ok("mkdir base; mv *.env deployment.yaml seal.yaml kustomization.yaml base");
    let seal = desk.read("base/seal.yaml");
    let check = seal.replace("SealSecrets", "ValidateSealedSecrets");
    desk.write("late/check.yaml", check.split("spec:").next().unwrap());
    let late = "resources: [../base]\ntransformers: [check.yaml]\n";
    desk.write("late/kustomization.yaml", late);
    desk.ok(&format!("{BUILD} late"));

    desk.write(
        "late/kustomization.yaml",
        &format!("{late}namePrefix: late-\n"),
    );
    let told = desk.refused(&format!("{BUILD} late"));
    assert!(told.contains("SealedSecret prod/late-db"), "{told}");
    assert!(told.contains("strict prod/db/password"), "{told}");

    desk.ok("sed -i /^namespace/d base/kustomization.yaml");
    let told = desk.refused(&format!("{BUILD} base"));
    assert!(told.contains("Secret db: has no namespace"), "{told}");
    desk.write("base/seal.yaml", &seal.replace("prod", "prdo"));
    let told = desk.refused(&format!("{BUILD} base"));
    assert!(told.contains("did you mean \"prod\"?"), "{told}");
    assert!(!told.contains(&plaintext("env")), "a plaintext is told");
}
