//! Where people already work: Waxwing by way of kubectl.

#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used)]

mod kubectl;
