//! `--from-env`: values that the environment holds.

use std::env;
use std::os::unix::ffi::OsStringExt;

use zeroize::Zeroizing;

use crate::commands::items::Items;
use crate::diagnostic::{Advice, Failure};

/// Adds the value of a variable, of `ITEM=VARIABLE` or, for the item `named`, of `VARIABLE`.
///
/// No error repeats the argument: whoever writes `$VARIABLE` has given the value.
pub(super) fn read(
    origin: &str,
    argument: &str,
    named: Option<&str>,
    items: &mut Items,
) -> Result<(), Failure> {
    let (item, variable) = match argument.split_once('=') {
        Some((item, variable)) => (Some(item), variable),
        None => (named, argument),
    };
    let item = item.ok_or_else(|| EnvironmentError::NoItem {
        origin: origin.to_owned(),
    })?;
    let is_name = !variable.is_empty() && !variable.contains(['=', '\0']);
    let value = is_name.then(|| env::var_os(variable)).flatten();
    let value = value.ok_or_else(|| EnvironmentError::Unset {
        origin: origin.to_owned(),
    })?;
    Ok(items.add(origin, item, Zeroizing::new(value.into_vec()))?)
}

/// No variable to take a value from.
#[derive(Debug, thiserror::Error)]
enum EnvironmentError {
    #[error("{origin}: names no item")]
    NoItem { origin: String },
    #[error("{origin}: the environment has no such variable")]
    Unset { origin: String },
}

impl Advice for EnvironmentError {
    fn advice(&self) -> Vec<String> {
        let advice = match self {
            Self::NoItem { .. } => "write --from-env=ITEM=VARIABLE",
            Self::Unset { .. } => {
                "give the name of an exported variable, without $: --from-env=password=DB_PASSWORD"
            }
        };
        vec![advice.to_owned()]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_variable_is_found_for_its_item_or_the_named_one() {
        let path = env::var("PATH").unwrap();
        for (argument, named, item) in [
            ("it=PATH", None, Some("it")),
            ("it=PATH", Some("other"), Some("it")),
            ("PATH", Some("other"), Some("other")),
            ("PATH", None, None),
            ("it=", None, None),
            ("it=a=b", None, None),
            ("=PATH", Some("other"), None),
            ("WAXWING_TEST_UNSET", Some("other"), None),
        ] {
            let mut items = Items::default();
            let read = read("it", argument, named, &mut items);
            assert_eq!(read.is_ok(), item.is_some(), "{argument:?}");
            let found = item.and_then(|item| items.get(item));
            assert_eq!(found, item.map(|_| path.as_bytes()), "{argument:?}");
        }
    }
}
