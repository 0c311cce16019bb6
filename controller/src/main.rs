//! The controller that turns SealedSecrets into Secrets and rolls sealing keys over.
fn main() {}
