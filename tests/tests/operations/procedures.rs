//! Each procedure of docs/operations.md, as it is written.

use waxwing_tests::{Cluster, Controller, Stage, canary::plaintext, document};

use crate::repository::{Recovery, Repository, commands_of};

/// The sections that the tests below run, each at least once.
const TESTED: [&str; 8] = [
    "Prepare for the worst",
    "Back up",
    "Rotate",
    "Delete an old key",
    "A key is compromised",
    "Recover on a new cluster",
    "Recover without a cluster",
    "Move to another cluster",
];

#[test]
fn no_procedure_is_left_out() {
    let with_commands = document::headings_with_commands("docs/operations.md").unwrap();
    assert_eq!(with_commands, TESTED);
}

#[tokio::test]
async fn prepare_for_the_worst() {
    let mut stage = Stage::own(&[]).await.unwrap();
    stage.primary().await.unwrap();
    let operator = Repository::empty(&stage.cluster, &Recovery::new());
    operator.run("rm recovery.txt recovery-recipients.txt");
    let [make, configure, check] = &commands_of("Prepare for the worst")[..] else {
        panic!("the section has changed")
    };
    operator.run(make);
    operator.run(configure);
    // What Kubernetes does with a changed Deployment: the controller runs anew, with its environment.
    let recipient = operator.run(
        "kubectl get -n waxwing-system deployment/waxwing-controller \
         -o jsonpath='{.spec.template.spec.containers[0].env[?(@.name==\"WAXWING_RECOVERY_RECIPIENT\")].value}'",
    );
    stage.controller.take().unwrap().terminate().unwrap();
    let args = ["--recovery-recipient", recipient.trim()];
    stage.controller = Some(Controller::spawn(&stage.cluster, &args).await.unwrap());
    let listed = operator.run(check);
    assert!(
        listed.contains("ESCROW") && !listed.trim_end().ends_with("no"),
        "{listed}"
    );
    stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn back_up() {
    let recovery = Recovery::new();
    let stage = recovery.stage().await;
    let operator = Repository::sealed(&stage, &recovery).await;
    let printed = operator.follow(&["Back up"], "");
    let primary = stage.primary().await.unwrap().key_id();
    assert!(
        printed.contains(&format!("SealingKey {primary} is there already")),
        "{printed}"
    );
}

#[tokio::test]
async fn rotate_and_delete_the_old_key() {
    let recovery = Recovery::new();
    let stage = recovery.stage().await;
    let operator = Repository::sealed(&stage, &recovery).await;
    let old = stage.primary().await.unwrap().key_id().to_string();
    operator.follow(&["Rotate", "Delete an old key"], "");

    let new = stage.primary().await.unwrap().key_id().to_string();
    assert_ne!(new, old);
    for name in ["db", "web"] {
        assert_eq!(operator.key_ids(name), [new.as_str()]);
        operator.reopen(name);
        assert!(operator.password(name).contains(&plaintext(name)));
    }
    let left = operator.run("waxwing keys list");
    assert!(!left.contains(&old), "{left}");
    operator.run("waxwing reseal --check apps");
    stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn a_key_is_compromised() {
    let recovery = Recovery::new();
    let stage = recovery.stage().await;
    let operator = Repository::sealed(&stage, &recovery).await;
    let compromised = stage.primary().await.unwrap().key_id().to_string();
    let settings = format!("NEW_PASSWORD={}", plaintext("new"));
    operator.follow(&["A key is compromised"], &settings);

    let new = stage.primary().await.unwrap().key_id().to_string();
    for (name, password) in [("db", plaintext("new")), ("web", plaintext("web"))] {
        assert_eq!(operator.key_ids(name), [new.as_str()]);
        operator.reopen(name);
        assert!(operator.password(name).contains(&password));
    }
    let keys = operator.run("waxwing keys list");
    let revoked = keys.lines().find(|line| line.starts_with(&compromised));
    assert!(
        revoked.is_some_and(|line| line.contains("Revoked")),
        "{keys}"
    );
    stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn recover_on_a_new_cluster_and_without_any() {
    let recovery = Recovery::new();
    let stage = recovery.stage().await;
    let operator = Repository::sealed(&stage, &recovery).await;
    operator.run("waxwing keys rotate");
    operator.run(
        "kubectl create secret generic late -n prod --from-literal=password=late --dry-run=client -o yaml \
         | waxwing seal -o apps/late.yaml",
    );
    let primary = stage.primary().await.unwrap();
    operator.run("waxwing keys backup -o keys.yaml");

    let mut cluster = Cluster::start().await.unwrap();
    let survivor = operator.clone_to(&cluster);
    drop(operator);
    drop(stage);

    let printed = survivor.follow(&["Recover without a cluster"], "");
    assert!(printed.contains(&plaintext("db")), "{printed}");

    let deploy = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy");
    survivor.run(&format!("ln -s '{deploy}' deploy"));
    let [install, restore, apply] = &commands_of("Recover on a new cluster")[..] else {
        panic!("the section has changed")
    };
    survivor.run(install);
    cluster.install().await.unwrap();
    let controller = Controller::spawn(&cluster, &[]).await.unwrap();
    let stage = Stage {
        controller: Some(controller),
        cluster,
    };
    stage.primary().await.unwrap();
    survivor.run(restore);
    survivor.run(apply);
    for name in ["db", "web"] {
        assert!(survivor.password(name).contains(&plaintext(name)));
    }
    assert_eq!(survivor.password("late"), "late");
    assert_eq!(stage.primary().await.unwrap(), primary);
    stage.assert_no_plaintext_leaked().await.unwrap();
}

#[tokio::test]
async fn move_to_another_cluster() {
    let recovery = Recovery::new();
    let old = recovery.stage().await;
    let operator = Repository::sealed(&old, &recovery).await;
    let [backup, restore, reseal] = &commands_of("Move to another cluster")[..] else {
        panic!("the section has changed")
    };
    operator.run(backup);

    let new = recovery.stage().await;
    let primary = new.primary().await.unwrap();
    let operator = operator.clone_to(&new.cluster);
    operator.run(restore);
    drop(old);
    for name in ["db", "web"] {
        assert!(operator.password(name).contains(&plaintext(name)));
    }
    assert_eq!(new.primary().await.unwrap(), primary);

    operator.run(reseal);
    for name in ["db", "web"] {
        assert_eq!(operator.key_ids(name), [primary.key_id().to_string()]);
        operator.reopen(name);
        assert!(operator.password(name).contains(&plaintext(name)));
    }
    new.assert_no_plaintext_leaked().await.unwrap();
}
