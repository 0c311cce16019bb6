//! A stream of documents, in which the objects of one kind become another and everything else stays.

use std::path::PathBuf;

use clap::ValueEnum;
use waxwing_manifest::{Document, Format, Kind, ManifestError, Object, Replacement, read, rewrite};
use zeroize::Zeroizing;

use crate::diagnostic::{Advice, Failure};
use crate::input::Source;
use crate::output::Destination;

/// Where a stream comes from and goes to.
#[derive(Debug, clap::Args)]
pub(crate) struct StreamArgs {
    /// Read this file instead of standard input
    #[arg(short, long = "filename", alias = "file", value_name = "FILE")]
    file: Option<PathBuf>,

    /// Write to this file, whole or not at all, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// The format of the output [default: that of the input]
    #[arg(long)]
    format: Option<FormatName>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum FormatName {
    Yaml,
    Json,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Yaml => Self::Yaml,
            FormatName::Json => Self::Json,
        }
    }
}

impl StreamArgs {
    pub(super) fn source(&self) -> Source {
        Source::or_stdin(self.file.clone())
    }

    pub(super) fn destination(&self) -> Destination {
        Destination::or_stdout(self.output.clone())
    }

    /// The file that becomes part of the repository: the output, else the input. None for a filter.
    pub(super) fn file(&self) -> Option<PathBuf> {
        let is_file = |path: &PathBuf| path.as_os_str() != "-";
        let output = self.output.clone().filter(is_file);
        output.or_else(|| self.file.clone().filter(is_file))
    }

    /// Reads the stream.
    pub(super) fn read(&self) -> Result<Stream, Failure> {
        let source = self.source();
        let documents = read(&source.name(), &source.read_text()?)?;
        let format = match self.format {
            Some(name) => name.into(),
            None => documents.first().map_or(Format::Yaml, Document::format),
        };
        Ok(Stream {
            name: source.name(),
            documents,
            format,
        })
    }
}

/// Which objects of a stream become others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Secret,
    /// SealedSecrets and ClusterSealedSecrets.
    Sealed,
}

/// The documents of a file or of standard input.
pub(super) struct Stream {
    name: String,
    documents: Vec<Document>,
    format: Format,
}

impl Stream {
    /// Every object, in order.
    pub(super) fn objects(&self) -> impl Iterator<Item = Object<'_>> {
        self.documents.iter().flat_map(Document::objects)
    }

    /// Reads every object that is wanted, at least one. What it would become is refused: whoever gives
    /// that in has taken the wrong file or the wrong command.
    pub(super) fn read_each<'s, T>(
        &'s self,
        wanted: Wanted,
        mut read: impl FnMut(&Object<'s>) -> Result<T, Failure>,
    ) -> Result<Vec<Option<T>>, Failure> {
        let results = self.read_every(|object| match (object.kind(), wanted) {
            (Kind::Other, _) => Ok(None),
            (Kind::Secret, Wanted::Secret) | (Kind::Sealed(_), Wanted::Sealed) => {
                read(object).map(Some)
            }
            (Kind::Sealed(_), Wanted::Secret) => Err(StreamError::sealed(object).into()),
            (Kind::Secret, Wanted::Sealed) => Err(StreamError::plain(object).into()),
        })?;
        if results.iter().all(Option::is_none) {
            return Err(StreamError::NoneOf {
                name: self.name.clone(),
                wanted,
            }
            .into());
        }
        Ok(results)
    }

    /// Reads every object; all that is wrong with any of them is told.
    pub(super) fn read_every<'s, T>(
        &'s self,
        mut read: impl FnMut(&Object<'s>) -> Result<Option<T>, Failure>,
    ) -> Result<Vec<Option<T>>, Failure> {
        let mut failure = Failure::default();
        let mut results = Vec::new();
        for object in self.objects() {
            match read(&object) {
                Ok(result) => results.push(result),
                Err(error) => failure.add(error),
            }
        }
        failure.or(results)
    }

    /// The stream with `replacements` in the place of its objects, which are in the same order.
    pub(super) fn with(
        &self,
        replacements: Vec<Option<Replacement>>,
    ) -> Result<Zeroizing<String>, Failure> {
        let mut replacements = replacements.into_iter();
        Ok(rewrite(&self.documents, self.format, |_| {
            replacements.next().flatten()
        })?)
    }
}

impl Advice for ManifestError {}

impl From<Vec<ManifestError>> for Failure {
    fn from(errors: Vec<ManifestError>) -> Self {
        let mut failure = Self::default();
        errors.into_iter().for_each(|error| failure.add(error));
        failure
    }
}

/// A stream that is not for this command.
#[derive(Debug, thiserror::Error)]
enum StreamError {
    #[error("{place}: {object}: is sealed already; to change a value, seal its Secret again")]
    Sealed { place: String, object: String },
    #[error("{place}: {object}: is a plain Secret already; nothing is sealed in it")]
    Plain { place: String, object: String },
    #[error("{name}: holds no {}", wanted.word())]
    NoneOf { name: String, wanted: Wanted },
}

impl StreamError {
    fn sealed(object: &Object<'_>) -> Self {
        Self::Sealed {
            place: object.location().to_string(),
            object: object.describe(),
        }
    }

    fn plain(object: &Object<'_>) -> Self {
        Self::Plain {
            place: object.location().to_string(),
            object: object.describe(),
        }
    }
}

impl Wanted {
    const fn word(self) -> &'static str {
        match self {
            Self::Secret => "Secret",
            Self::Sealed => "SealedSecret",
        }
    }
}

impl Advice for StreamError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::NoneOf {
                wanted: Wanted::Secret,
                ..
            } => {
                vec!["give a manifest with kind: Secret, or a single value with --raw".to_owned()]
            }
            Self::NoneOf { .. } => vec!["give a manifest with kind: SealedSecret".to_owned()],
            Self::Sealed { .. } | Self::Plain { .. } => Vec::new(),
        }
    }
}
