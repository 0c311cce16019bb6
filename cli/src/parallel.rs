//! The same work on many files, on all cores, with what comes of it in the order of the files.

use std::num::NonZero;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

/// How many results of each thread may wait for their turn: what bounds the memory.
const WAITING: usize = 32;

/// Does `work` on every input, and hands each result to `consume`, in the order of the inputs.
pub(crate) fn in_order<I: Sync, T: Send>(
    inputs: &[I],
    work: impl Fn(&I) -> T + Sync,
    consume: impl FnMut(T),
) {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    on_threads(cores.min(inputs.len()), inputs, work, consume);
}

/// Each thread takes every n-th input, so that whose turn is next is known without asking.
fn on_threads<I: Sync, T: Send>(
    threads: usize,
    inputs: &[I],
    work: impl Fn(&I) -> T + Sync,
    mut consume: impl FnMut(T),
) {
    if threads < 2 {
        return inputs.iter().map(work).for_each(consume);
    }
    let work = &work;
    thread::scope(|scope| {
        let spawn = |first| {
            let (sender, results) = sync_channel(WAITING);
            scope.spawn(move || {
                let mut own = inputs.iter().skip(first).step_by(threads);
                // Nobody takes results any more where another thread panicked.
                while own
                    .next()
                    .is_some_and(|input| sender.send(work(input)).is_ok())
                {}
            });
            results
        };
        let results: Vec<Receiver<T>> = (0..threads).map(spawn).collect();
        let turns = results.iter().cycle().take(inputs.len());
        // A thread whose results end early has panicked, and the scope passes that on.
        turns
            .map_while(|results| results.recv().ok())
            .for_each(&mut consume);
    });
}

#[cfg(test)]
mod tests {
    use std::panic;

    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_inputs_whatever_takes_long() {
        let inputs: Vec<u32> = (0..500).collect();
        for threads in [0, 1, 2, 3, 8] {
            let mut results = Vec::new();
            let work = |input: &u32| {
                if input.is_multiple_of(50) {
                    thread::yield_now();
                }
                input * 2
            };
            on_threads(threads, &inputs, work, |result| results.push(result));
            let expected: Vec<u32> = inputs.iter().map(|input| input * 2).collect();
            assert_eq!(results, expected, "{threads} threads");
        }
    }

    #[test]
    fn a_panic_in_a_thread_ends_everything() {
        let inputs: Vec<u32> = (0..500).collect();
        let outcome = panic::catch_unwind(|| {
            on_threads(2, &inputs, |input| assert_ne!(*input, 7), drop);
        });
        assert!(outcome.is_err());
    }
}
