//! Whatever a Secret holds comes back the same.

use proptest::prelude::*;
use waxwing_api::{AnySealedSecret, ClusterSealedSecret, SealedSecret};
use waxwing_crypto::ScopeKind;
use waxwing_manifest::{
    Format, Replacement, SealFor, SecretManifest, parse_selector, read, rewrite, seal_secret, write,
};
use zeroize::Zeroizing;

use crate::common::{documents, key, now};
use crate::unseal_first;

const PROD: SealFor<'_> = SealFor::Namespace("prod", ScopeKind::Strict);

/// A Secret written as a manifest and read back.
fn written_and_read(secret: &SecretManifest, format: Format) -> SecretManifest {
    let placeholder = documents("kind: A\n");
    let text = rewrite(&placeholder, format, |_| {
        Some(Replacement::Secret(Box::new(secret.clone())))
    })
    .unwrap();
    let documents = read("written", &text).unwrap();
    SecretManifest::read(&documents[0].objects().next().unwrap()).unwrap()
}

fn any_secret() -> impl Strategy<Value = SecretManifest> {
    let item = "[-_a-zA-Z0-9][-._a-zA-Z0-9]{0,12}";
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..64),
        "[ -~]{0,8}".prop_map(String::into_bytes),
    ];
    let items = prop::collection::btree_map(item, value.prop_map(Zeroizing::new), 1..5);
    let label = "([a-zA-Z0-9]([-_.a-zA-Z0-9]{0,8}[a-zA-Z0-9])?)?";
    let labels = prop::collection::btree_map("[a-z0-9]{1,5}(/[a-z0-9]{1,5})?", label, 0..3);
    let annotations = prop::collection::btree_map("[a-z0-9]{1,8}", ".*|[a \n]{0,9}", 0..3);
    let type_ = prop::option::of(prop_oneof![
        Just("Opaque".to_owned()),
        "[a-z]{1,4}/[a-z]{1,4}"
    ]);
    (items, labels, annotations, type_, any::<Option<bool>>()).prop_map(
        |(items, labels, annotations, type_, immutable)| SecretManifest {
            name: "db".to_owned(),
            namespace: Some("prod".to_owned()),
            type_,
            labels,
            annotations,
            immutable,
            items,
        },
    )
}

proptest! {
    #[test]
    fn any_secret_that_is_written_is_read_back_the_same(secret in any_secret()) {
        for format in [Format::Yaml, Format::Json] {
            prop_assert_eq!(&written_and_read(&secret, format), &secret);
        }
    }

    #[test]
    fn any_secret_that_is_sealed_is_unsealed_the_same(secret in any_secret()) {
        let (recipients, ring) = key();
        let sealed = seal_secret(&secret, PROD, &recipients, now()).unwrap();
        for format in [Format::Yaml, Format::Json] {
            let text = rewrite(&documents("kind: A\n"), format, |_| {
                Some(Replacement::Sealed(Box::new(sealed.clone())))
            }).unwrap();
            let unsealed = unseal_first(&text, None, &ring).unwrap();
            prop_assert_eq!(&unsealed.secret, &secret);
        }
    }

    #[test]
    fn another_yaml_reader_sees_the_same_sealed_secret(secret in any_secret()) {
        let (recipients, _) = key();
        let sealed = seal_secret(&secret, PROD, &recipients, now()).unwrap();
        let text = write(Replacement::Sealed(Box::new(sealed.clone())), Format::Yaml);
        let read: SealedSecret = serde_yaml::from_str(&text).unwrap();
        prop_assert_eq!(AnySealedSecret::from(read), sealed);

        let selector = parse_selector("team=a,env notin (qa),old").unwrap();
        let sealed = seal_secret(&secret, SealFor::Namespaces(&selector), &recipients, now()).unwrap();
        let text = write(Replacement::Sealed(Box::new(sealed.clone())), Format::Yaml);
        let read: ClusterSealedSecret = serde_yaml::from_str(&text).unwrap();
        prop_assert_eq!(AnySealedSecret::from(read), sealed);
    }
}
