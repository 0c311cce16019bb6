//! What is kept in the webhook's Secret: its token, and the certificates that it made for itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::api::ObjectMeta;

use super::certificate::{Certificate, CertificateError};
use super::rotation::{Step, decide};
use super::token::Token;

const TOKEN: &str = "token";
const CURRENT: [&str; 2] = ["tls.crt", "tls.key"];
const NEXT: [&str; 2] = ["next.crt", "next.key"];
const PREVIOUS: &str = "previous.crt";

/// The contents of the Secret. What cannot be read in it counts as not there, and is made anew.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) token: Arc<Token>,
    /// `None`: the certificates come from elsewhere, or were not made yet.
    pub(super) own: Option<Own>,
}

/// The certificates of the webhook's own making.
#[derive(Clone)]
pub(super) struct Own {
    /// It is served.
    pub(super) current: Arc<Certificate>,
    /// It will be.
    next: Arc<Certificate>,
    /// It was, and a replica that has not heard of it yet may still serve it. PEM.
    previous: Option<String>,
}

impl Stored {
    pub(super) fn new() -> Self {
        Self {
            token: Arc::new(Token::generate()),
            own: None,
        }
    }

    /// `None`: there is no token in it.
    pub(super) fn read(secret: &Secret) -> Option<Self> {
        let data = secret.data.as_ref()?;
        Some(Self {
            token: Arc::new(Token::read(&data.get(TOKEN)?.0)?),
            own: Own::read(data),
        })
    }

    /// The Secret that holds it, to be applied over that version of it.
    pub(super) fn to_secret(&self, name: &str, namespace: &str, version: &str) -> Secret {
        let mut data = BTreeMap::new();
        let mut put = |item: &str, text: &str| {
            data.insert(item.to_owned(), ByteString(text.as_bytes().to_vec()));
        };
        put(TOKEN, self.token.as_str());
        if let Some(own) = &self.own {
            for (certificate, [chain, key]) in [(&own.current, CURRENT), (&own.next, NEXT)] {
                put(chain, &certificate.chain);
                put(key, &certificate.key);
            }
            if let Some(previous) = &own.previous {
                put(PREVIOUS, previous);
            }
        }
        Secret {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                namespace: Some(namespace.to_owned()),
                resource_version: Some(version.to_owned()),
                ..ObjectMeta::default()
            },
            data: Some(data),
            ..Secret::default()
        }
    }
}

impl Own {
    fn read(data: &BTreeMap<String, ByteString>) -> Option<Self> {
        let certificate = |[chain, key]: [&str; 2]| {
            let read = Certificate::read(&data.get(chain)?.0, &data.get(key)?.0);
            read.ok().map(Arc::new)
        };
        let text = |bytes: &ByteString| String::from_utf8(bytes.0.clone()).ok();
        Some(Self {
            current: certificate(CURRENT)?,
            next: certificate(NEXT)?,
            previous: data.get(PREVIOUS).and_then(text),
        })
    }

    /// What has to be done about them, to be served under these names.
    pub(super) fn due(own: Option<&Self>, hosts: &[String], now: Timestamp) -> Step {
        let current = own.map(|own| &own.current.terms);
        let next = own.map(|own| &own.next.terms);
        decide(current, next, hosts, now)
    }

    /// The certificates after the next one took over.
    pub(super) fn rotated(
        &self,
        hosts: &[String],
        now: Timestamp,
    ) -> Result<Self, CertificateError> {
        Ok(Self {
            current: self.next.clone(),
            next: Arc::new(Certificate::make(hosts, now)?),
            previous: Some(self.current.chain.clone()),
        })
    }

    pub(super) fn made(hosts: &[String], now: Timestamp) -> Result<Self, CertificateError> {
        Ok(Self {
            current: Arc::new(Certificate::make(hosts, now)?),
            next: Arc::new(Certificate::make(hosts, now)?),
            previous: None,
        })
    }

    /// All that may be trusted, one PEM after the other.
    pub(super) fn bundle(&self) -> String {
        let previous = self.previous.as_deref().unwrap_or_default();
        format!("{}{}{previous}", self.current.chain, self.next.chain)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn hosts() -> Vec<String> {
        vec!["waxwing.waxwing-system.svc".to_owned()]
    }

    fn stored() -> Stored {
        Stored {
            own: Some(Own::made(&hosts(), Timestamp::now()).unwrap()),
            ..Stored::new()
        }
    }

    #[test]
    fn a_secret_is_read_as_it_was_written() {
        let mut stored = stored();
        let rotated = stored.own.unwrap().rotated(&hosts(), Timestamp::now());
        stored.own = Some(rotated.unwrap());
        let secret = stored.to_secret("waxwing-webhook", "waxwing-system", "7");
        assert_eq!(secret.metadata.resource_version.as_deref(), Some("7"));
        let read = Stored::read(&secret).unwrap();
        assert!(read.token == stored.token);
        assert_eq!(read.own.unwrap().bundle(), stored.own.unwrap().bundle());
    }

    #[test]
    fn what_is_served_after_a_rotation_was_trusted_before_and_what_was_served_still_is() {
        let before = stored().own.unwrap();
        let after = before.rotated(&hosts(), Timestamp::now()).unwrap();
        assert!(before.bundle().contains(&after.current.chain));
        assert!(after.bundle().contains(&before.current.chain));
        assert!(after.bundle().contains(&after.next.chain));
    }

    #[test]
    fn what_cannot_be_read_counts_as_not_there() {
        let secret = stored().to_secret("waxwing-webhook", "waxwing-system", "7");
        let without = |item: &str| {
            let mut secret = secret.clone();
            let data = secret.data.as_mut().unwrap();
            data.insert(item.to_owned(), ByteString(b"nonsense".to_vec()));
            Stored::read(&secret)
        };
        assert!(without("token").is_none());
        for item in ["tls.crt", "tls.key", "next.crt", "next.key"] {
            assert!(without(item).unwrap().own.is_none(), "{item}");
        }
        assert!(without("unknown").unwrap().own.is_some());
    }
}
