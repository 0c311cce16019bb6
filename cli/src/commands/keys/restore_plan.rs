//! What of a backup is missing in a cluster: a pure function of both.

use waxwing_api::KeyState;

/// A key of the backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BackedUp {
    pub(super) state: KeyState,
    /// Whether values were sealed to it when the backup was made.
    pub(super) primary: bool,
}

/// The same key, as far as the cluster has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Present {
    /// The state of its SealingKey, if there is one.
    pub(super) state: Option<KeyState>,
    /// Whether a key Secret holds its private half.
    pub(super) private_half: bool,
}

/// What is to be made. What is there is never changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Missing {
    /// The state of the SealingKey to make, if it is not there.
    pub(super) sealing_key: Option<KeyState>,
    pub(super) private_half: bool,
}

impl Missing {
    pub(super) fn is_nothing(self) -> bool {
        self.sealing_key.is_none() && !self.private_half
    }
}

/// Decides about one key. `takes_over`: the backup's primary is to be this cluster's.
///
/// The other Active keys come back as Retired, for they need only open: so the order in which they
/// are restored cannot make one of them primary. A revoked key comes back without its private half.
pub(super) fn missing(key: BackedUp, present: Present, takes_over: bool) -> Missing {
    let state = match key.state {
        KeyState::Active if key.primary && takes_over => KeyState::Active,
        KeyState::Active | KeyState::Retired => KeyState::Retired,
        KeyState::Revoked => KeyState::Revoked,
    };
    let is_revoked = present.state.unwrap_or(state) == KeyState::Revoked;
    Missing {
        sealing_key: present.state.is_none().then_some(state),
        private_half: !present.private_half && !is_revoked && key.state != KeyState::Revoked,
    }
}

#[cfg(test)]
mod tests {
    use KeyState::{Active, Retired, Revoked};

    use super::*;

    #[test]
    fn only_what_is_missing_is_made_and_nothing_is_raised() {
        let nothing = (None, false);
        let whole = |state| (Some(state), true);
        let cases = [
            (
                "the primary, into an empty cluster",
                (Active, true),
                nothing,
                true,
                (Some(Active), true),
            ),
            (
                "another Active key",
                (Active, false),
                nothing,
                true,
                (Some(Retired), true),
            ),
            (
                "a retired key",
                (Retired, false),
                nothing,
                true,
                (Some(Retired), true),
            ),
            (
                "a revoked key",
                (Revoked, false),
                nothing,
                true,
                (Some(Revoked), false),
            ),
            (
                "the primary beside another cluster's",
                (Active, true),
                nothing,
                false,
                (Some(Retired), true),
            ),
            (
                "all there",
                (Active, true),
                whole(Active),
                true,
                (None, false),
            ),
            (
                "retired since",
                (Active, true),
                whole(Retired),
                true,
                (None, false),
            ),
            (
                "revoked since",
                (Active, true),
                whole(Revoked),
                true,
                (None, false),
            ),
            (
                "revoked since, private half gone",
                (Active, true),
                (Some(Revoked), false),
                true,
                (None, false),
            ),
            (
                "revoked in the backup only",
                (Revoked, false),
                whole(Active),
                true,
                (None, false),
            ),
            (
                "revoked in the backup, half of it here",
                (Revoked, false),
                (Some(Active), false),
                true,
                (None, false),
            ),
            (
                "private half lost",
                (Retired, false),
                (Some(Retired), false),
                true,
                (None, true),
            ),
            (
                "SealingKey lost",
                (Active, true),
                (None, true),
                true,
                (Some(Active), false),
            ),
            (
                "a restore that was interrupted",
                (Active, true),
                (Some(Active), false),
                true,
                (None, true),
            ),
        ];
        for (name, (state, primary), (present, private_half), takes_over, expected) in cases {
            let key = BackedUp { state, primary };
            let present = Present {
                state: present,
                private_half,
            };
            let found = missing(key, present, takes_over);
            assert_eq!((found.sealing_key, found.private_half), expected, "{name}");
        }
    }

    #[test]
    fn what_was_restored_is_complete() {
        for state in [Active, Retired, Revoked] {
            for primary in [true, false] {
                let key = BackedUp { state, primary };
                let nothing = Present {
                    state: None,
                    private_half: false,
                };
                let made = missing(key, nothing, true);
                let present = Present {
                    state: made.sealing_key,
                    private_half: made.private_half,
                };
                assert!(missing(key, present, true).is_nothing(), "{key:?}");
            }
        }
    }
}
