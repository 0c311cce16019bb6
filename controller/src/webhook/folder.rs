//! A certificate from elsewhere: in a folder, where Kubernetes mounts it, and where it is renewed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::certificate::{Certificate, Half};
use super::serving::Switch;
use crate::server_clock::ServerClock;

/// The time between two looks.
const LOOK: Duration = Duration::from_secs(10);

/// Serves what is in the folder, for ever; what is of no use there is told once.
pub(super) async fn follow(folder: PathBuf, clock: ServerClock, switch: Switch) {
    let mut served: Option<Arc<Certificate>> = None;
    let mut told = None;
    loop {
        let now = clock.now();
        let judgement = judge(read(&folder).await, served.as_ref(), now);
        let Judgement {
            serve,
            problem,
            until,
        } = judgement;
        switch.expires(until);
        if serve.as_ref().map(|it| &it.chain) != served.as_ref().map(|it| &it.chain) {
            switch.turn_to(serve.as_deref());
        }
        served = serve;
        if problem != told {
            tell(&folder, problem.as_deref(), served.as_deref());
            told = problem;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What becomes of a certificate that was read, or not.
struct Judgement {
    /// `None`: nothing can be served.
    serve: Option<Arc<Certificate>>,
    /// What is wrong with what is in the folder now, and what to do.
    problem: Option<String>,
    /// When the one that is served, or else the one that was read, runs out.
    until: Option<Timestamp>,
}

/// A pure function. The last one that was served goes on, as long as it is valid.
fn judge(
    read: Result<Certificate, String>,
    last: Option<&Arc<Certificate>>,
    now: Timestamp,
) -> Judgement {
    let (read, problem) = match read {
        Ok(certificate) => {
            let problem = untimely(&certificate, now);
            (Some(Arc::new(certificate)), problem)
        }
        Err(problem) => (None, Some(problem)),
    };
    let serve = match problem {
        None => read.clone(),
        Some(_) => last.filter(|last| untimely(last, now).is_none()).cloned(),
    };
    let until = serve.as_ref().or(read.as_ref()).map(|it| it.terms.until);
    Judgement {
        serve,
        problem,
        until,
    }
}

fn untimely(certificate: &Certificate, now: Timestamp) -> Option<String> {
    let terms = &certificate.terms;
    let file = Half::Chain.as_str();
    if terms.until <= now {
        Some(format!("{file} expired on {}; renew it", terms.until))
    } else if now < terms.from {
        Some(format!(
            "{file} is not valid before {}; wait, or set the clock right",
            terms.from
        ))
    } else {
        None
    }
}

async fn read(folder: &Path) -> Result<Certificate, String> {
    let file = async |half: Half| {
        tokio::fs::read(folder.join(half.as_str()))
            .await
            .map_err(|error| {
                format!(
                    "{} cannot be read: {error}; mount a Secret of the type kubernetes.io/tls there",
                    half.as_str()
                )
            })
    };
    let (chain, key) = (file(Half::Chain).await?, file(Half::Key).await?);
    Certificate::read(&chain, &key)
        .map_err(|(half, error)| format!("{} {error}; put the right one there", half.as_str()))
}

fn tell(folder: &Path, problem: Option<&str>, served: Option<&Certificate>) {
    let folder = folder.display();
    match (problem, served) {
        (None, _) => tracing::info!(%folder, "the webhook's certificate is in order"),
        (Some(problem), Some(last)) => tracing::error!(
            %folder,
            "the webhook's certificate: {problem}; the last one is served until it expires on {}",
            last.terms.until
        ),
        (Some(problem), None) => tracing::error!(
            %folder,
            "the webhook's certificate: {problem}; until then no object is checked before it is admitted"
        ),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    fn made(at: Timestamp) -> Certificate {
        Certificate::make(&["a.example".to_owned()], at).unwrap()
    }

    #[test]
    fn a_certificate_of_no_use_is_named_and_the_last_good_one_goes_on_while_it_is_valid() {
        let now = Timestamp::now();
        let (expired, future) = (now - DAY * 91, now + DAY);
        let cases = [
            ("good", Ok(made(now)), None, Some("new"), None),
            ("renewed", Ok(made(now)), Some(now), Some("new"), None),
            ("expired", Ok(made(expired)), None, None, Some("expired on")),
            (
                "not renewed",
                Ok(made(expired)),
                Some(expired),
                None,
                Some("renew it"),
            ),
            (
                "replaced by an old one",
                Ok(made(expired)),
                Some(now),
                Some("last"),
                Some("expired on"),
            ),
            (
                "from the future",
                Ok(made(future)),
                Some(now),
                Some("last"),
                Some("not valid before"),
            ),
            (
                "gone",
                Err("gone".to_owned()),
                Some(now),
                Some("last"),
                Some("gone"),
            ),
            (
                "gone, and the last one expired",
                Err("gone".to_owned()),
                Some(expired),
                None,
                Some("gone"),
            ),
        ];
        for (name, read, last, served, told) in cases {
            let last = last.map(|at| Arc::new(made(at)));
            let Judgement { serve, problem, .. } = judge(read, last.as_ref(), now);
            let which = serve.map(|serve| match &last {
                Some(last) if last.chain == serve.chain => "last",
                _ => "new",
            });
            assert_eq!(which, served, "{name}");
            assert_eq!(problem.is_some(), told.is_some(), "{name}");
            let problem = problem.unwrap_or_default();
            assert!(
                problem.contains(told.unwrap_or_default()),
                "{name}: {problem}"
            );
        }
    }

    #[test]
    fn the_expiry_is_that_of_the_certificate_in_use_or_else_of_the_one_that_ran_out() {
        let now = Timestamp::now();
        let expiry = |read, last: Option<Timestamp>| {
            let last = last.map(|at| Arc::new(made(at)));
            let until = judge(read, last.as_ref(), now).until?;
            Some(until.as_second() > now.as_second())
        };
        let expired = now - DAY * 91;
        assert_eq!(expiry(Ok(made(now)), None), Some(true));
        assert_eq!(expiry(Ok(made(expired)), Some(now)), Some(true));
        assert_eq!(expiry(Ok(made(expired)), None), Some(false));
        assert_eq!(expiry(Err("gone".to_owned()), None), None);
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_named_by_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let certificate = made(Timestamp::now());
        let write = |half: Half, text: &str| {
            std::fs::write(folder.path().join(half.as_str()), text).unwrap();
        };
        let error = async || read(folder.path()).await.err().unwrap();
        assert!(error().await.starts_with("tls.crt cannot be read: "));
        write(Half::Chain, &certificate.chain);
        assert!(error().await.starts_with("tls.key cannot be read: "));
        write(Half::Key, &made(Timestamp::now()).key);
        assert!(
            error()
                .await
                .starts_with("tls.key is the private key of another certificate;")
        );
        write(Half::Key, &certificate.key);
        assert!(read(folder.path()).await.is_ok());
    }
}
