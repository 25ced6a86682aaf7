//! Signs webhook deliveries, and computes the hash that identifies an event.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use crate::accounting::hash::hexadecimal;

/// The value of `webhook-signature`: HMAC-SHA256 over `id.timestamp.body`, keyed with the raw bytes of the client
/// secret (BigCommerce, "HTTPS webhook overview": Standard Webhooks with the base64 of the client secret).
pub(super) fn sign(client_secret: &str, webhook_id: &str, timestamp: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(client_secret.as_bytes()).unwrap_or_else(|_| unreachable_key());
    mac.update(format!("{webhook_id}.{timestamp}.").as_bytes());
    mac.update(body.as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// HMAC accepts a key of any length, so this is never reached; an empty key keeps the program panic-free all the same.
fn unreachable_key() -> Hmac<Sha256> {
    Hmac::<Sha256>::new(&Default::default())
}

/// The event hash in hexadecimal: SHA-1 over the event as PHP would encode it (observed on real deliveries of 2023 to
/// 2026). `data` is the JSON text of the event's data, its keys in delivered order.
pub(super) fn event_hash(created_at: i64, store_hash: &str, store_id: u64, scope: &str, data: &str) -> String {
    let json = format!(
        r#"{{"created_at":{created_at},"producer":"stores/{store_hash}","store_id":{store_id},"store_hash":"{store_hash}","scope":"{scope}","data":{data}}}"#
    );
    let digest = Sha1::digest(json.replace('/', "\\/").as_bytes());
    hexadecimal(&digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_deliveries_have_this_hash() {
        assert_eq!(
            event_hash(
                1_691_736_794,
                "boley3bvsj",
                1_002_817_942,
                "store/order/updated",
                r#"{"type":"order","id":100}"#
            ),
            "0820c4188e2d7a18938cab934526d12163a3a975"
        );
        assert_eq!(
            event_hash(
                1_786_447_828,
                "8jbhprizry",
                1_003_502_318,
                "store/product/updated",
                r#"{"type":"product","id":180}"#
            ),
            "64d346b71e4c02453da81c5d97cec8063a6e7a4d"
        );
    }

    #[test]
    fn the_standard_webhooks_library_accepts_the_signature() {
        let verifier = standardwebhooks::Webhook::from_bytes(b"test_client_secret_value".to_vec()).unwrap();
        let now = crate::clock::Clock::system().now().as_second();
        let body = r#"{"scope":"store/order/updated"}"#;
        let signature = sign("test_client_secret_value", "64d346b7", now, body);
        let signed = verifier.sign("64d346b7", now, body.as_bytes()).unwrap();
        assert_eq!(signature, signed);
    }
}
