//! What a change of the sealing keys means for the SealedSecrets.

use std::sync::Arc;

use crate::index::{Known, State};
use crate::keys::Keys;
use crate::object_key::ObjectKey;
use crate::queue::Work;
use crate::reconcile::Context;

/// What is to be done with an object because the keys changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Touch {
    Unseal,
    /// Only its condition Stale or its renewal change.
    Renew,
}

/// At each change of the keys, sees to the SealedSecrets that it makes a difference to. That can be all of
/// them at once, so it waits behind what people change meanwhile.
pub(crate) async fn follow(context: Context) {
    let mut changes = context.keys.subscribe();
    let mut earlier = changes.borrow_and_update().clone();
    while changes.changed().await.is_ok() {
        let keys = changes.borrow_and_update().clone();
        for wanted in [Touch::Unseal, Touch::Renew] {
            let touched = context
                .index
                .select(|known| touch(known, &earlier, &keys) == Some(wanted));
            for key in touched {
                see_to(&context, key, wanted);
            }
        }
        earlier = keys;
    }
}

/// Remembers what came of an object that was worked off. What is Ready and stale gets a renewal by and by.
pub(crate) fn remember_and_renew(
    context: &Context,
    key: &ObjectKey,
    known: &Known,
    keys: &Arc<Keys>,
) {
    if known.stale && known.state == State::Ready {
        context.renewals.add(key.clone());
    }
    remember(context, key, known, keys);
}

/// Remembers what came of an object that was looked at with keys that may have changed meanwhile.
pub(crate) fn remember(context: &Context, key: &ObjectKey, known: &Known, keys: &Arc<Keys>) {
    context.index.remember(key.clone(), known.clone());
    // In this order: a change that `follow` heard of before the object was in the index is seen here.
    if let Some(touch) = touch(known, keys, &context.keys.current()) {
        see_to(context, key.clone(), touch);
    }
}

fn see_to(context: &Context, key: ObjectKey, touch: Touch) {
    match touch {
        Touch::Unseal => context.queue.add_later(key, Work::forced()),
        Touch::Renew => context.renewals.add(key),
    }
}

fn touch(known: &Known, earlier: &Keys, keys: &Keys) -> Option<Touch> {
    let is_ready = known.state == State::Ready;
    if keys.matter_to(earlier, &known.key_ids, is_ready) {
        return Some(Touch::Unseal);
    }
    let stale = keys.is_stale(&known.key_ids)?;
    let has_new_primary = keys.primary() != earlier.primary();
    (stale != known.stale || (stale && has_new_primary)).then_some(if is_ready {
        Touch::Renew
    } else {
        Touch::Unseal
    })
}

#[cfg(test)]
mod tests {
    use waxwing_api::Reason;
    use waxwing_crypto::{Algorithm, Identity};

    use super::*;
    use crate::keys::test_keys;

    fn known(key: &Identity, state: State, stale: bool) -> Known {
        Known {
            uid: "uid".into(),
            generation: 1,
            state,
            secret_version: None,
            key_ids: [key.key_id()].into(),
            stale,
            oldest: None,
        }
    }

    #[test]
    fn what_is_to_be_done_follows_from_the_change_and_the_state() {
        let [newest, new, old] = [0; 3].map(|_| Identity::generate(Algorithm::X25519));
        let first = test_keys(&[&old], &[]);
        let second = test_keys(&[&new, &old], &[]);
        let third = test_keys(&[&newest, &new, &old], &[]);
        let revoked = test_keys(&[&new], &[&old]);
        let failed = State::Failed(Reason::NotOwned);
        let unknown = State::Failed(Reason::UnknownKey);
        let (renew, unseal) = (Some(Touch::Renew), Some(Touch::Unseal));
        for (name, known, earlier, keys, expected) in [
            (
                "nothing changed",
                known(&old, State::Ready, false),
                &first,
                &first,
                None,
            ),
            (
                "stale by now",
                known(&old, State::Ready, false),
                &first,
                &second,
                renew,
            ),
            (
                "stale for a newer primary",
                known(&old, State::Ready, true),
                &second,
                &third,
                renew,
            ),
            (
                "fresh under the new primary",
                known(&new, State::Ready, false),
                &first,
                &second,
                None,
            ),
            (
                "failed, and stale by now",
                known(&old, failed, false),
                &first,
                &second,
                unseal,
            ),
            (
                "its key was revoked",
                known(&old, State::Ready, true),
                &second,
                &revoked,
                unseal,
            ),
            (
                "its key is there by now",
                known(&new, unknown, false),
                &first,
                &second,
                unseal,
            ),
        ] {
            assert_eq!(touch(&known, earlier, keys), expected, "{name}");
        }
    }
}
