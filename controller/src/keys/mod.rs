//! The sealing keys of this cluster.
//!
//! `store` follows key Secrets and SealingKeys, which are the `facts`. What follows from them is
//! pure: `inventory` matches public and private halves, finds the primary and what each key may do;
//! `ring` is what unsealing needs of it; `policy` says what should change, and `report` what the
//! status of each SealingKey should be. `custodian` makes these changes (`effects`), on the leading
//! replica only, and backs keys up to the recovery recipients (`escrow`).

pub(crate) mod custodian;
mod effects;
mod escrow;
mod facts;
mod inventory;
mod policy;
mod report;
mod ring;
mod store;

pub(crate) use escrow::{Recovery, RecoveryError};
pub(crate) use inventory::Usability;
pub(crate) use policy::Settings;
pub(crate) use ring::Keys;
#[cfg(test)]
pub(crate) use ring::test_keys;
pub(crate) use store::{KeyStore, follow};
