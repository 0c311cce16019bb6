//! A recipient as it stands in the file.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de};
use waxwing_crypto::Recipient;

/// How every recipient looks.
const LOOK: &str = "^age1[a-z0-9]+$";

/// A recipient: what age calls a public key.
#[derive(Debug)]
pub(super) struct PublicKey(pub(super) Recipient);

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // The error repeats nothing of the text, which may be a private key by mistake.
        text.parse().map(Self).map_err(de::Error::custom)
    }
}

impl JsonSchema for PublicKey {
    fn schema_name() -> Cow<'static, str> {
        "Recipient".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "An age recipient (public key): age1pq1… is safe against quantum computers, other age1… is compact.",
            "pattern": LOOK,
        })
    }
}
