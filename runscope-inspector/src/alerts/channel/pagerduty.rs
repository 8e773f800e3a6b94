//! PagerDuty's Events API v2 (<https://developer.pagerduty.com/docs/events-api-v2/trigger-events/>): one
//! incident a rule. It begins when the rule has an alert and ends when it has none any more.

use super::super::notice::Notice;
use super::links::Links;
use super::secret::Secret;
use super::text::{cut, fit};
use crate::exchange::Timestamp;
use serde_json::{Value, json};

const SUMMARY: usize = 1024;
const DETAILS: usize = 10_000;

pub(super) fn payload(notice: &Notice, links: &Links, routing_key: &Secret) -> Value {
    let trigger = notice.is_firing() || notice.test;
    let mut event = json!({
        "routing_key": routing_key.reveal(),
        "event_action": if trigger { "trigger" } else { "resolve" },
        "dedup_key": dedup_key(&notice.rule),
        "client": "runscope-inspector",
        "payload": {
            "summary": cut(&notice.title(), SUMMARY),
            "source": "runscope-inspector",
            "severity": notice.severity,
            "component": notice.rule,
            "timestamp": Timestamp::from_seconds(notice.at).unwrap_or_default().to_string(),
            "custom_details": { "alerts": fit(&notice.paragraphs(), DETAILS) },
        },
    });
    if let Some(link) = links.notice(notice) {
        event["client_url"] = json!(link);
        event["links"] = json!([{ "href": link, "text": "Open in the inspector" }]);
    }
    event
}

/// What tells incidents apart; ids of rules are at most 64 bytes, and 255 are allowed.
fn dedup_key(rule: &str) -> String {
    format!("runscope-inspector/{rule}")
}
