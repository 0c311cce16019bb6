//! Certificates, signing keys and tokens of one throw-away control plane.

use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::{error::HarnessError, scratch::Scratch};

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
}
