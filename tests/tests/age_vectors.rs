//! The test vectors of C2SP for age (<https://c2sp.org/CCTV/age>), on the way of a sealed value.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;

use age::{DecryptError, Decryptor};
use sha2::{Digest, Sha256};
use waxwing_crypto::{Identity, MalformedError, SealedValue};
use waxwing_tests::go_tools;

/// Vectors of features that sealed values do not have: passphrases and ASCII armor.
const OTHER_FEATURES: [&str; 2] = ["scrypt", "armor"];

/// A vector: what should come of decrypting the file.
struct Vector {
    name: String,
    fields: BTreeMap<String, String>,
    identities: Vec<Identity>,
    file: Vec<u8>,
}

/// What came of decrypting a file: the classes of the vectors.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Success(Vec<u8>),
    HeaderFailure,
    NoMatch,
    HmacFailure,
    PayloadFailure,
}

#[test]
fn every_vector_of_our_recipient_types_comes_out_as_expected() {
    let vectors = vectors();
    // As many as there are now: fewer would mean that some are skipped by mistake.
    assert!(vectors.len() >= 85, "only {} vectors", vectors.len());
    for vector in vectors {
        let outcome = outcome(&vector);
        let expected = match (vector.fields["expect"].as_str(), &outcome) {
            ("success", Outcome::Success(value)) => {
                hex(&Sha256::digest(value)) == vector.fields["payload"]
            }
            ("header failure", Outcome::HeaderFailure)
            | ("no match", Outcome::NoMatch)
            | ("HMAC failure", Outcome::HmacFailure)
            | ("payload failure", Outcome::PayloadFailure) => true,
            _ => false,
        };
        assert!(
            expected,
            "{}: expected {}, not {}",
            vector.name,
            vector.fields["expect"],
            match outcome {
                Outcome::Success(_) => "another payload or a success at all".to_owned(),
                failure => format!("{failure:?}"),
            }
        );
    }
}

/// What comes of a vector on the way of a sealed value: its header must be read here, and then by age
/// with an identity of ours.
fn outcome(vector: &Vector) -> Outcome {
    match SealedValue::from_bytes(vector.file.clone()) {
        // A plain age file, and so none of ours, but its header keeps the grammar.
        Err(MalformedError::NotSealed) => {}
        Err(_) => return Outcome::HeaderFailure,
        Ok(_) => panic!("{}: no vector is a sealed value", vector.name),
    }
    match decrypt(&vector.file, &vector.identities) {
        Ok((value, true)) => Outcome::Success(value),
        Ok((_, false)) => Outcome::PayloadFailure,
        Err(DecryptError::NoMatchingKeys) => Outcome::NoMatch,
        Err(DecryptError::InvalidMac) => Outcome::HmacFailure,
        Err(DecryptError::InvalidHeader) => Outcome::HeaderFailure,
        // age reads the nonce of the payload together with the header.
        Err(DecryptError::Io(_)) => Outcome::HeaderFailure,
        Err(error) => panic!("{}: {error}", vector.name),
    }
}

/// What age decrypts, and whether that is the whole payload.
fn decrypt(file: &[u8], identities: &[Identity]) -> Result<(Vec<u8>, bool), DecryptError> {
    let identities = identities
        .iter()
        .map(|identity| identity as &dyn age::Identity);
    let mut payload = Decryptor::new_buffered(file)?.decrypt(identities)?;
    let mut value = Vec::new();
    let whole = payload.read_to_end(&mut value).is_ok();
    Ok((value, whole))
}

fn vectors() -> Vec<Vector> {
    let folder = fs::read_dir(go_tools::cctv_vectors().unwrap()).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path());
    paths.filter_map(|path| read_vector(&path)).collect()
}

/// Reads a vector; none if it is of a feature that sealed values do not have.
fn read_vector(path: &Path) -> Option<Vector> {
    let name = path.file_name()?.to_str()?.to_owned();
    if OTHER_FEATURES
        .iter()
        .any(|feature| name.starts_with(feature))
    {
        return None;
    }
    let content = fs::read(path).unwrap();
    let end = content.windows(2).position(|pair| pair == b"\n\n").unwrap();
    let (mut fields, mut identities) = (BTreeMap::new(), Vec::new());
    for line in std::str::from_utf8(&content[..end]).unwrap().lines() {
        let (key, value) = line.split_once(": ").unwrap();
        match key {
            "identity" => identities.push(value.parse().unwrap()),
            "armored" | "passphrase" => panic!("{name}: {key} is of another feature"),
            _ => drop(fields.insert(key.to_owned(), value.to_owned())),
        }
    }
    let body = &content[end + 2..];
    let file = match fields.get("compressed").map(String::as_str) {
        Some("zlib") => inflate(body),
        None => body.to_vec(),
        Some(other) => panic!("{name}: unknown compression {other}"),
    };
    Some(Vector {
        name,
        fields,
        identities,
        file,
    })
}

fn inflate(compressed: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    flate2::read::ZlibDecoder::new(compressed)
        .read_to_end(&mut file)
        .unwrap();
    file
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
