//! Which of the words that exist someone may have meant.

/// How alike two words have to be, from 0 (nothing in common) to 1 (the same). As in clap, whose
/// suggestions for commands and flags stand beside ours.
const ALIKE: f64 = 0.7;

/// The word that is most like `typed`, if any is.
pub(crate) fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    known
        .into_iter()
        .map(|word| (strsim::jaro(typed, word), word))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_most_alike_word_is_meant() {
        let known = ["prod-eu", "prod-us", "staging"];
        assert_eq!(nearest("prod-ue", known), Some("prod-eu"));
        assert_eq!(nearest("stagign", known), Some("staging"));
        assert_eq!(nearest("xyz", known), None);
    }
}
