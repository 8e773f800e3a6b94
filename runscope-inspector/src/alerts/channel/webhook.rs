//! A webhook of one's own, signed as Standard Webhooks do
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>): the
//! base64 of HMAC-SHA256 over `id.timestamp.body`. The id stays the same however often it is tried.

use super::super::notice::Notice;
use super::links::Links;
use super::secret::Secret;
use crate::exchange::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use uuid::Uuid;

const PREFIX: &str = "whsec_";

pub(super) fn payload(notice: &Notice, links: &Links) -> Value {
    let alerts: Vec<Value> = notice
        .alerts
        .iter()
        .map(|alert| {
            let calls: Vec<Value> = alert
                .calls
                .iter()
                .map(|call| {
                    json!({
                        "bucket": call.bucket, "uuid": call.uuid, "line": call.line, "excerpt": call.excerpt, "url": links.call(call),
                    })
                })
                .collect();
            json!({
                "id": alert.id, "group": alert.group, "fired": alert.fired, "resolved": alert.resolved,
                "value": alert.value, "matches": alert.matches, "calls": calls,
            })
        })
        .collect();
    json!({
        "type": format!("alert.{}", notice.status()),
        "timestamp": Timestamp::from_seconds(notice.at).unwrap_or_default().to_string(),
        "data": {
            "title": notice.title(),
            "rule": { "id": notice.rule, "name": notice.rule_name, "severity": notice.severity },
            "status": notice.status(),
            "firing": notice.firing,
            "fired": notice.fired,
            "going_on": notice.going_on,
            "resolved": notice.resolved,
            "alerts": alerts,
            "more": notice.more,
            "url": links.notice(notice),
        },
    })
}

/// The three headers of a signed webhook.
pub(super) fn headers(
    id: &str,
    now: Timestamp,
    secret: &Secret,
    body: &[u8],
) -> Vec<(String, String)> {
    let id = format!("msg_{id}");
    let timestamp = now.as_micros().div_euclid(1_000_000).to_string();
    let key = key(secret).unwrap_or_default();
    let mut headers = vec![
        ("webhook-id".to_owned(), id.clone()),
        ("webhook-timestamp".to_owned(), timestamp.clone()),
    ];
    if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&key) {
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        headers.push(("webhook-signature".to_owned(), format!("v1,{signature}")));
    }
    headers
}

/// A new secret of 32 random bytes, less the twelve fixed bits of two UUIDs.
pub(super) fn new_secret() -> Secret {
    let bytes = [Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat();
    Secret::new(format!("{PREFIX}{}", STANDARD.encode(bytes)))
}

/// The bytes of a secret: 24 to 64 of them, in base64.
pub(super) fn key(secret: &Secret) -> Option<Vec<u8>> {
    let key = STANDARD
        .decode(secret.reveal().strip_prefix(PREFIX)?)
        .ok()?;
    (24..=64).contains(&key.len()).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_the_published_example() {
        let secret = Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let now = Timestamp::from_micros(1_614_265_330_000_000);
        let headers = headers(
            "p5jXN8AQM9LWM0D4loKWxJek",
            now,
            &secret,
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(headers[0].1, "msg_p5jXN8AQM9LWM0D4loKWxJek");
        assert_eq!(headers[1].1, "1614265330");
        assert_eq!(
            headers[2].1,
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_secret_is_24_to_64_bytes_in_base64() {
        assert!(key(&new_secret()).is_some());
        for text in ["", "whsec_", "whsec_%", "secret", "whsec_YWJj"] {
            assert_eq!(key(&Secret::new(text)), None, "{text}");
        }
    }
}
