//! Whom to seal to: `given` by hand, else by the `choice` of a cluster, of the `.waxwing.yaml` for
//! the file, or of the cluster itself.

mod choice;
mod given;

pub(crate) use choice::{ChoiceArgs, Chosen};
pub(crate) use given::{RecipientArgs, parse_recipient};
