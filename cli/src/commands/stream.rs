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

    /// Reads every object of the kind `wanted`, at least one. Objects of the kind that it would
    /// become are refused: whoever gives them in has taken the wrong file or the wrong command.
    pub(super) fn read_each<T>(
        &self,
        wanted: Kind,
        mut read: impl FnMut(&Object<'_>) -> Result<T, Failure>,
    ) -> Result<Vec<Option<T>>, Failure> {
        let results = self.read_every(|object| match object.kind() {
            Kind::Other => Ok(None),
            kind if kind == wanted => read(object).map(Some),
            _ => Err(StreamError::opposite(object).into()),
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
    pub(super) fn read_every<T>(
        &self,
        mut read: impl FnMut(&Object<'_>) -> Result<Option<T>, Failure>,
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
    #[error("{name}: holds no {}", kind_name(*.wanted))]
    NoneOf { name: String, wanted: Kind },
}

impl StreamError {
    fn opposite(object: &Object<'_>) -> Self {
        let place = object.location().to_string();
        match object.kind() {
            Kind::SealedSecret => Self::Sealed {
                place,
                object: object.describe(),
            },
            _ => Self::Plain {
                place,
                object: object.describe(),
            },
        }
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::SealedSecret => "SealedSecret",
        _ => "Secret",
    }
}

impl Advice for StreamError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::NoneOf {
                wanted: Kind::Secret,
                ..
            } => {
                vec!["give a manifest with kind: Secret, or a single value with --raw".to_owned()]
            }
            Self::NoneOf { .. } => vec!["give a manifest with kind: SealedSecret".to_owned()],
            Self::Sealed { .. } | Self::Plain { .. } => Vec::new(),
        }
    }
}
