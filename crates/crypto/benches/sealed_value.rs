//! What sealing, opening (from base64) and rewrapping cost, against one raw X25519 Diffie-Hellman.
//!
//! Run `cargo bench -p waxwing-crypto`. After criterion's own figures it prints each operation as a
//! multiple of the Diffie-Hellman, measured turn by turn with it, so that what else the machine does
//! weighs on both alike. Last comes the size of a sealed value.

#![allow(missing_docs)]

use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use criterion::Criterion;
use rand::rngs::OsRng;
use waxwing_crypto::{
    Algorithm, Identity, KeyRing, Place, Recipient, Scope, ScopeKind, SealedValue,
};
use x25519_dalek::{PublicKey, StaticSecret};

const VALUE: [u8; 32] = [0x5a; 32];

const PLACE: Place<'static> = Place {
    namespace: "prod",
    name: "db-credentials",
    item: "password",
};

/// How often each operation is timed for the ratios.
const ROUNDS: usize = 2_000;

/// An operation, and how many Diffie-Hellmans it may cost, where there is a limit.
struct Operation {
    name: String,
    limit: Option<f64>,
    run: Box<dyn Fn()>,
}

fn main() {
    let diffie_hellman = diffie_hellman();
    let operations = [Algorithm::MlKem768X25519, Algorithm::X25519]
        .map(operations)
        .into_iter()
        .flatten();
    let operations: Vec<Operation> = std::iter::once(diffie_hellman).chain(operations).collect();

    let mut criterion = Criterion::default().configure_from_args();
    for operation in &operations {
        criterion.bench_function(&operation.name, |bencher| bencher.iter(&operation.run));
    }
    criterion.final_summary();
    print_ratios(&operations);
    print_sizes();
}

fn diffie_hellman() -> Operation {
    let secret = StaticSecret::random_from_rng(OsRng);
    let point = PublicKey::from(&StaticSecret::random_from_rng(OsRng));
    Operation {
        name: "x25519-dalek Diffie-Hellman".to_owned(),
        limit: None,
        run: Box::new(move || {
            black_box(black_box(&secret).diffie_hellman(black_box(&point)));
        }),
    }
}

fn operations(algorithm: Algorithm) -> Vec<Operation> {
    let identity = Identity::generate(algorithm);
    let recipients = [identity.recipient().clone()];
    let ring: KeyRing = std::iter::once(identity).collect();
    let next = Identity::generate(algorithm).recipient().clone();
    let sealed = seal(&recipients);
    let text = sealed.to_base64();
    let ring_too = ring.clone();
    vec![
        Operation {
            name: format!("open {algorithm}"),
            limit: Some(2.5),
            run: Box::new(move || {
                let sealed = SealedValue::parse(black_box(&text)).expect("it is well-formed");
                black_box(sealed.open(&ring, &PLACE).expect("it opens"));
            }),
        },
        Operation {
            name: format!("seal {algorithm}"),
            limit: Some(3.0),
            run: Box::new(move || {
                black_box(seal(&recipients));
            }),
        },
        Operation {
            name: format!("rewrap {algorithm}"),
            limit: None,
            run: Box::new(move || {
                black_box(sealed.rewrap(&ring_too, &next).expect("it rewraps"));
            }),
        },
    ]
}

fn seal(recipients: &[Recipient]) -> SealedValue {
    let scope: Scope = ScopeKind::Strict.at(&PLACE);
    let sealed_at: SystemTime = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    SealedValue::seal(black_box(&VALUE), &scope, recipients, sealed_at).expect("it seals")
}

/// Prints each median as a multiple of the first one.
fn print_ratios(operations: &[Operation]) {
    let mut times = vec![Vec::with_capacity(ROUNDS); operations.len()];
    for _ in 0..ROUNDS {
        for (operation, times) in operations.iter().zip(&mut times) {
            let start = Instant::now();
            (operation.run)();
            times.push(start.elapsed());
        }
    }
    let medians: Vec<Duration> = times.into_iter().map(median).collect();
    println!("\n{} (1.0): {:?}", operations[0].name, medians[0]);
    for (operation, time) in operations.iter().zip(&medians).skip(1) {
        let ratio = time.as_secs_f64() / medians[0].as_secs_f64();
        let limit = operation
            .limit
            .map_or(String::new(), |limit| format!(" (at most {limit:.1})"));
        println!("{}: {ratio:.2} x that{limit}", operation.name);
    }
}

/// Prints how long sealed values are. They differ by the random stanza that age adds to each.
fn print_sizes() {
    for algorithm in [Algorithm::MlKem768X25519, Algorithm::X25519] {
        let recipients = [Identity::generate(algorithm).recipient().clone()];
        let mut sizes: Vec<usize> = (0..ROUNDS)
            .map(|_| seal(&recipients).to_base64().len())
            .collect();
        sizes.sort_unstable();
        println!(
            "a sealed value of {} bytes, {algorithm}: {} characters of base64 (from {} to {})",
            VALUE.len(),
            sizes[ROUNDS / 2],
            sizes[0],
            sizes[ROUNDS - 1]
        );
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
