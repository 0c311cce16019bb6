//! What a team does to its SealedSecrets, and what must have come of it when all is quiet.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use kube::{ResourceExt, api::ListParams};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IteratorRandom};
use waxwing_tests::{HarnessError, Space, canary::plaintext, wait};

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

    fn choose(&mut self) -> Option<String> {
        let there = self.objects.iter().filter(|(_, value)| value.is_some());
        there
            .map(|(name, _)| name.clone())
            .choose(&mut self.choices)
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
        let mut expected = BTreeSet::new();
        for (name, value) in &self.objects {
            let Some(value) = value else { continue };
            self.space.ready(name).await.unwrap();
            self.space
                .holds(name, &[("password", value)])
                .await
                .unwrap();
            expected.insert(name.clone());
        }
        let secrets = self.space.secrets();
        wait::until("no other Secret to be there", async || {
            let list = secrets.list_metadata(&ListParams::default()).await;
            let list = list.map_err(|error| error.to_string())?;
            let found: BTreeSet<String> = list.iter().map(ResourceExt::name_any).collect();
            if found == expected {
                Ok(())
            } else {
                Err(format!("{:?}", found.symmetric_difference(&expected)))
            }
        })
        .await
        .unwrap();
    }
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
