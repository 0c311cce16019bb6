//! Everything that can be said against a SealedSecret without a key and without a cluster.

use std::collections::BTreeSet;

use waxwing_api::SealedSecret;
use waxwing_crypto::{OpenError, Place, Scope, SealedValue};

use crate::error::{ManifestError, Problem};
use crate::fields::Fields;
use crate::object::Object;
use crate::sealed_secret::read_fields;
use crate::secret::MAX_SECRET_LEN;
use crate::secret_type::check_type;

/// Every finding about a SealedSecret, in the order of their lines; none if all is well.
///
/// `namespace` counts where the manifest names none. Without either, a scope is held against what
/// is known: the name and the item.
pub fn validate(object: &Object<'_>, namespace: Option<&str>) -> Vec<ManifestError> {
    let mut fields = Fields::of(*object, "a SealedSecret");
    let sealed = read_fields(object, &mut fields);
    if fields.is_clean() {
        check_whole(&sealed, &mut fields);
    }
    let mut findings = fields.problems();
    findings.extend(check_items(object, &sealed, namespace));
    findings.sort_by_key(|finding| finding.location().line);
    findings
}

fn check_items(
    object: &Object<'_>,
    sealed: &SealedSecret,
    namespace: Option<&str>,
) -> Vec<ManifestError> {
    let namespace = sealed.metadata.namespace.as_deref().or(namespace);
    let mut findings = Vec::new();
    let mut len = 0;
    for (item, text) in &sealed.spec.encrypted_data {
        let place = (namespace, sealed.metadata.name.as_deref(), item.as_str());
        match check_value(text, place) {
            Ok(plaintext_len) => len += plaintext_len,
            Err(problem) => findings.push(object.item_error(item, problem)),
        }
    }
    if len > MAX_SECRET_LEN {
        findings.push(object.error(Problem::TooLarge));
    }
    findings
}

/// Checks a sealed value for a place of which namespace and name may be unknown, and gives the
/// length of the plaintext, in bytes.
fn check_value(
    text: &str,
    (namespace, name, item): (Option<&str>, Option<&str>, &str),
) -> Result<usize, Problem> {
    let value = SealedValue::parse(text).map_err(Problem::Malformed)?;
    let header = value.header();
    let (scope_namespace, scope_name) = match &header.scope {
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
    if header.scope.permits(&place) {
        Ok(header.plaintext_len)
    } else {
        Err(Problem::NotOpened(OpenError::ScopeMismatch {
            scope: header.scope.clone(),
        }))
    }
}

fn check_whole(sealed: &SealedSecret, fields: &mut Fields<'_>) {
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
