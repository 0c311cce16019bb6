//! What an ELF file says of itself (System V ABI, chapter 5: program headers), for 64-bit little-endian
//! files: amd64 and arm64.

/// The program header that names the dynamic linker.
const PT_INTERP: u32 = 3;

/// Where the fields of the file header are, in bytes.
const E_PHOFF: usize = 0x20;
const E_PHENTSIZE: usize = 0x36;
const E_PHNUM: usize = 0x38;

/// Whether the program runs without a dynamic linker, and so on any Linux, with or without a C library.
/// `None`: it is no 64-bit little-endian ELF file.
pub(crate) fn is_static(file: &[u8]) -> Option<bool> {
    file.strip_prefix(b"\x7fELF\x02\x01")?;
    let start = usize::try_from(u64::from_le_bytes(bytes(file, E_PHOFF)?)).ok()?;
    let size = usize::from(u16::from_le_bytes(bytes(file, E_PHENTSIZE)?));
    let count = usize::from(u16::from_le_bytes(bytes(file, E_PHNUM)?));
    let mut has_interpreter = false;
    for number in 0..count {
        let at = number.checked_mul(size)?.checked_add(start)?;
        has_interpreter |= u32::from_le_bytes(bytes(file, at)?) == PT_INTERP;
    }
    Some(!has_interpreter)
}

fn bytes<const LEN: usize>(file: &[u8], at: usize) -> Option<[u8; LEN]> {
    file.get(at..at.checked_add(LEN)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file header, and one program header for each of these types.
    fn file(types: &[u32]) -> Vec<u8> {
        let mut file = b"\x7fELF\x02\x01".to_vec();
        file.resize(0x40, 0);
        file[E_PHOFF] = 0x40;
        file[E_PHENTSIZE] = 0x38;
        file[E_PHNUM] = u8::try_from(types.len()).unwrap_or_default();
        for type_ in types {
            file.extend(type_.to_le_bytes());
            file.extend([0; 0x34]);
        }
        file
    }

    #[test]
    fn a_program_with_an_interpreter_is_not_static() {
        const PT_LOAD: u32 = 1;
        for (file, expected) in [
            (file(&[PT_LOAD, PT_LOAD]), Some(true)),
            (file(&[PT_LOAD, PT_INTERP]), Some(false)),
            (file(&[PT_LOAD])[..0x50].to_vec(), Some(true)),
            (file(&[PT_LOAD])[..0x41].to_vec(), None),
            (b"#!/bin/sh\n".to_vec(), None),
            (Vec::new(), None),
        ] {
            assert_eq!(is_static(&file), expected, "{} bytes", file.len());
        }
    }
}
