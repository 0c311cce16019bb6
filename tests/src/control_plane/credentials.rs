//! Certificates, signing keys and tokens of one throw-away control plane.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    error::{Context, HarnessError},
    scratch::Scratch,
};

/// The user whom RBAC allows everything, by the group system:masters.
pub(crate) const ADMIN: &str = "admin";

/// A user in no group but system:authenticated: what RBAC grants to everyone.
pub(crate) const ORDINARY_USER: &str = "ordinary-user";

/// The files that the API server and the controller manager are given.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) ca_certificate: PathBuf,
    pub(crate) server_certificate: PathBuf,
    pub(crate) server_key: PathBuf,
    pub(crate) service_account_key: PathBuf,
    pub(crate) service_account_public_key: PathBuf,
    pub(crate) tokens: PathBuf,
}

impl Credentials {
    /// Makes new ones. The token of each of the two users is the user's name: the servers listen on
    /// loopback only, and everything that they know is thrown away.
    pub(crate) fn make(scratch: &Scratch) -> Result<Self, HarnessError> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
        let server_key = KeyPair::generate()?;
        let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
        let server = CertificateParams::new(names)?.signed_by(&server_key, &authority)?;
        let service_account = KeyPair::generate()?;
        let tokens = format!(
            "{ADMIN},{ADMIN},{ADMIN},system:masters\n{ORDINARY_USER},{ORDINARY_USER},{ORDINARY_USER}\n"
        );
        Ok(Self {
            ca_certificate: scratch.write("ca.crt", &authority.pem())?,
            server_certificate: scratch.write("server.crt", &server.pem())?,
            server_key: scratch.write("server.key", &server_key.serialize_pem())?,
            service_account_key: scratch
                .write("service-account.key", &service_account.serialize_pem())?,
            service_account_public_key: scratch
                .write("service-account.pub", &service_account.public_key_pem())?,
            tokens: scratch.write("tokens.csv", &tokens)?,
        })
    }

    /// For a server that stands in the API server's place, on loopback as it does.
    pub(crate) fn tls_acceptor(&self) -> Result<TlsAcceptor, HarnessError> {
        let certificates = certificates(&self.server_certificate)?;
        let key = PrivateKeyDer::from_pem_file(&self.server_key)
            .map_err(io::Error::other)
            .context("read the API server's key")?;
        let mut config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(certificates, key)
            .map_err(io::Error::other)
            .context("set up TLS")?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// The certificates that vouch for the servers', in DER.
    pub(crate) fn authorities(&self) -> Result<Vec<Vec<u8>>, HarnessError> {
        let certificates = certificates(&self.ca_certificate)?;
        Ok(certificates.iter().map(|der| der.to_vec()).collect())
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, HarnessError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    read.map_err(io::Error::other)
        .context(format!("read {}", path.display()))
}
