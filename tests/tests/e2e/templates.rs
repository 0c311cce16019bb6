//! The shape of the Secret: what templates make of items, and changes that Kubernetes does not let happen.

use std::collections::BTreeMap;

use kube::ResourceExt;
use waxwing_api::{ImmutablePolicy, Reason, SecretTemplate};
use waxwing_tests::{Space, canary::plaintext, space::items};

use crate::play;

/// Applies one item under a template.
async fn apply(space: &Space, value: &str, template: SecretTemplate) {
    let mut sealed = space.seal("db", &[("password", value)]).await.unwrap();
    sealed.spec.template = Some(template);
    space.apply(&sealed).await.unwrap();
}

fn with_data(templates: &[(&str, &str)]) -> SecretTemplate {
    let data = templates
        .iter()
        .map(|(item, text)| ((*item).to_owned(), (*text).to_owned()));
    SecretTemplate {
        data: data.collect::<BTreeMap<_, _>>(),
        ..SecretTemplate::default()
    }
}

fn immutable(immutable_policy: ImmutablePolicy) -> SecretTemplate {
    SecretTemplate {
        immutable: Some(true),
        immutable_policy,
        ..SecretTemplate::default()
    }
}

#[tokio::test]
async fn a_templated_item_is_quoted_for_the_place_that_it_stands_in() {
    play("quoting", async |_, space| {
        let value = plaintext("a'b\"c/d");
        let template = with_data(&[
            ("config.json", "{\"password\": {{ password|tojson }}}"),
            ("url", "postgres://app:{{ password|urlencode }}@db/shop"),
            ("login.sh", "export PASSWORD={{ password|shellquote }}\n"),
        ]);
        apply(space, &value, template).await;
        space.ready("db").await.unwrap();
        let made = space.items("db").await.unwrap();
        let config: serde_json::Value = serde_json::from_str(&made["config.json"]).unwrap();
        assert_eq!(config["password"], value);
        assert!(made["url"].contains("%27b%22c%2Fd"), "not encoded");
        let script = format!("{}printf %s \"$PASSWORD\"", made["login.sh"]);
        let shell = std::process::Command::new("sh")
            .args(["-c", &script])
            .output()
            .unwrap();
        assert!(
            shell.stdout == value.as_bytes(),
            "the shell reads another word"
        );
    })
    .await;
}

#[tokio::test]
async fn an_immutable_secret_is_made_anew_if_its_template_asks_for_it() {
    play("recreate", async |_, space| {
        let [first, second] = ["first", "second"].map(plaintext);
        apply(space, &first, immutable(ImmutablePolicy::Refuse)).await;
        space.ready("db").await.unwrap();
        let before = space.secret("db").await.unwrap();

        apply(space, &second, immutable(ImmutablePolicy::Refuse)).await;
        let message = space.refused("db", Reason::ImmutableSecret).await.unwrap();
        assert!(
            message.contains("immutablePolicy"),
            "no next step in: {message}"
        );

        apply(space, &second, immutable(ImmutablePolicy::Recreate)).await;
        space.ready("db").await.unwrap();
        let after = space.holds("db", &[("password", &second)]).await.unwrap();
        assert_ne!(after.uid(), before.uid());
        assert_eq!(after.immutable, Some(true));
        assert_eq!(after.owner_references(), before.owner_references());
    })
    .await;
}

#[tokio::test]
async fn a_change_of_the_type_is_carried_out_by_a_new_secret_if_the_template_asks_for_it() {
    play("retype", async |_, space| {
        let value = plaintext("p");
        space.unseal("db", &[("password", &value)]).await.unwrap();
        let template = SecretTemplate {
            type_: Some("example.com/db".to_owned()),
            immutable_policy: ImmutablePolicy::Recreate,
            ..SecretTemplate::default()
        };
        apply(space, &value, template).await;
        space.ready("db").await.unwrap();
        let secret = space.secret("db").await.unwrap();
        assert_eq!(secret.type_.as_deref(), Some("example.com/db"));
        assert_eq!(
            space.items("db").await.unwrap(),
            items(&[("password", &value)])
        );
    })
    .await;
}
