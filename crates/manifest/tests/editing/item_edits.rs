//! What is done to items in the tests, and where it is tried.

use waxwing_manifest::edit::{Change, apply};
use waxwing_manifest::{ManifestError, Object};

use crate::common::{documents, sealed_objects, with_items};

/// What is done to an item of the first SealedSecret of a file.
pub(crate) type Edit = for<'a> fn(Object<'a>) -> Result<Change<'a>, ManifestError>;

pub(crate) fn edited(text: &str, edits: &[Edit]) -> Result<String, ManifestError> {
    let documents = documents(text);
    let object = sealed_objects(&documents)[0];
    let changes = edits.iter().map(|edit| edit(object));
    apply(&documents, &changes.collect::<Result<Vec<_>, _>>()?)
}

pub(crate) fn insert(object: Object<'_>) -> Result<Change<'_>, ManifestError> {
    Change::insert_item(object, "new", "TkVX")
}

pub(crate) fn insert_another(object: Object<'_>) -> Result<Change<'_>, ManifestError> {
    Change::insert_item(object, "no", "Tk8=")
}

pub(crate) fn replace(object: Object<'_>) -> Result<Change<'_>, ManifestError> {
    Change::replace_item(object, "a", "TkVX")
}

pub(crate) fn remove(object: Object<'_>) -> Result<Change<'_>, ManifestError> {
    Change::remove_item(object, "a")
}

pub(crate) fn remove_other(object: Object<'_>) -> Result<Change<'_>, ManifestError> {
    Change::remove_item(object, "b")
}

pub(crate) fn rename(object: Object<'_>) -> Result<Change<'_>, ManifestError> {
    Change::rename_item(object, "a", "z.key")
}

/// A SealedSecret with these items and something after them.
fn with_template(items: &str) -> String {
    with_items(&format!("{items}  template: {{type: Opaque}}\n"))
}

/// As the element of a list.
fn in_list(text: &str) -> String {
    let element = text.replace('\n', "\n  ");
    let element = element.trim_end_matches(' ');
    format!("apiVersion: v1\nkind: List\nitems:\n- {element}")
}

/// Edits the items `old` in several surroundings and compares with `new`.
pub(crate) fn assert_edited(edits: &[Edit], old: &str, new: &str) {
    // Something can only follow a line that ends.
    let is_whole = old.ends_with('\n');
    let around: &[fn(&str) -> String] = if is_whole {
        &[
            with_items,
            with_template,
            |items| with_items(items) + "---\nkind: A\n",
            |items| with_items(items) + "...\n",
            |items| with_items(items) + "# end",
        ]
    } else {
        &[with_items]
    };
    for object in around {
        for file in [
            |text: &str| text.to_owned(),
            |text: &str| text.replace('\n', "\r\n"),
            |text: &str| format!("\u{feff}# é\n---\n{text}"),
            |text: &str| format!("kind: A # é\n---\n{text}"),
        ] {
            assert_one(edits, &file(&object(old)), &file(&object(new)));
        }
    }
    for object in around.iter().take(2) {
        assert_one(edits, &in_list(&object(old)), &in_list(&object(new)));
    }
}

fn assert_one(edits: &[Edit], old: &str, new: &str) {
    let edited = edited(old, edits).map_err(|error| error.to_string());
    assert_eq!(edited.as_deref(), Ok(new), "{old:?}");
}
