//! A planted secret never comes out, wherever it stands and wherever the body is cut.

use fastrand::Rng;
use serde_json::{Map, Value};

use super::super::{BodyContext, BodyVerdict, MASK, Redactor, Side};

const CANARY: &str = "kAnArY";
const KEYS: [&str; 6] = [
    "password",
    "apiKey",
    "X-Auth-Token",
    "client_secret",
    "PHPSESSID",
    "cvv",
];

fn clean(redactor: &Redactor, content_type: Option<&str>, truncated: bool, body: &[u8]) -> Vec<u8> {
    let context = BodyContext::new(Side::Request)
        .content_type(content_type)
        .truncated(truncated);
    let mut out = Vec::new();
    match redactor.body(context, body, &mut out) {
        BodyVerdict::Unchanged => body.to_vec(),
        BodyVerdict::Cleaned | BodyVerdict::MaskedWhole => out,
    }
}

/// Any three letters of the canary count as a leak.
fn leaks(text: &[u8]) -> bool {
    CANARY
        .as_bytes()
        .windows(3)
        .any(|part| memchr::memmem::find(text, part).is_some())
}

fn check_every_cut(content_type: Option<&str>, body: &str) {
    let redactor = Redactor::default();
    let whole = clean(&redactor, content_type, false, body.as_bytes());
    assert!(
        !leaks(&whole),
        "{content_type:?}: {body}\n{}",
        String::from_utf8_lossy(&whole)
    );
    for cut in 0..body.len() {
        let out = clean(&redactor, content_type, true, &body.as_bytes()[..cut]);
        assert!(
            !leaks(&out),
            "{content_type:?} cut at {cut}: {}",
            String::from_utf8_lossy(&out)
        );
    }
}

#[test]
fn a_canary_survives_in_no_syntax_and_at_no_cut() {
    for key in KEYS {
        let inner = format!(r#"{{"a":1,"{key}":"{CANARY}","b":[2]}}"#);
        let quoted = serde_json::to_string(&inner).unwrap();
        let twice = serde_json::to_string(&format!(r#"{{"q":{quoted}}}"#)).unwrap();
        let jsons = [
            inner.clone(),
            format!(r#"[{{"x":{{"{key}":["{CANARY}",{{"y":"{CANARY}"}}]}}}}]"#),
            format!(r#"{{"é":"ü","q":{quoted}}}"#),
            format!(r#"{{"q":{twice}}}"#),
            format!(r#"{{"u":"https://{CANARY}:{CANARY}@h/?{key}={CANARY}"}}"#),
        ];
        for json in &jsons {
            check_every_cut(Some("application/json"), json);
            check_every_cut(Some("application/x-ndjson"), &format!("{json}\n{json}\n"));
            check_every_cut(None, json);
            check_every_cut(Some("text/plain"), &format!("log: {json} end"));
            check_every_cut(
                Some("text/event-stream"),
                &format!("data: {json}\n\ndata: {json}\n\n"),
            );
            let part = format!("--b\r\nContent-Type: application/json\r\n\r\n{json}\r\n--b--\r\n");
            check_every_cut(Some("multipart/mixed; boundary=b"), &part);
        }
        let encoded: String = inner.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let form = format!("a=1&{key}={CANARY}&b=2;{key}={CANARY}&payload={encoded}&n={inner}");
        check_every_cut(Some("application/x-www-form-urlencoded"), &form);
        let part = format!(
            "--b\r\nContent-Disposition: form-data; name=\"{key}\"\r\n\r\n{CANARY}\r\n\
             --b\r\nContent-Disposition: form-data; filename=x; name={key}\r\n\r\n{CANARY}\r\n--b--"
        );
        check_every_cut(Some("multipart/form-data; boundary=b"), &part);
        let xml = format!(
            "<e:env><{key} a=\"1\"><x>{CANARY}</x></{key}><u {key}='{CANARY}'/>\
             <add value=\"{CANARY}\" key=\"{key}\"/></e:env>"
        );
        check_every_cut(Some("text/xml"), &xml);
        for text in [
            format!("{key}={CANARY}"),
            format!("{key} = \"{CANARY}\" # x"),
            format!("x\n{key}: {CANARY} {CANARY}\ny"),
            format!("{key}:\n  - {CANARY}\n  - {CANARY}\nx: y"),
            format!("GET https://{CANARY}@h/p?x=1&{key}={CANARY} and Bearer {CANARY}"),
        ] {
            check_every_cut(None, &text);
        }
    }
}

#[test]
fn half_a_token_or_card_never_ends_a_cut_body() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl";
    let card = "4111 1111 1111 1111";
    let bodies = [
        (
            Some("application/json"),
            format!(r#"{{"a":"{jwt}","b":"{card}","c":4111111111111111}}"#),
        ),
        (
            Some("application/x-www-form-urlencoded"),
            format!("a={jwt}&b={card}&c=1"),
        ),
        (
            None,
            format!("see {jwt}, or {card}, or https://h/?x={jwt}&y=4111111111111111"),
        ),
    ];
    let redactor = Redactor::default();
    for (content_type, body) in bodies {
        for cut in 0..=body.len() {
            let out = clean(
                &redactor,
                content_type,
                cut < body.len(),
                &body.as_bytes()[..cut],
            );
            let out = String::from_utf8(out).unwrap();
            assert!(
                !out.contains("eyJhb") && !out.contains("4111"),
                "cut at {cut}: {out}"
            );
        }
    }
}

fn value(random: &mut Rng, depth: u32, planted: &mut usize, plant: bool) -> Value {
    match random.u32(..if depth == 0 { 6 } else { 8 }) {
        0 => Value::Null,
        1 => Value::Bool(random.bool()),
        2 => Value::from(random.i32(..)),
        3 => Value::from(f64::from(random.i32(..)) / 8.0),
        4 | 5 => {
            let letters = ['a', 'é', '"', '\\', '\n', '/', '\u{1f600}', ' ', '\u{1}'];
            Value::from(
                (0..random.usize(..9))
                    .map(|_| letters[random.usize(..9)])
                    .collect::<String>(),
            )
        }
        6 => (0..random.usize(..4))
            .map(|_| value(random, depth - 1, planted, plant))
            .collect(),
        _ => {
            let mut object = Map::new();
            for index in 0..random.usize(..4) {
                if plant && random.u32(..4) == 0 {
                    *planted += 1;
                    object.insert(KEYS[random.usize(..6)].into(), canary(random));
                } else {
                    object.insert(
                        format!("f{index}"),
                        value(random, depth - 1, planted, plant),
                    );
                }
            }
            Value::Object(object)
        }
    }
}

fn canary(random: &mut Rng) -> Value {
    match random.u32(..3) {
        0 => Value::from(CANARY),
        1 => serde_json::json!([CANARY, {"x": CANARY}]),
        _ => serde_json::json!({"y": [[CANARY]], "z": 1}),
    }
}

/// The same structure, apart from values that became the mask.
fn same_structure(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (_, Value::String(mask)) if mask == MASK => true,
        (Value::Array(before), Value::Array(after)) => {
            before.len() == after.len()
                && before
                    .iter()
                    .zip(after)
                    .all(|(before, after)| same_structure(before, after))
        }
        (Value::Object(before), Value::Object(after)) => {
            before.len() == after.len()
                && before.iter().all(|(key, before)| {
                    after
                        .get(key)
                        .is_some_and(|after| same_structure(before, after))
                })
        }
        _ => before == after,
    }
}

#[test]
fn random_json_keeps_its_structure_and_loses_its_canaries() {
    let mut random = Rng::with_seed(42);
    let redactor = Redactor::default();
    let mut all = 0;
    for round in 0..3000 {
        let mut planted = 0;
        let before: Value = (0..4)
            .map(|_| value(&mut random, 5, &mut planted, round % 4 != 0))
            .collect();
        let text = match round % 2 {
            0 => before.to_string(),
            _ => serde_json::to_string_pretty(&before).unwrap(),
        };
        let out = clean(&redactor, Some("application/json"), false, text.as_bytes());
        let after: Value = serde_json::from_slice(&out).unwrap();
        assert!(!leaks(&out), "{text}");
        assert!(same_structure(&before, &after), "{before}\n{after}");
        assert_eq!(out == text.as_bytes(), planted == 0, "{text}");
        all += planted;
        for _ in 0..4 {
            let cut = random.usize(..=text.len());
            let out = clean(
                &redactor,
                Some("application/json"),
                true,
                &text.as_bytes()[..cut],
            );
            assert!(
                !leaks(&out) && !out.starts_with(MASK.as_bytes()),
                "cut at {cut}: {text}"
            );
        }
    }
    assert!(all > 500, "only {all} canaries were planted");
}

#[test]
fn any_bytes_can_be_cleaned_as_any_type() {
    const TYPES: [Option<&str>; 7] = [
        None,
        Some("application/json"),
        Some("application/x-ndjson"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=b"),
        Some("text/event-stream"),
        Some("text/xml"),
    ];
    const PIECES: [&str; 30] = [
        "\"",
        "'",
        "\\",
        "{",
        "}",
        "[",
        "]",
        ":",
        "=",
        "://",
        "&",
        ";",
        "%",
        "%61",
        "eyJ",
        ".",
        "4111111111111111",
        "password",
        "token",
        "tokens",
        " ",
        "\r\n",
        "--b",
        "<",
        ">",
        "/",
        "@",
        "Bearer ",
        "&quot;",
        "é",
    ];
    let mut random = Rng::with_seed(7);
    let redactor = Redactor::default();
    for _ in 0..20_000 {
        let mut body = Vec::new();
        for _ in 0..random.usize(..24) {
            if random.u32(..12) == 0 {
                body.push(random.u8(..));
            } else {
                body.extend_from_slice(PIECES[random.usize(..PIECES.len())].as_bytes());
            }
        }
        for content_type in TYPES {
            clean(&redactor, content_type, random.bool(), &body);
        }
        redactor.url(&body, &mut Vec::new());
        redactor.header("x-any", &body, &mut Vec::new());
        redactor.header("link", &body, &mut Vec::new());
    }
}

/// The only measure here by time, with a bound that is far from noise: quadratic work on these inputs
/// would take minutes, linear work takes a fraction of a second each.
#[test]
fn hostile_bodies_are_cleaned_in_linear_time() {
    let pieces = [
        "eyJ",
        "eyJhbGciOiJub25lIn0.",
        "4 ",
        "4111111111111111 ",
        "4",
        "\"",
        "\":",
        "=",
        "a=",
        "token=",
        "tokens=\"",
        "password:\n",
        "<",
        "<a ",
        "<token ",
        "<token>",
        "<token/>",
        "<!--",
        "<token><!--",
        "bearer ",
        "basic ",
        "://",
        "http://",
        "http://a@",
        "http://a?b=",
        "?x=http://",
        "%25",
        "&quot;:",
        "{",
        "[",
        "{\"a\":",
        "\\",
        "\\\"",
        "\"\\u0061\",",
        "--b\r\n",
        "\r\n",
        "data:",
        "data: {\n",
        "&",
        ";",
        "a:b",
        "tokens:\n\n",
        "=%25",
        "a=%253D",
        "a=%2Fb%3D",
        "%00\0",
    ];
    let once = |text: &str| -> String { text.bytes().map(|b| format!("%{b:02x}")).collect() };
    let nested =
        |levels| (0..levels).fold("a=%25b&u=http://h?q=".repeat(20), |text, _| once(&text));
    let levels: Vec<String> = (1..6).map(nested).collect();
    let pieces = pieces.into_iter().chain(levels.iter().map(String::as_str));
    let redactor = Redactor::default();
    let begin = std::time::Instant::now();
    for piece in pieces {
        let body = piece.repeat(1 + 100_000 / piece.len());
        for content_type in [
            None,
            Some("application/json"),
            Some("application/x-www-form-urlencoded"),
            Some("multipart/form-data; boundary=b"),
            Some("text/event-stream"),
        ] {
            for truncated in [false, true] {
                clean(&redactor, content_type, truncated, body.as_bytes());
            }
        }
        redactor.url(body.as_bytes(), &mut Vec::new());
        redactor.header("link", body.as_bytes(), &mut Vec::new());
        assert!(begin.elapsed().as_secs() < 60, "{piece:?} took too long");
    }
}
