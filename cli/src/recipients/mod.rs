//! Whom to seal to: `given` by hand, else by the `choice` of a cluster, of the `.waxwing.yaml` for
//! the file, or of the cluster itself, whose key has to be among the `pins` then.

mod choice;
mod given;
mod pins;

pub(crate) use choice::{ChoiceArgs, Chosen};
pub(crate) use given::{RecipientArgs, parse_recipient};
pub(crate) use pins::Pins;
