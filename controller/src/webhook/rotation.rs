//! When the webhook's own certificate is followed by another: a pure function.
//!
//! There are always two: the one that is served, and the next one, which API servers are told to trust long
//! before it is served. So none of them ever meets a certificate that it does not know yet.

use std::time::Duration;

use jiff::Timestamp;

use super::certificate::Terms;

const DAY: Duration = Duration::from_secs(86_400);

/// The age at which the next certificate is served, and another one made.
const ROTATE_AFTER: Duration = DAY.saturating_mul(30);

/// How long the next certificate has to be valid still, to be served until it is followed in its turn.
const LEAST_LEFT: Duration = DAY.saturating_mul(30);

/// What is to be done about the certificates.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing before that time.
    Keep { until: Timestamp },
    /// The next one is served from now on, and there is a new next one.
    Rotate,
    /// Both are made afresh: there are none, or they are of no use.
    Remake,
}

pub(super) fn decide(
    current: Option<&Terms>,
    next: Option<&Terms>,
    hosts: &[String],
    now: Timestamp,
) -> Step {
    let (Some(current), Some(next)) = (current, next) else {
        return Step::Remake;
    };
    let is_good = |terms: &Terms| terms.hosts == hosts && terms.from <= now && now < terms.until;
    if !is_good(current) || !is_good(next) || next.until < now + LEAST_LEFT {
        return Step::Remake;
    }
    let due = next.from + ROTATE_AFTER;
    if due <= now {
        Step::Rotate
    } else {
        Step::Keep { until: due }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::webhook::certificate::{LIFETIME, SKEW};

    fn now() -> Timestamp {
        "2026-11-24T06:00:00Z".parse().unwrap()
    }

    fn hosts() -> Vec<String> {
        vec!["waxwing.waxwing-system.svc".to_owned()]
    }

    /// As it was made that many days ago.
    fn made(days_ago: u32) -> Option<Terms> {
        let then = now() - DAY * days_ago;
        Some(Terms {
            hosts: hosts(),
            from: then - SKEW,
            until: then + LIFETIME,
        })
    }

    #[test]
    fn certificates_follow_one_another_every_thirty_days_and_useless_ones_are_made_afresh() {
        let in_days = |days: u32| Step::Keep {
            until: now() + DAY * days - SKEW,
        };
        let not_yet = made(0).map(|terms| Terms {
            from: now() + DAY,
            ..terms
        });
        let for_another = made(0).map(|terms| Terms {
            hosts: vec!["other.waxwing-system.svc".to_owned()],
            ..terms
        });
        let cases = [
            ("none", None, None, Step::Remake),
            ("no next one", made(0), None, Step::Remake),
            ("new", made(0), made(0), in_days(30)),
            ("in use", made(40), made(10), in_days(20)),
            ("due", made(60), made(30), Step::Rotate),
            ("long overdue", made(80), made(50), Step::Rotate),
            (
                "nothing left of the next one",
                made(89),
                made(61),
                Step::Remake,
            ),
            ("expired", made(91), made(31), Step::Remake),
            ("both expired", made(400), made(370), Step::Remake),
            ("from the future", not_yet, made(0), Step::Remake),
            (
                "of another Service",
                for_another.clone(),
                made(0),
                Step::Remake,
            ),
            (
                "next of another Service",
                made(0),
                for_another,
                Step::Remake,
            ),
        ];
        for (name, current, next, expected) in cases {
            let step = decide(current.as_ref(), next.as_ref(), &hosts(), now());
            assert_eq!(step, expected, "{name}");
        }
    }

    #[test]
    fn what_is_served_never_runs_out_while_someone_looks_every_day() {
        let (mut current, mut next) = (made(0).unwrap(), made(0).unwrap());
        let mut rotations = 0;
        for day in 1..1_000_u32 {
            let today = now() + DAY * day;
            assert!(today < current.until, "expired on day {day}");
            match decide(Some(&current), Some(&next), &hosts(), today) {
                Step::Keep { until } => assert!(until > today),
                Step::Rotate => {
                    let fresh = Terms {
                        hosts: hosts(),
                        from: today - SKEW,
                        until: today + LIFETIME,
                    };
                    current = std::mem::replace(&mut next, fresh);
                    rotations += 1;
                }
                Step::Remake => panic!("made afresh on day {day}"),
            }
        }
        assert_eq!(rotations, 33);
    }
}
