//! Which SealedSecret of a file is edited, and what is in it.

use std::collections::BTreeMap;

use waxwing_api::SealedKind;
use waxwing_crypto::{Place, Scope, ScopeKind, SealedValue};
use waxwing_manifest::{ManifestError, Object, Problem, read_sealed_secret};

use super::EditedFile;
use crate::diagnostic::{Advice, Failure, warn};
use crate::namespace::FallbackNamespace;
use crate::suggestion::nearest;

/// Of how many names an error lists.
const LISTED: usize = 20;

/// Which SealedSecret of a file.
#[derive(Debug, clap::Args)]
pub(crate) struct ObjectArgs {
    /// The SealedSecret of this name, in a file that holds several
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// The SealedSecret of this namespace, or one that names none and is for this namespace
    #[arg(short, long)]
    namespace: Option<String>,
}

impl ObjectArgs {
    pub(crate) fn choice(&self) -> ObjectChoice<'_> {
        ObjectChoice {
            name: self.name.as_deref(),
            namespace: self.namespace.as_deref(),
        }
    }
}

/// What is known of the SealedSecret that is meant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ObjectChoice<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) namespace: Option<&'a str>,
}

impl ObjectChoice<'_> {
    /// The one SealedSecret of a file that fits.
    pub(crate) fn of<'f>(&self, file: &'f EditedFile) -> Result<SealedObject<'f>, Failure> {
        let mut fitting = file.sealed_secrets().filter(|object| self.fits(object));
        let error = match (fitting.next(), fitting.next()) {
            (Some(object), None) => return SealedObject::read(object),
            (Some(_), Some(_)) => ChoiceError::Several {
                file: file.path().display().to_string(),
                known: describe(file.sealed_secrets()),
            },
            (None, _) => ChoiceError::NoneFits {
                file: file.path().display().to_string(),
                known: describe(file.sealed_secrets()),
            },
        };
        Err(error.into())
    }

    fn fits(&self, object: &Object<'_>) -> bool {
        let fits_name = self.name.is_none_or(|name| object.name() == Some(name));
        let own = object.namespace();
        let may_be_anywhere = object.sealed_kind() == Some(SealedKind::SealedSecret);
        let fits_namespace = self
            .namespace
            .is_none_or(|namespace| own.map_or(may_be_anywhere, |own| own == namespace));
        fits_name && fits_namespace
    }
}

fn describe<'a>(objects: impl Iterator<Item = Object<'a>>) -> Vec<String> {
    objects.map(|object| object.describe()).collect()
}

/// A SealedSecret of a file, as it is before the changes.
pub(crate) struct SealedObject<'a> {
    object: Object<'a>,
    values: BTreeMap<String, String>,
    templates: BTreeMap<String, String>,
}

impl<'a> SealedObject<'a> {
    /// Reads a SealedSecret. It may be one without items, which becomes valid by the first.
    pub(crate) fn read(object: Object<'a>) -> Result<Self, Failure> {
        let (values, templates) = match read_sealed_secret(&object) {
            Ok(sealed) => (
                sealed.spec.encrypted_data,
                sealed.spec.template.unwrap_or_default().data,
            ),
            Err(errors) if is_only_empty(&errors) => (BTreeMap::new(), BTreeMap::new()),
            Err(errors) => return Err(errors.into()),
        };
        Ok(Self {
            object,
            values,
            templates,
        })
    }

    pub(crate) fn object(&self) -> Object<'a> {
        self.object
    }

    /// The sealed values by their items, as they are written.
    pub(crate) fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }

    /// The items of `spec.template.data`, which the controller makes.
    pub(crate) fn templates(&self) -> &BTreeMap<String, String> {
        &self.templates
    }

    /// The sealed value of an item that must be there.
    pub(crate) fn value(&self, item: &str) -> Result<&str, Failure> {
        match self.values.get(item) {
            Some(value) => Ok(value),
            None => Err(self.no_item(item).into()),
        }
    }

    /// The kind of scope of an item, unless there is no such item or it is no sealed value.
    pub(crate) fn scope_of(&self, item: &str) -> Option<ScopeKind> {
        let value = SealedValue::parse(self.values.get(item)?).ok()?;
        Some(value.header().scope.kind())
    }

    /// Whether it is for many namespaces, where only values of the scope cluster open.
    pub(crate) fn is_cluster_wide(&self) -> bool {
        self.object.sealed_kind() == Some(SealedKind::ClusterSealedSecret)
    }

    /// The scope of a kind for an item of this SealedSecret.
    pub(crate) fn scope(
        &self,
        kind: ScopeKind,
        item: &str,
        fallback: &FallbackNamespace<'_>,
    ) -> Result<Scope, Failure> {
        let namespace = match kind {
            ScopeKind::Cluster => "",
            ScopeKind::Strict | ScopeKind::Namespace => fallback.of(&self.object)?,
        };
        Ok(kind.at(&Place {
            namespace,
            name: self.object.name().unwrap_or_default(),
            item,
        }))
    }

    /// Tells which templates mention an item that got another name. They are left as they are: they may
    /// mean something else.
    pub(crate) fn warn_of_templates(&self, item: &str) {
        let mentions = self
            .templates
            .iter()
            .filter(|(_, text)| text.contains(item));
        let names: Vec<&str> = mentions.map(|(name, _)| name.as_str()).collect();
        if !names.is_empty() {
            warn(
                &format!(
                    "{}: spec.template.data mentions \"{item}\" in {}",
                    self.object.describe(),
                    names.join(", ")
                ),
                "templates are left as they are; if they mean the item, put its new name there by hand",
            );
        }
    }

    fn no_item(&self, item: &str) -> NoItem {
        NoItem {
            place: self.object.location().to_string(),
            object: self.object.describe(),
            item: item.to_owned(),
            known: self.values.keys().cloned().collect(),
            is_made: self.templates.contains_key(item),
        }
    }
}

fn is_only_empty(errors: &[ManifestError]) -> bool {
    let mut problems = errors.iter().map(ManifestError::problem);
    problems.all(|problem| matches!(problem, Problem::Empty { .. }))
}

/// It is not clear which SealedSecret is meant.
#[derive(Debug, thiserror::Error)]
enum ChoiceError {
    #[error("{file}: holds several SealedSecrets that may be meant")]
    Several { file: String, known: Vec<String> },
    #[error("{file}: holds no SealedSecret of that name and namespace")]
    NoneFits { file: String, known: Vec<String> },
}

impl Advice for ChoiceError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::Several { known, .. } => {
                vec![format!("choose one with --name and -n: {}", list(known))]
            }
            Self::NoneFits { known, .. } => vec![format!("it holds {}", list(known))],
        }
    }
}

/// An item that is not there.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {object}: has no item \"{}\"", item.escape_debug())]
struct NoItem {
    place: String,
    object: String,
    item: String,
    known: Vec<String>,
    is_made: bool,
}

impl Advice for NoItem {
    fn advice(&self) -> Vec<String> {
        if self.is_made {
            let advice = "it is made by spec.template.data; change it there, by hand";
            return vec![advice.to_owned()];
        }
        match nearest(&self.item, self.known.iter().map(String::as_str)) {
            Some(near) => vec![format!(
                "did you mean \"{near}\"? There are {}",
                list(&self.known)
            )],
            None if self.known.is_empty() => vec!["it has no items at all".to_owned()],
            None => vec![format!("there are {}", list(&self.known))],
        }
    }
}

fn list(names: &[String]) -> String {
    let listed = names[..names.len().min(LISTED)].join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => listed,
        more => format!("{listed} and {more} more"),
    }
}
