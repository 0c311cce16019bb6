//! HPKE (RFC 9180) as age uses it: base mode, one message, no associated data, with the KEM
//! MLKEM768-X25519, the KDF HKDF-SHA256 and the AEAD ChaCha20Poly1305.

use chacha20poly1305::aead::Aead;
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit, Nonce};
use hkdf::{Hkdf, HkdfExtract};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::xwing::SharedSecret;

/// The bytes that encryption adds to a message.
pub(crate) const TAG_LEN: usize = 16;

/// "HPKE", then the numbers of the KEM (0x647a), the KDF (0x0001) and the AEAD (0x0003): RFC 9180, section 5.1.
const SUITE_ID: &[u8; 10] = b"HPKE\x64\x7a\x00\x01\x00\x03";

/// `mode_base` of RFC 9180, section 5.
const MODE_BASE: u8 = 0;

/// What `SetupBaseS` and `SetupBaseR` of RFC 9180 give, for the first and only message.
pub(crate) struct Context {
    cipher: ChaCha20Poly1305,
    nonce: [u8; 12],
}

impl Context {
    /// The key schedule of RFC 9180, section 5.1, without a pre-shared key.
    pub(crate) fn new(shared_secret: &SharedSecret, info: &[u8]) -> Self {
        let (psk_id_hash, _) = labeled_extract(&[], b"psk_id_hash", b"");
        let (info_hash, _) = labeled_extract(&[], b"info_hash", info);
        let mut schedule = [MODE_BASE; 65];
        schedule[1..33].copy_from_slice(&psk_id_hash);
        schedule[33..].copy_from_slice(&info_hash);

        let (_, secret) = labeled_extract(&**shared_secret, b"secret", b"");
        let mut key = Zeroizing::new([0; 32]);
        let mut nonce = [0; 12];
        labeled_expand(&secret, b"key", &schedule, &mut key);
        labeled_expand(&secret, b"base_nonce", &schedule, &mut nonce);
        Self {
            cipher: ChaCha20Poly1305::new(Key::from_slice(&*key)),
            nonce,
        }
    }

    /// Encrypts the one message.
    pub(crate) fn seal(self, plaintext: &[u8]) -> Vec<u8> {
        self.cipher
            .encrypt(Nonce::from_slice(&self.nonce), plaintext)
            .expect("a file key is far below the AEAD's limit")
    }

    /// Decrypts the one message. `None` if it was not sealed under this context.
    pub(crate) fn open(self, ciphertext: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.cipher
            .decrypt(Nonce::from_slice(&self.nonce), ciphertext)
            .ok()
            .map(Zeroizing::new)
    }
}

/// `LabeledExtract` of RFC 9180, section 4.
fn labeled_extract(salt: &[u8], label: &[u8], ikm: &[u8]) -> ([u8; 32], Hkdf<Sha256>) {
    let mut extract = HkdfExtract::<Sha256>::new(Some(salt));
    for part in [b"HPKE-v1", &SUITE_ID[..], label, ikm] {
        extract.input_ikm(part);
    }
    let (key, hkdf) = extract.finalize();
    (key.into(), hkdf)
}

/// `LabeledExpand` of RFC 9180, section 4.
fn labeled_expand<const N: usize>(
    secret: &Hkdf<Sha256>,
    label: &[u8],
    info: &[u8],
    output: &mut [u8; N],
) {
    let len = u16::try_from(N).expect("keys and nonces are short");
    let parts = [&len.to_be_bytes()[..], b"HPKE-v1", SUITE_ID, label, info];
    secret
        .expand_multi_info(&parts, output)
        .expect("keys and nonces are shorter than HKDF's limit");
}
