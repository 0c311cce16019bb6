//! The one entry point for people and CI: cargo xtask demo | test | crds.
fn main() {}
