//! From the character positions that the YAML parser counts in to the bytes of the text.

/// Every how many characters a byte offset is noted: a lookup walks over less than that.
const STRIDE: usize = 256;

/// The byte offsets of the characters of a text.
pub(crate) struct ByteOffsets<'a> {
    text: &'a str,
    /// The byte offset of every `STRIDE`th character. Empty if every character is one byte.
    checkpoints: Vec<usize>,
}

impl<'a> ByteOffsets<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let checkpoints = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices()
                .step_by(STRIDE)
                .map(|(byte, _)| byte)
                .collect()
        };
        Self { text, checkpoints }
    }

    /// The byte offset of a character, or the length of the text if it has no such character.
    pub(crate) fn byte_of(&self, character: usize) -> usize {
        if self.checkpoints.is_empty() {
            return character.min(self.text.len());
        }
        let Some(&start) = self.checkpoints.get(character / STRIDE) else {
            return self.text.len();
        };
        let rest = &self.text[start..];
        rest.char_indices()
            .nth(character % STRIDE)
            .map_or(self.text.len(), |(byte, _)| start + byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_agree_with_counting_from_the_start() {
        for text in [String::new(), "plain".repeat(200), "aé€𝄞".repeat(300)] {
            let offsets = ByteOffsets::of(&text);
            for (character, (byte, _)) in text.char_indices().enumerate() {
                assert_eq!(offsets.byte_of(character), byte);
            }
            assert_eq!(offsets.byte_of(text.chars().count()), text.len());
            assert_eq!(offsets.byte_of(text.len() + STRIDE), text.len());
        }
    }
}
