//! Streams of SealedSecrets among other documents, in every way that people and programs write them.
//!
//! Names, values and comments are numbered throughout a stream, so that each is found again: `i0007`
//! is an item, `c0007` a comment that stands for itself, `o0007` one that goes with its item.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

/// An item in block style. `@2` is its indentation, `@K` its name, `@V` its value; `@A` an anchor;
/// `@C` and `@O` comments that stay and that go with the item.
const BLOCK_ITEMS: [&str; 20] = [
    "@2@K: @V\n",
    "@2@K: @V\n",
    "@2@K:   @V   # @O \u{e9}\n",
    "@2\"@K\" :  '@V'\n",
    "@2# @C: 'x\n@2@K: \"@V\"\t# @O\n",
    "\n@2@K:\n@2 @V\n",
    "@2@K: |-\n@2  @V\n\n",
    "@2@K: >-\n@2    @V\n@2# @C \u{4e16}\u{754c}\n",
    "@2@K: |2-\n@2  @V\n# @C\n",
    "@2@K: &@A @V\n",
    "@2@K: !!str @V\n",
    "@2@K: &@A !!str \"@V\"\n",
    "@2@K: &@A @V\n@2j@K: *@A\n",
    "@2? @K\n@2: @V\n",
    "@2@K: @V\n@2  # @C\n",
    "@2@K: \"@V\\\n@2  \"\n",
    "# @C\n@2@K: @V\t\n \n",
    "@2!!str @K: @V\n",
    "@2@K: |\n@2 @V\n",
    MERGE,
];

/// Items that a merge key brings, which a mapping has once.
const MERGE: &str = "@2<<: {@K: @V}\n";

/// All items in flow style, with what stands after the colon of `encryptedData`.
const FLOW_ITEMS: [&str; 8] = [
    " {@K: @V}",
    " {@K: @V, \"@K\": '@V' , @K: @V,}   # @C",
    " { \"@K\":\"@V\" }",
    " {\n@2@K: @V, # @O\n@2# @C\n@2\"@K\": @V\n@2}",
    " {@K: &@A @V,\n@2j@K: *@A, @K: \"@V\"\n@2} # @C",
    " &@A {@K: @V, @K: !!str @V}",
    " {\t@K: @V,\n\n@2@K: x:y }",
    " { # @C\n@2@K: @V, # @O\n@2}",
];

/// No items.
const NO_ITEMS: [&str; 5] = [" {}", "", " # @C", " null", " { } # @C"];

const OTHERS: [&str; 9] = [
    "# @C only a comment\n",
    "kind: A\nb: &x [1, 2, \"\u{e9}\"]\nc: *x\n",
    "kind: A\ntext: |+\n  ---x\n  \ttab\n\n",
    "kind: A\na: &x {b: c}\nd: *x\n\n# @C tail\n",
    "- plain\n  text\n- 'it''s'\n",
    "\n",
    "{kind: A, b: [c, {d: e}]} # @C\n",
    "kind: List\napiVersion: v1\nitems: []\n",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: x}\nstringData: {@K: plain}\n",
];

const JSON: [&str; 5] = [
    r#"{"apiVersion":"waxwing.dev/v1alpha1","kind":"SealedSecret","metadata":{"name":"x"},"spec":{"encryptedData":{"@K":"@V","@K":"@V"}}}"#,
    r#"{"kind": "A", "b": ["é", "\u00e9\ud83d\ude00"]} "#,
    "{\n  \"apiVersion\": \"waxwing.dev/v1alpha1\",\n  \"kind\": \"SealedSecret\",\n  \"metadata\": {\"name\": \"x\"},\n  \
     \"spec\": {\n    \"encryptedData\": {\n      \"@K\": \"@V\",\n      \"@K\": \"@V\"\n    }\n  }\n}\n",
    "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{\"apiVersion\":\"waxwing.dev/v1alpha1\",\"kind\":\"SealedSecret\",\n\t\
     \"metadata\":{\"name\":\"x\"},\"spec\":{\"encryptedData\":{ \"@K\" : \"@V\" }}}]}\n",
    "{\"apiVersion\":\"waxwing.dev/v1alpha1\",\"kind\":\"SealedSecret\",\"metadata\":{\"name\":\"x\"},\"spec\":{\
     \"template\":{\"type\":\"Opaque\"},\"encryptedData\":{}}}\r\n",
];

/// A stream, YAML or JSON.
pub(crate) fn any_stream() -> impl Strategy<Value = String> {
    prop_oneof![4 => any_yaml(), 1 => any_json()].prop_map(|text| numbered(&text))
}

fn any_json() -> impl Strategy<Value = String> {
    prop::collection::vec(select(&JSON[..]), 1..4).prop_map(|texts| texts.concat())
}

fn any_yaml() -> impl Strategy<Value = String> {
    let document = prop_oneof![
        1 => select(&OTHERS[..]).prop_map(str::to_owned),
        2 => any_sealed(),
    ];
    let separator = select(vec!["---\n", "--- # @C\n", "...\n---\n"]);
    let parts = prop::collection::vec((document, separator), 1..4);
    (parts, any::<[bool; 4]>()).prop_map(|(parts, [crlf, bom, marker, final_newline])| {
        let mut text = String::new();
        for (at, (document, separator)) in parts.iter().enumerate() {
            match at {
                0 if marker => text.push_str("# @C head\n---\n"),
                0 => {}
                // Not every reader takes the end of a document where none has begun.
                _ if is_blank(&parts[at - 1].0) => text.push_str("---\n"),
                _ => text.push_str(separator),
            }
            text.push_str(document);
        }
        if !final_newline {
            text.truncate(text.trim_end_matches('\n').len());
        }
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        if bom {
            text.insert(0, '\u{feff}');
        }
        text
    })
}

fn is_blank(document: &str) -> bool {
    document
        .lines()
        .all(|line| line.is_empty() || line.starts_with('#'))
}

/// A SealedSecret, alone or in a list.
fn any_sealed() -> impl Strategy<Value = String> {
    let template = select(vec![
        "",
        "@1template: {type: Opaque}\n",
        "@1# @C\n@1template:\n@1 metadata: {labels: &l {a: b}, annotations: *l}\n",
        "@1template:\n@1   data:\n@1     made: |+\n@1       x # no comment\n\n",
    ]);
    let indents = (1..4usize, 1..4usize);
    (any_encrypted_data(), template, indents, any::<[bool; 3]>()).prop_map(
        |(data, template, (outer, inner), [data_first, spec_last, in_list])| {
            let (first, then) = if data_first {
                (data.as_str(), template)
            } else {
                (template, data.as_str())
            };
            let spec = format!("spec: # @C\n{first}{then}");
            let head = "apiVersion: waxwing.dev/v1alpha1\nkind: 'SealedSecret'\n";
            let name = "metadata:\n  name:   x\n";
            let text = if spec_last {
                format!("{head}{name}{spec}")
            } else {
                format!("{head}{spec}{name}")
            };
            let text = text
                .replace("@1", &" ".repeat(outer))
                .replace("@2", &" ".repeat(outer + inner));
            if in_list { listed(&text) } else { text }
        },
    )
}

fn any_encrypted_data() -> impl Strategy<Value = String> {
    let block = prop::collection::vec(select(&BLOCK_ITEMS[..]), 1..5).prop_map(|mut items| {
        let mut merges = 0;
        items.retain(|item| *item != MERGE || std::mem::replace(&mut merges, 1) == 0);
        format!("@1encryptedData: # @C\n{}", items.concat())
    });
    let inline = |after_colon: &str| format!("@1encryptedData:{after_colon}\n");
    let flow = select(&FLOW_ITEMS[..]).prop_map(inline);
    let none = select(&NO_ITEMS[..]).prop_map(inline);
    Union::new_weighted(vec![
        (6, block.boxed()),
        (3, flow.boxed()),
        (1, none.boxed()),
        (1, Just(String::new()).boxed()),
    ])
}

/// As the second element of a list.
fn listed(text: &str) -> String {
    let lines: Vec<String> = text
        .split_inclusive('\n')
        .map(|line| {
            if line.trim().is_empty() {
                line.to_owned()
            } else {
                format!("  {line}")
            }
        })
        .collect();
    let element = lines.concat().replacen("  ", "- ", 1);
    format!("apiVersion: v1\nkind: List\nitems: # @C\n- {{kind: A, b: c}}\n{element}")
}

/// Gives every mark its number.
fn numbered(text: &str) -> String {
    let mut numbered = String::new();
    let mut item = 0;
    let mut parts = text.split('@');
    numbered.push_str(parts.next().unwrap_or_default());
    for (number, part) in parts.enumerate() {
        let (mark, rest) = part.split_at(1);
        let is_alias = numbered.ends_with('*') || numbered.ends_with('j');
        if mark == "K" && !is_alias {
            item = number;
        }
        numbered += &match mark {
            "K" => format!("i{item:04}"),
            "V" => format!("YWdl{item:04}OLD/+=="),
            "A" => format!("a{item:04}"),
            "C" => format!("c{number:04}"),
            _ => format!("o{number:04}"),
        };
        numbered.push_str(rest);
    }
    numbered
}
