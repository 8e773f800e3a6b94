use super::*;
use crate::exchange::{Attributes, Timestamp};
use proptest::prelude::*;
use runscope_core::{Context, Message, Request, Response};
use std::time::Duration;

/// One exchange that every row of the table below is put to.
fn declined() -> Message {
    let mut context = Context::default();
    context.route = Some("/checkout/{id}".to_owned());
    context.consumer = Some("acme".to_owned());
    context
        .tags
        .insert("Region".to_owned(), "eu-north".to_owned());
    Message::new()
        .unique_identifier("0198c8a4-7d1e-7abc-8def-0123456789ab")
        .request(
            Request::new(
                "POST",
                "https://Shop.example:8443/checkout/7?q=two%20words&debug",
            )
            .header("Accept", "application/json, text/plain")
            .body(r#"{"amount":12.50,"note":"snow\nfall"}"#)
            .timestamp(1_795_341_600.0),
        )
        .response(
            Response::new(402)
                .header("X-Request-Id", "r-17")
                .body(r#"{"error":{"code":402,"type":"card_declined"},"tries":[{"n":1},{"n":2}]}"#)
                .response_time(0.73),
        )
        .context(context)
}

fn matches(filter: &str) -> bool {
    let message = declined();
    let attributes = Attributes::of(&message, Timestamp::default());
    let now = Timestamp::from_micros(1_795_341_600_000_000 + 600_000_000);
    parse(filter).unwrap().matches(View {
        attributes: &attributes,
        message: &message,
        now,
    })
}

#[test]
fn filters_pass_what_they_say() {
    for (filter, expected) in [
        ("", true),
        ("declined", true),
        ("CARD_declined", true),
        ("\"card declined\"", true),
        ("decl*", true),
        ("clined", false),
        ("*clined", true),
        ("0198c8a4-7d1e-7abc-8def-0123456789ab", true),
        ("402", true),
        ("lines OR fall", true),
        ("nfall", false),
        ("\"json text\"", true),
        ("\"plain r\"", false),
        ("two words", true),
        ("\"q two words\"", true),
        ("/card_d.c/", true),
        ("/CARD_D.C/", false),
        ("/CARD_D.C/i", true),
        ("/checkout/7", true),
        ("http://shop.example", false),
        ("https://shop.example:8443/checkout/7", true),
        ("method:post", true),
        ("method:GET", false),
        ("host:shop.example", true),
        ("host:shop.example:8443", true),
        ("host:shop.example:1", false),
        ("host:*.example", true),
        ("path:/checkout/7", true),
        ("path:/checkout/*", true),
        ("path:checkout", false),
        ("path:/^.checkout.[0-9]$/", true),
        ("route:\"/checkout/{id}\"", true),
        ("consumer:ACME", true),
        ("consumer:*", true),
        ("service:*", false),
        ("-service:*", true),
        ("outcome:complete", false),
        ("url:checkout", true),
        ("url:check", false),
        ("url:\"two words\"", true),
        ("header.accept:json", true),
        ("request.header.accept:text/plain", true),
        ("response.header.accept:json", false),
        ("header.x-request-id:*", true),
        ("header.x-trace:*", false),
        ("body:declined", true),
        ("request.body:declined", false),
        ("response.body:declined", true),
        ("response.body:*_decl*ned", true),
        ("body.$.error.code:402", true),
        ("body.$.error.code:402.0", true),
        ("body.$.error.code:>=400", true),
        ("body.$.error.code:400..401", false),
        ("request.body.$.error.code:402", false),
        ("body.$.error.type:card_*", true),
        ("body.$.error.type:card", false),
        ("body.$[\"error\"].type:*", true),
        ("body.$.tries[1].n:2", true),
        ("body.$.tries[*].n:>1", true),
        ("body.$.tries[*].n:>2", false),
        ("body.$.amount:12.5", true),
        ("tag.Region:EU-north", true),
        ("tag.Region:*", true),
        ("tag.region:*", false),
        ("tag:eu-NORTH", true),
        ("tag:EU", false),
        ("tag:eu*", true),
        ("tag:/^eu/", true),
        ("tag:Region", false),
        ("status:402", true),
        ("status:4xx", true),
        ("status:5XX", false),
        ("status:400..403", true),
        ("status:>=402", true),
        ("status:>402", false),
        ("status:<500", true),
        ("time:>500ms", true),
        ("time:730ms", true),
        ("time:<0.73s", false),
        ("time:<=730ms", true),
        ("size:>10", true),
        ("size:>1kb", false),
        ("request.size:36", true),
        ("since:15m", true),
        ("since:5m", false),
        ("before:5m", true),
        ("since:2026-11-22T10:00Z", true),
        ("before:2026-11-22T10:00:00Z", false),
        ("since:1795341600", true),
        ("declined status:500 OR method:POST", true),
        ("declined (status:500 OR method:GET)", false),
        ("NOT declined OR method:POST", true),
        ("NOT (declined method:POST)", false),
        ("-declined", false),
        ("declined AND -status:5xx AND NOT time:>1s", true),
    ] {
        assert_eq!(matches(filter), expected, "{filter}");
    }
}

#[test]
fn errors_point_at_the_character() {
    for (filter, position, expected) in [
        ("stauts:500", 0, "a known field: did you mean `status:`?"),
        ("a staus:500", 2, "a known field: did you mean `status:`?"),
        ("mehtod:GET", 0, "a known field: did you mean `method:`?"),
        (
            "haeder.Accept:*",
            0,
            "a known field: did you mean `header.accept:`?",
        ),
        (
            "reqeust.body:a",
            0,
            "a known field: did you mean `request.body:`?",
        ),
        (
            "response.heade.x-id:a",
            0,
            "a known field: did you mean `response.header.x-id:`?",
        ),
        ("colour:red", 0, "one of the fields method, host"),
        ("request.colour:red", 0, "one of the fields method, host"),
        ("å (b", 4, "a closing `)`"),
        ("a)", 1, "a `(` before this `)`"),
        ("()", 1, "a word, a field or a `(`"),
        ("a AND", 5, "a word, a field or a `(`"),
        ("a OR OR b", 5, "a word, a field or a `(`"),
        ("-", 1, "a word, a field or a `(`"),
        ("\"open", 5, "a closing `\"`"),
        ("host:\"a\"b", 8, "a space"),
        ("a(b)", 1, "a space"),
        ("host:", 5, "a value"),
        ("status:abc", 7, "a status code"),
        ("status:4x", 7, "a status code"),
        ("status:>99", 8, "a status code"),
        ("status:500..400", 7, "a span from the smaller"),
        ("time:>500", 6, "a time with its unit"),
        ("time:1s..x", 5, "a time with its unit"),
        ("size:big", 5, "a size"),
        ("since:yesterday", 6, "a time ago"),
        ("path:/(/", 5, "a regular expression (unclosed group)"),
        ("header.:x", 0, "the header's name"),
        ("tag.:x", 0, "the tag's name"),
        ("body.$.:x", 7, "a member's name"),
        ("body.$x:1", 6, "`.name`"),
        ("body.$[x]:1", 7, "an index"),
        ("body.$[1:1", 8, "a closing `]`"),
        ("body.$.a", 8, "`.name`"),
        ("body.$.a:>x", 10, "a number"),
        ("body.$.a:", 9, "a value, a comparison"),
    ] {
        let error = parse(filter).unwrap_err();
        assert_eq!(error.position(), position, "{filter}: {error}");
        assert!(error.expected().starts_with(expected), "{filter}: {error}");
    }
}

#[test]
fn depth_and_length_are_bounded() {
    assert!(parse(&"(".repeat(4000)).is_err());
    assert!(parse(&"-".repeat(4000)).is_err());
    assert!(parse(&"a ".repeat(4000)).is_err());
    assert!(parse(&"a ".repeat(2000)).is_ok());
}

#[test]
fn filters_are_written_in_one_form() {
    for (filter, written) in [
        ("  a   AND b ", "a b"),
        ("((a)) OR (b c)", "a OR (b c)"),
        ("-(a b)", "NOT (a b)"),
        ("Status:4XX", "status:4xx"),
        ("time:>1500ms", "time:>1500ms"),
        ("time:>2.0s", "time:>2s"),
        ("size:<2048", "size:<2kib"),
        ("since:2026-11-22", "since:2026-11-22T00:00:00Z"),
        ("path:\"/users/\"", "path:\"/users/\""),
        ("path:/users/42", "path:\"/users/42\""),
        ("header.Accept:json", "header.accept:json"),
        ("\"AND\"", "\"AND\""),
        ("body.$[\"a\"][\"b c\"]:x", "body.$.a[\"b c\"]:x"),
    ] {
        assert_eq!(parse(filter).unwrap().to_string(), written, "{filter}");
    }
}

/// Pieces of filters, so that random texts often come close to one.
fn filter_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("status:4xx".to_owned()),
        Just("(".to_owned()),
        Just(")".to_owned()),
        Just(" ".to_owned()),
        Just(" OR ".to_owned()),
        Just("NOT ".to_owned()),
        Just("-".to_owned()),
        Just("\"".to_owned()),
        Just("/".to_owned()),
        Just("\\".to_owned()),
        Just("*".to_owned()),
        Just("..".to_owned()),
        Just("header.a:".to_owned()),
        Just("response.body.$.a[0]".to_owned()),
        Just("body.$[\"x\"]:>=1".to_owned()),
        Just("time:>1.5s".to_owned()),
        Just("since:".to_owned()),
        Just("2026-11-22".to_owned()),
        "[a-z]{1,4}:?",
        "\\PC{0,4}",
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn pattern() -> impl Strategy<Value = Pattern> {
    prop_oneof![
        any::<String>().prop_map(Pattern::Plain),
        "[a-z0-9.]{0,3}\\*[a-z.]{0,3}".prop_map(Pattern::Glob),
        "[a-z/]{1,5}".prop_map(|source| {
            Pattern::Regex(
                Expression::new(&source.replace('/', r"\/"), source.len() % 2 == 0).unwrap(),
            )
        }),
    ]
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![
        Just(Side::Either),
        Just(Side::Request),
        Just(Side::Response)
    ]
}

fn span<T: PartialOrd + Copy + std::fmt::Debug>(
    value: impl Strategy<Value = T> + Clone,
) -> impl Strategy<Value = Span<T>> {
    (0..6, value.clone(), value).prop_map(|(form, a, b)| match form {
        0 => Span::Is(a),
        1 => Span::Over(a),
        2 => Span::AtLeast(a),
        3 => Span::Under(a),
        4 => Span::AtMost(a),
        _ if a <= b => Span::Between(a, b),
        _ => Span::Between(b, a),
    })
}

fn json_test() -> impl Strategy<Value = JsonTest> {
    let number = span(-1e9..1e9).prop_filter("a number alone is text", |span| {
        !matches!(span, Span::Is(_))
    });
    prop_oneof![
        pattern().prop_map(JsonTest::Text),
        number.prop_map(JsonTest::Number)
    ]
}

fn json_path() -> impl Strategy<Value = JsonPath> {
    let step = prop_oneof![
        any::<String>().prop_map(Step::Name),
        any::<usize>().prop_map(Step::Index),
        Just(Step::Every)
    ];
    proptest::collection::vec(step, 0..4).prop_map(JsonPath)
}

fn when() -> impl Strategy<Value = When> {
    prop_oneof![
        (0..10_000_000_000_000_u64).prop_map(|micros| When::Ago(Duration::from_micros(micros))),
        (-2_000_000_000_000_000..4_000_000_000_000_000_i64)
            .prop_map(|micros| When::At(Timestamp::from_micros(micros))),
    ]
}

fn term() -> impl Strategy<Value = Term> {
    let durations = (0..u64::MAX / 2).prop_map(Duration::from_micros);
    prop_oneof![
        pattern().prop_map(Term::Anywhere),
        (0..Name::ALL.len(), pattern())
            .prop_map(|(at, pattern)| Term::Is(Name::ALL[at].0, pattern)),
        pattern().prop_map(Term::Url),
        (side(), "[a-z][a-z0-9-]{0,8}", pattern())
            .prop_map(|(side, name, pattern)| Term::Header(side, name, pattern)),
        (side(), pattern()).prop_map(|(side, pattern)| Term::Body(side, pattern)),
        (side(), json_path(), json_test())
            .prop_map(|(side, path, test)| Term::Json(side, path, test)),
        ("[A-Za-z_.]{1,8}", pattern()).prop_map(|(name, pattern)| Term::Tag(name, pattern)),
        pattern().prop_map(Term::AnyTag),
        (1..=9_u8).prop_map(|class| Term::Status(StatusTest::Class(class))),
        span(100..=999_u16).prop_map(|span| Term::Status(StatusTest::Span(span))),
        span(durations.boxed()).prop_map(Term::Time),
        (side(), span(any::<u64>())).prop_map(|(side, span)| Term::Size(side, span)),
        when().prop_map(Term::Since),
        when().prop_map(Term::Before),
    ]
}

fn expr() -> impl Strategy<Value = Expr> {
    let leaf = term().prop_map(Expr::Term);
    leaf.prop_recursive(4, 24, 4, |inner| {
        let many = proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            inner.prop_map(|expr| Expr::Not(Box::new(expr))),
            many.clone().prop_map(Expr::And),
            many.prop_map(Expr::Or),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parsing_never_panics_and_what_parses_is_written_back(text in filter_text()) {
        if let Ok(expr) = parse(&text) {
            let written = expr.to_string();
            prop_assert_eq!(parse(&written), Ok(expr), "{} became {}", text, written);
        }
    }

    #[test]
    fn any_text_at_all_is_parsed_without_a_panic(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn every_filter_can_be_written_and_read(expr in expr()) {
        let written = expr.to_string();
        if written.len() <= 4096 {
            prop_assert_eq!(parse(&written), Ok(expr), "{}", written);
        }
    }

    #[test]
    fn a_phrase_is_found_in_the_text_it_was_cut_from(before in any::<String>(), text in any::<String>(), after in any::<String>()) {
        let whole = format!("{before} {text} {after}");
        if let Some(phrase) = Phrase::exact(&text) {
            prop_assert!(phrase.is_in(&whole));
        }
    }
}
