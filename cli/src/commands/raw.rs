//! `waxwing seal --raw`: one value, without any manifest.

use std::time::SystemTime;

use waxwing_crypto::{MAX_VALUE_LEN, Place, Recipient, Scope, ScopeKind, SealedValue};
use waxwing_manifest::names::{NameError, check_item, check_object_name};

use crate::diagnostic::{Advice, Failure, warn};
use crate::input::Source;
use crate::namespace::FallbackNamespace;

/// Where the value is to be used, as far as the user said so.
pub(super) struct Target<'a> {
    pub(super) scope: ScopeKind,
    pub(super) namespace: FallbackNamespace<'a>,
    pub(super) name: Option<&'a str>,
    pub(super) item: Option<&'a str>,
}

impl Target<'_> {
    /// The scope, if all that it needs was given and is what Kubernetes takes.
    pub(super) fn scope(&self) -> Result<Scope, Failure> {
        let place = match self.scope {
            ScopeKind::Strict => Place {
                name: self.checked(self.name, "--name", check_object_name)?,
                item: self.checked(self.item, "--item", check_item)?,
                namespace: self.given(self.namespace.get()?, "-n")?,
            },
            ScopeKind::Namespace => Place {
                namespace: self.given(self.namespace.get()?, "-n")?,
                name: "",
                item: "",
            },
            ScopeKind::Cluster => Place {
                namespace: "",
                name: "",
                item: "",
            },
        };
        Ok(self.scope.at(&place))
    }

    fn checked<'v>(
        &self,
        value: Option<&'v str>,
        flag: &'static str,
        check: fn(&str) -> Result<(), NameError>,
    ) -> Result<&'v str, RawError> {
        let value = self.given(value, flag)?;
        check(value).map_err(|cause| RawError::Name {
            flag,
            value: value.to_owned(),
            cause,
        })?;
        Ok(value)
    }

    fn given<'v>(&self, value: Option<&'v str>, flag: &'static str) -> Result<&'v str, RawError> {
        value.ok_or(RawError::Missing {
            flag,
            scope: self.scope,
        })
    }
}

/// Seals all of `source`, byte for byte: a line break at its end is part of the value.
pub(super) fn seal(
    source: &Source,
    scope: &Scope,
    recipients: &[Recipient],
) -> Result<String, Failure> {
    let value = source.read_bytes(MAX_VALUE_LEN)?;
    if value.is_empty() {
        warn(
            &format!("{}: the value is empty", source.name()),
            "pipe the value in: printf %s VALUE | waxwing seal --raw …",
        );
    }
    Ok(SealedValue::seal(&value, scope, recipients, SystemTime::now())?.to_base64())
}

/// Why it is not known where a value is to be used.
#[derive(Debug, thiserror::Error)]
enum RawError {
    #[error("{flag} is missing: a value of scope {scope} is bound to it")]
    Missing {
        flag: &'static str,
        scope: ScopeKind,
    },
    #[error("{flag} \"{value}\": {cause}")]
    Name {
        flag: &'static str,
        value: String,
        cause: NameError,
    },
}

impl Advice for RawError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::Missing { .. } => vec![
                "give --name, --item and -n as the Secret will have them, or choose a wider --scope".to_owned(),
            ],
            Self::Name { .. } => Vec::new(),
        }
    }
}
