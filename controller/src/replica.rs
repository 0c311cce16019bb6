//! This replica among the others.

/// What tells this replica from the others: the name of its Pod, or of the machine and process.
pub(crate) fn identity() -> String {
    std::env::var("POD_NAME")
        .ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| {
            let machine = rustix::system::uname();
            format!(
                "{}_{}",
                machine.nodename().to_string_lossy(),
                std::process::id()
            )
        })
}
