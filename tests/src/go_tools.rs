//! Programs of others that Waxwing is run with: age and its test vectors, kustomize, Helm, the Lua of
//! Argo CD, kstatus, Prometheus' promtool, and the receiver of the OpenTelemetry Collector.

use std::path::{Path, PathBuf};

use crate::{
    error::{Context, HarnessError},
    go_build::{self, GoModule},
};

const AGE: GoModule = GoModule::new(
    "age",
    &[
        ("age", "filippo.io/age/cmd/age"),
        ("age-keygen", "filippo.io/age/cmd/age-keygen"),
    ],
    "some seconds",
);

const KUSTOMIZE: GoModule = GoModule::new(
    "kustomize",
    &[("kustomize", "sigs.k8s.io/kustomize/kustomize/v5")],
    "about a minute",
);

const HELM: GoModule = GoModule::new(
    "helm",
    &[
        ("helm3", "helm.sh/helm/v3/cmd/helm"),
        ("helm4", "helm.sh/helm/v4/cmd/helm"),
    ],
    "some minutes",
);

const LUA: GoModule = GoModule::new(
    "lua",
    &[("glua", "github.com/yuin/gopher-lua/cmd/glua")],
    "some seconds",
);

const KSTATUS: GoModule = GoModule::new(
    "kstatus",
    &[("kstatus", "waxwing.dev/tests/kstatus")],
    "half a minute",
);

const COLLECTOR: GoModule = GoModule::new(
    "collector",
    &[("collector", "waxwing.dev/tests/collector")],
    "about a minute",
);

/// Rules need no service discovery, which brings in a client library for every cloud.
const PROMTOOL: GoModule = GoModule {
    tags: "remove_all_sd",
    ..GoModule::new(
        "prometheus",
        &[("promtool", "github.com/prometheus/prometheus/cmd/promtool")],
        "about two minutes",
    )
};

/// Go's `age`, of the version that tests/go/age pins.
///
/// # Errors
/// When it cannot be built.
pub fn age() -> Result<PathBuf, HarnessError> {
    Ok(AGE.build()?.join("age"))
}

/// Go's `age-keygen`, of the same version.
///
/// # Errors
/// When it cannot be built.
pub fn age_keygen() -> Result<PathBuf, HarnessError> {
    Ok(AGE.build()?.join("age-keygen"))
}

/// `kustomize`, of the version that tests/go/kustomize pins.
///
/// # Errors
/// When it cannot be built.
pub fn kustomize() -> Result<PathBuf, HarnessError> {
    Ok(KUSTOMIZE.build()?.join("kustomize"))
}

/// Helm 3, of the version that tests/go/helm pins.
///
/// # Errors
/// When it cannot be built.
pub fn helm3() -> Result<PathBuf, HarnessError> {
    Ok(HELM.build()?.join("helm3"))
}

/// Helm 4, of the version that tests/go/helm pins.
///
/// # Errors
/// When it cannot be built.
pub fn helm4() -> Result<PathBuf, HarnessError> {
    Ok(HELM.build()?.join("helm4"))
}

/// `glua`, the interpreter of the Lua that Argo CD runs its health checks with.
///
/// # Errors
/// When it cannot be built.
pub fn lua() -> Result<PathBuf, HarnessError> {
    Ok(LUA.build()?.join("glua"))
}

/// `kstatus`, which tells what the object on its standard input is taken to be: our program around the library
/// that Flux and others use, of the version that tests/go/kstatus pins.
///
/// # Errors
/// When it cannot be built.
pub fn kstatus() -> Result<PathBuf, HarnessError> {
    Ok(KSTATUS.build()?.join("kstatus"))
}

/// `collector`, which writes the traces that are sent to it into a file: our program around the receiver of the
/// OpenTelemetry Collector, of the version that tests/go/collector pins.
///
/// # Errors
/// When it cannot be built.
pub fn collector() -> Result<PathBuf, HarnessError> {
    Ok(COLLECTOR.build()?.join("collector"))
}

/// `promtool`, of the version that tests/go/prometheus pins.
///
/// # Errors
/// When it cannot be built.
pub fn promtool() -> Result<PathBuf, HarnessError> {
    Ok(PROMTOOL.build()?.join("promtool"))
}

/// The folder with the age test vectors, one file per vector, in Go's module cache
/// (format: <https://c2sp.org/CCTV/age>).
///
/// # Errors
/// When the module cannot be fetched.
pub fn cctv_vectors() -> Result<PathBuf, HarnessError> {
    let mut go = go_build::go(&AGE.folder());
    let module = go_build::run(go.args(["mod", "download", "-json", "c2sp.org/CCTV/age"]))?;
    let module: serde_json::Value = serde_json::from_str(&module)
        .map_err(std::io::Error::from)
        .context("read what `go mod download -json` printed")?;
    let folder = module["Dir"].as_str().unwrap_or_default();
    Ok(Path::new(folder).join("testdata"))
}
