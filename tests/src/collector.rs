//! The receiver of the OpenTelemetry Collector, and what it received.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    cluster::Cluster,
    control_plane::free_port,
    error::{Context, HarnessError},
    go_tools,
    process::Process,
    wait,
};

/// OTLP's word for the status of a span that failed.
const ERROR: u64 = 2;

/// A running receiver. Dropping it kills it.
#[derive(Debug)]
pub struct Collector {
    // Held for its end.
    _process: Process,
    port: u16,
    file: PathBuf,
}

/// A span as it was received.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// In hex.
    pub trace_id: String,
    /// In hex.
    pub id: String,
    /// The id of the span that it is within; empty: none.
    pub parent: String,
    /// What it is called.
    pub name: String,
    /// Whether it says that it failed.
    pub is_error: bool,
    /// What stands in it.
    pub attributes: BTreeMap<String, Value>,
    /// What stands in every span of who sent it.
    pub resource: BTreeMap<String, Value>,
}

impl Collector {
    /// Starts a receiver.
    ///
    /// # Errors
    /// When it cannot be built or does not start.
    pub async fn start(cluster: &Cluster) -> Result<Self, HarnessError> {
        Self::start_at(cluster, free_port()?, None).await
    }

    /// Starts a receiver at that port on loopback; with certificate and key in PEM files, for HTTPS.
    ///
    /// # Errors
    /// When it cannot be built or does not start.
    pub async fn start_at(
        cluster: &Cluster,
        port: u16,
        tls: Option<(&Path, &Path)>,
    ) -> Result<Self, HarnessError> {
        let file = cluster.scratch().path().join(format!("spans-{port}.json"));
        let address = format!("127.0.0.1:{port}");
        let mut command = Command::new(go_tools::collector()?);
        command.arg(&address).arg(&file);
        if let Some((certificate, key)) = tls {
            command.arg(certificate).arg(key);
        }
        let name = format!("collector-{port}");
        let process = Process::spawn(cluster.scratch(), &name, &mut command)?;
        wait::until("the collector to listen", async || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port))
                .map(drop)
                .map_err(|error| error.to_string())
        })
        .await?;
        Ok(Self {
            _process: process,
            port,
            file,
        })
    }

    /// A port at which nobody listens.
    ///
    /// # Errors
    /// When there is none.
    pub fn free_port() -> Result<u16, HarnessError> {
        free_port()
    }

    /// Its URL, if it takes plain HTTP.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// All that it has received, as it wrote it.
    ///
    /// # Errors
    /// When that cannot be read.
    pub fn text(&self) -> Result<String, HarnessError> {
        std::fs::read_to_string(&self.file).context("read the received spans")
    }

    /// All spans that it has received whole.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn spans(&self) -> Result<Vec<Span>, HarnessError> {
        let text = self.text()?;
        let requests = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        Ok(requests
            .flat_map(|request: Value| spans(&request))
            .collect())
    }
}

fn spans(request: &Value) -> Vec<Span> {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    let mut spans = Vec::new();
    for sender in list(request, "resourceSpans") {
        let resource = attributes(&sender["resource"]);
        for scope in list(&sender, "scopeSpans") {
            let received = list(&scope, "spans");
            spans.extend(received.iter().map(|span| read(span, &resource)));
        }
    }
    spans
}

fn read(span: &Value, resource: &BTreeMap<String, Value>) -> Span {
    let text = |name: &str| span[name].as_str().unwrap_or_default().to_owned();
    Span {
        trace_id: text("traceId"),
        id: text("spanId"),
        parent: text("parentSpanId"),
        name: text("name"),
        is_error: span["status"]["code"].as_u64() == Some(ERROR),
        attributes: attributes(span),
        resource: resource.clone(),
    }
}

/// Each attribute by name. OTLP wraps a value in an object that names its type, and a number in a string.
fn attributes(of: &Value) -> BTreeMap<String, Value> {
    let attributes = of["attributes"].as_array().into_iter().flatten();
    let read = attributes.filter_map(|attribute| {
        let (_, value) = attribute["value"].as_object()?.iter().next()?;
        Some((attribute["key"].as_str()?.to_owned(), value.clone()))
    });
    read.collect()
}
