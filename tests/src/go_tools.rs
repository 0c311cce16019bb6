//! The reference implementation of age, and the age test vectors of C2SP.

use std::path::{Path, PathBuf};

use crate::{
    error::{Context, HarnessError},
    go_build::{self, GoModule},
};

const AGE: GoModule = GoModule {
    name: "age",
    tools: &[
        ("age", "filippo.io/age/cmd/age"),
        ("age-keygen", "filippo.io/age/cmd/age-keygen"),
    ],
    ldflags: "-s -w",
    note: "some seconds",
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
