//! The shape of the Secret: what templates make of items, and changes that Kubernetes does not let happen.

use std::collections::BTreeMap;

use kube::ResourceExt;
use waxwing_api::{ImmutablePolicy, Reason, SecretTemplate};
use waxwing_tests::{Space, canary::plaintext, space::items};

use crate::{play, play_alone};

async fn apply(space: &Space, value: &str, template: SecretTemplate) {
    apply_as("db", space, value, template).await;
}

/// Applies one item under a template.
async fn apply_as(name: &str, space: &Space, value: &str, template: SecretTemplate) {
    let mut sealed = space.seal(name, &[("password", value)]).await.unwrap();
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

/// Templates of which each would take all memory, the whole stack, or years.
fn excessive() -> Vec<(&'static str, String)> {
    let chain = |start: &str, step: &str, end: &str| format!("{start}{}{end}", step.repeat(60));
    let text = |step: &str| chain("{% set a = password %}", step, "{{ a }}");
    let list = |end: &str| chain("{% set a = [password] %}", "{% set a = [a, a] %}", end);
    let nested = "{% set n = namespace(a=password) %}\
                  {% for i in range(40000) %}{% set n.a = [n.a] %}{% endfor %}{{ n.a|length }}";
    let lists = chain(
        "{% set a = [password] %}{% set b = [password] %}",
        "{% set a = [a, a] %}{% set b = [b, b] %}",
        "{{ a == b }}",
    );
    let calls = "{% macro m(a) %}{{ m(a ~ a) }}{{ m(a ~ a) }}{% endmacro %}{{ m(password) }}";
    let loops =
        "{% for i in range(99999) %}{% for j in range(99999) %}{{ j }}{% endfor %}{% endfor %}";
    let operators = format!("{{{{ password{} }}}}", " ~ 'x'".repeat(100_000));
    let branches = format!(
        "{{% if '' %}}{}{{% endif %}}",
        "{% elif '' %}".repeat(80_000)
    );
    vec![
        ("concatenated", text("{% set a = a ~ a %}")),
        ("multiplied", text("{% set a = a * 1000 %}")),
        ("replaced", text("{% set a = a|replace('', a) %}")),
        ("joined", list("{{ a|join }}")),
        ("list-as-text", list("{{ a }}")),
        ("list-as-json", list("{{ a|tojson }}")),
        ("compared", lists),
        (
            "indented",
            "{{ ('\n' * 100000)|indent(1000000) }}".to_owned(),
        ),
        (
            "ranged",
            "{{ range(99999)|join(password * 1000) }}".to_owned(),
        ),
        ("recursive", calls.to_owned()),
        ("loops", loops.to_owned()),
        ("nested", nested.to_owned()),
        ("operators", operators),
        ("branches", branches),
    ]
}

#[tokio::test]
async fn a_template_that_takes_too_much_is_refused_and_hurts_nobody_else() {
    play_alone("excessive", &[], async |stage, space| {
        let controller = stage.controller.as_ref().unwrap();
        let value = plaintext("p");
        let good = || with_data(&[("greeting", "hello {{ password }}")]);
        apply_as("before", space, &value, good()).await;
        space.ready("before").await.unwrap();
        let before = controller.usage().unwrap().peak_memory_kib;

        for (name, template) in excessive() {
            let template = with_data(&[("result", &template)]);
            apply_as(name, space, &value, template).await;
        }
        apply_as("after", space, &value, good()).await;
        space.ready("after").await.unwrap();
        for (name, _) in excessive() {
            let message = space.refused(name, Reason::TemplateError).await.unwrap();
            assert!(message.starts_with("result: "), "no item in: {message}");
        }
        let after = controller.usage().unwrap().peak_memory_kib;
        assert!(
            after < 2 * before,
            "{before} KiB, and {after} KiB after that"
        );
    })
    .await;
}
