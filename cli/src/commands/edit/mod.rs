//! `waxwing edit`: the values of a file in an editor.
//!
//! A `view` of the file goes to an editor (`desk`, `editor`) in a `private_folder`, which is wiped
//! whatever happens (`interruption`). What comes back is held against what was shown (`plan`) and made
//! into changes of the file (`attempt`); if something is wrong with it, the editor opens again.

mod attempt;
mod desk;
mod editor;
mod interruption;
mod plan;
mod private_folder;
mod view;

use std::cell::OnceCell;
use std::path::PathBuf;

use waxwing_crypto::ScopeKind;

use self::attempt::{Attempt, Outcome};
use self::desk::Desk;
use self::editor::Editor;
use self::view::{Complaint, View, is_given_up};
use super::in_place::{EditedFile, Report};
use super::seal::SCOPES;
use crate::args::one_of;
use crate::cluster::ClusterArgs;
use crate::diagnostic::{Advice, Failure, note};
use crate::identities;
use crate::input::{Source, refuse_second_stdin};
use crate::namespace::FallbackNamespace;
use crate::recipients::ChoiceArgs;
use crate::report_format::ReportFormat;

const EXAMPLES: &str = "\
Examples:
  Without any key; \"<sealed password>\" stands for the value that is there:
    waxwing edit db.yaml

  With the values, as far as a key opens them:
    waxwing edit -i key.txt db.yaml

  In another editor, which has to wait until the file is closed:
    EDITOR='code --wait' waxwing edit db.yaml";

/// What becomes of the values where the file cannot be written.
const GONE: &str = "what was typed is gone";

/// Edit the values of a file in $VISUAL, $EDITOR or vi
///
/// The editor shows a Secret for each SealedSecret. Items may be changed, added, renamed and removed;
/// what is left as it is keeps its ciphertext, and no other byte of the file changes. Whom to seal to:
/// as with waxwing seal, by FILE. The editor's file is private, in memory where the system has such a
/// place, and is overwritten and removed at the end.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The file with the SealedSecrets
    file: PathBuf,

    /// Show the values that the private keys in FILE open (an age identity file); may be repeated
    #[arg(short, long = "identity", value_name = "FILE")]
    identities: Vec<PathBuf>,

    /// Where the new values may be opened: in their own item only, anywhere in the namespace, anywhere
    /// [default: that of the value that is replaced; of a new item, that which all others share, else
    /// that of the rule in .waxwing.yaml, else strict]
    #[arg(long, value_parser = one_of::<ScopeKind>(SCOPES))]
    scope: Option<ScopeKind>,

    /// The namespace of SealedSecrets that do not name one
    #[arg(short, long)]
    namespace: Option<String>,

    /// Lines for people on standard error, or JSON for programs on standard output
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t)]
    output: ReportFormat,

    #[command(flatten)]
    recipients: ChoiceArgs,

    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let identities: Vec<Source> = args.identities.iter().cloned().map(Source::from).collect();
    refuse_second_stdin(args.recipients.sources().chain(identities.iter().cloned()))?;
    let file = EditedFile::read(&args.file)?;
    file.check_writable()?;
    let ring = match &identities[..] {
        [] => None,
        identities => Some(identities::key_ring(identities)?),
    };
    let namespace = FallbackNamespace::new(args.namespace.as_deref(), &args.cluster);
    let view = View::of(&file, ring.as_ref(), &namespace)?;
    let attempt = Attempt {
        file: &file,
        view: &view,
        chosen: args
            .recipients
            .choose(Some(&args.file), &args.cluster, None)?,
        scope: args.scope,
        namespace: &namespace,
        cluster: &args.cluster,
        sealing: OnceCell::new(),
    };
    let desk = Desk::new(
        &args.file,
        Editor::chosen(identities.contains(&Source::Stdin)),
    )?;
    let outcome = edit(&desk, &view, &attempt)?;
    drop(desk);
    match outcome {
        Some(outcome) => {
            file.replace(&outcome.text).inspect_err(|_| note(GONE))?;
            for (target, item) in &outcome.renamed {
                target.warn_of_templates(item);
            }
            Ok(Report::tell_each(&outcome.reports, args.output)?)
        }
        None => {
            note("Edit cancelled, no changes made");
            Ok(Report::tell_each(&[], args.output)?)
        }
    }
}

/// Has the view edited until there is nothing to complain about; none, if nothing is to change.
fn edit<'a>(
    desk: &Desk,
    view: &View<'_>,
    attempt: &Attempt<'a>,
) -> Result<Option<Outcome<'a>>, Failure> {
    let mut text = view.text();
    let mut complaints = Vec::new();
    loop {
        let saved = desk.edit(&text)?;
        if is_given_up(&saved, &text) {
            return given_up(complaints).or(None);
        }
        match attempt.with(&saved) {
            Ok(outcome) => return Ok(outcome),
            Err(more) => {
                text = view.again(&saved, &more);
                complaints = more;
            }
        }
    }
}

fn given_up(complaints: Vec<Complaint>) -> Failure {
    let mut failure = Failure::default();
    for complaint in complaints {
        failure.add(GivenUp(complaint));
    }
    failure
}

/// What was wrong when the editor was closed for good.
#[derive(Debug, thiserror::Error)]
#[error("edit cancelled, no changes made: {}", .0.message)]
struct GivenUp(Complaint);

impl Advice for GivenUp {}
