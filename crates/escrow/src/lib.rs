//! Escrow: a sealing key's identity, encrypted to offline recovery recipients.
//!
//! The plaintext of an escrow is an age identity file, so that `age -d -i RECOVERY escrow.age` gives
//! a file that `age -i` and `waxwing unseal -i` take as it is. Recovery recipients may be of any type
//! that age knows: native, post-quantum, SSH, or a plugin's (which is then run as a program; that is
//! why this is no part of the crypto crate, which does no I/O).

#![forbid(unsafe_code)]

mod identity;
mod recipient;
mod seal;

pub use age::secrecy::SecretString;
pub use age::{Callbacks, NoCallbacks};
pub use identity::{RecoveryIdentities, RecoveryIdentityError};
pub use recipient::{RecoveryRecipient, RecoveryRecipientError, RecoveryRecipients};
pub use seal::{EscrowError, decrypt, encrypt, encrypt_keys};
