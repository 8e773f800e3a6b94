//! The inspector's filters: what is understood is written so that it means the same, and neither
//! finding nor marking what it finds goes wrong.

#![no_main]

use libfuzzer_sys::fuzz_target;
use runscope_core::{Context, Message, Request, Response};
use runscope_inspector::exchange::{Attributes, Exchange, Timestamp};
use runscope_inspector::query::{Expr, View, parse};
use std::sync::LazyLock;

static EXCHANGES: LazyLock<Vec<Exchange>> = LazyLock::new(exchanges);

fuzz_target!(|text: &str| {
    let expr = match parse(text) {
        Ok(expr) => expr,
        Err(error) => {
            assert!(error.position() <= text.chars().count(), "{error}");
            return;
        }
    };
    let written = expr.to_string();
    // Quotes and brackets may make it longer than a filter can be.
    if written.len() > 4096 {
        return;
    }
    let again: Expr = match parse(&written) {
        Ok(again) => again,
        Err(error) => panic!("{text:?} is written {written:?}: {error}"),
    };
    assert_eq!(again, expr, "{text:?} is written {written:?}");
    assert_eq!(again.to_string(), written);
    for exchange in &*EXCHANGES {
        let view = || View::of(exchange, Timestamp::from_micros(1_795_341_600_000_000));
        let matches = expr.matches(view());
        assert_eq!(Expr::Not(Box::new(expr.clone())).matches(view()), !matches);
        for highlight in expr.highlights(view()) {
            let length = highlight.text.chars().count();
            let mut from = 0;
            for &(start, end) in &highlight.ranges {
                let is_in_order = from <= start && start < end && end <= length;
                assert!(is_in_order, "{text:?}: {highlight:?}");
                from = end;
            }
        }
    }
});

/// One with a bit of everything, one with bytes, and one with nothing.
fn exchanges() -> Vec<Exchange> {
    let mut context = Context::default();
    context.route = Some("/cards/{id}".to_owned());
    context.tags.insert("region".to_owned(), "eu".to_owned());
    let shop = Message::new()
        .request(
            Request::new("POST", "https://Shop.example:8443/cards/7?q=a%20b&é=%ff#x")
                .header("Content-Type", "application/json")
                .body(r#"{"card": {"number": 12.5, "odd name": ["ÄÖ", true, null]}}"#),
        )
        .response(
            Response::new(402)
                .header("set-cookie", "a=b")
                .body("Card declined: İstanbul, ﬃ, ß\r\ndecline-d")
                .response_time(0.25),
        );
    let mut shop = shop;
    shop.context = Some(context);
    let bytes = Message::new()
        .request(Request::new("GET", "/").form_field("a", "b"))
        .response(Response::new(200).body([0xff, 0, 0xc3]));
    [shop, bytes, Message::new()]
        .into_iter()
        .map(|message| Exchange {
            uuid: Default::default(),
            sequence: 1,
            attributes: Attributes::of(&message, Timestamp::from_micros(1_795_341_000_000_000)),
            message,
        })
        .collect()
}
