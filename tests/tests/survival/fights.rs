//! Someone else wants a Secret to be otherwise, and never gives in.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::{
    Api, ResourceExt,
    api::{DeleteParams, Patch, PatchParams},
};
use tokio::task::JoinHandle;
use waxwing_api::{ConditionType, Reason, SealedSecret, SecretTemplate, TemplateMetadata};
use waxwing_tests::{
    Space, Stage,
    canary::plaintext,
    space::{condition, items_of},
    wait,
};

/// The other one's field manager.
const RIVAL: &str = "other-tool";

/// How long both go on after the fight was told, in seconds.
const WHILE: u64 = 20;

/// The five rounds before the fight is told, and those that the back-off leaves for after that: one after
/// each of 1, 2, 4, 8 and 16 seconds at the soonest; and one more that may be on its way.
const ROUNDS: usize = 5 + 5 + 1;

/// How long it may take until the controller has looked twice again.
const HEALING: Duration = Duration::from_secs(300);

/// What a program wants of a Secret that is not its own.
#[derive(Clone, Copy)]
enum Will {
    Other,
    Gone,
}

/// A program that puts its will through, each time that the Secret is not what it wants.
struct Rival {
    rounds: Arc<AtomicUsize>,
    gives_in: Arc<AtomicBool>,
    at_work: JoinHandle<()>,
}

impl Rival {
    fn start(space: &Space, name: &'static str, will: Will) -> Self {
        let secrets = space.secrets();
        let rounds = Arc::new(AtomicUsize::new(0));
        let gives_in = Arc::new(AtomicBool::new(false));
        let (count, stop) = (rounds.clone(), gives_in.clone());
        let at_work = tokio::spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                if put_through(will, &secrets, name).await {
                    count.fetch_add(1, Ordering::Relaxed);
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        Self {
            rounds,
            gives_in,
            at_work,
        }
    }

    fn rounds(&self) -> usize {
        self.rounds.load(Ordering::Relaxed)
    }

    async fn give_in(self) {
        self.gives_in.store(true, Ordering::Relaxed);
        self.at_work.await.unwrap();
    }
}

/// True: the Secret was not what it wants.
async fn put_through(will: Will, secrets: &Api<Secret>, name: &str) -> bool {
    let Some(present) = secrets.get_opt(name).await.unwrap() else {
        return false;
    };
    match will {
        Will::Gone => secrets.delete(name, &DeleteParams::default()).await.is_ok(),
        Will::Other if is_theirs(&present) => false,
        Will::Other => {
            let force = PatchParams::apply(RIVAL).force();
            let theirs = Patch::Apply(theirs(name));
            secrets.patch(name, &force, &theirs).await.unwrap();
            true
        }
    }
}

fn theirs(name: &str) -> Secret {
    let mut secret = Secret::default();
    secret.metadata.name = Some(name.to_owned());
    secret
        .labels_mut()
        .insert("team".to_owned(), RIVAL.to_owned());
    let data = [("password".to_owned(), ByteString(RIVAL.into()))];
    secret.data = Some(data.into());
    secret
}

fn is_theirs(secret: &Secret) -> bool {
    let label = secret.labels().get("team");
    let password = items_of(secret).remove("password");
    label.is_some_and(|team| team == RIVAL) && password.is_some_and(|value| value == RIVAL)
}

#[tokio::test]
async fn a_secret_that_others_fight_over_is_told_and_heals_when_they_give_in() {
    let stage = Stage::own(&[]).await.unwrap();
    let space = stage.space("fights").await.unwrap();
    let value = plaintext("password");
    for name in ["edited", "deleted"] {
        let sealed = sealed(&space, name, &value).await;
        space.apply(&sealed).await.unwrap();
        space.ready(name).await.unwrap();
    }
    let editor = Rival::start(&space, "edited", Will::Other);
    let deleter = Rival::start(&space, "deleted", Will::Gone);

    let told = space.refused("edited", Reason::Contested).await.unwrap();
    assert!(told.contains(RIVAL), "no manager in: {told}");
    let told = space.refused("deleted", Reason::Contested).await.unwrap();
    assert!(told.contains("deleting"), "{told}");
    space
        .unseal("aside", &[("password", &value)])
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(WHILE)).await;
    let rounds = [editor.rounds(), deleter.rounds()];
    assert!(
        rounds.iter().all(|rounds| *rounds <= ROUNDS),
        "{rounds:?} rounds"
    );
    let metrics = stage.controller.as_ref().unwrap().metrics().await.unwrap();
    let told = "waxwing_sealed_secrets{state=\"Contested\"} 2";
    assert!(
        metrics.lines().any(|line| line == told),
        "not in the metrics"
    );
    for name in ["edited", "deleted"] {
        assert_eq!(warnings(&space, name).await, 1, "events about {name}");
    }

    let changed = plaintext("changed");
    let sealed = sealed(&space, "edited", &changed).await;
    space.apply(&sealed).await.unwrap();
    wait::until(
        "what the object says now to be fought over anew",
        async || {
            let since = editor.rounds() - rounds[0];
            if since >= 5 {
                Ok(())
            } else {
                Err(format!("{since} rounds"))
            }
        },
    )
    .await
    .unwrap();

    editor.give_in().await;
    deleter.give_in().await;
    for (name, value) in [("edited", &changed), ("deleted", &value)] {
        heals(&space, name).await;
        let secret = space.holds(name, &[("password", value)]).await.unwrap();
        assert_eq!(secret.labels()["team"], "ours");
    }
    println!("fights: told after {WHILE} s and {rounds:?} rounds, healed when the others gave in");
    stage.assert_no_plaintext_leaked().await.unwrap();
}

/// An object whose Secret has a label besides.
async fn sealed(space: &Space, name: &str, value: &str) -> SealedSecret {
    let mut sealed = space.seal(name, &[("password", value)]).await.unwrap();
    let metadata = TemplateMetadata {
        labels: [("team".to_owned(), "ours".to_owned())].into(),
        ..TemplateMetadata::default()
    };
    sealed.spec.template = Some(SecretTemplate {
        metadata: Some(metadata),
        ..SecretTemplate::default()
    });
    sealed
}

/// How many events tell of the fight.
async fn warnings(space: &Space, name: &str) -> usize {
    let events = space.events(name).await.unwrap();
    let of_fights = |reason: Option<&str>| reason == Some(Reason::Contested.as_str());
    events
        .iter()
        .filter(|event| of_fights(event.reason.as_deref()))
        .count()
}

async fn heals(space: &Space, name: &str) {
    let what = format!("{name} to heal");
    let healed = wait::until_within(HEALING, &what, async || {
        let sealed = space.sealed_secrets().get(name).await;
        let sealed = sealed.map_err(|error| error.to_string())?;
        match condition(&sealed, ConditionType::Ready) {
            Some(ready) if ready.status == "True" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    healed.await.unwrap();
}
