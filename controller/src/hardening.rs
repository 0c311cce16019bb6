//! What the process does to keep its memory to itself, and to limit itself.

use rustix::io;
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// No core dump is written when the process crashes, and no other process of the same user may
/// read its memory.
pub(crate) fn forbid_core_dumps() -> io::Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
}

/// The kernel ends this process when it uses more than so many bytes of memory of its own, or more than
/// so many seconds of a processor.
pub(crate) fn limit(memory: u64, seconds: u64) -> io::Result<()> {
    for (resource, most) in [(Resource::Data, memory), (Resource::Cpu, seconds)] {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        setrlimit(resource, limit)?;
    }
    Ok(())
}
