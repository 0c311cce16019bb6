//! kube's client of the API server, over connections that hold nothing back.
//!
//! A request goes out in two pieces, its head and its body. kube leaves Nagle's algorithm on, with which the
//! second piece waits until the server has acknowledged the first; and a server that has nothing to say yet
//! acknowledges some 40 ms late. On a request that takes 5 ms, that is most of the time.

#![forbid(unsafe_code)]

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_timeout::TimeoutConnector;
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use kube::{
    Client, Config, Error, Result,
    client::{Body, ClientBuilder, ConfigExt, retry::RetryPolicy},
};
use tower::{BoxError, Service, ServiceBuilder, retry::RetryLayer};

/// A client without further layers.
///
/// # Errors
/// As [`builder`].
pub fn client(config: &Config) -> Result<Client> {
    builder(config).map(ClientBuilder::build)
}

/// Begins a client, to be built after further layers. All of `config` holds but for a proxy.
///
/// # Errors
/// When certificates, keys or credentials of `config` cannot be used, or when it names a proxy.
pub fn builder(
    config: &Config,
) -> Result<
    ClientBuilder<
        impl Service<Request<Body>, Response = Response<Incoming>, Error = BoxError, Future: Send>
        + Send
        + use<>,
    >,
> {
    if let Some(proxy_url) = config.proxy_url.clone().map(Box::new) {
        return Err(Error::ProxyProtocolUnsupported { proxy_url });
    }
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let tls = config.rustls_https_connector_with_connector(tcp)?;
    let mut connector = TimeoutConnector::new(tls);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_read_timeout(config.read_timeout);
    connector.set_write_timeout(config.write_timeout);
    connector.set_reset_reader_on_write(config.reset_reader_on_write);
    let retries = config.default_retry.then(RetryPolicy::server_retry);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(retries.map(RetryLayer::new))
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(HttpClient::builder(TokioExecutor::new()).build(connector));
    Ok(ClientBuilder::new(service, &*config.default_namespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_not_passed_by_in_silence() {
        let mut config = Config::new(http::Uri::from_static("https://192.0.2.1"));
        config.proxy_url = Some(http::Uri::from_static("http://192.0.2.2:3128"));
        let error = builder(&config).err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.contains("192.0.2.2:3128")));
    }
}
