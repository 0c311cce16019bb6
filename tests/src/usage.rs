//! What a process has used, from /proc.

use std::time::Duration;

use crate::error::{Context, HarnessError};

/// Clock ticks per second in /proc/PID/stat: USER_HZ, which Linux fixes at 100 for user space.
const TICKS_PER_SECOND: u64 = 100;

/// The number of the field `utime` in /proc/PID/stat, counted from the one after the program's name
/// (proc_pid_stat(5)); `stime` follows it.
const UTIME: usize = 11;

/// CPU time and memory of one process.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// User and system time, to 10 ms.
    pub cpu: Duration,
    /// The resident set now, in KiB.
    pub memory_kib: u64,
    /// The largest resident set so far, in KiB.
    pub peak_memory_kib: u64,
}

impl Usage {
    /// Looks at the running process `pid`.
    ///
    /// # Errors
    /// When it has ended, or the system has no /proc.
    pub fn of(pid: u32) -> Result<Self, HarnessError> {
        let stat = read(pid, "stat")?;
        let status = read(pid, "status")?;
        let ticks: u64 = stat
            .rsplit_once(')')
            .map_or("", |(_, fields)| fields)
            .split_whitespace()
            .skip(UTIME)
            .take(2)
            .filter_map(|field| field.parse::<u64>().ok())
            .sum();
        let kib = |name: &str| {
            status
                .lines()
                .find_map(|line| line.strip_prefix(name))
                .and_then(|rest| rest.split_whitespace().next())
                .and_then(|number| number.parse().ok())
                .unwrap_or_default()
        };
        Ok(Self {
            cpu: Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND),
            memory_kib: kib("VmRSS:"),
            peak_memory_kib: kib("VmHWM:"),
        })
    }
}

fn read(pid: u32, file: &str) -> Result<String, HarnessError> {
    let path = format!("/proc/{pid}/{file}");
    std::fs::read_to_string(&path).context(format!("read {path}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_process_that_worked_has_used_cpu_time_and_memory() {
        let before = Usage::of(std::process::id()).unwrap();
        let mut sum = 0_u64;
        while Usage::of(std::process::id()).unwrap().cpu < before.cpu + Duration::from_millis(20) {
            sum = std::hint::black_box((0..100_000).fold(sum, |sum, i| sum ^ i));
        }
        assert!(before.peak_memory_kib > 500);
    }
}
