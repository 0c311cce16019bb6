//! What Waxwing has to survive with nothing lost, on a real control plane. Each story has a cluster to
//! itself, is bounded in time, says in one line what it did, and ends with a search for plaintexts.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)]

mod broken;
mod churn;
mod clock;
mod crowd;
mod definitions;
mod event_noise;
mod fights;
mod history;
mod namespaces;
mod outages;
mod replicas;
mod rest;
mod rollovers;
mod size_limits;
mod storm;
