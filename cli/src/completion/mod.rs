//! What the shell offers on Tab: the program itself answers, so that it can offer what is in the files
//! of the repository. No cluster is asked.
//!
//! A script of `waxwing completions` has bash, zsh and others ask with the environment variable
//! [`VARIABLE`]; kubectl asks a program of another name. `candidates` is what arguments can be.

mod candidates;
mod kubectl;

use clap_complete::CompleteEnv;

use crate::program_name::ProgramName;

pub(crate) use candidates::{clusters, items, key_ids};

/// Names the shell that asks.
pub(crate) const VARIABLE: &str = "WAXWING_COMPLETE";

/// Answers if a shell has asked what may come next, and tells whether one has.
pub(crate) fn answer(name: ProgramName) -> bool {
    match name {
        ProgramName::KubectlCompletion => {
            kubectl::answer();
            true
        }
        ProgramName::Waxwing | ProgramName::KubectlPlugin => {
            // Ends the process if a shell has asked.
            CompleteEnv::with_factory(crate::command)
                .var(VARIABLE)
                .complete();
            false
        }
    }
}
