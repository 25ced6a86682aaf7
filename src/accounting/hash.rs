//! Hashes of facts and texts: SHA-256 in lower-case hexadecimal, the same for ever.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// SHA-256 of a value's JSON. Struct fields serialise in their written order and maps are sorted, so the same value has the
/// same hash for ever.
pub(crate) fn hash_of<T: Serialize + ?Sized>(value: &T) -> String {
    // Room for an order of ten lines, so that it is not copied as it grows.
    let mut json = Vec::with_capacity(4096);
    let written = serde_json::to_writer(&mut json, value);
    debug_assert!(written.is_ok(), "facts have no keys but texts: {written:?}");
    hexadecimal(&Sha256::digest(json))
}

/// Twelve digits that stand for a text where it is too long or too private to be shown.
pub(super) fn short_hash(text: &str) -> String {
    hexadecimal(&Sha256::digest(text.as_bytes())[..6])
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(if half < 10 { b'0' + half } else { b'a' + half - 10 });
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        digits.push(digit(byte >> 4));
        digits.push(digit(byte & 15));
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_what_sha_256_says() {
        assert_eq!(hash_of(&()), "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b");
        assert_eq!(short_hash("null"), "74234e98afe7");
    }
}
