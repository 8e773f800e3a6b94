//! The redactor: a secret that is planted among whatever bytes never comes out, what was JSON stays
//! JSON, and what was cleaned is clean.

#![no_main]

use libfuzzer_sys::fuzz_target;
use runscope_core::redact::{BodyContext, BodyVerdict, Redactor, Side};
use serde_json::{Map, Value};
use std::sync::LazyLock;

static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::default);

/// No coding makes parts of it out of other bytes: no escape and no hexadecimal has these letters.
const CANARY: &str = "kwzypqvj";

const TYPES: [Option<&str>; 12] = [
    Some("application/json"),
    Some("application/x-ndjson"),
    Some("application/x-www-form-urlencoded"),
    Some("multipart/form-data; boundary=b"),
    Some("multipart/mixed; boundary=\"b\""),
    Some("text/event-stream"),
    Some("text/xml"),
    Some("text/plain; charset=utf-8"),
    Some("text/html"),
    Some("image/png"),
    Some(""),
    None,
];

const KEYS: [&str; 6] = [
    "password",
    "apiKey",
    "X-Auth-Token",
    "client_secret",
    "PHPSESSID",
    "cvv",
];

// The first two bytes choose the content type, whether the body was cut, and the secret's name.
fuzz_target!(|input: &[u8]| {
    let [first, second, bytes @ ..] = input else {
        return;
    };
    let holds_canary = shows_canary(bytes);
    let content_type = TYPES[usize::from(*first) % TYPES.len()];
    let is_cut = first & 0x80 != 0;
    let key = KEYS[usize::from(*second) % KEYS.len()];
    body_is_clean(content_type, is_cut, bytes);
    heads_are_clean(bytes);
    if !holds_canary {
        planted_in_json(key, bytes);
        planted_in_forms(key, bytes);
        planted_in_heads(key, bytes);
    }
});

fn clean(content_type: Option<&str>, is_cut: bool, body: &[u8]) -> (BodyVerdict, Vec<u8>) {
    let context = BodyContext::new(Side::Response)
        .content_type(content_type)
        .truncated(is_cut);
    let mut out = Vec::new();
    let verdict = REDACTOR.body(context, body, &mut out);
    match verdict {
        BodyVerdict::Unchanged => {
            assert!(
                out.is_empty(),
                "nothing is written where nothing is changed"
            );
            (verdict, body.to_vec())
        }
        _ => (verdict, out),
    }
}

fn body_is_clean(content_type: Option<&str>, is_cut: bool, body: &[u8]) {
    let (verdict, once) = clean(content_type, is_cut, body);
    if verdict == BodyVerdict::MaskedWhole {
        assert_eq!(once, b"[redacted]");
        return;
    }
    if content_type == TYPES[0] && !is_cut && serde_json::from_slice::<Value>(body).is_ok() {
        let parses = serde_json::from_slice::<Value>(&once).is_ok();
        assert!(parses, "{}", once.escape_ascii());
    }
    // Text is judged by its looks, and a mask may change them; the others have a grammar. Of what was
    // cut the end is dropped, each time.
    if is_cut || !TYPES[..3].contains(&content_type) {
        return;
    }
    // It may look as if it could not be judged any more, but never as if a secret were left.
    let (verdict, twice) = clean(content_type, is_cut, &once);
    assert!(
        verdict == BodyVerdict::MaskedWhole || twice == once,
        "{content_type:?}: {} is cleaned again: {}",
        once.escape_ascii(),
        twice.escape_ascii()
    );
}

fn heads_are_clean(bytes: &[u8]) {
    let mut once = Vec::new();
    let edited = REDACTOR.url(bytes, &mut once);
    assert!(edited || once == bytes);
    let mut once = Vec::new();
    let edited = REDACTOR.header("x-anything", bytes, &mut once);
    assert!(edited || once == bytes);
}

/// Replaces one value of an object, or adds a member.
fn planted_in_json(key: &str, bytes: &[u8]) {
    let Ok(mut value) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    plant(&mut value, key);
    let body = value.to_string();
    for content_type in [TYPES[0], TYPES[1], TYPES[7], None] {
        assert_no_canary(content_type, body.as_bytes());
    }
    let quoted = Value::from(body).to_string();
    assert_no_canary(TYPES[0], format!(r#"{{"inner":{quoted}}}"#).as_bytes());
}

/// Puts the canary into the innermost first object, or an object round what is none.
fn plant(value: &mut Value, key: &str) {
    let secret = |inner: Value| {
        Map::from_iter([
            (key.to_owned(), Value::from(CANARY)),
            ("x".to_owned(), inner),
        ])
    };
    match value {
        Value::Object(members) => match members.values_mut().find(|it| it.is_object()) {
            Some(inner) => plant(inner, key),
            None => drop(members.insert(key.to_owned(), serde_json::json!([{"y": CANARY}]))),
        },
        Value::Array(elements) => match elements.first_mut() {
            Some(inner) => plant(inner, key),
            None => elements.push(secret(Value::Null).into()),
        },
        other => *other = secret(other.take()).into(),
    }
}

fn planted_in_forms(key: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("a", &text)
        .append_pair(key, CANARY)
        .append_pair(&text, "b");
    let form = form.finish();
    assert_no_canary(TYPES[2], form.as_bytes());
    // A boundary in the bytes would end the part.
    if !bytes.windows(2).any(|it| it == b"--") {
        let mut parts = b"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n".to_vec();
        parts.extend_from_slice(bytes);
        let part = format!(
            "\r\n--b\r\nContent-Disposition: form-data; name=\"{key}\"\r\n\r\n{CANARY}\r\n--b--\r\n"
        );
        parts.extend_from_slice(part.as_bytes());
        assert_no_canary(TYPES[3], &parts);
    }
}

fn planted_in_heads(key: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut url = format!("https://h/{}?", text.replace(['?', '#'], ""));
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair(&text, &text)
        .append_pair(key, CANARY)
        .finish();
    url.push_str(&query);
    let mut out = Vec::new();
    assert!(REDACTOR.url(url.as_bytes(), &mut out));
    assert_clean(&out, url.as_bytes());
    for name in ["authorization", "cookie", "x-api-key"] {
        let mut value = bytes.to_vec();
        value.extend_from_slice(b" ");
        value.extend_from_slice(CANARY.as_bytes());
        let mut out = Vec::new();
        REDACTOR.header(name, &value, &mut out);
        assert_clean(&out, &value);
    }
}

fn assert_no_canary(content_type: Option<&str>, body: &[u8]) {
    let (_, out) = clean(content_type, false, body);
    assert_clean(&out, body);
    // Wherever the body was cut, half of a secret does not end it.
    let middle = body
        .windows(CANARY.len())
        .position(|it| it == CANARY.as_bytes());
    if let Some(at) = middle {
        let (_, out) = clean(content_type, true, &body[..at + CANARY.len() / 2]);
        assert_clean(&out, body);
    }
}

#[track_caller]
fn assert_clean(out: &[u8], from: &[u8]) {
    assert!(
        !shows_canary(out),
        "{}\nof {}",
        out.escape_ascii(),
        from.escape_ascii()
    );
}

/// Any three letters of it count.
fn shows_canary(bytes: &[u8]) -> bool {
    let mut parts = bytes.windows(3);
    parts.any(|it| matches!(it, b"kwz" | b"wzy" | b"zyp" | b"ypq" | b"pqv" | b"qvj"))
}
