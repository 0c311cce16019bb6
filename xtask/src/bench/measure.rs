//! What a program needs: run it several times, and take the medians.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4;
use waxwing_tests::usage::Usage;

use crate::command::Result;

/// A command to measure.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) command: Command,
    /// What it reads from standard input.
    pub(super) stdin: Option<PathBuf>,
}

/// How often a case is run to see how much memory it needs.
const MEMORY_RUNS: usize = 5;

/// What a case needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Figures {
    /// The median over all runs.
    pub(super) time: Duration,
    /// User and system time of all threads; the median over all runs.
    pub(super) cpu: Duration,
    /// The largest resident set of some runs, in KiB.
    pub(super) memory: u64,
}

/// Measures the cases in turns, so that what else the machine does meets all of them alike.
///
/// # Errors
/// If one cannot be run, or exits with another code than 0.
pub(super) fn in_turns(cases: &mut [Case], runs: usize) -> Result<Vec<Figures>> {
    let mut spent = vec![Vec::with_capacity(runs); cases.len()];
    for _ in 0..runs {
        for (case, spent) in cases.iter_mut().zip(&mut spent) {
            spent.push(case.spend()?);
        }
    }
    let mut figures = Vec::new();
    for (case, spent) in cases.iter_mut().zip(&spent) {
        let mut memory = 0;
        for _ in 0..MEMORY_RUNS {
            memory = memory.max(case.peak_memory()?);
        }
        figures.push(Figures {
            time: median(spent.iter().map(|(time, _)| *time)),
            cpu: median(spent.iter().map(|(_, cpu)| *cpu)),
            memory,
        });
    }
    Ok(figures)
}

impl Case {
    /// The same in a folder.
    pub(super) fn in_folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Runs it, and returns its time and its CPU time.
    fn spend(&mut self) -> Result<(Duration, Duration)> {
        let started = Instant::now();
        let usage = self.start()?.wait4()?;
        let time = started.elapsed();
        self.expect_success(usage.status)?;
        Ok((time, usage.rusage.utime + usage.rusage.stime))
    }

    /// Runs it, and returns the largest resident set that it was seen to have, in KiB. The largest one
    /// that the system tells at the end counts the memory of whoever started it.
    fn peak_memory(&mut self) -> Result<u64> {
        let mut process = self.start()?;
        let mut peak = 0;
        loop {
            if let Ok(usage) = Usage::of(process.id()) {
                peak = peak.max(usage.peak_memory_kib);
            }
            if let Some(status) = process.try_wait()? {
                self.expect_success(status)?;
                return Ok(peak);
            }
        }
    }

    fn start(&mut self) -> Result<Child> {
        let stdin = match &self.stdin {
            Some(file) => Stdio::from(File::open(file)?),
            None => Stdio::null(),
        };
        let command = &mut self.command;
        command
            .stdin(stdin)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Ok(command.spawn()?)
    }

    fn expect_success(&self, status: ExitStatus) -> Result {
        if status.success() {
            Ok(())
        } else {
            Err(format!("{}: {status}", self.name).into())
        }
    }
}

fn median<T: Ord + Copy>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort_unstable();
    values[values.len() / 2]
}

/// Prints the figures of cases, and how their times compare with that of the first one.
pub(super) fn print(cases: &[Case], figures: &[Figures]) {
    let base = figures[0].time.as_secs_f64();
    println!(
        "{:<40} {:>10} {:>10} {:>11} {:>8}",
        "COMMAND", "TIME", "CPU", "PEAK MEMORY", "RATIO"
    );
    for (case, Figures { time, cpu, memory }) in cases.iter().zip(figures) {
        println!(
            "{:<40} {:>7.1} ms {:>7.1} ms {:>7.1} MiB {:>8.2}",
            case.name,
            time.as_secs_f64() * 1e3,
            cpu.as_secs_f64() * 1e3,
            *memory as f64 / 1024.0,
            time.as_secs_f64() / base
        );
    }
    println!();
}
