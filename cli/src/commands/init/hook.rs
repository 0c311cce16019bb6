//! The pre-commit hook of `waxwing init --git`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostic::Advice;
use crate::git::{Git, GitError};
use crate::output::{self, Audience, OutputError};

/// What keeps plaintext and broken files out of a commit.
const COMMAND: &str = "waxwing validate --staged";

const HOOK: &str = "\
#!/bin/sh
# Written by waxwing init --git: what waxwing finds fault with is not committed.
exec waxwing validate --staged
";

/// The scopes of git's settings that are for one clone alone.
const OWN_SCOPES: [&str; 2] = ["local", "worktree"];

/// Writes the hook where git looks for it, and says so.
pub(super) fn install(git: &Git, folder: &Path) -> Result<String, HookError> {
    let path = git.ask(&["rev-parse", "--git-path", "hooks/pre-commit"])?;
    let path = folder.join(path);
    let path = path.strip_prefix(".").unwrap_or(&path);
    let shown = path.display();
    if calls_waxwing(path)? {
        return Ok(format!("{shown}: is there already"));
    }
    refuse_shared_hooks(git)?;
    if let Some(hooks) = path.parent() {
        fs::create_dir_all(hooks).map_err(|cause| HookError::Unreachable {
            path: hooks.to_owned(),
            cause,
        })?;
    }
    match output::create_new(path, HOOK.as_bytes(), Audience::Executable) {
        Ok(()) => Ok(format!("{shown}: written")),
        Err(OutputError::Exists { path }) => Err(HookError::Exists { path }),
        Err(error) => Err(error.into()),
    }
}

fn calls_waxwing(path: &Path) -> Result<bool, HookError> {
    match fs::read(path) {
        Ok(hook) => Ok(String::from_utf8_lossy(&hook).contains(COMMAND)),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(cause) => Err(HookError::Unreachable {
            path: path.to_owned(),
            cause,
        }),
    }
}

/// A folder of hooks that is set for all repositories of a user is no place for one repository's.
fn refuse_shared_hooks(git: &Git) -> Result<(), HookError> {
    let get = ["config", "--show-scope", "--get", "core.hooksPath"];
    let Some(setting) = git.ask_for(&get)? else {
        return Ok(());
    };
    let setting = setting.to_string_lossy();
    match setting.split_once('\t') {
        Some((scope, folder)) if !OWN_SCOPES.contains(&scope) => Err(HookError::Shared {
            folder: folder.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Why there is no hook.
#[derive(Debug, thiserror::Error)]
pub(super) enum HookError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("{}: exists already, and is never overwritten", path.display())]
    Exists { path: PathBuf },
    #[error(
        "core.hooksPath: your hooks for all repositories are in {folder}; nothing is written there"
    )]
    Shared { folder: String },
    #[error("{}: cannot be used: {cause}", path.display())]
    Unreachable { path: PathBuf, cause: io::Error },
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl Advice for HookError {
    fn advice(&self) -> Vec<String> {
        match self {
            Self::Git(cause) => cause.advice(),
            Self::Exists { .. } => vec![format!("add this line to it: {COMMAND} || exit 1")],
            Self::Shared { .. } => vec![format!(
                "add this line to the file pre-commit there: {COMMAND} || exit 1"
            )],
            Self::Unreachable { .. } => Vec::new(),
            Self::Output(cause) => cause.advice(),
        }
    }
}
