//! What the keeper has to do: pure functions.

use jiff::Timestamp;
use k8s_openapi::api::admissionregistration::v1::ValidatingWebhookConfiguration;

use super::certificate::{CertificateError, Terms};
use super::configuration;
use super::rotation::Step;
use super::store::Known;
use super::stored::{Own, Stored};
use crate::plan::ABSENT;

/// What has to be done about the Secret.
pub(super) enum Due {
    /// Nothing, unless that time comes or something changes.
    Nothing { again_at: Option<Timestamp> },
    Write {
        version: String,
        stored: Stored,
        what: &'static str,
    },
}

/// What is due at that time for a webhook that is asked under these hosts. None of them: it makes no certificates,
/// or there is nobody to make them for.
pub(super) fn due(
    known: &Known,
    hosts: &[String],
    now: Timestamp,
) -> Result<Due, CertificateError> {
    let write = |version: &str, stored: Stored, own: Option<Own>, what| Due::Write {
        version: version.to_owned(),
        stored: Stored { own, ..stored },
        what,
    };
    let made = || match hosts {
        [] => Ok(None),
        hosts => Own::made(hosts, now).map(Some),
    };
    let (version, stored) = match known {
        Known::NotListed => return Ok(Due::Nothing { again_at: None }),
        Known::Absent => (ABSENT, None),
        Known::There { version, stored } => (version.as_str(), stored.as_ref()),
    };
    let Some(stored) = stored else {
        return Ok(write(
            version,
            Stored::new(),
            made()?,
            "made a token for the webhook",
        ));
    };
    if hosts.is_empty() {
        return Ok(Due::Nothing { again_at: None });
    }
    let own = stored.own.as_ref();
    Ok(match (Own::due(own, hosts, now), own) {
        (Step::Keep { until }, _) => Due::Nothing {
            again_at: Some(until),
        },
        (Step::Rotate, Some(own)) => {
            let rotated = own.rotated(hosts, now)?;
            let what = "rotated the webhook's certificates";
            write(version, stored.clone(), Some(rotated), what)
        }
        (Step::Rotate | Step::Remake, _) => {
            let what = "made certificates for the webhook";
            write(version, stored.clone(), made()?, what)
        }
    })
}

/// What is wrong when API servers ask under a name that the certificate is not for.
pub(super) fn strange_hosts(
    seen: Option<&ValidatingWebhookConfiguration>,
    served: Option<&Terms>,
) -> Option<String> {
    let (seen, served) = (seen?, served?);
    let strange: Vec<String> = configuration::hosts(seen)
        .into_iter()
        .filter(|host| !served.covers(host))
        .collect();
    (!strange.is_empty()).then(|| {
        format!(
            "it is for {}, and API servers ask {}; name these in it",
            served.hosts.join(", "),
            strange.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use serde_json::json;

    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn hosts() -> Vec<String> {
        vec!["waxwing.waxwing-system.svc".to_owned()]
    }

    fn there(own: Option<Own>) -> Known {
        Known::There {
            version: "7".to_owned(),
            stored: Some(Stored {
                own,
                ..Stored::new()
            }),
        }
    }

    #[test]
    fn token_and_certificates_are_made_where_they_lack_and_the_token_stays() {
        let now = Timestamp::now();
        let own = |days_ago: u32| Own::made(&hosts(), now - DAY * days_ago).ok();
        let unreadable = Known::There {
            version: "7".to_owned(),
            stored: None,
        };
        let nothing = None;
        let certificates = "made certificates for the webhook";
        let token = "made a token for the webhook";
        for (name, known, hosts, expected) in [
            ("not listed", Known::NotListed, hosts(), nothing),
            (
                "absent",
                Known::Absent,
                hosts(),
                Some((ABSENT, token, true)),
            ),
            (
                "absent, nobody asks",
                Known::Absent,
                vec![],
                Some((ABSENT, token, false)),
            ),
            ("unreadable", unreadable, hosts(), Some(("7", token, true))),
            (
                "only a token",
                there(None),
                hosts(),
                Some(("7", certificates, true)),
            ),
            ("only a token, nobody asks", there(None), vec![], nothing),
            ("in order", there(own(1)), hosts(), nothing),
            (
                "due",
                there(own(31)),
                hosts(),
                Some(("7", "rotated the webhook's certificates", true)),
            ),
            (
                "expired",
                there(own(91)),
                hosts(),
                Some(("7", certificates, true)),
            ),
            (
                "for others",
                there(own(1)),
                vec!["b.svc".to_owned()],
                Some(("7", certificates, true)),
            ),
        ] {
            let found = match due(&known, &hosts, now).unwrap() {
                Due::Nothing { .. } => None,
                Due::Write {
                    version,
                    stored,
                    what,
                } => {
                    let before = known.stored().map(|stored| stored.token.path());
                    assert!(
                        before.is_none_or(|path| path == stored.token.path()),
                        "{name}"
                    );
                    Some((version, what, stored.own.is_some()))
                }
            };
            let found = found
                .as_ref()
                .map(|(version, what, own)| (version.as_str(), *what, *own));
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn a_host_that_is_asked_and_not_in_the_certificate_is_named() {
        let seen = json!({ "metadata": {}, "webhooks": [{
            "name": "a.waxwing.dev", "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "clientConfig": { "service": { "name": "hook", "namespace": "system" } },
        }] });
        let seen = serde_json::from_value(seen).unwrap();
        for (host, is_strange) in [
            ("hook.system.svc", false),
            ("*.system.svc", false),
            ("*.svc", true),
            ("hook.system", true),
        ] {
            let served = Terms {
                hosts: vec![host.to_owned()],
                from: Timestamp::UNIX_EPOCH,
                until: Timestamp::UNIX_EPOCH,
            };
            let strange = strange_hosts(Some(&seen), Some(&served));
            assert_eq!(strange.is_some(), is_strange, "{host}: {strange:?}");
        }
        assert_eq!(strange_hosts(Some(&seen), None), None);
    }
}
