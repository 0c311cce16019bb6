//! Keys, scopes and sealed values: every value is a plain age file.
//!
//! To seal, take a [`Recipient`] (a public key) and a [`Scope`] (where the value may be opened) to
//! [`SealedValue::seal`]. To open, put each [`Identity`] (a private key) into a [`KeyRing`] and give
//! it to [`SealedValue::open`] with the [`Place`] where the value was found. In most cases that is all.
//!
//! A value that comes from outside goes through [`SealedValue::parse`]: `age_header` reads the age
//! header, `provenance` the two stanzas of ours in it, and the result is a [`Header`], which tells
//! without any key where the value belongs, when it was sealed, and to which keys. Only a parsed
//! value can be opened or rewrapped. The recipient types plug into the `age` crate by its two
//! traits; `hybrid` is made of `xwing` (the key encapsulation) and `hpke` (what is built on it).
//!
//! Nothing here does I/O, reads a clock or knows Kubernetes. The wire format is described in
//! docs/format.md.

#![forbid(unsafe_code)]

mod age_header;
mod algorithm;
mod bech32;
mod error;
mod header;
mod header_first;
mod hpke;
mod hybrid;
mod identity;
mod key_file;
mod key_id;
mod key_ring;
mod provenance;
mod recipient;
mod rewrap;
mod scope;
mod sealed_value;
mod time;
mod xwing;

pub use age_header::MAX_HEADER_LEN;
pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use error::{MalformedError, OpenError, RewrapError, SealError, TamperedPart};
pub use header::{Header, HeaderKey, MAX_RECIPIENTS, MAX_VALUE_LEN};
pub use identity::{Identity, ParseIdentityError};
pub use key_file::{
    IdentityFileError, RecipientsFileError, parse_identity_file, parse_recipients_file,
};
pub use key_id::{KeyId, ParseKeyIdError};
pub use key_ring::KeyRing;
pub use recipient::{AmbiguousKeyId, MixedRecipients, ParseRecipientError, Recipient};
pub use scope::{Place, Scope, ScopeKind, ScopeWordError, UnknownScopeKind};
pub use sealed_value::SealedValue;
pub use time::format_time;
