//! How long to wait before something is tried again.

use std::time::Duration;

use rand::Rng;

/// Doubles from `first` with each failure, up to `longest`; then up to a quarter is taken off at
/// random, so that what failed together is not tried again together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    pub(crate) first: Duration,
    pub(crate) longest: Duration,
}

impl Backoff {
    /// The wait after that many failures in a row, counted from 1.
    pub(crate) fn after(self, failures: u32) -> Duration {
        self.without_jitter(failures)
            .mul_f64(rand::thread_rng().gen_range(0.75..=1.0))
    }

    fn without_jitter(self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff {
        first: Duration::from_secs(1),
        longest: Duration::from_secs(300),
    };

    #[test]
    fn the_wait_doubles_up_to_its_limit() {
        for (failures, seconds) in [
            (0, 1),
            (1, 1),
            (2, 2),
            (3, 4),
            (9, 256),
            (10, 300),
            (u32::MAX, 300),
        ] {
            assert_eq!(
                BACKOFF.without_jitter(failures).as_secs(),
                seconds,
                "{failures} failures"
            );
        }
    }

    #[test]
    fn jitter_takes_off_a_quarter_at_most() {
        for failures in 1..20 {
            let wait = BACKOFF.after(failures);
            let full = BACKOFF.without_jitter(failures);
            assert!(
                wait <= full && wait >= full.mul_f64(0.75),
                "{wait:?} of {full:?}"
            );
        }
    }
}
