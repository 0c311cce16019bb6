//! Both replicas are killed in turn for ten minutes, while teams work, a namespace comes and goes, and keys
//! roll over.

use std::time::Duration;

use k8s_openapi::{ByteString, api::core::v1::Secret};
use kube::api::ObjectMeta;
use rand::{Rng, SeedableRng, rngs::StdRng};
use tokio::time::{Instant, sleep, timeout_at};
use waxwing_api::Reason;
use waxwing_tests::{Cluster, Controller, Space, Stage, canary::plaintext, wait};

use crate::{churn::Churn, namespaces, rollovers::Rollovers};

const CHURN: Duration = Duration::from_secs(600);

const SEED: u64 = 1;

const PODS: [&str; 2] = ["waxwing-controller-0", "waxwing-controller-1"];

#[tokio::test]
async fn both_replicas_killed_in_turn_for_ten_minutes_of_churn_lose_nothing() {
    let mut stage = Stage {
        controller: None,
        cluster: Cluster::installed().await.unwrap(),
    };
    let mut replicas = Replicas::start(&stage.cluster).await;
    let strangers = stage.space("strangers").await.unwrap();
    let before = Strangers::settle(&strangers).await;
    let one = stage.space("one").await.unwrap();
    let two = stage.space("two").await.unwrap();
    let passing = stage.space("passing").await.unwrap();
    let [mut first, mut second] = [Churn::new(&one, SEED), Churn::new(&two, SEED + 1)];
    let mut rollovers = Rollovers::of(&one.client).await;

    let end = Instant::now() + CHURN;
    let ((), (), (), (last, passed), ()) = tokio::join!(
        replicas.kill_in_turn(end),
        work(&mut first, end),
        work(&mut second, end),
        come_and_go(&passing, end),
        roll_over(&mut rollovers, end),
    );

    replicas.exactly_one_leads().await;
    for team in [&first, &second, &last] {
        team.comes_out_right().await;
    }
    rollovers.come_out_right().await;
    before.are_left_alone(&strangers).await;
    println!(
        "{} s: {} kills, {} of them for longer than the Lease; {first}; {second}; a namespace came and went {passed} times; {rollovers}",
        CHURN.as_secs(),
        replicas.kills,
        replicas.takeovers,
    );
    let [controller, other] = replicas.running;
    stage.controller = controller;
    stage.assert_no_plaintext_leaked().await.unwrap();
    drop(other);
}

/// The two replicas of one Deployment.
struct Replicas<'a> {
    cluster: &'a Cluster,
    /// Each is there but for moments.
    running: [Option<Controller>; 2],
    kills: usize,
    takeovers: usize,
}

impl<'a> Replicas<'a> {
    async fn start(cluster: &'a Cluster) -> Self {
        let mut replicas = Self {
            cluster,
            running: [None, None],
            kills: 0,
            takeovers: 0,
        };
        for number in 0..PODS.len() {
            replicas.launch(number);
            replicas.running[number]
                .as_mut()
                .unwrap()
                .ready()
                .await
                .unwrap();
        }
        replicas
    }

    /// A killed replica comes back as the same Pod and takes the Lease that it left at once, if it was the
    /// leader. Every third leader stays away until the other replica leads.
    async fn kill_in_turn(&mut self, end: Instant) {
        let mut moments = StdRng::seed_from_u64(SEED);
        while Instant::now() < end {
            sleep(Duration::from_millis(moments.gen_range(1_000..6_000))).await;
            let leader = self.leader().await;
            let victim = if self.kills.is_multiple_of(2) {
                leader
            } else {
                1 - leader
            };
            self.running[victim].take().unwrap().kill9();
            if self.kills.is_multiple_of(6) {
                self.running[1 - victim]
                    .as_ref()
                    .unwrap()
                    .to_lead()
                    .await
                    .unwrap();
                self.takeovers += 1;
            }
            self.launch(victim);
            self.kills += 1;
        }
    }

    fn launch(&mut self, number: usize) {
        let controller = Controller::launch_as(self.cluster, PODS[number], &[]);
        self.running[number] = Some(controller.unwrap());
    }

    /// The number of the one that leads, once one does.
    async fn leader(&self) -> usize {
        wait::until("a leader", async || {
            let leaders = self.leaders().await;
            leaders
                .first()
                .copied()
                .ok_or_else(|| "none leads".to_owned())
        })
        .await
        .unwrap()
    }

    /// One that does not answer does not lead yet.
    async fn leaders(&self) -> Vec<usize> {
        let mut leaders = Vec::new();
        for (number, replica) in self.running.iter().enumerate() {
            if replica.as_ref().unwrap().leads().await.unwrap_or_default() {
                leaders.push(number);
            }
        }
        leaders
    }

    /// Waits until both are ready, and the same one leads for a while. On a busy machine the Lease can run
    /// out once more.
    async fn exactly_one_leads(&mut self) {
        for replica in self.running.iter_mut().flatten() {
            replica.ready().await.unwrap();
        }
        wait::until("one replica to lead, and no other", async || {
            let leader = self.leader().await;
            for _ in 0..6 {
                let leaders = self.leaders().await;
                if leaders != [leader] {
                    return Err(format!("{leaders:?}"));
                }
                sleep(Duration::from_millis(500)).await;
            }
            Ok(())
        })
        .await
        .unwrap();
    }
}

/// A team does some three things a second.
async fn work(churn: &mut Churn<'_>, end: Instant) {
    let mut moments = StdRng::seed_from_u64(SEED);
    while Instant::now() < end {
        churn.steps(1).await;
        sleep(Duration::from_millis(moments.gen_range(0..600))).await;
    }
}

/// The namespace goes with all that is in it, and comes back with other values under the same names, again
/// and again. Returns what was done to it when it came last, and how often it went.
async fn come_and_go(space: &Space, end: Instant) -> (Churn<'_>, usize) {
    const OBJECTS: usize = 10;
    let mut moments = StdRng::seed_from_u64(SEED);
    for passed in 0.. {
        let mut churn = Churn::new(space, SEED + passed);
        for _ in 0..OBJECTS {
            churn.create().await;
        }
        if Instant::now() > end {
            return (churn, usize::try_from(passed).unwrap());
        }
        sleep(Duration::from_millis(moments.gen_range(0..5_000))).await;
        namespaces::renew(space).await;
    }
    unreachable!("time ends")
}

async fn roll_over(rollovers: &mut Rollovers, end: Instant) {
    while Instant::now() < end {
        rollovers.request().await;
        let next = (Instant::now() + Duration::from_secs(40)).min(end);
        let look = async {
            loop {
                sleep(Duration::from_secs(1)).await;
                rollovers.look().await;
            }
        };
        let _: Result<(), _> = timeout_at(next, look).await;
    }
}

/// Secrets that are none of Waxwing's. One of them has the name of a SealedSecret.
struct Strangers(Vec<Secret>);

impl Strangers {
    const NAMES: [&str; 3] = ["stranger", "neighbour", "namesake"];

    async fn settle(space: &Space) -> Self {
        let mut secrets = Vec::new();
        for name in Self::NAMES {
            let secret = Secret {
                metadata: ObjectMeta {
                    name: Some(name.to_owned()),
                    ..ObjectMeta::default()
                },
                data: Some([("key".to_owned(), ByteString(name.into()))].into()),
                ..Secret::default()
            };
            secrets.push(space.create_secret(&secret).await.unwrap());
        }
        let value = plaintext("namesake");
        let sealed = space.seal("namesake", &[("key", &value)]).await.unwrap();
        space.apply(&sealed).await.unwrap();
        Self(secrets)
    }

    async fn are_left_alone(&self, space: &Space) {
        space.refused("namesake", Reason::NotOwned).await.unwrap();
        for secret in &self.0 {
            let name = secret.metadata.name.as_deref().unwrap();
            assert_eq!(&space.secret(name).await.unwrap(), secret, "{name}");
        }
    }
}
