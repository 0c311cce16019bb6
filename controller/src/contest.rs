//! Secrets that someone else keeps changing.
//!
//! What others change is put right at once. But two programs that each put right what the other one does
//! would go on for ever, as fast as they can: after a few rounds the controller says who it is, and puts
//! the Secret right by and by only, until the other one leaves it alone.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use waxwing_api::Reason;

use crate::backoff::Backoff;
use crate::object_key::ObjectKey;
use crate::unseal::Failure;

/// How often in a row a Secret is put right at once.
const ROUNDS: u32 = 5;

/// After so long without a repair, the next one is the first again.
const PEACE: Duration = Duration::from_secs(600);

/// A repair that has stood for so long has lasted: who contests a Secret answers sooner.
const LASTING: Duration = Duration::from_secs(10);

/// The wait before a repair of a contested Secret. Shorter than that of the queue, which looks at the object
/// again: then a look does not come just too early.
const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(500),
    longest: Duration::from_secs(150),
};

/// What to do with a Secret that was once what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It is written if it is not what it should be, and all is well then.
    Proceed,
    /// The same, but whether it stays so is to be seen.
    ProceedOnTrial,
    /// It is left as it is for now.
    HoldOff,
}

/// The repairs of one Secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Repairs {
    count: u32,
    last: Instant,
}

fn turn(repairs: Option<Repairs>, is_right: bool, now: Instant) -> Turn {
    let Some(Repairs { count, last }) = repairs.filter(|repairs| repairs.count >= ROUNDS) else {
        return Turn::Proceed;
    };
    let since = now.saturating_duration_since(last);
    if since >= PEACE || (is_right && since >= LASTING) {
        Turn::Proceed
    } else if is_right || since >= BACKOFF.after(count - ROUNDS + 1) {
        Turn::ProceedOnTrial
    } else {
        Turn::HoldOff
    }
}

/// The Secrets that were put right lately.
#[derive(Debug, Default)]
pub(crate) struct Contests(Mutex<HashMap<ObjectKey, Contest>>);

#[derive(Debug)]
struct Contest {
    repairs: Repairs,
    /// The field manager that changed it last, if it is there and anyone did.
    rival: Option<Box<str>>,
}

impl Contests {
    /// What to do with the Secret now.
    pub(crate) fn turn(&self, secret: &ObjectKey, is_right: bool) -> Turn {
        let repairs = self.lock().get(secret).map(|contest| contest.repairs);
        turn(repairs, is_right, Instant::now())
    }

    /// The Secret was put right, after that field manager had changed it.
    pub(crate) fn put_right(&self, secret: &ObjectKey, rival: Option<&str>) {
        let now = Instant::now();
        let is_recent =
            |contest: &Contest| now.saturating_duration_since(contest.repairs.last) < PEACE;
        let mut contests = self.lock();
        // Seldom enough that ten thousand Secrets that are put right together take no time.
        if contests.len().is_power_of_two() {
            contests.retain(|_, contest| is_recent(contest));
        }
        let before = contests.get(secret).filter(|contest| is_recent(contest));
        let before = before.map_or(0, |contest| contest.repairs.count);
        let repairs = Repairs {
            count: before.saturating_add(1),
            last: now,
        };
        let rival = rival.map(Into::into);
        contests.insert(secret.clone(), Contest { repairs, rival });
    }

    /// It is to become another one than before.
    pub(crate) fn forget(&self, secret: &ObjectKey) {
        self.lock().remove(secret);
    }

    /// What is told of a contested Secret.
    pub(crate) fn failure(&self, secret: &ObjectKey) -> Failure {
        let rival = self
            .lock()
            .get(secret)
            .and_then(|contest| contest.rival.clone());
        Failure::of_object(Reason::Contested, explain(rival.as_deref()))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ObjectKey, Contest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn explain(rival: Option<&str>) -> String {
    let who = match rival {
        Some(manager) => format!("the field manager \"{manager}\" keeps changing the Secret"),
        None => "someone keeps deleting the Secret".to_owned(),
    };
    format!("{who}; have it leave the Secret alone, which is put right by and by until then")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_few_rounds_a_secret_is_put_right_by_and_by_only_until_a_repair_lasts() {
        use Turn::{HoldOff, Proceed, ProceedOnTrial};
        let last = Instant::now();
        // Repairs so far, whether the Secret is what it should be, seconds since the last repair.
        for (count, is_right, seconds, expected) in [
            (0, false, 0, Proceed),
            (ROUNDS - 1, false, 0, Proceed),
            (ROUNDS - 1, true, 0, Proceed),
            (ROUNDS, false, 0, HoldOff),
            (ROUNDS, false, 1, ProceedOnTrial),
            (ROUNDS, true, 1, ProceedOnTrial),
            (ROUNDS, true, 10, Proceed),
            (ROUNDS + 4, false, 5, HoldOff),
            (ROUNDS + 4, false, 8, ProceedOnTrial),
            (u32::MAX, false, 100, HoldOff),
            (u32::MAX, false, 150, ProceedOnTrial),
            (u32::MAX, true, 9, ProceedOnTrial),
            (u32::MAX, false, 600, Proceed),
        ] {
            let now = last + Duration::from_secs(seconds);
            let decided = turn(Some(Repairs { count, last }), is_right, now);
            let what = format!("{count} repairs, right: {is_right}, {seconds} s ago");
            assert_eq!(decided, expected, "{what}");
        }
        assert_eq!(turn(None, false, last), Proceed);
    }

    #[tokio::test(start_paused = true)]
    async fn the_rival_is_named_and_forgotten_after_a_time_of_peace() {
        let contests = Contests::default();
        let [first, second] = ["first", "second"].map(|name| ObjectKey::new("prod", name));
        for _ in 0..ROUNDS {
            assert_eq!(contests.turn(&first, false), Turn::Proceed);
            contests.put_right(&first, Some("other-tool"));
        }
        assert_eq!(contests.turn(&first, false), Turn::HoldOff);
        assert!(
            contests
                .failure(&first)
                .to_string()
                .contains("\"other-tool\"")
        );
        assert_eq!(contests.turn(&second, false), Turn::Proceed);
        tokio::time::advance(PEACE).await;
        contests.put_right(&second, None);
        assert!(contests.failure(&second).to_string().contains("deleting"));
        assert_eq!(contests.lock().len(), 1);
    }
}
