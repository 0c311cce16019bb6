//! Why a SealedSecret does not become a Secret.

use std::fmt;

use waxwing_api::Reason;

/// One reason, with what is concerned and what to do next. Holds nothing of a plaintext.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) reason: Reason,
    item: Option<String>,
    message: String,
}

impl Failure {
    pub(crate) fn of_item(reason: Reason, item: &str, message: impl Into<String>) -> Self {
        Self {
            reason,
            item: Some(item.to_owned()),
            message: message.into(),
        }
    }

    pub(crate) fn of_object(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            item: None,
            message: message.into(),
        }
    }

    /// The same, as it befell the Secret of one namespace.
    pub(crate) fn in_namespace(self, namespace: &str) -> Self {
        Self {
            item: Some(format!("namespace {namespace}")),
            ..self
        }
    }

    /// The same with more to say.
    pub(crate) fn with(mut self, more: &str) -> Self {
        self.message = format!("{}; {more}", self.message);
        self
    }

    /// The item or the namespace that is concerned; `None`: the object as a whole.
    pub(crate) fn item(&self) -> Option<&str> {
        self.item.as_deref()
    }

    /// Whether only a change of the SealedSecret, or of the keys, can help. Everything else is tried
    /// again by and by.
    pub(crate) const fn is_final(&self) -> bool {
        match self.reason {
            Reason::ScopeMismatch
            | Reason::UnknownKey
            | Reason::KeyRevoked
            | Reason::Malformed
            | Reason::TooLarge
            | Reason::TemplateError
            | Reason::InvalidSecret
            | Reason::InvalidSelector => true,
            Reason::NotOwned
            | Reason::ImmutableSecret
            | Reason::Forbidden
            | Reason::Contested
            | Reason::ApiError => false,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.item {
            Some(item) => write!(f, "{item}: {} ({})", self.message, self.reason),
            None => write!(f, "{} ({})", self.message, self.reason),
        }
    }
}
