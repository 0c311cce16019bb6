//! Takes a list apart while it comes.
//!
//! The API server answers a request for a list with one JSON object,
//! `{"apiVersion":…,"items":[…],"metadata":{…}}`, which may be a hundred times larger than any of its items.
//! serde reads no value before all of it is there, so this finds where each item ends; what an item says is
//! left to serde.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ListMeta;
use memchr::memchr2;
use serde::Deserialize;

/// The nesting of what stands directly in the list's array: within the list's object, and within the array.
const ITEMS: usize = 2;

/// A list of which only the item that is coming is kept, and what is no item.
#[derive(Debug, Default)]
pub(crate) struct ListItems {
    /// How many objects and arrays are open.
    depth: usize,
    in_string: bool,
    /// The next byte of the string stands for itself.
    is_escaped: bool,
    /// Within the list's array: the only one that stands directly in the list's object.
    in_array: bool,
    item: Vec<u8>,
    /// The list without its items.
    envelope: Vec<u8>,
}

/// What is left of a list without its items.
#[derive(Deserialize)]
struct Envelope {
    metadata: ListMeta,
}

impl ListItems {
    /// Takes bytes off the front up to the end of an item, and returns that item as JSON; `None`: all bytes
    /// were taken.
    pub(crate) fn take<'a>(&'a mut self, bytes: &mut &[u8]) -> Option<&'a [u8]> {
        let all = *bytes;
        // Everything before it is where it belongs.
        let mut kept = 0;
        let mut at = 0;
        while at < all.len() {
            if self.in_string {
                at += self.string(&all[at..]);
                continue;
            }
            match all[at] {
                b'"' => self.in_string = true,
                opening @ (b'{' | b'[') => {
                    if self.stands_in_array() && opening == b'{' {
                        self.keep(&all[kept..at]);
                        kept = at;
                        self.item.clear();
                    }
                    self.in_array |= opening == b'[' && self.depth == 1;
                    self.depth += 1;
                }
                b'}' | b']' => {
                    let in_item = self.is_in_item();
                    self.depth = self.depth.saturating_sub(1);
                    if in_item && !self.is_in_item() {
                        self.item.extend_from_slice(&all[kept..=at]);
                        *bytes = &all[at + 1..];
                        return Some(&self.item);
                    }
                    self.in_array &= self.depth >= ITEMS;
                }
                b',' if self.stands_in_array() => {
                    self.keep(&all[kept..at]);
                    kept = at + 1;
                }
                _ => {}
            }
            at += 1;
        }
        self.keep(&all[kept..]);
        *bytes = &[];
        None
    }

    /// What the list says of itself.
    ///
    /// # Errors
    /// If it did not come to its end.
    pub(crate) fn finish(self) -> serde_json::Result<ListMeta> {
        serde_json::from_slice(&self.envelope).map(|Envelope { metadata }| metadata)
    }

    /// Goes on in a string, and returns how many bytes of these are behind it then.
    fn string(&mut self, bytes: &[u8]) -> usize {
        if self.is_escaped {
            self.is_escaped = false;
            return 1;
        }
        let Some(end) = memchr2(b'"', b'\\', bytes) else {
            return bytes.len();
        };
        match bytes[end] {
            b'"' => self.in_string = false,
            _ => self.is_escaped = true,
        }
        end + 1
    }

    fn stands_in_array(&self) -> bool {
        self.in_array && self.depth == ITEMS
    }

    fn is_in_item(&self) -> bool {
        self.in_array && self.depth > ITEMS
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.is_in_item() {
            self.item.extend_from_slice(bytes);
        } else {
            self.envelope.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::{Value, json};

    use super::*;

    /// Takes the list apart as it comes in pieces of that size.
    fn take_apart(list: &str, piece: usize) -> (Vec<Value>, serde_json::Result<ListMeta>) {
        let mut items = Vec::new();
        let mut taken = ListItems::default();
        for mut bytes in list.as_bytes().chunks(piece) {
            while let Some(item) = taken.take(&mut bytes) {
                items.push(serde_json::from_slice(item).unwrap());
            }
        }
        (items, taken.finish())
    }

    fn awkward_items() -> Vec<Value> {
        vec![
            json!({}),
            json!({ "metadata": { "name": "plain" }, "spec": { "list": [1, [2, {}], { "items": [{}] }] } }),
            json!({ "text": "brackets ]}[{ and \"quotes\" and a backslash \\" }),
            json!({ "text": "\\\"", "\\": "\\\\", "ends": "\\" }),
            json!({ "umlaut": "ü", "null": null, "number": -1.5e300 }),
        ]
    }

    #[test]
    fn items_are_the_same_wherever_the_pieces_end_and_whatever_stands_in_them() {
        let list = json!({
            "apiVersion": "v1",
            "items": awkward_items(),
            "kind": "List",
            "metadata": { "continue": "a\"]}b", "resourceVersion": "7" },
        });
        for text in [list.to_string(), format!("{list:#}\n")] {
            for piece in 1..text.len() {
                let (items, meta) = take_apart(&text, piece);
                assert_eq!(items, awkward_items(), "pieces of {piece}");
                let meta = meta.unwrap();
                assert_eq!(meta.continue_.as_deref(), Some("a\"]}b"));
                assert_eq!(meta.resource_version.as_deref(), Some("7"));
            }
        }
    }

    #[test]
    fn the_order_of_the_fields_does_not_matter() {
        let before =
            r#"{"kind":"List","metadata":{"resourceVersion":"7"},"items":[{"a":1},{"b":2}]}"#;
        let (items, meta) = take_apart(before, 5);
        assert_eq!(items, [json!({ "a": 1 }), json!({ "b": 2 })]);
        assert_eq!(meta.unwrap().resource_version.as_deref(), Some("7"));
        for none in ["[]", "null"] {
            let list = format!(r#"{{"items":{none},"metadata":{{"resourceVersion":"7"}}}}"#);
            let (items, meta) = take_apart(&list, 3);
            assert!(items.is_empty() && meta.is_ok());
        }
    }

    #[test]
    fn a_list_that_breaks_off_is_not_taken_for_a_whole_one() {
        let list = json!({ "items": awkward_items(), "metadata": { "resourceVersion": "7" } });
        let text = list.to_string();
        for end in 0..text.len() {
            let (_, meta) = take_apart(&text[..text.floor_char_boundary(end)], 16);
            assert!(meta.is_err(), "it ends after {end} bytes");
        }
    }

    #[test]
    fn what_is_no_list_is_an_error_and_no_panic() {
        for text in [
            "",
            "]",
            "}}}",
            "null",
            "[[[{}",
            "[{},{}]",
            "\"\\",
            "{\"items\":[{]]}",
            "{}",
            "{\"items\":[{}]}",
            "\u{1F980}",
        ] {
            for piece in 1..=text.len().max(1) {
                let mut taken = ListItems::default();
                for mut bytes in text.as_bytes().chunks(piece) {
                    while taken.take(&mut bytes).is_some() {}
                }
                assert!(taken.finish().is_err(), "{text}");
            }
        }
    }
}
