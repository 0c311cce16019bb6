//! Everything that can be said against a SealedSecret or ClusterSealedSecret without a key and without a cluster.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_api::{AnySealedSecret, SealedKind};
use waxwing_crypto::{KeyId, OpenError, Place, Scope, SealedValue};

use crate::error::{ManifestError, Problem};
use crate::fields::Fields;
use crate::object::Object;
use crate::sealed_secret::{fields_of, read_fields};
use crate::secret::MAX_SECRET_LEN;
use crate::secret_type::check_type;

/// What there is to say about a SealedSecret offline.
#[derive(Debug, Default)]
pub struct Validation {
    /// Every finding, in the order of their lines; none if all is well.
    pub findings: Vec<ManifestError>,
    /// The keys that the items are sealed to, for all items that are whole sealed values.
    pub keys: BTreeMap<String, Vec<KeyId>>,
}

/// Checks a SealedSecret or ClusterSealedSecret.
///
/// `namespace` counts where the manifest names none. Without either, a scope is held against what
/// is known: the name and the item.
pub fn validate(object: &Object<'_>, namespace: Option<&str>) -> Validation {
    let mut fields = fields_of(object);
    let sealed = read_fields(object, &mut fields);
    if fields.is_clean() {
        check_whole(&sealed, &mut fields);
    }
    let mut validation = Validation {
        findings: fields.problems(),
        ..Validation::default()
    };
    check_items(object, &sealed, namespace, &mut validation);
    let by_line = |finding: &ManifestError| finding.location().line;
    validation.findings.sort_by_key(by_line);
    validation
}

fn check_items(
    object: &Object<'_>,
    sealed: &AnySealedSecret,
    namespace: Option<&str>,
    Validation { findings, keys }: &mut Validation,
) {
    let namespace = sealed.metadata.namespace.as_deref().or(namespace);
    let mut len = 0;
    for (item, text) in &sealed.spec.encrypted_data {
        let value = match SealedValue::parse(text) {
            Ok(value) => value,
            Err(error) => {
                findings.push(object.item_error(item, Problem::Malformed(error)));
                continue;
            }
        };
        let place = (namespace, sealed.metadata.name.as_deref(), item.as_str());
        let scope = &value.header().scope;
        let checked = match sealed.kind() {
            SealedKind::ClusterSealedSecret => check_cluster_wide(scope),
            SealedKind::SealedSecret => check_scope(scope, place),
        };
        if let Err(problem) = checked {
            findings.push(object.item_error(item, problem));
        }
        len += value.header().plaintext_len;
        keys.insert(item.clone(), value.header().key_ids().collect());
    }
    if len > MAX_SECRET_LEN {
        findings.push(object.error(Problem::TooLarge));
    }
}

/// Checks the scope of a value of a ClusterSealedSecret.
pub(crate) fn check_cluster_wide(scope: &Scope) -> Result<(), Problem> {
    match scope {
        Scope::Cluster => Ok(()),
        narrower => Err(Problem::NotClusterWide {
            scope: narrower.clone(),
        }),
    }
}

/// Checks a scope for a place of which namespace and name may be unknown.
fn check_scope(
    scope: &Scope,
    (namespace, name, item): (Option<&str>, Option<&str>, &str),
) -> Result<(), Problem> {
    let (scope_namespace, scope_name) = match scope {
        Scope::Strict {
            namespace, name, ..
        } => (namespace.as_str(), name.as_str()),
        Scope::Namespace { namespace } => (namespace.as_str(), ""),
        Scope::Cluster => ("", ""),
    };
    let place = Place {
        namespace: namespace.unwrap_or(scope_namespace),
        name: name.unwrap_or(scope_name),
        item,
    };
    if scope.permits(&place) {
        Ok(())
    } else {
        Err(Problem::NotOpened(OpenError::ScopeMismatch {
            scope: scope.clone(),
        }))
    }
}

fn check_whole(sealed: &AnySealedSecret, fields: &mut Fields<'_>) {
    let Some(template) = &sealed.spec.template else {
        return;
    };
    let sealed_names: BTreeSet<&String> = sealed.spec.encrypted_data.keys().collect();
    for item in template
        .data
        .keys()
        .filter(|item| sealed_names.contains(item))
    {
        fields.report_item(item, Problem::ItemTwice);
    }
    let annotations = template.metadata.clone().unwrap_or_default().annotations;
    let has = |item: &str| {
        sealed.spec.encrypted_data.contains_key(item) || template.data.contains_key(item)
    };
    if let Err(problem) = check_type(template.type_.as_deref(), &annotations, has, has) {
        fields.report_whole(problem);
    }
}
