//! What the API server's errors mean, and words for them that hold nothing of a Secret.
//!
//! The server's own messages can quote what it was sent (validation, admission webhooks), so they
//! are never passed on: only codes, reasons and names of fields are.

use std::error::Error;

use kube::core::response::{Status, StatusCause};

/// What was tried, for messages: verb and resource, in the words of RBAC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tried {
    verb: &'static str,
    resource: &'static str,
}

impl Tried {
    pub(crate) const fn new(verb: &'static str, resource: &'static str) -> Self {
        Self { verb, resource }
    }
}

/// What an error calls for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Someone else was faster: look again.
    Conflict,
    /// A permission is missing, or a policy or quota forbids it.
    Forbidden,
    /// The object itself is wrong.
    Invalid,
    /// The object is too large.
    TooLarge,
    /// The server or the network failed: try again later.
    Unavailable,
}

pub(crate) fn classify(error: &kube::Error) -> Class {
    let kube::Error::Api(status) = error else {
        return Class::Unavailable;
    };
    match status.code {
        409 => Class::Conflict,
        403 => Class::Forbidden,
        400 | 422 if is_too_long(status) => Class::TooLarge,
        400 | 422 => Class::Invalid,
        413 => Class::TooLarge,
        // etcd's own limit on the size of a request comes back as an internal error.
        500 if status.message.contains("request is too large") => Class::TooLarge,
        _ => Class::Unavailable,
    }
}

/// Whether what was asked for is not there.
pub(crate) fn is_gone(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404)
}

/// Whether something could not be made because its namespace is being deleted, or is gone already.
pub(crate) fn is_namespace_going(error: &kube::Error) -> bool {
    is_gone(error) || matches!(error, kube::Error::Api(status) if is_terminating(status))
}

fn is_terminating(status: &Status) -> bool {
    causes(status)
        .iter()
        .any(|cause| cause.reason == "NamespaceTerminating")
}

fn is_too_long(status: &Status) -> bool {
    causes(status)
        .iter()
        .any(|cause| cause.reason == "FieldValueTooLong")
}

/// One sentence part: what was refused or failed, and what to do next.
pub(crate) fn explain(error: &kube::Error, tried: Tried) -> String {
    let Tried { verb, resource } = tried;
    match error {
        kube::Error::Api(status) if status.code == 403 => explain_forbidden(status, tried),
        kube::Error::Api(status) if status.code == 404 && matches!(verb, "list" | "watch") => {
            format!(
                "the API server does not serve {resource}; install the definitions with `waxwing-controller crds | kubectl apply --server-side -f -`"
            )
        }
        kube::Error::Api(status) if matches!(status.code, 400 | 422) => {
            format!("the API server finds {}", fields(status))
        }
        kube::Error::Api(status) => format!(
            "the API server answered {} {} to {verb} {resource}",
            status.code, status.reason
        ),
        // The parser's own message can quote the response.
        kube::Error::SerdeError(_) => {
            format!("the API server's answer to {verb} {resource} could not be read")
        }
        other => format!("{verb} {resource} failed: {}", root_cause(other)),
    }
}

fn explain_forbidden(status: &Status, Tried { verb, resource }: Tried) -> String {
    if is_terminating(status) {
        "the namespace is being deleted".to_owned()
    } else if status.message.contains("exceeded quota") {
        format!("a ResourceQuota forbids to {verb} {resource}; raise it, or remove other objects")
    } else if status.message.contains(" cannot ") {
        format!(
            "the controller may not {verb} {resource}; grant it the verb {verb} on {resource} (see its ClusterRole and Role)"
        )
    } else {
        format!(
            "an admission policy of the cluster forbids to {verb} {resource}; ask whoever runs it"
        )
    }
}

/// The fields that are wrong, and why, without their values.
fn fields(status: &Status) -> String {
    let causes: Vec<String> = causes(status).iter().map(describe_cause).collect();
    if causes.is_empty() {
        format!("the object invalid ({})", status.reason)
    } else {
        causes.join(", ")
    }
}

fn describe_cause(cause: &StatusCause) -> String {
    let wrong = match cause.reason.as_str() {
        "FieldValueRequired" => "missing",
        "FieldValueTooLong" => "too long",
        "FieldValueNotSupported" => "not one of the supported values",
        "FieldValueForbidden" => "not allowed",
        "FieldValueDuplicate" => "repeated",
        _ => "invalid",
    };
    format!("{} {wrong}", cause.field)
}

fn causes(status: &Status) -> &[StatusCause] {
    status
        .details
        .as_ref()
        .map_or(&[], |details| &details.causes)
}

/// The innermost error says what happened ("Connection refused"); the outer ones repeat the layers of the client.
fn root_cause(error: &kube::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use kube::core::response::StatusDetails;

    const PATCH_SECRETS: Tried = Tried::new("patch", "secrets");

    fn answer(code: u16, reason: &str, message: &str, causes: &[(&str, &str)]) -> kube::Error {
        let causes = causes
            .iter()
            .map(|(field, reason)| StatusCause {
                reason: (*reason).to_owned(),
                message: "Invalid value: \"hunter2\"".to_owned(),
                field: (*field).to_owned(),
            })
            .collect();
        let details = StatusDetails {
            name: String::new(),
            group: String::new(),
            kind: String::new(),
            uid: String::new(),
            causes,
            retry_after_seconds: 0,
        };
        let status = Status::failure(message, reason)
            .with_code(code)
            .with_details(details);
        kube::Error::Api(status.boxed())
    }

    #[test]
    fn each_answer_is_classified_and_explained_without_quoting_it() {
        let cases = [
            (
                answer(409, "Conflict", "hunter2", &[]),
                Class::Conflict,
                "answered 409 Conflict to patch secrets",
            ),
            (
                answer(
                    403,
                    "Forbidden",
                    "User \"x\" cannot patch resource \"secrets\"",
                    &[],
                ),
                Class::Forbidden,
                "grant it the verb patch on secrets",
            ),
            (
                answer(403, "Forbidden", "exceeded quota: hunter2", &[]),
                Class::Forbidden,
                "ResourceQuota",
            ),
            (
                answer(
                    403,
                    "Forbidden",
                    "hunter2",
                    &[("metadata.namespace", "NamespaceTerminating")],
                ),
                Class::Forbidden,
                "the namespace is being deleted",
            ),
            (
                answer(403, "Forbidden", "webhook says hunter2", &[]),
                Class::Forbidden,
                "admission policy",
            ),
            (
                answer(
                    422,
                    "Invalid",
                    "hunter2",
                    &[
                        ("data[tls.key]", "FieldValueRequired"),
                        ("data[a]", "FieldValueInvalid"),
                    ],
                ),
                Class::Invalid,
                "data[tls.key] missing, data[a] invalid",
            ),
            (
                answer(422, "Invalid", "hunter2", &[("data", "FieldValueTooLong")]),
                Class::TooLarge,
                "data too long",
            ),
            (
                answer(413, "RequestEntityTooLarge", "hunter2", &[]),
                Class::TooLarge,
                "answered 413",
            ),
            (
                answer(500, "", "etcdserver: request is too large", &[]),
                Class::TooLarge,
                "answered 500",
            ),
            (
                answer(500, "InternalError", "hunter2", &[]),
                Class::Unavailable,
                "answered 500 InternalError",
            ),
            (
                answer(429, "TooManyRequests", "hunter2", &[]),
                Class::Unavailable,
                "answered 429",
            ),
        ];
        for (error, class, words) in cases {
            let text = explain(&error, PATCH_SECRETS);
            assert_eq!(classify(&error), class, "{text}");
            assert!(text.contains(words), "{text}");
            assert!(!text.contains("hunter2"), "{text}");
        }
    }
}
