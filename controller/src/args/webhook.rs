//! The flags of the admission webhook.

use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct WebhookArgs {
    /// Where the admission webhook is served, such as 0.0.0.0:9443 [default: nowhere]
    ///
    /// With it, the API server asks about every SealedSecret that someone applies, and one that cannot be
    /// unsealed here is refused at once. Needs a ValidatingWebhookConfiguration and permissions: see
    /// docs/controller.md.
    #[arg(long, value_name = "ADDRESS", env = "WAXWING_WEBHOOK")]
    pub(crate) webhook: Option<SocketAddr>,

    /// The folder with the webhook's certificate, in the files tls.crt and tls.key, as Kubernetes mounts what
    /// cert-manager makes [default: the controller makes and renews one itself]
    #[arg(
        long,
        value_name = "DIR",
        env = "WAXWING_WEBHOOK_CERTIFICATE",
        requires = "webhook"
    )]
    pub(crate) webhook_certificate: Option<PathBuf>,

    /// The name of the ValidatingWebhookConfiguration
    #[arg(
        long,
        value_name = "NAME",
        env = "WAXWING_WEBHOOK_CONFIGURATION",
        default_value = "waxwing"
    )]
    pub(crate) webhook_configuration: String,
}
