//! What a program needs: run it several times, and take the medians.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4;

use crate::command::Result;

/// A command to measure.
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) command: Command,
    /// What it reads from standard input.
    pub(super) stdin: Option<PathBuf>,
}

/// The medians over some runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Figures {
    pub(super) time: Duration,
    /// User and system time of all threads.
    pub(super) cpu: Duration,
    /// The largest resident set, in bytes.
    pub(super) memory: u64,
}

/// Measures the cases in turns, so that what else the machine does meets all of them alike.
///
/// # Errors
/// If one cannot be run, or exits with another code than 0.
pub(super) fn in_turns(cases: &mut [Case], runs: usize) -> Result<Vec<Figures>> {
    let mut figures = vec![Vec::with_capacity(runs); cases.len()];
    for _ in 0..runs {
        for (case, figures) in cases.iter_mut().zip(&mut figures) {
            figures.push(case.run()?);
        }
    }
    Ok(figures.iter().map(|runs| medians(runs)).collect())
}

impl Case {
    /// The same in a folder.
    pub(super) fn in_folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    fn run(&mut self) -> Result<Figures> {
        let stdin = match &self.stdin {
            Some(file) => Stdio::from(File::open(file)?),
            None => Stdio::null(),
        };
        let command = &mut self.command;
        command
            .stdin(stdin)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let started = Instant::now();
        let usage = command.spawn()?.wait4()?;
        let time = started.elapsed();
        if !usage.status.success() {
            return Err(format!("{}: {}", self.name, usage.status).into());
        }
        Ok(Figures {
            time,
            cpu: usage.rusage.utime + usage.rusage.stime,
            memory: usage.rusage.maxrss,
        })
    }
}

fn medians(runs: &[Figures]) -> Figures {
    Figures {
        time: median(runs.iter().map(|run| run.time)),
        cpu: median(runs.iter().map(|run| run.cpu)),
        memory: median(runs.iter().map(|run| run.memory)),
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
            *memory as f64 / f64::from(1 << 20),
            time.as_secs_f64() / base
        );
    }
    println!();
}
