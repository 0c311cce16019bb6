//! `waxwing krm`: Waxwing as a KRM function, which kustomize, kpt and others run on a list of objects.
//!
//! ```text
//! ResourceList ─> function (what its functionConfig asks for) ─> seal or validate each item
//!                                                                  └─> ResourceList, or its results
//! ```

mod function;
mod items;
mod results;

use waxwing_manifest::{Document, Format, read, rewrite};
use zeroize::Zeroizing;

use self::function::{Function, is_resource_list};
use self::results::Refusal;
use crate::diagnostic::{Advice, Failure};
use crate::input::Source;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  In a kustomization.yaml, seal what secretGenerator and resources make:
    transformers:
      - |-
        apiVersion: waxwing.dev/v1alpha1
        kind: SealSecrets
        metadata:
          name: seal
          annotations:
            config.kubernetes.io/function: |
              exec: {path: waxwing, args: [krm]}
        spec:
          clusters: [prod]

  and write what may lie in Git:
    kustomize build --enable-alpha-plugins --enable-exec . > prod.yaml
    waxwing validate prod.yaml

See docs/cli.md for the fields of its configuration.";

/// Seal or check the Secrets that kustomize builds: a KRM function
///
/// Reads a ResourceList from standard input and writes it with what its functionConfig asks for. Of kind
/// SealSecrets: every Secret becomes a SealedSecret, and SealedSecrets are checked. Of kind
/// ValidateSealedSecrets: nothing changes; SealedSecrets are checked, and Secrets in clear refused. What
/// is wrong is told on standard error and in the results of the list; no item is written then.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Result<(), Failure> {
    let source = Source::Stdin;
    let documents = read(&source.name(), &source.read_text()?)?;
    match transformed(&documents, only_list(&documents)?) {
        Ok(text) => Ok(output::write_stdout(text.as_bytes())?),
        Err(refusal) => {
            output::write_stdout(refusal.resource_list().as_bytes())?;
            Err(refusal.failure)
        }
    }
}

fn only_list(documents: &[Document]) -> Result<&Document, NotAResourceList> {
    match documents {
        [document] if is_resource_list(document) => Ok(document),
        _ => Err(NotAResourceList),
    }
}

/// The list with what takes the place of its items.
fn transformed(documents: &[Document], list: &Document) -> Result<Zeroizing<String>, Refusal> {
    let function = Function::of(list)?;
    let mut replacements = items::process(list, &function)?.into_iter();
    let text = rewrite(documents, Format::Yaml, |_| replacements.next().flatten());
    text.map_err(|error| Refusal::from(Failure::from(error)))
}

/// Standard input is for another command.
#[derive(Debug, thiserror::Error)]
#[error("stdin: is no ResourceList of config.kubernetes.io, which KRM functions are given")]
struct NotAResourceList;

impl Advice for NotAResourceList {
    fn advice(&self) -> Vec<String> {
        vec!["to seal a manifest, use waxwing seal; kustomize and kpt run waxwing krm".to_owned()]
    }
}
