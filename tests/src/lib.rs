//! A real control plane on loopback, and the end-to-end and interoperability tests that run on it.
//!
//! ```text
//! Cluster::installed ─> control_plane (etcd, kube-apiserver, kube-controller-manager)
//!         │               └─ go_build: built once from tests/go, or from KUBEBUILDER_ASSETS
//!         └─ kustomize: applies deploy/, as a user would
//! Controller::spawn  ─> the real binary, with its ServiceAccount's token
//! Waxwing::run       ─> the real binary, for an ordinary user
//! ```
//! Nothing of Kubernetes is imitated. Whatever is started ends with the process that started it.

#![forbid(unsafe_code)]

pub mod cache;
pub mod canary;
pub mod cluster;
pub mod cluster_wide;
pub mod collector;
pub mod contexts;
mod control_plane;
pub mod controller;
pub mod crowd;
pub mod document;
pub mod error;
pub mod fault_proxy;
mod go_build;
pub mod go_tools;
pub mod helm;
pub mod keys;
pub mod kustomize;
pub mod manifests;
pub mod memory;
pub mod metrics;
pub mod process;
pub mod programs;
pub mod scratch;
pub mod sealing;
pub mod shifted_clock;
pub mod space;
pub mod stage;
pub mod terminal;
pub mod usage;
pub mod wait;
pub mod waxwing;

pub use cluster::Cluster;
pub use collector::Collector;
pub use control_plane::{free_port, kubectl};
pub use controller::Controller;
pub use error::HarnessError;
pub use fault_proxy::FaultProxy;
pub use programs::Programs;
pub use space::Space;
pub use stage::Stage;
pub use terminal::Terminal;
pub use waxwing::{Run, Waxwing};
