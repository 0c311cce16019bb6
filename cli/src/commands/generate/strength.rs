//! How hard a random value is to guess.

use crate::diagnostic::warn;

/// Fewer bits than this can be tried out, given time and the value's hash.
const ENOUGH_BITS: f64 = 64.0;

/// Warns of a value of `count` random parts, each one of `choices`, if these are too few.
/// `option` says how to get more of them.
pub(super) fn warn_if_guessable(count: usize, choices: usize, option: &str) {
    let bits = bits(count, choices);
    if bits < ENOUGH_BITS {
        warn(
            &format!("{option}: a value of {bits:.0} random bits can be guessed"),
            &format!("take {ENOUGH_BITS} bits or more: a larger {option}"),
        );
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "counts are far below 2^52, and only their order of magnitude matters"
)]
fn bits(count: usize, choices: usize) -> f64 {
    count as f64 * (choices as f64).log2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_count_parts_and_choices() {
        assert!((bits(8, 256) - 64.0).abs() < f64::EPSILON);
        assert!((bits(4, 10) - 13.3).abs() < 0.1);
        assert!(bits(100, 1).abs() < f64::EPSILON);
    }
}
