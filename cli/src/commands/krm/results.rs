//! Why a list is refused: for the program that runs the function as results, in the format of the KRM
//! function specification, and for people as errors.

use serde::Serialize;
use serde_json::json;
use waxwing_crypto::SealError;
use waxwing_manifest::{Kind, ManifestError, Object};

use crate::diagnostic::{Advice, Failure};

/// The annotations with the file that an item comes from; the first is that of the specification.
const PATH: [&str; 2] = [
    "internal.config.kubernetes.io/path",
    "config.kubernetes.io/path",
];

/// Everything that is wrong with a list.
#[derive(Default)]
pub(super) struct Refusal {
    results: Vec<Entry>,
    pub(super) failure: Failure,
}

/// One of the results of a ResourceList.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    message: String,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_ref: Option<ResourceRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<File>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResourceRef {
    api_version: String,
    kind: &'static str,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
}

#[derive(Serialize)]
struct File {
    path: String,
}

impl Refusal {
    /// What is wrong with an item.
    pub(super) fn about(object: &Object<'_>, errors: Vec<ManifestError>) -> Self {
        let mut refusal = Self::default();
        for error in errors {
            refusal.add(Self::said(object, error.message(), Vec::new()));
        }
        refusal
    }

    /// An item of no known namespace.
    pub(super) fn no_namespace(object: &Object<'_>) -> Self {
        let message = format!(
            "{}: has no namespace, which its values are bound to",
            object.describe()
        );
        let advice = "give the kustomization that runs the function a namespace: field, or spec.namespace to the function; a namespace that is set later comes too late";
        Self::said(object, message, vec![advice.to_owned()])
    }

    fn said(object: &Object<'_>, message: String, advice: Vec<String>) -> Self {
        let path = PATH.iter().find_map(|key| object.annotation(key));
        let entry = Entry {
            message: message.clone(),
            severity: "error",
            resource_ref: Some(ResourceRef::of(object)),
            file: path.map(|path| File {
                path: path.to_owned(),
            }),
        };
        let message = match path {
            Some(path) => format!("{path}: {message}"),
            None => message,
        };
        Self {
            results: vec![entry],
            failure: ItemError { message, advice }.into(),
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.results.extend(other.results);
        self.failure.add(other.failure);
    }

    /// `value`, unless something is wrong.
    pub(super) fn or<T>(self, value: T) -> Result<T, Self> {
        if self.results.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }

    /// The results as a ResourceList. It has no items: nothing of a list that is refused goes on.
    pub(super) fn resource_list(&self) -> String {
        let list = json!({
            "apiVersion": "config.kubernetes.io/v1",
            "kind": "ResourceList",
            "items": [],
            "results": self.results,
        });
        format!("{list:#}\n")
    }
}

/// Something that is wrong with no item in particular.
impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        let entry = |message: &str| Entry {
            message: message.to_owned(),
            severity: "error",
            resource_ref: None,
            file: None,
        };
        Self {
            results: failure.messages().map(entry).collect(),
            failure,
        }
    }
}

impl From<SealError> for Refusal {
    fn from(error: SealError) -> Self {
        Self::from(Failure::from(error))
    }
}

impl ResourceRef {
    fn of(object: &Object<'_>) -> Self {
        let (api_version, kind) = match object.kind() {
            Kind::Sealed(kind) => (waxwing_api::names::API_VERSION, kind.as_str()),
            _ => ("v1", "Secret"),
        };
        Self {
            api_version: api_version.to_owned(),
            kind,
            name: object.name().unwrap_or_default().to_owned(),
            namespace: object.namespace().map(ToOwned::to_owned),
        }
    }
}

/// Something that is wrong with an item.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct ItemError {
    message: String,
    advice: Vec<String>,
}

impl Advice for ItemError {
    fn advice(&self) -> Vec<String> {
        self.advice.clone()
    }
}
