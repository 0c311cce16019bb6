//! Whether the controller is ready, and if not, why.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What must be in order before the controller is ready. The words appear in the answer of `/readyz`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Part {
    KeySecrets,
    SealingKeys,
    Secrets,
    SealedSecrets,
    /// At least one sealing key can open values.
    Keys,
}

impl Part {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::KeySecrets => "watch of key Secrets",
            Self::SealingKeys => "watch of SealingKeys",
            Self::Secrets => "watch of Secrets",
            Self::SealedSecrets => "watch of SealedSecrets",
            Self::Keys => "sealing keys",
        }
    }
}

/// The parts that are not in order yet, or not any more, with the reason for each.
#[derive(Debug)]
pub(crate) struct Health(Mutex<BTreeMap<Part, String>>);

impl Health {
    /// Nothing is known yet. The watch of SealedSecrets counts only while this replica leads.
    pub(crate) fn starting() -> Self {
        let parts = [
            Part::KeySecrets,
            Part::SealingKeys,
            Part::Secrets,
            Part::Keys,
        ];
        Self(Mutex::new(
            parts.map(|part| (part, "not loaded yet".to_owned())).into(),
        ))
    }

    pub(crate) fn set_ready(&self, part: Part) {
        self.lock().remove(&part);
    }

    pub(crate) fn set_unready(&self, part: Part, why: impl Into<String>) {
        self.lock().insert(part, why.into());
    }

    /// One line for each part that is not in order; empty when ready.
    pub(crate) fn problems(&self) -> Vec<String> {
        self.lock()
            .iter()
            .map(|(part, why)| format!("{}: {why}", part.as_str()))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Part, String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_when_every_part_is_and_unready_again_when_one_fails() {
        let health = Health::starting();
        for part in [Part::KeySecrets, Part::SealingKeys, Part::Secrets] {
            health.set_ready(part);
        }
        assert_eq!(health.problems(), ["sealing keys: not loaded yet"]);
        health.set_ready(Part::Keys);
        assert!(health.problems().is_empty());
        health.set_unready(
            Part::SealedSecrets,
            "the controller may not list sealedsecrets",
        );
        assert_eq!(
            health.problems(),
            ["watch of SealedSecrets: the controller may not list sealedsecrets"]
        );
    }
}
