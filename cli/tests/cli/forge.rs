//! A workshop with a key, for the commands that make SealedSecrets from nothing but their arguments.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::workshop::{Run, Workshop};

/// A workshop with a key, and the commands of these tests in it.
pub(crate) struct Forge {
    pub(crate) workshop: Workshop,
    pub(crate) recipient: String,
}

impl Forge {
    pub(crate) fn new() -> Self {
        let workshop = Workshop::new();
        let recipient = workshop.keygen("key.txt", "x25519");
        Self {
            workshop,
            recipient,
        }
    }

    /// Runs a command for the namespace `prod`, with the recipient.
    pub(crate) fn run(&self, args: &[&str], stdin: impl AsRef<[u8]>) -> Run {
        let args = [args, &["-n", "prod", "-r", &self.recipient]].concat();
        self.workshop.run_with(&args, stdin)
    }

    /// The Secret that comes out of a SealedSecret.
    pub(crate) fn opened(&self, sealed: &str) -> Opened {
        let args = ["unseal", "-i", "key.txt", "--format", "json"];
        let json = self.workshop.run_with(&args, sealed).quiet();
        Opened(serde_json::from_str(&json).unwrap())
    }
}

/// A Secret, opened.
pub(crate) struct Opened(Value);

impl Opened {
    pub(crate) fn type_(&self) -> Option<&str> {
        self.0["type"].as_str()
    }

    pub(crate) fn items(&self) -> Vec<&str> {
        let data = self.0["data"].as_object().unwrap();
        data.keys().map(String::as_str).collect()
    }

    pub(crate) fn bytes(&self, item: &str) -> Vec<u8> {
        STANDARD
            .decode(self.0["data"][item].as_str().unwrap())
            .unwrap()
    }

    pub(crate) fn text(&self, item: &str) -> String {
        String::from_utf8(self.bytes(item)).unwrap()
    }
}

/// A certificate signed by itself and its key, in PEM.
pub(crate) fn pair() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(vec!["web.test".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}
