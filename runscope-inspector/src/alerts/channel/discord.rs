//! Discord's webhooks: an embed with a title of at most 256 and a description of at most 4,096 characters
//! (<https://discord.com/developers/docs/resources/message#embed-object>).

use super::super::notice::Notice;
use super::links::Links;
use super::text::{cut, fit};
use crate::exchange::Timestamp;
use serde_json::{Value, json};

const TITLE: usize = 256;
const DESCRIPTION: usize = 4096;

pub(super) fn payload(notice: &Notice, links: &Links) -> Value {
    let color = match (notice.test, notice.is_firing()) {
        (true, _) => 0x0034_98db,
        (false, true) => 0x00c0_392b,
        (false, false) => 0x0027_ae60,
    };
    let paragraphs: Vec<String> = notice
        .paragraphs()
        .iter()
        .map(|text| escaped(text))
        .collect();
    let mut embed = json!({
        "title": cut(&escaped(&notice.title()), TITLE),
        "description": fit(&paragraphs, DESCRIPTION),
        "color": color,
        "timestamp": Timestamp::from_seconds(notice.at).unwrap_or_default().to_string(),
    });
    if let Some(link) = links.notice(notice) {
        embed["url"] = json!(link);
    }
    // Nobody is called by what was captured.
    json!({ "embeds": [embed], "allowed_mentions": { "parse": [] } })
}

/// Everything with a meaning in Discord's markup stands for itself.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        if r"\*_~`|>#[]()<@:-".contains(char) {
            escaped.push('\\');
        }
        escaped.push(char);
    }
    escaped
}
