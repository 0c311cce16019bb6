//! Secrets that someone else made.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use waxwing_api::names::API_VERSION;

use super::*;

#[test]
fn a_foreign_secret_is_touched_only_with_its_owners_consent() {
    let wanted = desired(&[("a", "1")]);
    let consent = [(ADOPT_ANNOTATION, "true")];
    let merge = [(ADOPT_ANNOTATION, "merge")];
    check(
        "no consent",
        &foreign(&[("x", "9")], &[]),
        &wanted,
        "NotOwned",
    );
    check(
        "some other word",
        &foreign(&[("x", "9")], &[(ADOPT_ANNOTATION, "yes")]),
        &wanted,
        "NotOwned",
    );
    check(
        "handed over",
        &foreign(&[("x", "9")], &consent),
        &wanted,
        "apply, remove x",
    );
    check("merge", &foreign(&[("x", "9")], &merge), &wanted, "apply");

    let mut controlled = foreign(&[("x", "9")], &consent);
    controlled.metadata.owner_references = Some(vec![OwnerReference {
        api_version: "v1".to_owned(),
        kind: "Other".to_owned(),
        name: "db".to_owned(),
        uid: "uid-9".to_owned(),
        controller: Some(true),
        block_owner_deletion: None,
    }]);
    check("another controller's", &controlled, &wanted, "NotOwned");

    let mut earlier = applied(&wanted);
    earlier.metadata.owner_references.as_mut().unwrap()[0].uid = "uid-0".to_owned();
    check(
        "of a SealedSecret of this name that was deleted",
        &earlier,
        &wanted,
        "apply",
    );
    earlier.metadata.owner_references.as_mut().unwrap()[0].name = "other".to_owned();
    check("of another SealedSecret", &earlier, &wanted, "NotOwned");
    assert_eq!(
        API_VERSION.split('/').next(),
        Some(waxwing_api::names::GROUP)
    );
}

#[test]
fn what_is_made_from_one_kind_is_not_taken_over_by_the_other() {
    let wanted = desired(&[("a", "1")]);
    let in_prod = Target::in_namespace(&sealed(), "prod");
    for policy in [DeletionPolicy::Delete, DeletionPolicy::Retain] {
        let wanted = Desired {
            deletion_policy: policy,
            ..desired(&[("a", "1")])
        };
        for (maker, other) in [(&in_prod, &target()), (&target(), &in_prod)] {
            let made = whole(&wanted, maker, "7");
            assert_eq!(word(&plan(&wanted, other, Some(&made))), "NotOwned");
        }
    }
    let Plan::Apply(apply) = plan(&wanted, &in_prod, None) else {
        panic!("nothing applied");
    };
    assert_eq!(apply.secret.namespace().as_deref(), Some("prod"));
    let owner = &apply.secret.owner_references()[0];
    assert_eq!(owner.kind, "ClusterSealedSecret");
}

#[test]
fn merging_writes_the_items_and_nothing_else() {
    let existing = foreign(&[("x", "9")], &[(ADOPT_ANNOTATION, "merge")]);
    let Plan::Apply(apply) = plan(&desired(&[("a", "1")]), &target(), Some(&existing)) else {
        panic!("nothing applied");
    };
    let secret = apply.secret;
    assert_eq!(
        secret.data.as_ref().unwrap().keys().collect::<Vec<_>>(),
        ["a"]
    );
    assert_eq!(secret.type_, None);
    assert!(secret.owner_references().is_empty());
    assert_eq!(
        secret.labels().get(MANAGED_LABEL).map(String::as_str),
        Some(ADOPT_MERGE)
    );

    let mut merged = foreign(&[("x", "9"), ("a", "1")], &[(ADOPT_ANNOTATION, "merge")]);
    merged.metadata.labels = Some(map(&[(MANAGED_LABEL, ADOPT_MERGE)]));
    merged.metadata.managed_fields = Some(vec![managed(FIELD_MANAGER, &["a"], &[MANAGED_LABEL])]);
    check("merged", &merged, &desired(&[("a", "1")]), "leave");
    check(
        "item removed from the SealedSecret",
        &merged,
        &desired(&[("b", "1")]),
        "apply",
    );
    merged.metadata.annotations = None;
    check(
        "consent withdrawn",
        &merged,
        &desired(&[("a", "1")]),
        "NotOwned",
    );
}
