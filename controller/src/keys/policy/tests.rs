#![allow(clippy::unwrap_used)]

mod keeping;
mod rollover;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;

const DAY: i64 = 86_400;
const SETTINGS: Settings = Settings {
    rollover_period: Some(Duration::from_secs(30 * 86_400)),
    algorithm: Algorithm::MlKem768X25519,
    retire_after: None,
    delete_unused_after: None,
    recovery: None,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn id(number: u64) -> KeyId {
    format!("{number:016x}").parse().unwrap()
}

fn half(created: i64, state: KeyState) -> PublicHalf {
    PublicHalf {
        created: at(created),
        state,
        rollover_requested: false,
        in_escrow: InEscrow::No,
        deleting: false,
        kept: true,
        unneeded_since: None,
    }
}

fn public(created: i64, state: KeyState) -> Option<PublicHalf> {
    Some(half(created, state))
}

fn asked_to_roll_over(created: i64) -> Option<PublicHalf> {
    Some(PublicHalf {
        rollover_requested: true,
        ..half(created, KeyState::Active)
    })
}

fn being_deleted(created: i64) -> Option<PublicHalf> {
    Some(PublicHalf {
        deleting: true,
        ..half(created, KeyState::Retired)
    })
}

fn loaded() -> PrivateHalf {
    PrivateHalf::Loaded(Copies {
        secrets: vec!["secret".to_owned()],
        unmarked: vec!["secret".to_owned()],
        ..Copies::default()
    })
}

fn pending() -> PrivateHalf {
    PrivateHalf::Loaded(Copies {
        secrets: vec!["secret".to_owned()],
        unmarked: vec!["secret".to_owned()],
        pending: vec!["secret".to_owned()],
        shared: false,
    })
}

fn marked_revoked() -> PrivateHalf {
    PrivateHalf::Loaded(Copies {
        secrets: vec!["secret".to_owned()],
        ..Copies::default()
    })
}

fn inventory(keys: impl IntoIterator<Item = (u64, Option<PublicHalf>, PrivateHalf)>) -> Inventory {
    let keys = keys
        .into_iter()
        .map(|(number, public, private)| (id(number), Key { public, private }))
        .collect();
    Inventory {
        keys,
        ..Inventory::default()
    }
}

fn with_unreadable(mut inventory: Inventory) -> Inventory {
    inventory
        .unreadable
        .push(("broken".to_owned(), "why".to_owned()));
    inventory
}

fn publish(number: u64, state: KeyState) -> Action {
    Action::Publish {
        id: id(number),
        state,
    }
}

fn mark(number: u64) -> Action {
    Action::MarkRevoked {
        secret: "secret".to_owned(),
        id: id(number),
    }
}
