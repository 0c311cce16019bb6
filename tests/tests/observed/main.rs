//! What is to be seen of a controller from outside: metrics with their alerts and dashboard, and the audit
//! trail.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)]

mod alerts;
mod audit;
mod documented;
mod metrics;
