//! Shows that a webhook delivery is from BigCommerce: Standard Webhooks signatures over the raw body.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// A delivery whose signature is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// The signature's time is within the tolerance. BigCommerce repeats a delivery for 48 hours and does not document
    /// whether it renews the time, so a late one is genuine all the same: log it, and rely on its id against replays.
    pub fresh: bool,
}

/// Why a delivery is not shown to be genuine. None of the messages tells anything about a secret or the right signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is nothing to verify with.
    #[error("no client secret is configured for this store, so no delivery can be verified")]
    NoSecret,
    /// A header is missing or empty.
    #[error("the header {0} is missing or empty")]
    MissingHeader(&'static str),
    /// The time is no number of seconds since 1970.
    #[error("the header webhook-timestamp is not a number of seconds since 1970")]
    BadTimestamp,
    /// No signature fits.
    #[error("none of the signatures in webhook-signature was made over this body with a configured client secret")]
    Mismatch,
}

/// Verifies the signature of a delivery over its raw bytes.
///
/// The key is the client secret of the API account that made the hook, as its plain UTF-8 bytes; the signed content is
/// `id.timestamp.body`; `signature_header` lists `v1,<base64>` entries with spaces between, of which any may fit, made
/// with any of `secrets` (so that a secret can be rotated). Entries of other versions are passed over. Comparison takes
/// constant time. (BigCommerce docs, webhooks over HTTPS, "Webhook signature"; Standard Webhooks specification.)
///
/// A right signature whose time is further than `tolerance` from `now` answers `fresh: false`.
///
/// # Errors
/// [`SignatureError`] when the delivery is not shown to be genuine. Without a secret that is always so.
pub fn verify(
    secrets: &[SecretString],
    id: &str,
    timestamp: &str,
    signature_header: &str,
    raw_body: &[u8],
    now: Timestamp,
    tolerance: Duration,
) -> Result<Verified, SignatureError> {
    // An empty secret would let anyone sign.
    let mut secrets = secrets.iter().filter(|secret| !secret.expose_secret().is_empty()).peekable();
    secrets.peek().ok_or(SignatureError::NoSecret)?;
    for (name, value) in [("webhook-id", id), ("webhook-timestamp", timestamp), ("webhook-signature", signature_header)]
    {
        if value.is_empty() {
            return Err(SignatureError::MissingHeader(name));
        }
    }
    let seconds: i64 = timestamp.parse().map_err(|_| SignatureError::BadTimestamp)?;
    let signatures: Vec<Vec<u8>> = signature_header
        .split_ascii_whitespace()
        .filter_map(|entry| entry.strip_prefix("v1,"))
        .filter_map(|encoded| STANDARD.decode(encoded).ok())
        .collect();
    let genuine = secrets.any(|secret| signed_with(secret, id, timestamp, raw_body, &signatures));
    if !genuine {
        return Err(SignatureError::Mismatch);
    }
    let apart = seconds.abs_diff(now.as_second());
    Ok(Verified { fresh: apart <= tolerance.as_secs() })
}

fn signed_with(secret: &SecretString, id: &str, timestamp: &str, raw_body: &[u8], signatures: &[Vec<u8>]) -> bool {
    // HMAC takes a key of any length, so this never fails; a failure would count as not signed.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else { return false };
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", raw_body] {
        mac.update(part);
    }
    signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
}

/// Whether the shared header a hook was installed with came back with its value; constant time.
///
/// BigCommerce echoes the `headers` of a hook on every delivery. An empty expected value never fits.
pub fn shared_header_fits(expected: &SecretString, given: &[u8]) -> bool {
    let expected = expected.expose_secret().as_bytes();
    !expected.is_empty() && bool::from(expected.ct_eq(given))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;
    use proptest::prelude::*;
    use standardwebhooks::Webhook;

    use super::*;

    const ID: &str = "0820c4188e2d7a18938cab934526d12163a3a975";
    const TIME: i64 = 1_786_447_831;
    const TOLERANCE: Duration = Duration::from_secs(300);
    const BODY: &[u8] =
        br#"{"producer":"stores/acme1","scope":"store/order/updated","data":{"type":"order","id":118}}"#;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    /// The signature as the reference library makes it.
    fn sign(key: &str, id: &str, time: i64, body: &[u8]) -> String {
        Webhook::from_bytes(key.as_bytes().to_vec()).unwrap().sign(id, time, body).unwrap()
    }

    fn check(secrets: &[&str], header: &str, now: i64) -> Result<Verified, SignatureError> {
        let secrets: Vec<SecretString> = secrets.iter().map(|text| secret(text)).collect();
        verify(&secrets, ID, &TIME.to_string(), header, BODY, Timestamp::from_second(now).unwrap(), TOLERANCE)
    }

    #[test]
    fn a_fixed_vector_fits() {
        // Made with: printf 'msg_1.1700000000.{"a":1}' | openssl dgst -sha256 -hmac not-a-real-secret -binary | base64
        let header = "v1,vEWDYA/S3h5XiCHnAFjG6RnwD/mf8EpIx9gzKYUA9Hk=";
        let now = Timestamp::from_second(1_700_000_001).unwrap();
        let verified =
            verify(&[secret("not-a-real-secret")], "msg_1", "1700000000", header, br#"{"a":1}"#, now, TOLERANCE);
        assert_eq!(verified, Ok(Verified { fresh: true }));
    }

    #[test]
    fn the_old_and_the_new_secret_are_good_while_rotating() {
        for signer in ["old", "new"] {
            assert_eq!(check(&["new", "old"], &sign(signer, ID, TIME, BODY), TIME), Ok(Verified { fresh: true }));
        }
    }

    #[test]
    fn any_entry_may_fit_and_other_versions_are_passed_over() {
        let good = sign("s", ID, TIME, BODY);
        let wrong = sign("other", ID, TIME, BODY);
        assert!(check(&["s"], &format!("v1a,abc {wrong} v2,zzz {good}"), TIME).is_ok());
        assert_eq!(check(&["s"], &wrong, TIME), Err(SignatureError::Mismatch));
        assert_eq!(check(&["s"], &good.replace("v1,", "v2,"), TIME), Err(SignatureError::Mismatch));
        assert_eq!(check(&["s"], &good.replace("v1,", ""), TIME), Err(SignatureError::Mismatch));
        assert_eq!(check(&["s"], "v1,", TIME), Err(SignatureError::Mismatch));
    }

    #[test]
    fn a_late_delivery_is_genuine_but_not_fresh() {
        let header = sign("s", ID, TIME, BODY);
        for (now, fresh) in [(TIME + 300, true), (TIME - 300, true), (TIME + 301, false), (TIME - 301, false)] {
            assert_eq!(check(&["s"], &header, now), Ok(Verified { fresh }));
        }
    }

    #[test]
    fn without_a_secret_nothing_is_genuine() {
        let anyone = STANDARD.encode(
            Hmac::<Sha256>::new_from_slice(b"")
                .unwrap()
                .chain_update(format!("{ID}.{TIME}."))
                .chain_update(BODY)
                .finalize()
                .into_bytes(),
        );
        assert_eq!(check(&[], &format!("v1,{anyone}"), TIME), Err(SignatureError::NoSecret));
        assert_eq!(check(&[""], &format!("v1,{anyone}"), TIME), Err(SignatureError::NoSecret));
        assert_eq!(check(&["", "s"], &format!("v1,{anyone}"), TIME), Err(SignatureError::Mismatch));
    }

    #[test]
    fn missing_headers_are_named() {
        let now = Timestamp::from_second(TIME).unwrap();
        let error = |id, time, header| verify(&[secret("s")], id, time, header, BODY, now, TOLERANCE).unwrap_err();
        assert_eq!(error("", "1", "v1,a"), SignatureError::MissingHeader("webhook-id"));
        assert_eq!(error("a", "", "v1,a"), SignatureError::MissingHeader("webhook-timestamp"));
        assert_eq!(error("a", "1", ""), SignatureError::MissingHeader("webhook-signature"));
        assert_eq!(error("a", "yesterday", "v1,a"), SignatureError::BadTimestamp);
    }

    #[test]
    fn the_shared_header_must_be_the_same() {
        assert!(shared_header_fits(&secret("Bearer x"), b"Bearer x"));
        assert!(!shared_header_fits(&secret("Bearer x"), b"Bearer y"));
        assert!(!shared_header_fits(&secret("Bearer x"), b""));
        assert!(!shared_header_fits(&secret(""), b""));
    }

    proptest! {
        /// What the reference library accepts at this moment we accept as fresh, and the other way round.
        #[test]
        fn agrees_with_the_reference_library(key in "[a-z0-9]{1,80}", body in ".{0,200}", forged in any::<bool>()) {
            let now = crate::clock::Clock::system().now();
            let signer = if forged { format!("{key}x") } else { key.clone() };
            let signature = sign(&signer, ID, now.as_second(), body.as_bytes());
            let mut headers = HeaderMap::new();
            headers.insert("webhook-id", ID.parse().unwrap());
            headers.insert("webhook-timestamp", now.as_second().into());
            headers.insert("webhook-signature", signature.parse().unwrap());
            let theirs = Webhook::from_bytes(key.as_bytes().to_vec()).unwrap().verify(body.as_bytes(), &headers).is_ok();
            let ours = verify(&[secret(&key)], ID, &now.as_second().to_string(), &signature, body.as_bytes(), now, TOLERANCE);
            prop_assert_eq!(theirs, ours == Ok(Verified { fresh: true }));
            prop_assert_eq!(theirs, !forged);
        }
    }
}
