//! The configuration file of Docker, as far as Kubernetes reads it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// The item that the file is in a Secret.
pub(super) const ITEM: &str = ".dockerconfigjson";

/// The most bytes that JSON makes of one: `\u0000`.
const LONGEST_ESCAPE: usize = 6;

/// The login at one registry.
pub(super) struct LoginEntry<'a> {
    pub(super) username: &'a str,
    pub(super) password: &'a str,
    /// May be empty.
    pub(super) email: &'a str,
}

impl LoginEntry<'_> {
    /// The file with this login at `server`, as kubectl writes it.
    pub(super) fn config(&self, server: &str) -> Zeroizing<Vec<u8>> {
        let auth = self.auth();
        let entry = WrittenEntry {
            username: self.username,
            password: self.password,
            email: self.email,
            auth: &auth,
        };
        let config = WrittenConfig {
            auths: BTreeMap::from([(server, entry)]),
        };
        let texts = [server, self.username, self.password, self.email, &auth];
        let len: usize = texts.iter().map(|text| text.len()).sum();
        // Large enough from the start: a buffer that grows leaves copies of the password behind.
        let mut json = Zeroizing::new(Vec::with_capacity(len * LONGEST_ESCAPE + 128));
        serde_json::to_writer(&mut *json, &config).expect("strings are JSON, and memory takes it");
        json
    }

    fn auth(&self) -> Zeroizing<String> {
        let login = Zeroizing::new([self.username, ":", self.password].concat());
        Zeroizing::new(STANDARD.encode(&*login))
    }
}

#[derive(Serialize)]
struct WrittenConfig<'a> {
    auths: BTreeMap<&'a str, WrittenEntry<'a>>,
}

#[derive(Serialize)]
struct WrittenEntry<'a> {
    username: &'a str,
    password: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    email: &'a str,
    auth: &'a str,
}

/// The registries of a file that have an entry without any credentials in it. What is not the JSON
/// of such a file has none.
pub(super) fn logged_out(config: &[u8]) -> Vec<String> {
    let Ok(config) = serde_json::from_slice::<ReadConfig>(config) else {
        return Vec::new();
    };
    let entries = config.auths.into_iter();
    let empty = entries.filter(|(_, entry)| !entry.has_credentials());
    empty.map(|(server, _)| server).collect()
}

#[derive(Deserialize)]
struct ReadConfig {
    #[serde(default)]
    auths: BTreeMap<String, ReadEntry>,
}

/// Which credentials are there; nothing of them is kept.
#[derive(Deserialize)]
struct ReadEntry {
    auth: Option<IgnoredAny>,
    password: Option<IgnoredAny>,
    identitytoken: Option<IgnoredAny>,
    registrytoken: Option<IgnoredAny>,
}

impl ReadEntry {
    fn has_credentials(&self) -> bool {
        let credentials = [
            &self.auth,
            &self.password,
            &self.identitytoken,
            &self.registrytoken,
        ];
        credentials.iter().any(|field| field.is_some())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_login_is_written_as_kubectl_writes_it() {
        let login = LoginEntry {
            username: "bot",
            password: "p\"w\u{1}",
            email: "",
        };
        assert_eq!(
            std::str::from_utf8(&login.config("ghcr.io")).unwrap(),
            r#"{"auths":{"ghcr.io":{"username":"bot","password":"p\"w\u0001","auth":"Ym90OnAidwE="}}}"#
        );
    }

    #[test]
    fn the_buffer_of_a_login_never_grows() {
        let worst = "\u{1}".repeat(1000);
        let login = LoginEntry {
            username: &worst,
            password: &worst,
            email: &worst,
        };
        let auth = login.auth();
        let config = login.config(&worst);
        let reserved = (4 * worst.len() + auth.len()) * LONGEST_ESCAPE + 128;
        assert_eq!(config.capacity(), reserved);
    }

    #[test]
    fn an_entry_without_credentials_is_told() {
        let config = br#"{"auths": {"a": {}, "b": {"auth": "eA=="}, "c": {"identitytoken": "x"}}, "credsStore": "desktop"}"#;
        assert_eq!(logged_out(config), ["a"]);
        assert!(logged_out(b"{}").is_empty());
        assert!(logged_out(b"no JSON").is_empty());
    }
}
