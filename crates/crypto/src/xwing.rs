//! The key encapsulation of the hybrid recipient type: X-Wing, that is ML-KEM-768 (FIPS 203) and
//! X25519 (RFC 7748) together, secure as long as either of them is.
//!
//! draft-connolly-cfrg-xwing-kem; the same KEM is MLKEM768-X25519 of draft-ietf-hpke-pq.

use libcrux_ml_kem::mlkem768::{self, MlKem768Ciphertext, MlKem768PrivateKey, MlKem768PublicKey};
use sha3::digest::{ExtendableOutput, Update, XofReader};
use sha3::{Digest, Sha3_256, Shake256};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::{Zeroize, Zeroizing};

/// The bytes of a private key: the seed that both halves are derived from.
pub(crate) const SEED_LEN: usize = 32;

/// The bytes of a public key.
pub(crate) const PUBLIC_KEY_LEN: usize = MLKEM_PUBLIC_KEY_LEN + X25519_LEN;

/// The bytes of a ciphertext, which HPKE calls the encapsulated key.
pub(crate) const CIPHERTEXT_LEN: usize = MLKEM_CIPHERTEXT_LEN + X25519_LEN;

/// The random bytes that one encapsulation takes: 32 for each half.
pub(crate) const ENCAPSULATION_SEED_LEN: usize = 64;

const MLKEM_PUBLIC_KEY_LEN: usize = 1184;
const MLKEM_CIPHERTEXT_LEN: usize = 1088;
const MLKEM_SEED_LEN: usize = 64;
const X25519_LEN: usize = 32;

/// The domain separator: the X-wing as the draft draws it.
const LABEL: &[u8; 6] = br"\.//^\";

pub(crate) type SharedSecret = Zeroizing<[u8; 32]>;

/// A public key whose both halves were checked.
pub(crate) struct EncapsulationKey {
    mlkem: MlKem768PublicKey,
    x25519: PublicKey,
}

impl EncapsulationKey {
    /// `None` if the length is wrong, if a coefficient of the ML-KEM half is out of range (the
    /// modulus check of FIPS 203), or if the X25519 half is a point of low order, to which nothing
    /// can be kept secret.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; PUBLIC_KEY_LEN] = bytes.try_into().ok()?;
        let (mlkem, x25519) = bytes.split_at(MLKEM_PUBLIC_KEY_LEN);
        let mlkem = MlKem768PublicKey::try_from(mlkem).ok()?;
        let x25519 = <[u8; X25519_LEN]>::try_from(x25519).ok()?.into();
        (mlkem768::validate_public_key(&mlkem) && is_contributory(&x25519))
            .then_some(Self { mlkem, x25519 })
    }

    pub(crate) fn to_bytes(&self) -> [u8; PUBLIC_KEY_LEN] {
        concat(self.mlkem.as_slice(), self.x25519.as_bytes())
    }

    /// A fresh shared secret and the ciphertext that carries it, as determined by `seed`, which
    /// must be random and used once.
    pub(crate) fn encapsulate(
        &self,
        seed: &Zeroizing<[u8; ENCAPSULATION_SEED_LEN]>,
    ) -> (SharedSecret, [u8; CIPHERTEXT_LEN]) {
        let mut mlkem_seed = [0; 32];
        let mut x25519_seed = [0; 32];
        mlkem_seed.copy_from_slice(&seed[..32]);
        x25519_seed.copy_from_slice(&seed[32..]);

        let (mlkem_ciphertext, mut mlkem_secret) = mlkem768::encapsulate(&self.mlkem, mlkem_seed);
        let ephemeral = StaticSecret::from(x25519_seed);
        let x25519_ciphertext = PublicKey::from(&ephemeral);
        let x25519_secret = ephemeral.diffie_hellman(&self.x25519);

        let secret = combine(
            &mlkem_secret,
            x25519_secret.as_bytes(),
            &x25519_ciphertext,
            &self.x25519,
        );
        mlkem_secret.zeroize();
        mlkem_seed.zeroize();
        x25519_seed.zeroize();
        let ciphertext = concat(mlkem_ciphertext.as_slice(), x25519_ciphertext.as_bytes());
        (secret, ciphertext)
    }
}

impl PartialEq for EncapsulationKey {
    fn eq(&self, other: &Self) -> bool {
        self.mlkem.as_slice() == other.mlkem.as_slice() && self.x25519 == other.x25519
    }
}

impl Eq for EncapsulationKey {}

/// A private key with both halves expanded: expanding the ML-KEM half costs as much as using it.
pub(crate) struct DecapsulationKey {
    seed: Zeroizing<[u8; SEED_LEN]>,
    mlkem: ExpandedMlKemKey,
    mlkem_public: MlKem768PublicKey,
    x25519: StaticSecret,
    x25519_public: PublicKey,
}

impl DecapsulationKey {
    pub(crate) fn from_seed(seed: Zeroizing<[u8; SEED_LEN]>) -> Self {
        let mut mlkem_seed = [0; MLKEM_SEED_LEN];
        let mut x25519_seed = [0; X25519_LEN];
        let mut expanded = Shake256::default().chain(*seed).finalize_xof();
        expanded.read(&mut mlkem_seed);
        expanded.read(&mut x25519_seed);

        let (mlkem, mlkem_public) = mlkem768::generate_key_pair(mlkem_seed).into_parts();
        let x25519 = StaticSecret::from(x25519_seed);
        mlkem_seed.zeroize();
        x25519_seed.zeroize();
        Self {
            seed,
            mlkem: ExpandedMlKemKey(Box::new(mlkem)),
            mlkem_public,
            x25519_public: PublicKey::from(&x25519),
            x25519,
        }
    }

    pub(crate) const fn seed(&self) -> &Zeroizing<[u8; SEED_LEN]> {
        &self.seed
    }

    pub(crate) fn encapsulation_key(&self) -> EncapsulationKey {
        EncapsulationKey {
            mlkem: self.mlkem_public.clone(),
            x25519: self.x25519_public,
        }
    }

    /// The shared secret that the ciphertext carries. Another key's ciphertext gives a secret that
    /// is of no use (implicit rejection). `None` if its X25519 half is a point of low order.
    pub(crate) fn decapsulate(&self, ciphertext: &[u8; CIPHERTEXT_LEN]) -> Option<SharedSecret> {
        let (mlkem_ciphertext, x25519_ciphertext) = ciphertext.split_at(MLKEM_CIPHERTEXT_LEN);
        let mlkem_ciphertext = MlKem768Ciphertext::try_from(mlkem_ciphertext).ok()?;
        let x25519_ciphertext = <[u8; X25519_LEN]>::try_from(x25519_ciphertext).ok()?.into();

        let x25519_secret = self.x25519.diffie_hellman(&x25519_ciphertext);
        if !x25519_secret.was_contributory() {
            return None;
        }
        let mut mlkem_secret = mlkem768::decapsulate(&self.mlkem.0, &mlkem_ciphertext);
        let secret = combine(
            &mlkem_secret,
            x25519_secret.as_bytes(),
            &x25519_ciphertext,
            &self.x25519_public,
        );
        mlkem_secret.zeroize();
        Some(secret)
    }
}

/// An expanded ML-KEM private key, wiped on drop: the library's own type is not.
struct ExpandedMlKemKey(Box<MlKem768PrivateKey>);

impl Drop for ExpandedMlKemKey {
    fn drop(&mut self) {
        for i in 0..MlKem768PrivateKey::len() {
            self.0[i].zeroize();
        }
    }
}

/// Whether a Diffie-Hellman with this point depends on the private key at all.
pub(crate) fn is_contributory(point: &PublicKey) -> bool {
    // Every clamped scalar is a multiple of the cofactor, so any of them tells.
    StaticSecret::from([0; X25519_LEN])
        .diffie_hellman(point)
        .was_contributory()
}

/// The combiner of the draft.
fn combine(
    mlkem_secret: &[u8; 32],
    x25519_secret: &[u8; 32],
    x25519_ciphertext: &PublicKey,
    x25519_public: &PublicKey,
) -> SharedSecret {
    let digest = Sha3_256::new_with_prefix(mlkem_secret)
        .chain(x25519_secret)
        .chain(x25519_ciphertext.as_bytes())
        .chain(x25519_public.as_bytes())
        .chain(LABEL)
        .finalize();
    Zeroizing::new(digest.into())
}

fn concat<const N: usize>(mlkem: &[u8], x25519: &[u8; X25519_LEN]) -> [u8; N] {
    let mut whole = [0; N];
    let (first, second) = whole.split_at_mut(N - X25519_LEN);
    first.copy_from_slice(mlkem);
    second.copy_from_slice(x25519);
    whole
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use sha2::Sha256;

    use super::*;

    /// The vectors of draft-connolly-cfrg-xwing-kem, appendix C, with SHA-256 digests in place of
    /// the public key and the ciphertext: (seed, encapsulation seed, digest of the public key,
    /// digest of the ciphertext, shared secret).
    const VECTORS: [[&str; 5]; 3] = [
        [
            "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26",
            "3cb1eea988004b93103cfb0aeefd2a686e01fa4a58e8a3639ca8a1e3f9ae57e235b8cc873c23dc62b8d260169afa2f75ab916a58d974918835d25e6a435085b2",
            "2e816deebcd76c5c80d0cd2d174478871658e8e2ff42bc9d4a6e486372e856bb",
            "17cd532d657e44c897ca6583e548a5424fc70bf54f99515a4d2bcf99e3469f33",
            "d2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384",
        ],
        [
            "badfd6dfaac359a5efbb7bcc4b59d538df9a04302e10c8bc1cbf1a0b3a5120ea",
            "17cda7cfad765f5623474d368ccca8af0007cd9f5e4c849f167a580b14aabdefaee7eef47cb0fca9767be1fda69419dfb927e9df07348b196691abaeb580b32d",
            "c42ba5f8430d7d2c83739338203819f090e8303ce9c8b02107c272bfa5376916",
            "1661ea86d608a1924ba30840cb0a65f13ae051e3aec9cf0f064efc0bc92f2154",
            "f2e86241c64d60f6649fbc6c5b7d17180b780a3f34355e64a85749949c45f150",
        ],
        [
            "ef58538b8d23f87732ea63b02b4fa0f4873360e2841928cd60dd4cee8cc0d4c9",
            "22a96188d032675c8ac850933c7aff1533b94c834adbb69c6115bad4692d8619f90b0cdf8a7b9c264029ac185b70b83f2801f2f4b3f70c593ea3aeeb613a7f1b",
            "6b080d6b84f095342092fa7a22423e58bd681397ad0ef00eac92bd254db4fa95",
            "d3ca5578500344b5896cffc4fd740c9311946b82951df155e6fd86a7966b43c6",
            "953f7f4e8c5b5049bdc771d1dffada0dd961477d1a2ae0988baa7ea6898d893f",
        ],
    ];

    fn bytes<const N: usize>(hex: &str) -> [u8; N] {
        assert_eq!(hex.len(), 2 * N);
        std::array::from_fn(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
    }

    fn sha256(data: &[u8]) -> [u8; 32] {
        Sha256::digest(data).into()
    }

    #[test]
    fn keys_ciphertexts_and_secrets_are_those_of_the_draft() {
        for [
            seed,
            encapsulation_seed,
            public_key,
            ciphertext,
            shared_secret,
        ] in VECTORS
        {
            let private = DecapsulationKey::from_seed(Zeroizing::new(bytes(seed)));
            let public = private.encapsulation_key();
            assert_eq!(sha256(&public.to_bytes()), bytes(public_key));

            let seed = Zeroizing::new(bytes(encapsulation_seed));
            let (secret, sent) = public.encapsulate(&seed);
            assert_eq!(sha256(&sent), bytes(ciphertext));
            assert_eq!(*secret, bytes(shared_secret));
            assert_eq!(*private.decapsulate(&sent).unwrap(), bytes(shared_secret));
        }
    }

    #[test]
    fn a_public_key_is_read_as_it_was_written() {
        let key = DecapsulationKey::from_seed(Zeroizing::new([7; 32])).encapsulation_key();
        assert!(EncapsulationKey::from_bytes(&key.to_bytes()) == Some(key));
    }

    #[test]
    fn a_public_key_with_a_coefficient_out_of_range_is_refused() {
        let key = DecapsulationKey::from_seed(Zeroizing::new([7; 32])).encapsulation_key();
        let mut bytes = key.to_bytes();
        bytes[..2].fill(0xff);
        assert!(EncapsulationKey::from_bytes(&bytes).is_none());
    }

    #[test]
    fn a_public_key_or_ciphertext_with_a_point_of_low_order_is_refused() {
        let private = DecapsulationKey::from_seed(Zeroizing::new([7; 32]));
        let public = private.encapsulation_key();
        let mut key = public.to_bytes();
        key[MLKEM_PUBLIC_KEY_LEN..].fill(0);
        assert!(EncapsulationKey::from_bytes(&key).is_none());

        let (_, mut ciphertext) = public.encapsulate(&Zeroizing::new([9; 64]));
        ciphertext[MLKEM_CIPHERTEXT_LEN..].fill(0);
        assert!(private.decapsulate(&ciphertext).is_none());
    }

    #[test]
    fn a_public_key_of_another_length_is_refused() {
        for len in [0, 32, PUBLIC_KEY_LEN - 1, PUBLIC_KEY_LEN + 1] {
            assert!(EncapsulationKey::from_bytes(&vec![0; len]).is_none());
        }
    }
}
