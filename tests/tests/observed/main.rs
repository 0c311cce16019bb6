//! What is to be seen of a controller from outside: conditions as others read them, metrics with their alerts and
//! dashboard, the audit trail, and traces.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)]

mod alerts;
mod audit;
mod documented;
mod kstatus;
mod metrics;
mod traces;
