#![allow(clippy::unwrap_used)]

use futures::FutureExt;

use super::*;
use crate::index::{Known, State};

fn key(name: &str) -> ObjectKey {
    ObjectKey {
        namespace: "prod".into(),
        name: name.into(),
    }
}

fn object(name: &str, bytes: usize) -> SealedSecret {
    let mut object = SealedSecret::default();
    object.metadata.name = Some(name.to_owned());
    object
        .spec
        .encrypted_data
        .insert("item".to_owned(), "A".repeat(bytes));
    object
}

async fn next(queue: &Queue) -> (ObjectKey, Work) {
    match queue.next().await.unwrap() {
        (key, Job::Reconcile(work)) => (key, work),
        (key, Job::Tell(_)) => panic!("{key} is to be told"),
    }
}

/// The next object, and whether it is to be told.
async fn next_job(queue: &Queue) -> (String, bool) {
    let (key, job) = queue.next().await.unwrap();
    (key.name.to_string(), matches!(job, Job::Tell(_)))
}

fn telling() -> Box<Telling> {
    Box::new(Telling::of(
        &SealedSecret::default(),
        None,
        Vec::new(),
        None,
        known(),
        std::sync::Arc::default(),
    ))
}

fn known() -> Known {
    Known {
        uid: "uid".into(),
        generation: 1,
        state: State::Ready,
        secret_version: None,
        key_ids: [].into(),
        stale: false,
        oldest: None,
    }
}

async fn next_name(queue: &Queue) -> String {
    next(queue).await.0.name.to_string()
}

#[tokio::test]
async fn an_object_that_changes_while_it_waits_is_worked_off_once_in_its_newest_form() {
    let queue = Queue::default();
    queue.add(key("a"), Work::changed(object("old", 1)));
    queue.add(key("a"), Work::changed(object("new", 1)));
    queue.add(key("a"), Work::secret_changed());
    let (_, work) = next(&queue).await;
    assert_eq!(work.object.unwrap().metadata.name.as_deref(), Some("new"));
    assert_eq!(queue.depth(), 0);
}

#[tokio::test]
async fn an_object_that_changes_while_it_is_worked_off_comes_again_afterwards() {
    let queue = Queue::default();
    queue.add(key("a"), Work::changed(object("a", 1)));
    let (a, _) = next(&queue).await;
    queue.add(key("a"), Work::forced());
    queue.add(key("b"), Work::forced());
    assert_eq!(next_name(&queue).await, "b");
    queue.finish(&a, Outcome::Done);
    let (again, work) = next(&queue).await;
    assert_eq!(again, a);
    assert!(work.forced);
}

#[tokio::test(start_paused = true)]
async fn what_changed_goes_before_what_failed_and_what_failed_comes_again() {
    let queue = Queue::default();
    queue.add(key("broken"), Work::forced());
    let (broken, _) = next(&queue).await;
    queue.finish(&broken, Outcome::Retry);
    tokio::time::advance(Duration::from_secs(2)).await;
    queue.add(key("good"), Work::forced());
    assert_eq!(next_name(&queue).await, "good");
    assert_eq!(next_name(&queue).await, "broken");
}

#[tokio::test]
async fn an_object_that_changes_goes_before_what_only_its_keys_touched() {
    let queue = Queue::default();
    for name in ["a", "b", "c"] {
        queue.add_later(key(name), Work::forced());
    }
    queue.add(key("c"), Work::changed(object("c", 1)));
    queue.add(key("new"), Work::changed(object("new", 1)));
    let mut names = Vec::new();
    for _ in 0..4 {
        names.push(next_name(&queue).await);
    }
    assert_eq!(names, ["c", "new", "a", "b"]);
    assert_eq!(queue.depth(), 0);
}

/// The status that the controller writes comes back from the watch, and may do so before the work
/// that wrote it is finished.
#[tokio::test(start_paused = true)]
async fn an_echo_of_what_failed_does_not_keep_it_from_being_tried_again() {
    let queue = Queue::default();
    queue.add(key("broken"), Work::forced());
    let (broken, _) = next(&queue).await;
    queue.add(key("broken"), Work::changed(object("broken", 1)));
    queue.finish(&broken, Outcome::Retry);
    let (echo, _) = next(&queue).await;
    queue.finish(&echo, Outcome::NotDue);
    let retried = tokio::time::timeout(BACKOFF.longest, next(&queue)).await;
    let (again, work) = retried.unwrap();
    assert_eq!(again, broken);
    assert!(work.forced);
}

#[tokio::test(start_paused = true)]
async fn each_failure_in_a_row_is_waited_for_longer_and_a_change_ends_the_wait() {
    let queue = Queue::default();
    queue.add(key("a"), Work::forced());
    let mut waits = Vec::new();
    for _ in 0..4 {
        let before = Instant::now();
        let (a, _) = next(&queue).await;
        waits.push(before.elapsed());
        queue.finish(&a, Outcome::Retry);
    }
    assert!(waits.windows(2).all(|pair| pair[0] < pair[1]), "{waits:?}");

    let before = Instant::now();
    queue.add(key("a"), Work::changed(object("a", 1)));
    assert_eq!(next_name(&queue).await, "a");
    assert_eq!(before.elapsed(), Duration::ZERO);
    queue.finish(&key("a"), Outcome::Done);
    let idle = tokio::time::timeout(Duration::from_secs(3600), queue.next()).await;
    assert!(idle.is_err(), "the alarm of the earlier failure still rang");
}

#[tokio::test]
async fn an_object_that_is_removed_is_not_handed_out() {
    let queue = Queue::default();
    queue.add(key("gone"), Work::forced());
    queue.add(key("here"), Work::forced());
    queue.remove(&key("gone"));
    assert_eq!(next_name(&queue).await, "here");
}

#[tokio::test]
async fn an_object_that_is_removed_while_it_is_worked_off_is_not_tried_again() {
    let queue = Queue::default();
    queue.add(key("a"), Work::forced());
    let (a, _) = next(&queue).await;
    queue.remove(&a);
    assert!(!queue.finish(&a, Outcome::Retry));
    assert_eq!(queue.depth(), 0);
    assert!(queue.lock().alarms.is_empty());
}

#[tokio::test]
async fn every_feed_waits_while_too_many_bytes_wait_or_are_in_hand() {
    let ends: [fn(&Queue); 2] = [
        |queue| {
            queue.finish(&key("a"), Outcome::Done);
        },
        |queue| queue.tell_later(key("a"), telling()),
    ];
    for end in ends {
        let queue = Queue::default();
        queue.add(key("a"), Work::changed(object("a", ROOM + 1)));
        let mut feeds: Vec<_> = (0..2).map(|_| Box::pin(queue.room())).collect();
        let mut have_room = || feeds.iter_mut().filter_map(FutureExt::now_or_never).count();
        assert_eq!(have_room(), 0);
        next(&queue).await;
        assert_eq!(have_room(), 0);
        end(&queue);
        assert_eq!(have_room(), 2);
    }
}

#[tokio::test]
async fn a_closed_queue_hands_out_nothing_until_it_is_reset() {
    let queue = Queue::default();
    queue.add(key("a"), Work::forced());
    queue.close();
    assert!(queue.next().await.is_none());
    queue.reset();
    queue.add(key("b"), Work::forced());
    assert_eq!(next_name(&queue).await, "b");
}

#[tokio::test]
async fn one_notification_wakes_as_many_workers_as_there_is_work() {
    let queue = std::sync::Arc::new(Queue::default());
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let queue = queue.clone();
            tokio::spawn(async move { next_name(&queue).await })
        })
        .collect();
    tokio::task::yield_now().await;
    for name in ["a", "b", "c", "d"] {
        queue.add(key(name), Work::forced());
    }
    let mut names = Vec::new();
    for worker in workers {
        names.push(worker.await.unwrap());
    }
    names.sort();
    assert_eq!(names, ["a", "b", "c", "d"]);
}

#[tokio::test]
async fn what_is_to_be_told_waits_for_secrets_and_goes_before_retries() {
    let queue = Queue::default();
    queue.add(key("a"), Work::forced());
    let (a, _) = next(&queue).await;
    queue.tell_later(a.clone(), telling());
    queue.add_later(key("retry"), Work::forced());
    queue.add(key("b"), Work::forced());
    assert!(queue.is_running(&a));
    assert_eq!(next_job(&queue).await, ("b".to_owned(), false));
    assert_eq!(next_job(&queue).await, ("a".to_owned(), true));
    assert_eq!(next_job(&queue).await, ("retry".to_owned(), false));
}

#[tokio::test]
async fn not_more_than_so_many_statuses_wait_for_secrets() {
    let queue = Queue::default();
    for number in 0..TELLINGS {
        queue.tell_later(key(&number.to_string()), telling());
    }
    queue.add(key("fresh"), Work::forced());
    assert_eq!(next_job(&queue).await, ("0".to_owned(), true));
    assert_eq!(next_job(&queue).await, ("fresh".to_owned(), false));
}

#[tokio::test]
async fn what_changes_while_a_worker_has_it_takes_up_room_too() {
    let queue = Queue::default();
    let (a, b) = (key("a"), key("b"));
    for key in [&a, &b] {
        queue.add(key.clone(), Work::forced());
        queue.next().await.unwrap();
    }
    let has_room = || queue.room().now_or_never().is_some();
    queue.add(a.clone(), Work::changed(object("a", ROOM)));
    queue.add(a.clone(), Work::changed(object("a", ROOM - 1)));
    assert!(has_room());
    queue.add(b.clone(), Work::changed(object("b", 2)));
    assert!(!has_room());
    queue.remove(&b);
    assert!(has_room());
    queue.finish(&a, Outcome::Done);
    queue.add(b.clone(), Work::changed(object("b", 2)));
    assert!(!has_room());
    queue.next().await.unwrap();
    queue.finish(&a, Outcome::Done);
    assert!(has_room());
}

#[tokio::test]
async fn a_closed_queue_still_hands_out_what_is_to_be_told() {
    let queue = Queue::default();
    queue.add(key("a"), Work::forced());
    queue.tell_later(key("b"), telling());
    queue.close();
    assert_eq!(next_job(&queue).await, ("b".to_owned(), true));
    assert!(queue.next().await.is_none());
}
