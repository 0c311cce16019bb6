//! Keep Kubernetes Secrets in Git: seal, inspect and validate them from the command line.
fn main() {}
