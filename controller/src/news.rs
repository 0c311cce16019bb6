//! Whether what came of an object is news: a pure function of how it stood before and how it stands now.

use waxwing_api::{ConditionType, Reason, SealedSecret, condition};

use crate::index::{Known, State};

/// How an object of some generation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    generation: i64,
    state: State,
}

/// What there is to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    Nothing,
    /// It was refused: for the first time, for another reason, or after a change.
    Refused,
    /// It is well, and was not before.
    Recovered,
}

impl Standing {
    pub(crate) fn of(known: &Known) -> Self {
        Self {
            generation: known.generation,
            state: known.state,
        }
    }

    /// How the object stood up to now: as is remembered of it or, when this replica begins to act, as its
    /// own status says. What the replica before told is no news.
    pub(crate) fn before(known: Option<&Known>, sealed: &SealedSecret) -> Option<Self> {
        known
            .filter(|known| Some(&*known.uid) == sealed.metadata.uid.as_deref())
            .map(Self::of)
            .or_else(|| Self::told(sealed))
    }

    fn told(sealed: &SealedSecret) -> Option<Self> {
        let status = sealed.status.as_ref()?;
        let ready = condition::find(&status.conditions, ConditionType::Ready.as_str())?;
        let failed = || {
            let mut reasons = Reason::ALL.into_iter();
            reasons.find(|reason| reason.as_str() == ready.reason)
        };
        Some(Self {
            generation: status.observed_generation?,
            state: match ready.status.as_str() {
                "True" => State::Ready,
                _ => State::Failed(failed()?),
            },
        })
    }

    pub(crate) fn news_after(self, before: Option<Self>) -> News {
        match self.state {
            State::Failed(_) if before != Some(self) => News::Refused,
            State::Ready if before.is_some_and(|before| before.state != State::Ready) => {
                News::Recovered
            }
            State::Failed(_) | State::Ready => News::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
    use waxwing_api::SealedSecretStatus;

    use super::*;

    const MALFORMED: State = State::Failed(Reason::Malformed);
    const NOT_OWNED: State = State::Failed(Reason::NotOwned);

    fn standing(generation: i64, state: State) -> Standing {
        Standing { generation, state }
    }

    #[test]
    fn only_a_change_is_news() {
        let before = |generation, state| Some(standing(generation, state));
        for (before, now, expected) in [
            (None, standing(1, State::Ready), News::Nothing),
            (None, standing(1, MALFORMED), News::Refused),
            (before(1, MALFORMED), standing(1, MALFORMED), News::Nothing),
            (before(1, MALFORMED), standing(2, MALFORMED), News::Refused),
            (before(1, MALFORMED), standing(1, NOT_OWNED), News::Refused),
            (
                before(1, MALFORMED),
                standing(1, State::Ready),
                News::Recovered,
            ),
            (
                before(1, State::Ready),
                standing(2, State::Ready),
                News::Nothing,
            ),
            (
                before(1, State::Ready),
                standing(1, NOT_OWNED),
                News::Refused,
            ),
        ] {
            assert_eq!(now.news_after(before), expected, "{before:?}, {now:?}");
        }
    }

    fn sealed(ready: Option<(&str, &str)>) -> SealedSecret {
        let mut sealed = SealedSecret::default();
        sealed.metadata.uid = Some("uid".to_owned());
        let conditions = ready.map(|(status, reason)| Condition {
            type_: ConditionType::Ready.to_string(),
            status: status.to_owned(),
            reason: reason.to_owned(),
            message: String::new(),
            observed_generation: Some(3),
            last_transition_time: Time(Timestamp::UNIX_EPOCH),
        });
        sealed.status = Some(SealedSecretStatus {
            observed_generation: Some(3),
            conditions: conditions.into_iter().collect(),
            ..SealedSecretStatus::default()
        });
        sealed
    }

    #[test]
    fn before_is_what_is_remembered_or_else_what_the_status_says() {
        let known = |uid: &str| Known {
            uid: uid.into(),
            generation: 5,
            state: State::Ready,
            secret_version: None,
            key_ids: [].into(),
            stale: false,
            oldest: None,
        };
        let [same, other] = ["uid", "other"].map(known);
        let refused = Some(("False", "NotOwned"));
        for (known, ready, expected) in [
            (Some(&same), refused, Some(standing(5, State::Ready))),
            (Some(&other), refused, Some(standing(3, NOT_OWNED))),
            (None, refused, Some(standing(3, NOT_OWNED))),
            (
                None,
                Some(("True", "Unsealed")),
                Some(standing(3, State::Ready)),
            ),
            (None, Some(("False", "SomethingElse")), None),
            (None, None, None),
        ] {
            assert_eq!(Standing::before(known, &sealed(ready)), expected);
        }
    }
}
