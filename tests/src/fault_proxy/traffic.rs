//! What went through the proxy.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use super::weather::Fault;

/// Counts requests and faults.
#[derive(Debug)]
pub(super) struct Counter {
    started: Instant,
    traffic: Mutex<Traffic>,
}

/// All requests so far.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    /// How many there were.
    pub requests: u64,
    faults: BTreeMap<String, u64>,
    by_second: BTreeMap<u64, u64>,
}

impl Counter {
    pub(super) fn new() -> Self {
        Self {
            started: Instant::now(),
            traffic: Mutex::default(),
        }
    }

    pub(super) fn count(&self, fault: Option<Fault>) {
        let second = self.started.elapsed().as_secs();
        let mut traffic = self.lock();
        traffic.requests += 1;
        *traffic.by_second.entry(second).or_default() += 1;
        if let Some(fault) = fault {
            *traffic.faults.entry(fault.name()).or_default() += 1;
        }
    }

    pub(super) fn traffic(&self) -> Traffic {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Traffic> {
        self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Traffic {
    /// How many requests met with that fault.
    pub fn faults(&self, name: &str) -> u64 {
        self.faults.get(name).copied().unwrap_or_default()
    }

    /// The most requests that came within one second.
    pub fn busiest_second(&self) -> u64 {
        self.by_second.values().copied().max().unwrap_or_default()
    }
}

/// As in `812 requests, 90 in the busiest second; 14 × 429, 9 × cut`.
impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let busiest = self.busiest_second();
        write!(
            f,
            "{} requests, {busiest} in the busiest second",
            self.requests
        )?;
        for (number, (name, count)) in self.faults.iter().enumerate() {
            let between = if number == 0 { "; " } else { ", " };
            write!(f, "{between}{count} × {name}")?;
        }
        Ok(())
    }
}
