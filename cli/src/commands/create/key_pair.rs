//! Whether a certificate and a private key, both in PEM, belong together.

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use zeroize::Zeroize;

use crate::diagnostic::Advice;

/// The PEM label of a private key under a password.
const ENCRYPTED_KEY: &[u8] = b"-----BEGIN ENCRYPTED PRIVATE KEY-----";

/// Where the key says in its headers that it is under a password (RFC 1421).
const ENCRYPTED_HEADER: &[u8] = b"Proc-Type: 4,ENCRYPTED";

/// Checks that the first certificate of `cert` is for the private key in `key`; each comes with the
/// name of its file.
pub(super) fn check(cert: (&str, &[u8]), key: (&str, &[u8])) -> Result<(), KeyPairError> {
    let (cert_file, key_file) = (cert.0.to_owned(), key.0.to_owned());
    let chain = read_chain(cert.1);
    let Some(chain) = chain.ok().filter(|chain| !chain.is_empty()) else {
        return Err(KeyPairError::NoCertificate { file: cert_file });
    };
    let mut der = read_key(&key_file, key.1)?;
    let signing_key = any_supported_type(&der);
    der.zeroize();
    let Ok(signing_key) = signing_key else {
        return Err(KeyPairError::UnknownKey { file: key_file });
    };
    match CertifiedKey::new(chain, signing_key).keys_match() {
        Ok(()) => Ok(()),
        Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            Err(KeyPairError::NotAPair {
                cert_file,
                key_file,
            })
        }
        Err(_) => Err(KeyPairError::BadCertificate { file: cert_file }),
    }
}

fn read_chain(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, pem::Error> {
    CertificateDer::pem_slice_iter(text).collect()
}

fn read_key(file: &str, text: &[u8]) -> Result<PrivateKeyDer<'static>, KeyPairError> {
    let file = file.to_owned();
    if contains(text, ENCRYPTED_KEY) || contains(text, ENCRYPTED_HEADER) {
        return Err(KeyPairError::Encrypted { file });
    }
    PrivateKeyDer::from_pem_slice(text).map_err(|_| KeyPairError::NoKey { file })
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Why a certificate and a key are no pair.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyPairError {
    #[error("{file}: holds no certificate in PEM form")]
    NoCertificate { file: String },
    #[error("{file}: its first certificate is damaged, or is of a version before 3")]
    BadCertificate { file: String },
    #[error("{file}: holds no private key in PEM form")]
    NoKey { file: String },
    #[error("{file}: the private key is encrypted, and the cluster could not use it")]
    Encrypted { file: String },
    #[error("{file}: the private key is none of RSA (2048 to 8192 bits), P-256, P-384 and Ed25519")]
    UnknownKey { file: String },
    #[error("{key_file}: is not the private key of the first certificate in {cert_file}")]
    NotAPair { cert_file: String, key_file: String },
}

impl Advice for KeyPairError {
    fn advice(&self) -> Vec<String> {
        let advice = match self {
            Self::NoCertificate { .. } | Self::NoKey { .. } => {
                "it starts with a line -----BEGIN …; for DER, convert it with openssl first"
            }
            Self::Encrypted { .. } => {
                "without a copy on the disk: openssl pkey -in KEY | waxwing create tls … --key=-"
            }
            Self::NotAPair { .. } => {
                "give the two that were issued together; the server's own certificate comes first in its file"
            }
            Self::BadCertificate { .. } | Self::UnknownKey { .. } => {
                "if it must be this one: waxwing create generic … --type=kubernetes.io/tls --from-file=tls.crt=CERT --from-file=tls.key=KEY, which looks at neither"
            }
        };
        vec![advice.to_owned()]
    }
}
