//! The connection to the API server, and what must be there before anything else makes sense.

use std::time::Duration;

use kube::api::ListParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::PartialObjectMeta;
use kube::{Client, Config};
use waxwing_api::SealedSecret;
use waxwing_api::names::API_VERSION;

use crate::api_error::{self, Tried};
use crate::api_metrics::ApiMetrics;
use crate::api_spans::ApiSpans;
use crate::args::RunArgs;
use crate::fence::Fence;
use crate::scope::Scope;
use crate::server_clock::ServerClock;
use crate::token::Token;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that is silent for so long is dead: to a watch that has nothing else to tell, the API server
/// sends a bookmark each minute.
const READ_TIMEOUT: Duration = Duration::from_secs(90);

/// Why the controller cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ClusterError {
    #[error(
        "no cluster to connect to: {0}; give --kubeconfig, or run in a Pod with a ServiceAccount"
    )]
    Config(String),
    #[error("the connection to the cluster could not be set up: {0}")]
    Client(kube::Error),
    #[error("the API server at {url} could not be asked for its resources: {why}")]
    Unreachable { url: String, why: String },
    #[error(
        "the API server at {url} does not serve {missing} of {API_VERSION}; install the definitions with `waxwing-controller crds | kubectl apply --server-side -f -`"
    )]
    MissingDefinitions { url: String, missing: String },
    #[error(
        "--label-selector \"{0}\" is no label selector; write it as for kubectl -l: team=a, team!=b, 'team in (a,b)', team, !team, joined with commas"
    )]
    LabelSelector(String),
}

/// The connections to one API server. The clients retry nothing by themselves: each part of the controller
/// has its own back-off, and must hear of failures. Their requests are counted, and the clock is set by the
/// answers.
pub(crate) struct Connection {
    pub(crate) url: String,
    /// What the Lease is renewed through: it waits behind no other request.
    pub(crate) free: Client,
    /// Everything else: it writes only while the fence is open.
    pub(crate) fenced: Client,
}

pub(crate) async fn connect(
    args: &RunArgs,
    fence: &Fence,
    requests: &ApiMetrics,
    clock: &ServerClock,
) -> Result<Connection, ClusterError> {
    let mut config = config(args).await?;
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.read_timeout = Some(READ_TIMEOUT);
    config.reset_reader_on_write = true;
    let token = match config.auth_info.token_file.take() {
        Some(path) => token_in(&path)?,
        None => Token::default(),
    };
    let url = config.cluster_url.to_string();
    let spans = ApiSpans::to(&config.cluster_url);
    let free = waxwing_client::builder(&config).map_err(ClusterError::Client)?;
    let fenced = waxwing_client::builder(&config).map_err(ClusterError::Client)?;
    Ok(Connection {
        url,
        free: free
            .with_layer(&token.layer())
            .with_layer(&clock.layer())
            .with_layer(requests)
            .build(),
        fenced: fenced
            .with_layer(&token.layer())
            .with_layer(&clock.layer())
            .with_layer(requests)
            .with_layer(&spans)
            .with_layer(fence)
            .build(),
    })
}

fn token_in(path: &str) -> Result<Token, ClusterError> {
    Token::in_file(path.into())
        .map_err(|error| ClusterError::Config(format!("the token in {path}: {error}")))
}

async fn config(args: &RunArgs) -> Result<Config, ClusterError> {
    if args.kubeconfig.is_none() && args.context.is_none() {
        return Config::infer()
            .await
            .map_err(|error| ClusterError::Config(error.to_string()));
    }
    let kubeconfig = match &args.kubeconfig {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    let options = KubeConfigOptions {
        context: args.context.clone(),
        ..KubeConfigOptions::default()
    };
    let unusable = |error: kube::config::KubeconfigError| ClusterError::Config(error.to_string());
    Config::from_custom_kubeconfig(kubeconfig.map_err(unusable)?, &options)
        .await
        .map_err(unusable)
}

/// Fails unless the API server serves the custom resources that are looked after.
pub(crate) async fn check_definitions(
    client: &Client,
    url: &str,
    scope: &Scope,
) -> Result<(), ClusterError> {
    let served = match client.list_api_group_resources(API_VERSION).await {
        Ok(list) => list
            .resources
            .into_iter()
            .map(|resource| resource.name)
            .collect(),
        Err(kube::Error::Api(status)) if status.code == 404 => Vec::new(),
        Err(error) => {
            return Err(ClusterError::Unreachable {
                url: url.to_owned(),
                why: api_error::explain(&error, Tried::new("list", "the resources of waxwing.dev")),
            });
        }
    };
    let cluster_wide = scope.is_cluster_wide().then_some("clustersealedsecrets");
    let missing: Vec<&str> = ["sealedsecrets", "sealingkeys"]
        .into_iter()
        .chain(cluster_wide)
        .filter(|name| !served.iter().any(|resource| resource == name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(ClusterError::MissingDefinitions {
        url: url.to_owned(),
        missing: missing.join(" and "),
    })
}

/// Fails if the API server says that the label selector is none. Whether it may be used, the watches tell.
pub(crate) async fn check_label_selector(
    client: &Client,
    scope: &Scope,
) -> Result<(), ClusterError> {
    let (Some(selector), [area, ..]) = (scope.label_selector(), scope.areas()) else {
        return Ok(());
    };
    let api = area.api::<PartialObjectMeta<SealedSecret>>(client.clone());
    match api
        .list(&ListParams::default().labels(selector).limit(1))
        .await
    {
        Err(kube::Error::Api(status)) if status.code == 400 => {
            Err(ClusterError::LabelSelector(selector.to_owned()))
        }
        _ => Ok(()),
    }
}
