//! Where people already work: Waxwing by way of kubectl, kustomize and Helm, as docs/cli.md says, and in
//! the GitOps repository of the examples.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)]

mod argocd;
mod desk;
mod gitops;
mod helm;
mod kubectl;
mod kustomize;
