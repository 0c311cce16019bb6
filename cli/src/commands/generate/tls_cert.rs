//! `waxwing generate tls-cert`.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use waxwing_manifest::names::check_object_name;
use zeroize::{Zeroize, Zeroizing};

use super::{Generate, Generated};
use crate::commands::items::Items;
use crate::diagnostic::{Advice, Failure};

pub(super) const EXAMPLES: &str = "\
Examples:
  Signed by itself; who trusts web.crt trusts the server:
    waxwing generate tls-cert web -n prod --host web.prod.svc -o web.yaml > web.crt

  To have it signed by a certificate authority:
    waxwing generate tls-cert web -n prod --host www.example.com --csr -o web.yaml > web.csr
  and, when it has answered, put its certificate in the place of the one signed by itself:
    waxwing set web.yaml tls.crt --from-file web.crt";

/// The most characters of a common name (RFC 5280, ub-common-name).
const MAX_COMMON_NAME: usize = 64;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// A DNS name, *.NAME or IP address that the certificate is for; may be repeated
    #[arg(long = "host", value_name = "HOST", required = true, value_parser = host, help_heading = "Value")]
    hosts: Vec<String>,

    /// How many days the certificate that is signed by itself is valid
    #[arg(
        long,
        value_name = "N",
        default_value_t = 365,
        value_parser = clap::value_parser!(u32).range(1..=36_500), help_heading = "Value")]
    days: u32,

    /// Print a request for a certificate authority instead of the certificate
    #[arg(long, help_heading = "Value")]
    csr: bool,
}

fn host(word: &str) -> Result<String, BadHost> {
    let name = word.strip_prefix("*.").unwrap_or(word);
    if word.parse::<IpAddr>().is_ok() || check_object_name(name).is_ok() {
        Ok(word.to_owned())
    } else {
        Err(BadHost)
    }
}

/// A host that no certificate can be for.
#[derive(Debug, thiserror::Error)]
#[error("is neither an IP address nor a DNS name in lower case (write other scripts as xn--…)")]
struct BadHost;

impl Generate for Args {
    fn secret_type(&self) -> Option<&'static str> {
        Some("kubernetes.io/tls")
    }

    fn generate(&self, _name: &str) -> Result<Generated, Failure> {
        let params = self.params(SystemTime::now()).map_err(TlsError)?;
        let mut key = KeyPair::generate().map_err(TlsError)?;
        let made = self.make(&params, &key);
        let private = Zeroizing::new(key.serialize_pem().into_bytes());
        key.zeroize();
        let Made { cert, public } = made.map_err(TlsError)?;
        let mut items = Items::default();
        items.add("--host", "tls.crt", Zeroizing::new(cert.into_bytes()))?;
        items.add("--host", "tls.key", private)?;
        Ok(Generated {
            items,
            public: Some(public),
        })
    }
}

/// PEM files.
struct Made {
    cert: String,
    /// The certificate or the request for one.
    public: String,
}

impl Args {
    fn params(&self, now: SystemTime) -> Result<CertificateParams, rcgen::Error> {
        let mut params = CertificateParams::new(self.hosts.clone())?;
        params.distinguished_name = self.distinguished_name();
        params.not_before = now.into();
        params.not_after = (now + DAY * self.days).into();
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        Ok(params)
    }

    /// The first host; where it is too long for a common name, the alternative names have to do.
    fn distinguished_name(&self) -> DistinguishedName {
        let mut name = DistinguishedName::new();
        let host = self.hosts.first();
        if let Some(host) = host.filter(|host| host.len() <= MAX_COMMON_NAME) {
            name.push(DnType::CommonName, host.as_str());
        }
        name
    }

    fn make(&self, params: &CertificateParams, key: &KeyPair) -> Result<Made, rcgen::Error> {
        let cert = params.self_signed(key)?.pem();
        let public = if self.csr {
            params.serialize_request(key)?.pem()?
        } else {
            cert.clone()
        };
        Ok(Made { cert, public })
    }
}

/// The certificate could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the certificate could not be made: {0}")]
struct TlsError(rcgen::Error);

impl Advice for TlsError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_name_a_wildcard_or_an_address() {
        for good in [
            "web",
            "www.example.com",
            "*.example.com",
            "10.0.0.1",
            "::1",
            "xn--bcher-kva.ch",
        ] {
            assert!(host(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "*",
            "*.",
            "a.*.b",
            "Web",
            "bücher.ch",
            "a b",
            "http://a",
            "a:443",
        ] {
            assert!(host(bad).is_err(), "{bad}");
        }
    }
}
