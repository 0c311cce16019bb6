//! `waxwing generate ssh-key`.

use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, LineEnding, PrivateKey};
use zeroize::Zeroizing;

use super::{Generate, Generated};
use crate::commands::items::Items;
use crate::completion;
use crate::diagnostic::{Advice, Failure};

/// What Kubernetes calls the private half in Secrets of type kubernetes.io/ssh-auth, and the public
/// half in its documentation of them.
const PRIVATE_ITEM: &str = "ssh-privatekey";
const PUBLIC_ITEM: &str = "ssh-publickey";

pub(super) const EXAMPLES: &str = "\
Examples:
  waxwing generate ssh-key deploy -n prod -o deploy.yaml > deploy.pub

  For Flux, which calls the items identity and identity.pub:
    waxwing generate ssh-key git -n flux-system --item identity -o git.yaml > git.pub";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The item that holds the private key, in the form of OpenSSH
    #[arg(
        long,
        value_name = "ITEM",
        default_value = PRIVATE_ITEM,
        help_heading = "Value",
        add = completion::items()
    )]
    item: String,

    /// What stands after the public key [default: the name of the Secret]
    #[arg(long, value_name = "TEXT", help_heading = "Value")]
    comment: Option<String>,
}

impl Args {
    fn public_item(&self) -> String {
        if self.item == PRIVATE_ITEM {
            PUBLIC_ITEM.to_owned()
        } else {
            format!("{}.pub", self.item)
        }
    }
}

impl Generate for Args {
    fn secret_type(&self) -> Option<&'static str> {
        (self.item == PRIVATE_ITEM).then_some("kubernetes.io/ssh-auth")
    }

    fn generate(&self, name: &str) -> Result<Generated, Failure> {
        let comment = self.comment.as_deref().unwrap_or(name);
        if comment.contains(char::is_control) {
            return Err(ControlInComment.into());
        }
        let (private, public) = key_pair(comment);
        let mut items = Items::default();
        items.add("--item", &self.item, private)?;
        let public_value = Zeroizing::new(public.clone().into_bytes());
        items.add("--item", &self.public_item(), public_value)?;
        Ok(Generated {
            items,
            public: Some(public),
        })
    }
}

/// The private half as an OpenSSH file, and the public one as a line of `authorized_keys`.
fn key_pair(comment: &str) -> (Zeroizing<Vec<u8>>, String) {
    const FITS: &str =
        "an Ed25519 key and a line of text are what the format of OpenSSH is made for";
    let mut key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).expect(FITS);
    key.set_comment(comment);
    let mut private = key.to_openssh(LineEnding::LF).expect(FITS);
    let private = Zeroizing::new(std::mem::take(&mut *private).into_bytes());
    let public = key.public_key().to_openssh().expect(FITS);
    (private, format!("{public}\n"))
}

/// A comment that is more than a line.
#[derive(Debug, thiserror::Error)]
#[error("--comment: has a control character, such as a line break")]
struct ControlInComment;

impl Advice for ControlInComment {
    fn advice(&self) -> Vec<String> {
        vec!["write one line of text, such as who uses the key".to_owned()]
    }
}
