//! Where people already work: Waxwing by way of kubectl, kustomize and Helm, as docs/cli.md says.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)]

mod desk;
mod helm;
mod kubectl;
mod kustomize;
