//! What a team does to its SealedSecrets, and what must have come of it when all is quiet.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::Duration,
};

use kube::{ResourceExt, api::ListParams};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IteratorRandom};
use waxwing_api::{ConditionType, SealedSecret};
use waxwing_tests::{
    HarnessError, Space,
    canary::plaintext,
    space::{condition, items, items_of},
    wait,
};

/// How long it may take until all is right again. The longest back-off is five minutes.
const CALMING_DOWN: Duration = Duration::from_secs(320);

/// A team at work in one namespace. It goes on trying while the API server is away.
pub(crate) struct Churn<'a> {
    space: &'a Space,
    choices: StdRng,
    /// What the Secret of each object must hold in the end; none: the object was deleted.
    objects: BTreeMap<String, Option<String>>,
    created: usize,
    changed: usize,
    deleted: usize,
}

impl<'a> Churn<'a> {
    /// What it does is the same for the same seed.
    pub(crate) fn new(space: &'a Space, seed: u64) -> Self {
        Self {
            space,
            choices: StdRng::seed_from_u64(seed),
            objects: BTreeMap::new(),
            created: 0,
            changed: 0,
            deleted: 0,
        }
    }

    /// Creates, changes or deletes objects, so many in all.
    pub(crate) async fn steps(&mut self, count: usize) {
        for _ in 0..count {
            match self.choices.gen_range(0..10) {
                0..=5 => self.create().await,
                6..=7 => self.change().await,
                _ => self.delete().await,
            }
        }
    }

    /// Creates an object of a name that was never there.
    pub(crate) async fn create(&mut self) {
        let name = format!("db-{}", self.objects.len());
        self.created += 1;
        self.apply(name).await;
    }

    /// Puts another value into an object, if there is one.
    pub(crate) async fn change(&mut self) {
        if let Some(name) = self.choose() {
            self.changed += 1;
            self.apply(name).await;
        }
    }

    /// Deletes an object, if there is one.
    pub(crate) async fn delete(&mut self) {
        let Some(name) = self.choose() else { return };
        insistently(&format!("{name} to be deleted"), async || {
            match self.space.delete(&name).await {
                // An earlier attempt was carried out, and its answer lost.
                Err(error) if is_not_found(&error) => Ok(()),
                result => result,
            }
        })
        .await;
        self.deleted += 1;
        self.objects.insert(name, None);
    }

    /// Applies every object again that is there, as it is in Git.
    pub(crate) async fn apply_again(&mut self) {
        let there: Vec<String> = self.there().cloned().collect();
        for name in there {
            self.changed += 1;
            self.apply(name).await;
        }
    }

    fn choose(&mut self) -> Option<String> {
        let there: Vec<String> = self.there().cloned().collect();
        there.into_iter().choose(&mut self.choices)
    }

    fn there(&self) -> impl Iterator<Item = &String> {
        let there = self.objects.iter().filter(|(_, value)| value.is_some());
        there.map(|(name, _)| name)
    }

    async fn apply(&mut self, name: String) {
        let number = self.created + self.changed;
        let value = plaintext(&format!("{}-{name}-{number}", self.space.namespace));
        insistently(&format!("{name} to be applied"), async || {
            let sealed = self.space.seal(&name, &[("password", &value)]).await?;
            self.space.apply(&sealed).await
        })
        .await;
        self.objects.insert(name, Some(value));
    }

    /// Waits until every object that is there is Ready and has its last value in its Secret, and no
    /// other Secret is in the namespace.
    pub(crate) async fn comes_out_right(&self) {
        let what = format!("all to be right in {}", self.space.namespace);
        wait::until_within(CALMING_DOWN, &what, async || self.look().await)
            .await
            .unwrap();
    }

    /// An error names what is not right yet, and no value.
    async fn look(&self) -> Result<(), String> {
        let all = ListParams::default();
        let sealed = self.space.sealed_secrets().list(&all).await;
        let sealed = sealed.map_err(|error| error.to_string())?;
        if let Some(unready) = sealed.iter().find(|sealed| !is_ready(sealed)) {
            let ready = condition(unready, ConditionType::Ready);
            return Err(format!("{}: {ready:?}", unready.name_any()));
        }
        let secrets = self.space.secrets().list(&all).await;
        let secrets = secrets.map_err(|error| error.to_string())?;
        let found: BTreeMap<String, _> = secrets
            .iter()
            .map(|secret| (secret.name_any(), items_of(secret)))
            .collect();
        let expected: BTreeMap<String, _> = self
            .objects
            .iter()
            .filter_map(|(name, value)| {
                Some((name.clone(), items(&[("password", value.as_ref()?)])))
            })
            .collect();
        let names = found.keys().chain(expected.keys());
        let wrong: BTreeSet<&String> = names
            .filter(|name| found.get(*name) != expected.get(*name))
            .collect();
        if wrong.is_empty() && sealed.items.len() == expected.len() {
            Ok(())
        } else {
            Err(format!(
                "{} objects, wrong Secrets: {wrong:?}",
                sealed.items.len()
            ))
        }
    }

    /// Two of the objects that are there.
    pub(crate) fn two(&self) -> [String; 2] {
        let mut there = self.there();
        [(); 2].map(|()| there.next().unwrap().clone())
    }

    /// How many objects are there.
    pub(crate) fn present(&self) -> usize {
        self.there().count()
    }
}

fn is_ready(sealed: &SealedSecret) -> bool {
    let observed = sealed
        .status
        .as_ref()
        .and_then(|status| status.observed_generation);
    observed == sealed.metadata.generation
        && condition(sealed, ConditionType::Ready).is_some_and(|ready| ready.status == "True")
}

impl fmt::Display for Churn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            created,
            changed,
            deleted,
            ..
        } = self;
        write!(
            f,
            "{created} objects created, {changed} changes, {deleted} deletions"
        )
    }
}

/// Does it again until the API server lets it happen.
pub(crate) async fn insistently<T>(
    what: &str,
    attempt: impl AsyncFn() -> Result<T, HarnessError>,
) -> T {
    let outcome = wait::until(what, async || {
        attempt().await.map_err(|error| error.to_string())
    });
    outcome.await.unwrap()
}

fn is_not_found(error: &HarnessError) -> bool {
    let HarnessError::Kube { source, .. } = error else {
        return false;
    };
    matches!(&**source, kube::Error::Api(status) if status.code == 404)
}
