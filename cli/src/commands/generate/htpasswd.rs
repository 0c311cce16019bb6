//! `waxwing generate htpasswd`.

use bcrypt::{Version, hash_with_result};
use zeroize::Zeroizing;

use super::password::PasswordArgs;
use super::{Generate, Generated};
use crate::commands::items::Items;
use crate::completion;
use crate::diagnostic::{Advice, Failure};

pub(super) const EXAMPLES: &str = "\
Examples:
  For ingress-nginx, which reads the item auth:
    waxwing generate htpasswd monitoring -n prod --user prometheus -o monitoring.yaml";

/// bcrypt does not look at more of a password, in bytes.
const MAX_BYTES: u16 = 72;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The user
    #[arg(long, value_name = "USER", help_heading = "Value")]
    user: String,

    /// The item that holds the htpasswd line
    #[arg(
        long,
        value_name = "ITEM",
        default_value = "auth",
        help_heading = "Value",
        add = completion::items()
    )]
    item: String,

    /// The cost of one check of the password, as in htpasswd -C: one more takes twice the time
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(4..=17), help_heading = "Value")]
    cost: u32,

    #[command(flatten)]
    password: PasswordArgs<MAX_BYTES>,
}

impl Generate for Args {
    fn generate(&self, _name: &str) -> Result<Generated, Failure> {
        check_user(&self.user)?;
        let mut password = self.password.draw()?;
        let line = self.line(&password)?;
        let password = Zeroizing::new(std::mem::take(&mut *password).into_bytes());
        let username = Zeroizing::new(self.user.clone().into_bytes());
        let mut items = Items::default();
        items.add("--user", "username", username)?;
        items.add("--user", "password", password)?;
        items.add("--item", &self.item, line)?;
        Ok(Generated::secret(items))
    }
}

impl Args {
    /// The line as `htpasswd -B` writes it.
    fn line(&self, password: &str) -> Result<Zeroizing<Vec<u8>>, HtpasswdError> {
        let hash = hash_with_result(password, self.cost).map_err(HtpasswdError::Bcrypt)?;
        let hash = Zeroizing::new(hash.format_for_version(Version::TwoY));
        Ok(Zeroizing::new(
            [&self.user, ":", &hash, "\n"].concat().into_bytes(),
        ))
    }
}

fn check_user(user: &str) -> Result<(), HtpasswdError> {
    let is_bad = |character: char| character == ':' || character.is_control();
    if user.is_empty() || user.starts_with('#') || user.contains(is_bad) {
        Err(HtpasswdError::User)
    } else {
        Ok(())
    }
}

/// A line that cannot be made.
#[derive(Debug, thiserror::Error)]
enum HtpasswdError {
    #[error("--user: is empty, starts with #, or has a colon or a control character in it")]
    User,
    #[error("the password could not be hashed: {0}")]
    Bcrypt(bcrypt::BcryptError),
}

impl Advice for HtpasswdError {
    fn advice(&self) -> Vec<String> {
        let advice = match self {
            Self::User => "a htpasswd file ends the name of a user at the colon; choose another",
            Self::Bcrypt(_) => return Vec::new(),
        };
        vec![advice.to_owned()]
    }
}
