//! A certificate that the webhook can serve, with its private key.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{InconsistentKeys, ServerConfig};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

/// How long one that is made here is valid.
pub(super) const LIFETIME: Duration = Duration::from_secs(90 * 86_400);

/// How far the clock of an API server may be behind.
pub(super) const SKEW: Duration = Duration::from_secs(3_600);

const COMMON_NAME: &str = "waxwing webhook";

/// Why there is nothing that could be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(super) enum CertificateError {
    #[error("holds no certificate in PEM")]
    NoCertificate,
    #[error("holds a certificate that cannot be read ({0})")]
    Certificate(String),
    #[error("holds no private key in PEM")]
    NoKey,
    #[error("holds a private key that cannot be used ({0})")]
    Key(String),
    #[error("is the private key of another certificate")]
    OtherKey,
    #[error("could not be made ({0})")]
    Making(String),
}

/// For which hosts a certificate is good, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms {
    /// DNS names and IP addresses, as clients give them.
    pub(super) hosts: Vec<String>,
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
}

/// What is served, and what it is stored as.
pub(super) struct Certificate {
    pub(super) terms: Terms,
    /// PEM.
    pub(super) chain: String,
    /// PEM.
    pub(super) key: Zeroizing<String>,
    certified: Arc<CertifiedKey>,
}

impl Certificate {
    /// Makes one that is its own issuer: who is to trust it is told of this very certificate, so that there
    /// is no authority whose key could be stolen and vouch for others.
    pub(super) fn make(hosts: &[String], now: Timestamp) -> Result<Self, CertificateError> {
        let failed = |error: rcgen::Error| CertificateError::Making(error.to_string());
        let mut params = CertificateParams::new(hosts).map_err(failed)?;
        params
            .distinguished_name
            .push(DnType::CommonName, COMMON_NAME);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.not_before = SystemTime::from(now - SKEW).into();
        params.not_after = SystemTime::from(now + LIFETIME).into();
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = params.self_signed(&key).map_err(failed)?;
        let key = Zeroizing::new(key.serialize_pem());
        Self::read(certificate.pem().as_bytes(), key.as_bytes()).map_err(|(_, error)| error)
    }

    /// Reads both halves; an error names the one that it is about.
    pub(super) fn read(chain: &[u8], key: &[u8]) -> Result<Self, (Half, CertificateError)> {
        let of_chain = |error| (Half::Chain, error);
        let of_key = |error| (Half::Key, error);
        let certificates = CertificateDer::pem_slice_iter(chain)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| of_chain(CertificateError::Certificate(error.to_string())))?;
        let first = certificates
            .first()
            .ok_or(of_chain(CertificateError::NoCertificate))?;
        let terms = Terms::read(first).map_err(of_chain)?;
        let private =
            PrivateKeyDer::from_pem_slice(key).map_err(|_| of_key(CertificateError::NoKey))?;
        let certified = CertifiedKey::from_der(certificates, private, &ring::default_provider())
            .map_err(|error| of_key(unusable(&error)))?;
        Ok(Self {
            terms,
            chain: String::from_utf8_lossy(chain).into_owned(),
            key: Zeroizing::new(String::from_utf8_lossy(key).into_owned()),
            certified: Arc::new(certified),
        })
    }

    /// How it is served.
    pub(super) fn server_config(&self) -> Result<Arc<ServerConfig>, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let resolver = SingleCertAndKey::from(self.certified.clone());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(resolver));
        Ok(Arc::new(config))
    }
}

/// One of the two files, or items, that a certificate consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Chain,
    Key,
}

impl Half {
    /// Its name in a Secret of the type kubernetes.io/tls, and in a folder where one is mounted.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Chain => "tls.crt",
            Self::Key => "tls.key",
        }
    }
}

impl Terms {
    /// Whether a client that looks for this host finds it; `*.` stands for one label.
    pub(super) fn covers(&self, host: &str) -> bool {
        let is_it = |known: &String| match (known.strip_prefix("*."), host.split_once('.')) {
            (Some(wild), Some((_, domain))) => wild == domain,
            _ => known == host,
        };
        self.hosts.iter().any(is_it)
    }

    fn read(certificate: &CertificateDer<'_>) -> Result<Self, CertificateError> {
        let unreadable = |error: &dyn ToString| CertificateError::Certificate(error.to_string());
        let (_, parsed) =
            X509Certificate::from_der(certificate).map_err(|error| unreadable(&error))?;
        let names = parsed
            .subject_alternative_name()
            .map_err(|error| unreadable(&error))?;
        let names = names.map_or(&[][..], |names| &names.value.general_names);
        let at = |seconds| Timestamp::from_second(seconds).map_err(|error| unreadable(&error));
        Ok(Self {
            hosts: names.iter().filter_map(host).collect(),
            from: at(parsed.validity().not_before.timestamp())?,
            until: at(parsed.validity().not_after.timestamp())?,
        })
    }
}

fn host(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            let four = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let sixteen = || <[u8; 16]>::try_from(*bytes).map(IpAddr::from);
            let address = four.or_else(|_| sixteen()).ok()?;
            Some(address.to_string())
        }
        _ => None,
    }
}

fn unusable(error: &rustls::Error) -> CertificateError {
    match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            CertificateError::OtherKey
        }
        other => CertificateError::Key(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn hosts() -> Vec<String> {
        ["waxwing.waxwing-system.svc", "127.0.0.1", "::1"]
            .map(str::to_owned)
            .into()
    }

    #[test]
    fn what_is_made_is_good_for_its_hosts_and_its_time_and_can_be_served() {
        let now = "2026-11-24T06:00:00Z".parse().unwrap();
        let made = Certificate::make(&hosts(), now).unwrap();
        let terms = Terms {
            hosts: hosts(),
            from: now - SKEW,
            until: now + LIFETIME,
        };
        assert_eq!(made.terms, terms);
        let read = Certificate::read(made.chain.as_bytes(), made.key.as_bytes()).unwrap();
        assert_eq!(read.terms, terms);
        read.server_config().unwrap();
    }

    #[test]
    fn what_cannot_be_served_is_told_by_its_half_without_a_word_of_the_key() {
        let now = Timestamp::now();
        let [one, two] = [0; 2].map(|_| Certificate::make(&hosts(), now).unwrap());
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let broken_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        let cases = [
            ("", &**one.key, Half::Chain, "no certificate"),
            (broken, &one.key, Half::Chain, "cannot be read"),
            (&one.chain, "", Half::Key, "no private key"),
            (&one.chain, broken_key, Half::Key, "cannot be used"),
            (&one.chain, &two.key, Half::Key, "of another certificate"),
        ];
        for (chain, key, half, words) in cases {
            let error = Certificate::read(chain.as_bytes(), key.as_bytes()).err();
            let (found, error) = error.unwrap();
            assert_eq!(found, half, "{error}");
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
