//! A proxy before the API server that makes trouble: for programs that must survive it.
//!
//! ```text
//! controller ──TLS──> FaultProxy ──TLS──> API server
//!                        ├ weather: which fault befalls which request
//!                        ├ answer: the fault in the answer
//!                        └ traffic: what is counted
//! ```
//! It adds nothing and knows nothing of Kubernetes but what a watch is: what it passes on comes from the
//! real API server, under the client's own token.

mod answer;
mod traffic;
mod weather;

use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use http::{Request, header};
use http_body_util::BodyExt;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use kube::{Client, Config, client::Body};
use rand::{SeedableRng, rngs::StdRng};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use crate::{
    cluster::Cluster,
    error::{Context, HarnessError},
};
use answer::{Answer, Error, gone_in_an_event, pass_on, refusal};
use traffic::Counter;
pub use traffic::Traffic;
pub use weather::Weather;
use weather::{Fault, Wish, strike};

/// A running proxy. Dropping it ends it; connections that are open may outlive it by a moment.
///
/// It runs in the runtime of its test, which needs a thread to spare.
#[derive(Debug)]
pub struct FaultProxy {
    kubeconfig: PathBuf,
    weather: watch::Sender<Weather>,
    counter: Arc<Counter>,
    listening: JoinHandle<()>,
}

/// What all connections share.
#[derive(Clone)]
struct Passage {
    upstream: Client,
    weather: watch::Receiver<Weather>,
    choices: Arc<Mutex<StdRng>>,
    counter: Arc<Counter>,
}

impl FaultProxy {
    /// Starts one before the API server of a cluster, in calm weather. The order of faults follows from
    /// the seed; which request each of them befalls, from the requests.
    ///
    /// # Errors
    /// When no port is free, or the cluster's certificates cannot be read.
    pub async fn start(cluster: &Cluster, seed: u64) -> Result<Self, HarnessError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("find a free port")?;
        let port = listener.local_addr().context("find a free port")?.port();
        let (weather, receiver) = watch::channel(Weather::Calm);
        let counter = Arc::new(Counter::new());
        let passage = Passage {
            upstream: upstream(cluster)?,
            weather: receiver,
            choices: Arc::new(Mutex::new(StdRng::seed_from_u64(seed))),
            counter: counter.clone(),
        };
        let acceptor = cluster.tls_acceptor()?;
        Ok(Self {
            kubeconfig: cluster.controller_kubeconfig_for(&format!("https://127.0.0.1:{port}"))?,
            weather,
            counter,
            listening: tokio::spawn(listen(listener, acceptor, passage)),
        })
    }

    /// The kubeconfig file by which the controller's ServiceAccount comes here.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Changes the weather, for all requests from now on.
    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// What has gone through so far.
    pub fn traffic(&self) -> Traffic {
        self.counter.traffic()
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// A client that adds no credentials of its own.
fn upstream(cluster: &Cluster) -> Result<Client, HarnessError> {
    let mut config = Config::new(cluster.url().parse().expect("the address is a URL"));
    config.root_cert = Some(cluster.authorities()?);
    config.default_retry = false;
    waxwing_client::client(&config).context("make an HTTP client")
}

async fn listen(listener: TcpListener, acceptor: TlsAcceptor, passage: Passage) {
    loop {
        // Fails only for a connection that is gone already.
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, acceptor.clone(), passage.clone()));
        }
    }
}

/// Serves one connection until its end, which is a fault more often than not.
async fn serve(stream: TcpStream, acceptor: TlsAcceptor, passage: Passage) {
    let Ok(stream) = acceptor.accept(stream).await else {
        return;
    };
    let service = service_fn(move |request| passage.clone().answer(request));
    // What went wrong is the client's to notice.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl Passage {
    /// An error cuts the connection without an answer.
    async fn answer(self, request: Request<Incoming>) -> Result<Answer, Error> {
        let wish = Wish::of(request.method(), request.uri());
        let fault = {
            let mut choices = self.choices.lock().unwrap_or_else(PoisonError::into_inner);
            strike(*self.weather.borrow(), wish, &mut *choices)
        };
        self.counter.count(fault);
        match fault {
            Some(Fault::Refused(code)) => return Ok(refusal(code)),
            Some(Fault::GoneInAnEvent) => return Ok(gone_in_an_event()),
            Some(Fault::Delay(delay)) => tokio::time::sleep(delay).await,
            Some(Fault::Cut | Fault::Silence | Fault::AnswerLost) | None => {}
        }
        let answer = self.upstream.send(whole(request).await?).await?;
        if fault == Some(Fault::AnswerLost) {
            return Err("the answer is lost".into());
        }
        Ok(pass_on(answer, fault, self.weather, wish))
    }
}

/// The request as the upstream's client sends it: it names its own host.
async fn whole(request: Request<Incoming>) -> Result<Request<Body>, Error> {
    let (mut head, body) = request.into_parts();
    head.headers.remove(header::HOST);
    let body = body.collect().await?.to_bytes();
    Ok(Request::from_parts(head, Body::from(body.to_vec())))
}
