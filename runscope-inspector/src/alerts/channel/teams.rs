//! Teams: an Adaptive Card to the URL of a workflow ("When a Teams webhook request is received"), which
//! takes messages of up to 28 KB.

use super::super::notice::Notice;
use super::links::Links;
use super::text::{cut, fit};
use serde_json::{Value, json};

const TITLE: usize = 500;
const BODY: usize = 5000;

pub(super) fn payload(notice: &Notice, links: &Links) -> Value {
    let color = match (notice.test, notice.is_firing()) {
        (true, _) => "accent",
        (false, true) => "attention",
        (false, false) => "good",
    };
    // Runs of text are no markup, unlike a `TextBlock`.
    let run = |text: String| json!({ "type": "TextRun", "text": text });
    let mut title = run(cut(&notice.title(), TITLE));
    title["weight"] = json!("bolder");
    title["size"] = json!("medium");
    title["color"] = json!(color);
    let lines = fit(&notice.paragraphs(), BODY);
    let mut body = vec![json!({ "type": "RichTextBlock", "inlines": [title] })];
    body.extend(
        lines
            .lines()
            .map(|line| json!({ "type": "RichTextBlock", "spacing": "small", "inlines": [run(line.to_owned())] })),
    );
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    });
    if let Some(link) = links.notice(notice) {
        card["actions"] =
            json!([{ "type": "Action.OpenUrl", "title": "Open in the inspector", "url": link }]);
    }
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": card,
        }],
    })
}
