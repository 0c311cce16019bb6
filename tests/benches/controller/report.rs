//! What was measured.

use std::{fmt, time::Duration};

use crate::latency::{AtRest, Latency};

#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) all_secrets: Duration,
    /// Until every status says so, too.
    pub(crate) all_told: Duration,
    /// The time in which a plain client creates as many Secrets and patches as many statuses.
    pub(crate) server: Duration,
    pub(crate) fill_cpu: Duration,
    pub(crate) fill_memory_kib: u64,
    pub(crate) restart: Duration,
    /// The time in which a plain client reads all SealedSecrets.
    pub(crate) reading: Duration,
    pub(crate) restart_cpu: Duration,
    pub(crate) restart_memory_kib: u64,
    pub(crate) at_rest: AtRest,
    pub(crate) under_load: Latency,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |kib: u64| kib as f64 / 1024.0;
        writeln!(
            f,
            "  the server's own limit     {:.2?} for a Secret and a status of each",
            self.server
        )?;
        writeln!(
            f,
            "  all Secrets exist after    {:.2?}, {} that limit",
            self.all_secrets,
            times(self.all_secrets, self.server)
        )?;
        writeln!(
            f,
            "  all statuses say so after  {:.2?}, {} that limit",
            self.all_told,
            times(self.all_told, self.server)
        )?;
        writeln!(
            f,
            "    controller               {:.2?} of CPU, {:.1} MiB at most",
            self.fill_cpu,
            mib(self.fill_memory_kib)
        )?;
        writeln!(
            f,
            "  restart, all known after   {:.2?}, nothing unsealed or written, {} reading them ({:.2?})",
            self.restart,
            times(self.restart, self.reading),
            self.reading
        )?;
        writeln!(
            f,
            "    controller               {:.2?} of CPU, {:.1} MiB at most",
            self.restart_cpu,
            mib(self.restart_memory_kib)
        )?;
        let AtRest {
            from_apply,
            from_answer,
            plainly,
        } = self.at_rest;
        writeln!(f, "  from apply to Secret       {from_apply} at rest")?;
        writeln!(
            f,
            "    after the answer         {from_answer}, {} a plain Secret ({plainly})",
            times(from_answer.p50, plainly.p50)
        )?;
        write!(f, "    under load               {}", self.under_load)
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1?} p50, {:.1?} p99", self.p50, self.p99)
    }
}

fn times(time: Duration, other: Duration) -> String {
    format!("{:.2} times", time.as_secs_f64() / other.as_secs_f64())
}

/// Each figure's median over the runs.
pub(crate) fn medians(runs: &[Figures]) -> Figures {
    Figures {
        all_secrets: median(runs, |run| run.all_secrets),
        all_told: median(runs, |run| run.all_told),
        server: median(runs, |run| run.server),
        fill_cpu: median(runs, |run| run.fill_cpu),
        fill_memory_kib: median(runs, |run| run.fill_memory_kib),
        restart: median(runs, |run| run.restart),
        reading: median(runs, |run| run.reading),
        restart_cpu: median(runs, |run| run.restart_cpu),
        restart_memory_kib: median(runs, |run| run.restart_memory_kib),
        at_rest: AtRest {
            from_apply: latency(runs, |run| run.at_rest.from_apply),
            from_answer: latency(runs, |run| run.at_rest.from_answer),
            plainly: latency(runs, |run| run.at_rest.plainly),
        },
        under_load: latency(runs, |run| run.under_load),
    }
}

fn latency(runs: &[Figures], of: impl Fn(&Figures) -> Latency) -> Latency {
    Latency {
        p50: median(runs, |run| of(run).p50),
        p99: median(runs, |run| of(run).p99),
    }
}

fn median<T: Ord + Copy>(runs: &[Figures], of: impl Fn(&Figures) -> T) -> T {
    let mut values: Vec<T> = runs.iter().map(of).collect();
    values.sort_unstable();
    values[values.len() / 2]
}
