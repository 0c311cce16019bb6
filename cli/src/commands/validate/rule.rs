//! The rules. Their ids stand in CI configurations and never change their meaning.

use serde::Serialize;
use waxwing_manifest::Problem;

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Severity {
    /// The command fails.
    Error,
    /// It is told, and the command does not fail for it.
    Warning,
}

impl Severity {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// What a finding breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    PlaintextSecret,
    SealingKey,
    AgeIdentity,
    PrivateKey,
    Syntax,
    InvalidObject,
    BrokenValue,
    WrongScope,
    WrongCluster,
    UnknownKey,
    Unruled,
}

impl Rule {
    pub(super) const ALL: [Self; 11] = [
        Self::PlaintextSecret,
        Self::SealingKey,
        Self::AgeIdentity,
        Self::PrivateKey,
        Self::Syntax,
        Self::InvalidObject,
        Self::BrokenValue,
        Self::WrongScope,
        Self::WrongCluster,
        Self::UnknownKey,
        Self::Unruled,
    ];

    /// The rule that an object with this problem breaks.
    pub(super) fn of(problem: &Problem) -> Self {
        match problem {
            Problem::InClear { .. } => Self::PlaintextSecret,
            Problem::PrivateSealingKey => Self::SealingKey,
            Problem::Malformed(_) => Self::BrokenValue,
            Problem::NotOpened(_) | Problem::NotClusterWide { .. } => Self::WrongScope,
            _ => Self::InvalidObject,
        }
    }

    pub(super) fn id(self) -> &'static str {
        match self {
            Self::PlaintextSecret => "plaintext-secret",
            Self::SealingKey => "sealing-key",
            Self::AgeIdentity => "age-identity",
            Self::PrivateKey => "private-key",
            Self::Syntax => "syntax",
            Self::InvalidObject => "invalid-object",
            Self::BrokenValue => "broken-value",
            Self::WrongScope => "wrong-scope",
            Self::WrongCluster => "wrong-cluster",
            Self::UnknownKey => "unknown-key",
            Self::Unruled => "no-rule",
        }
    }

    pub(super) fn severity(self) -> Severity {
        match self {
            // An older key of the cluster looks just the same, and its values open.
            Self::UnknownKey => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// Whether it is about something that is to be kept from readers of the repository.
    pub(super) fn is_leak(self) -> bool {
        matches!(
            self,
            Self::PlaintextSecret | Self::SealingKey | Self::AgeIdentity | Self::PrivateKey
        )
    }

    /// What it is about, as a sentence without a full stop.
    pub(super) fn summary(self) -> &'static str {
        match self {
            Self::PlaintextSecret => {
                "A Secret, or a Kustomization that makes one, has values in clear"
            }
            Self::SealingKey => {
                "A Secret holds a sealing key, which opens everything that is sealed to it"
            }
            Self::AgeIdentity => "A file holds an age identity",
            Self::PrivateKey => "A file holds a private key in PEM",
            Self::Syntax => "A manifest is neither YAML nor JSON",
            Self::InvalidObject => "The API server or the controller would refuse the SealedSecret",
            Self::BrokenValue => "An item is no sealed value, or not the whole of one",
            Self::WrongScope => "A value was sealed for another place than where it stands",
            Self::WrongCluster => {
                "A value is sealed to no key of a cluster that .waxwing.yaml names for its file"
            }
            Self::UnknownKey => "A value is sealed to a key that .waxwing.yaml does not have",
            Self::Unruled => "No rule of .waxwing.yaml says which clusters the file is for",
        }
    }

    /// What to do about it, where the finding does not say it.
    pub(super) fn advice(self) -> Option<&'static str> {
        match self {
            Self::PlaintextSecret => {
                Some("seal it, and commit the SealedSecret instead: waxwing seal -f FILE -o FILE")
            }
            Self::SealingKey | Self::AgeIdentity | Self::PrivateKey => Some(
                "keep private keys out of Git; one that was ever pushed is known to others: replace it",
            ),
            Self::WrongCluster => Some(
                "seal the value anew for this file, or let its rule in .waxwing.yaml name other clusters",
            ),
            Self::UnknownKey => Some(
                "if it is an older key of the cluster: waxwing reseal; else seal the value anew",
            ),
            Self::Syntax
            | Self::InvalidObject
            | Self::BrokenValue
            | Self::WrongScope
            | Self::Unruled => None,
        }
    }
}
