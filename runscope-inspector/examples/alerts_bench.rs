//! What it costs to show messages to rules: `cargo run --release --example alerts_bench`.

#![allow(clippy::print_stdout)]

use runscope_core::{Context, Message, Request, Response};
use runscope_inspector::alerts::time_of_a_message;
use serde_json::{Value, json};
use std::time::Duration;

const MESSAGES: usize = 20_000;

fn main() -> Result<(), String> {
    let messages: Vec<Message> = (0..MESSAGES).map(message).collect();
    println!(
        "| rules | a message, judged | and counted | a rule and message | should be |\n|---|---|---|---|---|"
    );
    let attributes = |number: usize| json!({ "name": "a", "filter": format!("method:POST status:5xx route:/r{number}") });
    let path = |number: usize| json!({ "name": "a", "filter": format!("response.body.$.items[{number}].sku:nothing") });
    let assertion = |number: usize| {
        json!({ "name": "a", "assertions": [
            { "source": "response_json", "property": format!("items[{number}].sku"), "comparison": "equal", "value": "nothing" },
        ] })
    };
    let guarded = |number: usize| json!({ "name": "a", "filter": format!("status:5xx response.body.$.items[{number}].sku:nothing") });
    let counted = |_: usize| json!({ "name": "a", "filter": "status:<600", "group_by": "route", "condition": { "kind": "ratio", "window": "5m", "above": "5%" } });
    type Rule<'a> = &'a dyn Fn(usize) -> Value;
    let kinds: [(&str, usize, &str, Rule<'_>); 7] = [
        ("attributes", 1, "≤ 2 µs", &attributes),
        ("attributes", 100, "≤ 2 µs", &attributes),
        ("JSON path, 2 KiB body", 1, "≤ 20 µs", &path),
        ("JSON path, 2 KiB body", 100, "≤ 20 µs", &path),
        ("JSON assertion, 2 KiB body", 100, "≤ 20 µs", &assertion),
        ("status, then JSON path", 100, "≤ 2 µs", &guarded),
        ("every call counted by route", 100, "≤ 2 µs", &counted),
    ];
    for (what, count, limit, rule) in kinds {
        let rules: Vec<Value> = (0..count).map(rule).collect();
        let (judged, tracked) = time_of_a_message(&rules, &messages)?;
        let each = tracked.as_secs_f64() * 1e6 / count as f64;
        println!(
            "| {count} of {what} | {} | {} | {each:.2} µs | {limit} |",
            micros(judged),
            micros(tracked)
        );
    }
    Ok(())
}

fn micros(time: Duration) -> String {
    format!("{:.1} µs", time.as_secs_f64() * 1e6)
}

/// A call with a JSON body of about 2 KiB each way.
fn message(number: usize) -> Message {
    let items: Vec<Value> = (0..30)
        .map(|item| json!({ "sku": format!("sku-{item}"), "price": 19.9, "name": "A thing of some sort" }))
        .collect();
    let body = json!({ "id": number, "items": items }).to_string();
    let status = if number.is_multiple_of(100) { 500 } else { 200 };
    let mut context = Context::default();
    context.route = Some(format!("/r{}", number % 20));
    Message::new()
        .request(
            Request::new("POST", format!("https://shop.example/r/{number}")).body(body.as_bytes()),
        )
        .response(
            Response::new(status)
                .response_time(0.05)
                .body(body.as_bytes()),
        )
        .context(context)
}
