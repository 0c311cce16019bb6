//! `waxwing create docker-registry`.

use std::path::PathBuf;

use super::docker_config::{ITEM, LoginEntry, logged_out};
use super::password;
use crate::commands::item_sources::{ItemFile, read_file};
use crate::commands::items::Items;
use crate::commands::new_secret::NewSecretArgs;
use crate::diagnostic::{Failure, warn};
use crate::input::{Source, refuse_second_stdin};
use crate::plaintext_argument::Plaintext;

const EXAMPLES: &str = "\
Examples:
  The password from standard input, as docker login takes it:
    gh auth token | waxwing create docker-registry pull -n prod --docker-server=ghcr.io \\
      --docker-username=bot --docker-password-stdin -o pull.yaml

  From what docker login wrote:
    waxwing create docker-registry pull -n prod --from-file=$HOME/.docker/config.json";

/// For pulling images from a registry
///
/// The words are those of kubectl create secret docker-registry.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    login: LoginArgs,

    #[command(flatten)]
    secret: NewSecretArgs,
}

#[derive(Debug, clap::Args)]
struct LoginArgs {
    /// The registry
    #[arg(
        long,
        value_name = "SERVER",
        default_value = "https://index.docker.io/v1/",
        help_heading = "Items"
    )]
    docker_server: String,

    /// The user
    #[arg(
        long,
        value_name = "USER",
        required_unless_present = "from_file",
        help_heading = "Items"
    )]
    docker_username: Option<String>,

    /// Read the password or token from standard input
    #[arg(long, required_unless_present_any = ["docker_password", "from_file"], help_heading = "Items")]
    docker_password_stdin: bool,

    /// The password or token as it stands here, where the shell's history keeps it
    #[arg(
        long,
        value_name = "PASSWORD",
        conflicts_with = "docker_password_stdin",
        help_heading = "Items"
    )]
    docker_password: Option<Plaintext>,

    /// The email address, which some registries ask for
    #[arg(long, value_name = "EMAIL", help_heading = "Items")]
    docker_email: Option<String>,

    /// Take this Docker configuration file as it is; - for standard input
    #[arg(
        long,
        value_name = "[.dockerconfigjson=]PATH",
        conflicts_with_all = [
            "docker_server",
            "docker_username",
            "docker_password",
            "docker_password_stdin",
            "docker_email",
        ], help_heading = "Items")]
    from_file: Option<String>,
}

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    refuse_second_stdin(args.secret.sources().chain(args.login.source()))?;
    let secret = args.secret.prepare()?;
    let mut items = Items::default();
    args.login.read(&mut items)?;
    secret.write(Some("kubernetes.io/dockerconfigjson"), items)
}

impl LoginArgs {
    fn source(&self) -> Option<Source> {
        if self.docker_password_stdin {
            return Some(Source::Stdin);
        }
        let file = ItemFile::parse(self.from_file.as_deref()?).ok()?;
        Some(Source::from(PathBuf::from(file.path)))
    }

    fn read(&self, items: &mut Items) -> Result<(), Failure> {
        match &self.from_file {
            Some(argument) => read_config(argument, items),
            None => self.add_login(items),
        }
    }

    fn add_login(&self, items: &mut Items) -> Result<(), Failure> {
        let password = password::read("--docker-password", self.docker_password.as_ref())?;
        let login = LoginEntry {
            username: self.docker_username.as_deref().unwrap_or_default(),
            password: &password,
            email: self.docker_email.as_deref().unwrap_or_default(),
        };
        let config = login.config(&self.docker_server);
        Ok(items.add("--docker-password", ITEM, config)?)
    }
}

fn read_config(argument: &str, items: &mut Items) -> Result<(), Failure> {
    let file = ItemFile::parse(argument)?;
    let origin = format!("--from-file={argument}");
    read_file(&origin, file.item.unwrap_or(ITEM), file.path, items)?;
    let config = items.get(ITEM).unwrap_or_default();
    let servers = logged_out(config);
    if !servers.is_empty() {
        warn(
            &format!("{origin}: holds no login for {}", servers.join(", ")),
            "docker login keeps it in a credential store of this machine; use --docker-password-stdin instead",
        );
    }
    Ok(())
}
