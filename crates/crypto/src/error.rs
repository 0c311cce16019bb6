//! What can be wrong with a sealed value, and what can go wrong with sealing, opening and rewrapping.

use crate::{
    AmbiguousKeyId, KeyId, MAX_HEADER_LEN, MAX_RECIPIENTS, MAX_VALUE_LEN, MixedRecipients, Scope,
    ScopeWordError,
};

/// Why something is no sealed value, as can be told without any key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MalformedError {
    /// Not the base64 of RFC 4648, padded, on one line.
    #[error("not base64 (padded, on one line); copy the sealed value again, whole")]
    NotBase64,
    /// Longer than any sealed value can be.
    #[error(
        "longer than any sealed value can be; the value in it may have {MAX_VALUE_LEN} bytes at most"
    )]
    TooLong,
    /// Base64 of something else than an age file.
    #[error("not a sealed value; seal it with `waxwing seal`")]
    NotAge,
    /// An age file of another version than v1.
    #[error(
        "written in a newer version of the age format; open it with a newer version of this program"
    )]
    NewerVersion,
    /// The file ends within its header.
    #[error("cut short; copy the sealed value again, whole")]
    Truncated,
    /// The header is longer than allowed.
    #[error("its header has more than {MAX_HEADER_LEN} bytes; seal it again, to fewer recipients")]
    HeaderTooLong,
    /// The header does not follow the grammar of the age format.
    #[error("its header is damaged; restore it from its history or seal it again")]
    BadHeader,
    /// An age file without the scope and sealing stanzas at the start of its header.
    #[error("a plain age file without a scope; seal it with `waxwing seal`")]
    NotSealed,
    /// The stanzas `waxwing.dev/scope` and `waxwing.dev/sealed` are not the first two, once each.
    #[error(
        "its waxwing.dev stanzas are missing, repeated or out of place; restore it from its history or seal it again"
    )]
    MisplacedStanza,
    /// A `waxwing.dev/…` stanza of another name.
    #[error(
        "it holds a waxwing.dev stanza of unknown name; open it with a newer version of this program"
    )]
    UnknownStanza,
    /// The scope stanza is not in its one canonical form.
    #[error("its scope is damaged; restore it from its history or seal it again")]
    BadScope,
    /// The sealing stanza is not in its one canonical form.
    #[error(
        "its time of sealing or its key ids are damaged; restore it from its history or seal it again"
    )]
    BadSealed,
    /// No recipient stanza of a known type.
    #[error("it is sealed to no key; seal it again")]
    NoRecipients,
    /// More recipient stanzas than allowed.
    #[error("it is sealed to more than {MAX_RECIPIENTS} keys; seal it again, to fewer recipients")]
    TooManyRecipients,
    /// The number of key ids is not the number of recipient stanzas.
    #[error(
        "it names {key_ids} keys but is sealed to {stanzas}; restore it from its history or seal it again"
    )]
    KeyCount {
        /// How many key ids the sealing stanza has.
        key_ids: usize,
        /// How many recipient stanzas the header has.
        stanzas: usize,
    },
    /// A recipient stanza has arguments or a body of the wrong form.
    #[error("its stanza for key {0} is damaged; restore it from its history or seal it again")]
    BadRecipientStanza(KeyId),
    /// Recipient stanzas of post-quantum and of classic type.
    #[error(
        "it mixes post-quantum and classic recipients; seal it again, to recipients of one class"
    )]
    MixedRecipients,
    /// The payload cannot be the encryption of any value.
    #[error("its payload is cut short or damaged; restore it from its history or seal it again")]
    BadPayload,
}

/// Why a value could not be sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// No recipient given.
    #[error("no recipient to seal to; give at least one")]
    NoRecipients,
    /// More recipients than a sealed value may have.
    #[error("{0} recipients; a value can be sealed to {MAX_RECIPIENTS} at most")]
    TooManyRecipients(usize),
    /// Post-quantum and classic recipients together.
    #[error(transparent)]
    Mixed(#[from] MixedRecipients),
    /// Two different recipients with the same key id.
    #[error(transparent)]
    AmbiguousKeyId(#[from] AmbiguousKeyId),
    /// The value is too long.
    #[error("the value is too long; {MAX_VALUE_LEN} bytes can be sealed at most")]
    TooLong,
    /// A namespace, name or item that a scope cannot hold.
    #[error(transparent)]
    ScopeWord(#[from] ScopeWordError),
    /// A time before 1970 or after 9999.
    #[error("the time of sealing is before 1970 or after 9999; set the clock of this machine")]
    TimeOutOfRange,
}

/// Why a sealed value could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// None of the keys that it is sealed to is at hand.
    #[error("sealed to no key at hand but to {}; restore that key, or seal the value again", list(.key_ids))]
    UnknownKey {
        /// The keys that it is sealed to.
        key_ids: Vec<KeyId>,
    },
    /// It belongs elsewhere.
    #[error(
        "sealed for another place ({scope}); move it there, or seal the value again for this place"
    )]
    ScopeMismatch {
        /// Where it may be opened.
        scope: Scope,
    },
    /// It was changed after it was sealed.
    #[error("{0}; restore it from its history or seal it again")]
    Tampered(TamperedPart),
}

/// Where authentication failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TamperedPart {
    /// The recipient stanza that should open with this key does not.
    #[error("its stanza for key {0} was changed after sealing")]
    Stanza(KeyId),
    /// The header does not match its MAC.
    #[error("its header was changed after sealing")]
    Header,
    /// The payload does not decrypt.
    #[error("its payload was changed after sealing")]
    Payload,
}

/// Why a sealed value could not be rewrapped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RewrapError {
    /// Its file key could not be had, or its header was changed.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The new key is of another class than the keys of others that stay.
    #[error(
        "key {to} cannot join the other keys of this value, because post-quantum and classic recipients cannot be mixed; seal the value again, to recipients of one class"
    )]
    Mixed {
        /// The key that the value was to be rewrapped for.
        to: KeyId,
    },
    /// The header would be longer than allowed.
    #[error(
        "its header would have more than {MAX_HEADER_LEN} bytes; seal it again, to fewer recipients"
    )]
    HeaderTooLong,
    /// More keys than one value may have.
    #[error("it would have {0} recipients; a value has at most {MAX_RECIPIENTS}")]
    TooManyRecipients(usize),
    /// Two different keys to be added have one name.
    #[error(transparent)]
    AmbiguousKeyId(#[from] AmbiguousKeyId),
    /// The key to be taken away is not among those of the value.
    #[error("it is not sealed to key {0}, which was to be taken away")]
    NotSealedTo(KeyId),
    /// No key would be left.
    #[error("no recipient would be left, and nobody could ever open it; add one")]
    NoRecipients,
}

fn list(key_ids: &[KeyId]) -> String {
    let ids: Vec<String> = key_ids.iter().map(KeyId::to_string).collect();
    ids.join(", ")
}
