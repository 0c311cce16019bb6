//! The SealedSecrets that wait to be worked off.
//!
//! One entry for each object, however often it changes while it waits, and never two workers on
//! the same object. What changed goes before what failed, so that a thousand broken objects do not
//! delay a good one. Secrets go before statuses: what is to be told of an object waits while
//! another one has no Secret yet. The queue holds whole objects, but only as many as fit into [`ROOM`],
//! those in the workers' hands included: the feed waits for room.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use waxwing_api::SealedSecret;

use crate::backoff::Backoff;
use crate::object_key::ObjectKey;
use crate::telling::Telling;

/// How many bytes of sealed values may wait or be in a worker's hands: one more object may be there.
const ROOM: usize = 4 << 20;

/// How many statuses may wait while Secrets are written.
const TELLINGS: usize = 3_000;

const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(1),
    longest: Duration::from_secs(300),
};

/// What is to be done with one SealedSecret.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// The object as the watch has it; otherwise it must be fetched.
    pub(crate) object: Option<Box<SealedSecret>>,
    /// It is worked off even if nothing seems to have changed.
    pub(crate) forced: bool,
}

impl Work {
    pub(crate) fn changed(object: SealedSecret) -> Self {
        Self {
            object: Some(Box::new(object)),
            forced: false,
        }
    }

    /// Its Secret changed, or went away.
    pub(crate) fn secret_changed() -> Self {
        Self::default()
    }

    pub(crate) fn forced() -> Self {
        Self {
            object: None,
            forced: true,
        }
    }

    fn merge(&mut self, newer: Self) {
        self.forced |= newer.forced;
        if newer.object.is_some() {
            self.object = newer.object;
        }
    }

    fn size(&self) -> usize {
        let Some(object) = &self.object else { return 0 };
        object.spec.encrypted_data.values().map(String::len).sum()
    }
}

/// What a worker does next with an object.
#[derive(Debug)]
pub(crate) enum Job {
    Reconcile(Work),
    Tell(Box<Telling>),
}

/// How a piece of work ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing more to do until something changes.
    Done,
    /// Nothing was to be done: what was to be tried again still is.
    NotDue,
    /// To be tried again, later each time.
    Retry,
}

#[derive(Debug, Default)]
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    added: Notify,
    taken: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    fresh: VecDeque<ObjectKey>,
    later: VecDeque<ObjectKey>,
    waiting: HashMap<ObjectKey, (Lane, Work)>,
    tellings: VecDeque<(ObjectKey, Box<Telling>)>,
    running: HashMap<ObjectKey, Running>,
    failures: HashMap<ObjectKey, Failures>,
    alarms: BTreeSet<(Instant, ObjectKey)>,
    /// The sealed values of all objects that wait or are in a worker's hands.
    bytes: usize,
    closed: bool,
}

/// In a worker's hands.
#[derive(Debug)]
struct Running {
    meanwhile: Meanwhile,
    /// The sealed values that the worker was given.
    bytes: usize,
}

#[derive(Debug)]
enum Meanwhile {
    Nothing,
    Again(Work),
    Gone,
}

#[derive(Debug)]
struct Failures {
    count: u32,
    alarm: Option<Instant>,
}

impl Queue {
    /// Adds work on an object that changed.
    pub(crate) fn add(&self, key: ObjectKey, work: Work) {
        let mut inner = self.lock();
        if work.object.is_some() {
            inner.forget_failures(&key);
        }
        inner.add(key, work, Lane::Fresh);
        drop(inner);
        self.added.notify_one();
    }

    /// Adds work on an object that did not change itself: it waits behind those that did.
    pub(crate) fn add_later(&self, key: ObjectKey, work: Work) {
        self.lock().add(key, work, Lane::Later);
        self.added.notify_one();
    }

    /// Takes an object out that is gone.
    pub(crate) fn remove(&self, key: &ObjectKey) {
        let mut inner = self.lock();
        inner.forget_failures(key);
        inner.drop_waiting(key);
        if let Some(running) = inner.running.get_mut(key)
            && let Meanwhile::Again(work) =
                std::mem::replace(&mut running.meanwhile, Meanwhile::Gone)
        {
            inner.bytes -= work.size();
        }
        drop(inner);
        self.taken.notify_waiters();
    }

    /// Whether a worker has it in its hands.
    pub(crate) fn is_running(&self, key: &ObjectKey) -> bool {
        self.lock().running.contains_key(key)
    }

    /// The next piece of work, as soon as there is one; `None` once the queue is closed and
    /// everything was told.
    pub(crate) async fn next(&self) -> Option<(ObjectKey, Job)> {
        loop {
            let alarm = {
                let mut inner = self.lock();
                if inner.closed && inner.tellings.is_empty() {
                    // Another worker may have been about to wait when the queue was closed.
                    self.added.notify_one();
                    return None;
                }
                inner.ring_alarms(Instant::now());
                if let Some(next) = inner.pop() {
                    let more = inner.has_waiting();
                    drop(inner);
                    if more {
                        self.added.notify_one();
                    }
                    return Some(next);
                }
                inner.alarms.first().map(|(at, _)| *at)
            };
            match alarm {
                Some(at) => tokio::select! {
                    () = self.added.notified() => {}
                    () = tokio::time::sleep_until(at) => {}
                },
                None => self.added.notified().await,
            }
        }
    }

    /// Puts off what is to be told of an object that [`Queue::next`] handed out: its sealed values are not
    /// needed any more.
    pub(crate) fn tell_later(&self, key: ObjectKey, telling: Box<Telling>) {
        let mut inner = self.lock();
        inner.let_go(&key);
        inner.tellings.push_back((key, telling));
        drop(inner);
        self.taken.notify_waiters();
        self.added.notify_one();
    }

    /// Gives back what [`Queue::next`] handed out. False: the object is gone meanwhile.
    pub(crate) fn finish(&self, key: &ObjectKey, outcome: Outcome) -> bool {
        let mut inner = self.lock();
        inner.let_go(key);
        let meanwhile = inner.running.remove(key).map(|running| running.meanwhile);
        let gone = matches!(meanwhile, Some(Meanwhile::Gone));
        match outcome {
            Outcome::Retry if !gone => inner.fail(key, Instant::now()),
            Outcome::NotDue if !gone => {}
            _ => inner.forget_failures(key),
        }
        if let Some(Meanwhile::Again(work)) = meanwhile {
            inner.bytes -= work.size();
            inner.add(key.clone(), work, Lane::Fresh);
        }
        drop(inner);
        self.taken.notify_waiters();
        self.added.notify_one();
        !gone
    }

    /// Waits until there is room for more objects.
    pub(crate) async fn room(&self) {
        loop {
            // Before the look: what is taken out after it is heard of.
            let taken = self.taken.notified();
            if self.lock().bytes <= ROOM {
                return;
            }
            taken.await;
        }
    }

    /// How many objects wait, later that are due included.
    pub(crate) fn depth(&self) -> usize {
        let inner = self.lock();
        inner.waiting.len() + inner.tellings.len()
    }

    /// Hands out nothing any more but what is still to be told.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.added.notify_one();
    }

    /// Empties and reopens the queue.
    pub(crate) fn reset(&self) {
        *self.lock() = Inner::default();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Fresh,
    Later,
}

impl Inner {
    fn add(&mut self, key: ObjectKey, work: Work, lane: Lane) {
        if let Some(Running { meanwhile, .. }) = self.running.get_mut(&key) {
            match meanwhile {
                Meanwhile::Again(waiting) => {
                    self.bytes -= waiting.size();
                    waiting.merge(work);
                    self.bytes += waiting.size();
                }
                Meanwhile::Nothing | Meanwhile::Gone => {
                    self.bytes += work.size();
                    *meanwhile = Meanwhile::Again(work);
                }
            }
            return;
        }
        if let Some((present, waiting)) = self.waiting.get_mut(&key) {
            self.bytes -= waiting.size();
            waiting.merge(work);
            self.bytes += waiting.size();
            if (*present, lane) == (Lane::Later, Lane::Fresh) {
                *present = lane;
                self.fresh.push_back(key);
            }
            return;
        }
        self.bytes += work.size();
        self.waiting.insert(key.clone(), (lane, work));
        match lane {
            Lane::Fresh => self.fresh.push_back(key),
            Lane::Later => self.later.push_back(key),
        }
    }

    fn pop(&mut self) -> Option<(ObjectKey, Job)> {
        if self.closed || self.tellings.len() >= TELLINGS {
            return self.pop_telling();
        }
        self.pop_work(Lane::Fresh)
            .or_else(|| self.pop_telling())
            .or_else(|| self.pop_work(Lane::Later))
    }

    fn pop_telling(&mut self) -> Option<(ObjectKey, Job)> {
        let (key, telling) = self.tellings.pop_front()?;
        Some((key, Job::Tell(telling)))
    }

    fn pop_work(&mut self, lane: Lane) -> Option<(ObjectKey, Job)> {
        loop {
            let key = match lane {
                Lane::Fresh => self.fresh.pop_front()?,
                Lane::Later => self.later.pop_front()?,
            };
            // A key without work was removed while it waited, or came by the other lane.
            if let Some((_, work)) = self.waiting.remove(&key) {
                let running = Running {
                    meanwhile: Meanwhile::Nothing,
                    bytes: work.size(),
                };
                self.running.insert(key.clone(), running);
                return Some((key, Job::Reconcile(work)));
            }
        }
    }

    fn drop_waiting(&mut self, key: &ObjectKey) {
        if let Some((_, work)) = self.waiting.remove(key) {
            self.bytes -= work.size();
        }
    }

    /// The worker that has the object holds its sealed values no more.
    fn let_go(&mut self, key: &ObjectKey) {
        if let Some(running) = self.running.get_mut(key) {
            self.bytes -= std::mem::take(&mut running.bytes);
        }
    }

    fn has_waiting(&self) -> bool {
        !self.waiting.is_empty() || !self.tellings.is_empty()
    }

    fn ring_alarms(&mut self, now: Instant) {
        while let Some((at, _)) = self.alarms.first()
            && *at <= now
            && let Some((_, key)) = self.alarms.pop_first()
        {
            if let Some(failures) = self.failures.get_mut(&key) {
                failures.alarm = None;
            }
            self.add(key, Work::forced(), Lane::Later);
        }
    }

    fn fail(&mut self, key: &ObjectKey, now: Instant) {
        let count = self
            .failures
            .get(key)
            .map_or(0, |failures| failures.count)
            .saturating_add(1);
        self.forget_failures(key);
        let at = now + BACKOFF.after(count);
        self.alarms.insert((at, key.clone()));
        self.failures.insert(
            key.clone(),
            Failures {
                count,
                alarm: Some(at),
            },
        );
    }

    fn forget_failures(&mut self, key: &ObjectKey) {
        if let Some(failures) = self.failures.remove(key)
            && let Some(at) = failures.alarm
        {
            self.alarms.remove(&(at, key.clone()));
        }
    }
}

#[cfg(test)]
mod tests;
