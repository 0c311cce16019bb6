//! Where the binaries of the control plane come from.

use std::path::PathBuf;

use crate::{error::HarnessError, go_build::GoModule};

const ETCD: GoModule = GoModule::new(
    "etcd",
    &[("etcd", "go.etcd.io/etcd/server/v3")],
    "about a minute",
);

/// The linker flags make the binaries report the version that go.mod pins.
const KUBERNETES: GoModule = GoModule {
    ldflags: "-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3 \
              -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36",
    ..GoModule::new(
        "controlplane",
        &[
            ("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"),
            (
                "kube-controller-manager",
                "k8s.io/kubernetes/cmd/kube-controller-manager",
            ),
            ("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
        ],
        "up to ten minutes on two cores",
    )
};

/// The three servers of a control plane.
#[derive(Debug, Clone)]
pub(crate) struct Binaries {
    pub(crate) etcd: PathBuf,
    pub(crate) api_server: PathBuf,
    pub(crate) controller_manager: PathBuf,
}

impl Binaries {
    pub(crate) fn find() -> Result<Self, HarnessError> {
        Ok(Self {
            etcd: find("etcd", &ETCD)?,
            api_server: find("kube-apiserver", &KUBERNETES)?,
            controller_manager: find("kube-controller-manager", &KUBERNETES)?,
        })
    }
}

/// kubectl of the control plane's own version, to run documented commands as they are written.
///
/// # Errors
/// When it cannot be built.
pub fn kubectl() -> Result<PathBuf, HarnessError> {
    find("kubectl", &KUBERNETES)
}

/// Takes a binary from the folder `KUBEBUILDER_ASSETS` where it is set (the convention of
/// controller-runtime's envtest), and otherwise builds it.
///
/// envtest's own archives hold no kube-controller-manager: what is missing there is built.
fn find(name: &str, module: &GoModule) -> Result<PathBuf, HarnessError> {
    let assets = std::env::var_os("KUBEBUILDER_ASSETS").map(PathBuf::from);
    match assets.map(|folder| folder.join(name)) {
        Some(path) if path.is_file() => Ok(path),
        _ => Ok(module.build()?.join(name)),
    }
}
