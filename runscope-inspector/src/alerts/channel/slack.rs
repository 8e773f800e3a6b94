//! Slack's incoming webhooks: `{"text": fallback, "blocks": […]}`, at most 50 blocks, a header of at most
//! 150 characters and a section of at most 3,000
//! (<https://docs.slack.dev/reference/block-kit/blocks>).

use super::super::notice::Notice;
use super::links::Links;
use super::text::{cut, fit};
use serde_json::{Value, json};

const HEADER: usize = 150;
const SECTION: usize = 3000;

pub(super) fn payload(notice: &Notice, links: &Links) -> Value {
    let title = notice.title();
    // `plain_text` is no markup: nothing that was captured becomes a link or calls anybody.
    let plain = |text: String| json!({ "type": "plain_text", "text": text, "emoji": false });
    let mut blocks = vec![
        json!({ "type": "header", "text": plain(cut(&title, HEADER)) }),
        json!({ "type": "section", "text": plain(fit(&notice.paragraphs(), SECTION)) }),
    ];
    if let Some(link) = links.notice(notice) {
        let button = json!({ "type": "button", "text": plain("Open in the inspector".to_owned()), "url": link });
        blocks.push(json!({ "type": "actions", "elements": [button] }));
    }
    json!({ "text": escaped(&cut(&title, SECTION)), "blocks": blocks })
}

/// The fallback is markup; these three are all that has to be escaped in it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
