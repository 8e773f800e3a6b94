//! Bodies by content type.

use super::super::{BodyContext, BodyVerdict, RedactionRules, Redactor, Side};
use BodyVerdict::{Cleaned, MaskedWhole, Unchanged};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

fn clean(content_type: &str, truncated: bool, text: &[u8]) -> (BodyVerdict, String) {
    let context = BodyContext::new(Side::Request)
        .content_type((!content_type.is_empty()).then_some(content_type))
        .truncated(truncated);
    let mut out = Vec::new();
    let verdict = Redactor::default().body(context, text, &mut out);
    if verdict == Unchanged {
        assert!(out.is_empty());
        out = text.to_vec();
    }
    (verdict, String::from_utf8_lossy(&out).into_owned())
}

fn check(content_type: &str, truncated: bool, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let (verdict, cleaned) = clean(content_type, truncated, text.as_bytes());
        assert_eq!(cleaned, *expected, "{content_type}: {text}");
        assert_eq!(
            verdict == Unchanged,
            text == expected,
            "{content_type}: {text}"
        );
    }
}

#[test]
fn json_values_of_any_type_are_masked_by_their_keys() {
    check(
        JSON,
        false,
        &[
            ("", ""),
            ("{}", "{}"),
            (
                " [1, 2.5e3, true, null, \"x\"] ",
                " [1, 2.5e3, true, null, \"x\"] ",
            ),
            (
                r#"{"password" : "x", "a":1}"#,
                r#"{"password" : "[redacted]", "a":1}"#,
            ),
            (r#"{"pin":1234,"b":2}"#, r#"{"pin":"[redacted]","b":2}"#),
            (r#"{"secret":true}"#, r#"{"secret":"[redacted]"}"#),
            (
                r#"{"secret":null,"token":""}"#,
                r#"{"secret":null,"token":""}"#,
            ),
            (
                r#"{"secret":{"a":[1,{"b":2}]},"c":3}"#,
                r#"{"secret":"[redacted]","c":3}"#,
            ),
            (
                r#"{"tokens":["a","b"]}"#,
                r#"{"tokens":["[redacted]","[redacted]"]}"#,
            ),
            (
                r#"{"tokens":{"used":5,"k":"v"}}"#,
                r#"{"tokens":{"used":5,"k":"[redacted]"}}"#,
            ),
            (
                r#"{"usage":{"total_tokens":17}}"#,
                r#"{"usage":{"total_tokens":17}}"#,
            ),
            // A card's number as a key, all of it in escapes.
            (
                r#"{"\u0034\u0032\u0034\u0032\u0034\u0032\u0034\u0032\u0034\u0032\u0034\u0032\u0034\u0032\u0034\u0032":1}"#,
                r#"{"[redacted]":1}"#,
            ),
            (
                r#"{"p\u0061ssword":"x"}"#,
                r#"{"p\u0061ssword":"[redacted]"}"#,
            ),
            (
                r#"{"a":[{"apiKey":"x"}]}"#,
                r#"{"a":[{"apiKey":"[redacted]"}]}"#,
            ),
            (r#"{"n":4111111111111111}"#, r#"{"n":"[redacted]"}"#),
            (
                r#"{"n":"a 4111-1111-1111-1111"}"#,
                r#"{"n":"a [redacted]"}"#,
            ),
            (r#"{"n":"\u0034111111111111111"}"#, r#"{"n":"[redacted]"}"#),
            (
                r#"{"n":"eyJhbGciOiJub25lIn0.e30."}"#,
                r#"{"n":"[redacted]"}"#,
            ),
            (
                r#"{"u":"https://u:p@h/x"}"#,
                r#"{"u":"https://[redacted]@h/x"}"#,
            ),
            (r#"{"h":"Bearer abc"}"#, r#"{"h":"Bearer [redacted]"}"#),
            (r#"{"b":"{\"password\":\"x\"}"}"#, r#"{"b":"[redacted]"}"#),
            (r#"{"b":"{\"a\":\"x\"}"}"#, r#"{"b":"{\"a\":\"x\"}"}"#),
            (
                r#"{"b":"{\"b\":\"{\\\"pwd\\\":1}\"}"}"#,
                r#"{"b":"[redacted]"}"#,
            ),
            ("{\"t\":\"line\\nline\"}", "{\"t\":\"line\\nline\"}"),
            ("\u{feff}{\"a\":1}", "\u{feff}{\"a\":1}"),
        ],
    );
}

#[test]
fn what_is_not_json_is_masked_whole() {
    let deep = "[".repeat(300) + &"]".repeat(300);
    let cases = [
        "{",
        "}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "[1,]",
        "[1 2]",
        "{a:1}",
        "tru",
        "nul",
        "01",
        "1.",
        "-",
        "+1",
        ".5",
        "1e",
        "\"a",
        "\"\\x\"",
        "\"\n\"",
        "{\"\0:\"some value\", \"more\":1}",
        "{\"a\":1}}",
        "{} {}",
        "abc",
        "{\"a\":1}\u{1e}",
        "[1}",
        "{\"a\":1]",
        "'a'",
        "NaN",
        &deep,
    ];
    for text in cases {
        assert_eq!(clean(JSON, false, text.as_bytes()).0, MaskedWhole, "{text}");
    }
    assert_eq!(clean(JSON, false, b"\"\xff\"").0, MaskedWhole);
    let deep = "[".repeat(256) + &"]".repeat(256);
    assert_eq!(clean(JSON, false, deep.as_bytes()).0, Unchanged);
}

#[test]
fn cut_json_keeps_its_whole_tokens() {
    check(
        JSON,
        true,
        &[
            (r#"{"a":"x","b":"y"#, r#"{"a":"x","b":"#),
            (r#"{"a":12"#, r#"{"a":"#),
            ("411111", ""),
            (r#"{"a":tr"#, r#"{"a":"#),
            (r#"{"a":1,"pass"#, r#"{"a":1,"#),
            (r#"{"secret":{"a":"b","#, r#"{"secret":"[redacted]""#),
            (r#"{"password":"ab"#, r#"{"password":"#),
            (r#"{"a":"x\u00"#, r#"{"a":"#),
            (r#"{"a":1}"#, r#"{"a":1}"#),
            (r#"{"a":1,,"#, "[redacted]"),
            ("{a", "[redacted]"),
        ],
    );
    assert_eq!(clean(JSON, true, b"{\"a\":\"x\xe2\x82").1, "{\"a\":");
    assert_eq!(clean(JSON, true, b"{\"a\":1\xe2\x82").0, MaskedWhole);
}

#[test]
fn json_sequences_are_cleaned_document_by_document() {
    check(
        "application/x-ndjson",
        false,
        &[
            (
                "{\"a\":1}\n\n{\"pwd\":\"x\"}\n",
                "{\"a\":1}\n\n{\"pwd\":\"[redacted]\"}\n",
            ),
            (
                "\u{1e}{\"a\":1}\n\u{1e}{\"b\":2}\n",
                "\u{1e}{\"a\":1}\n\u{1e}{\"b\":2}\n",
            ),
            ("{\"a\":1}\nnonsense\n", "[redacted]"),
        ],
    );
}

#[test]
fn forms_are_cleaned_by_decoded_keys() {
    check(
        FORM,
        false,
        &[
            ("a=1&b=2", "a=1&b=2"),
            ("user=ann&p%61ssword=x+y", "user=ann&p%61ssword=[redacted]"),
            ("%=x&a=1", "[redacted]&a=1"),
            (
                "payload=%7B%22token%22%3A1%7D&a=1",
                "payload=[redacted]&a=1",
            ),
            (
                "{\"password\":\"x\",\"a\":1}",
                "{\"password\":\"[redacted]\",\"a\":1}",
            ),
        ],
    );
    check(
        FORM,
        true,
        &[
            ("a=1&b=4111", "a=1"),
            ("b=4111", ""),
            ("token=x&", "token=[redacted]"),
        ],
    );
}

#[test]
fn text_is_searched_for_assignments_urls_schemes_and_patterns() {
    check(
        "text/plain",
        false,
        &[
            (
                "nothing: to see = here, 12:30 <b>bold</b>",
                "nothing: to see = here, 12:30 <b>bold</b>",
            ),
            ("password=hunter2 next", "password=[redacted] next"),
            ("password = hunter2\nnext", "password = [redacted]\nnext"),
            (
                "Password: correct horse\nnext: x",
                "Password: [redacted]\nnext: x",
            ),
            (
                "Authorization: Bearer abc def\r\nHost: h",
                "Authorization: [redacted]\r\nHost: h",
            ),
            (
                "now this is the token: abc, def",
                "now this is the token: [redacted] def",
            ),
            (
                "'password' => 'a b', 'x' => 1",
                "'password' => '[redacted]', 'x' => 1",
            ),
            (
                "x={\"password\": \"a\\\"b\", \"c\": 1}",
                "x={\"password\": \"[redacted]\", \"c\": 1}",
            ),
            (
                "x={\\\"password\\\":\\\"ab\\\",\\\"c\\\":1}",
                "x={\\\"password\\\":\\\"[redacted]\\\",\\\"c\\\":1}",
            ),
            (
                "&quot;token&quot;:&quot;ab&quot;,",
                "&quot;token&quot;:&quot;[redacted]&quot;,",
            ),
            ("secrets:\n  a: b\n  c: d\nx: 1", "secrets:[redacted]\nx: 1"),
            ("card number: 12\nx", "card number: [redacted]\nx"),
            (
                "see https://u:p@h/a?b=1 now",
                "see https://[redacted]@h/a?b=1 now",
            ),
            (
                "see https://h/a?token=b&c=1 now",
                "see https://h/a?token=[redacted]&c=1 now",
            ),
            ("use Basic dXNlcjpwYXNz ok", "use Basic [redacted] ok"),
            (
                "the Basic plan, a bearer token",
                "the Basic plan, a bearer token",
            ),
            ("curl -H 'X: bearer abc'", "curl -H 'X: bearer [redacted]'"),
            ("{\"password\":\"x\"}", "{\"password\":\"[redacted]\"}"),
            (
                "{\"password\":{\"x\":[1]},oops",
                "{\"password\":[redacted],oops",
            ),
            ("{\"pin\": 123, oops", "{\"pin\": [redacted], oops"),
            ("max_tokens: 5", "max_tokens: 5"),
            ("a 4111 1111 1111 1111 b", "a [redacted] b"),
        ],
    );
}

#[test]
fn elements_are_masked_by_their_names() {
    check(
        "application/xml",
        false,
        &[
            (
                "<a><password>x</password><b>y</b></a>",
                "<a><password>[redacted]</password><b>y</b></a>",
            ),
            (
                "<ns:Password a='1'>x</ns:Password >",
                "<ns:Password a='[redacted]'>[redacted]</ns:Password >",
            ),
            (
                "<secret><![CDATA[</secret>x]]></secret>y",
                "<secret>[redacted]</secret>y",
            ),
            (
                "<secret><!-- </secret> -->x</secret>y",
                "<secret>[redacted]</secret>y",
            ),
            (
                "<secret><secret>a</secret>b</secret>y",
                "<secret>[redacted]</secret>y",
            ),
            ("<secret/><b>y</b>", "<secret/><b>y</b>"),
            ("<secret></secret>", "<secret></secret>"),
            ("<token>x", "<token>[redacted]"),
            (
                "<user password=\"x\" id=\"1\"/>",
                "<user password=\"[redacted]\" id=\"1\"/>",
            ),
            (
                "<add key=\"password\" value=\"x\"/>",
                "<add key=\"password\" value=\"[redacted]\"/>",
            ),
            (
                "<add value=\"x\" key=\"password\"/>",
                "<add value=\"[redacted]\" key=\"password\"/>",
            ),
            (
                "<p name=\"password\">x</p>y",
                "<p name=\"password\">[redacted]</p>y",
            ),
            (
                "<input type=\"password\" value=\"x\">y",
                "<input type=\"password\" value=\"[redacted]\">y",
            ),
        ],
    );
}

#[test]
fn cut_text_ends_before_what_may_be_half_a_secret() {
    check(
        "",
        true,
        &[
            ("plain words", "plain words"),
            ("card 4111 11", "card [redacted]"),
            ("jwt eyJhbG", "jwt [redacted]"),
            ("jwt eyJhbGciOiJIUzI1NiJ9.eyJz", "jwt [redacted]"),
            ("see https://user:pa", "see https://[redacted]"),
            ("use Basic dXN", "use Basic [redacted]"),
            ("<a value=\"x", "[redacted]"),
            ("max_tokens=12", "max_tokens=[redacted]"),
        ],
    );
}

#[test]
fn event_streams_are_cleaned_event_by_event() {
    check(
        "text/event-stream",
        false,
        &[
            (
                "event: a\ndata: {\"a\":1}\n\n",
                "event: a\ndata: {\"a\":1}\n\n",
            ),
            (
                "data: {\"token\":\"x\"}\r\n\r\ndata: b\r\n\r\n",
                "data: {\"token\":\"[redacted]\"}\r\n\r\ndata: b\r\n\r\n",
            ),
            (
                "data: {\"token\":\ndata: \"x\"}\n\ndata: b\n",
                "data: [redacted]\ndata: [redacted]\n\ndata: b\n",
            ),
            ("data: [DONE]\n\n", "data: [DONE]\n\n"),
        ],
    );
}

#[test]
fn multipart_parts_are_masked_by_name_and_cleaned_by_type() {
    let body = |parts: &[&str]| {
        parts
            .iter()
            .map(|part| format!("--B\r\n{part}\r\n"))
            .collect::<String>()
            + "--B--\r\n"
    };
    let plain = "Content-Disposition: form-data; name=\"a\"\r\n\r\nhello";
    let cases = [
        (plain, plain),
        (
            "Content-Disposition: form-data; name=\"password\"\r\n\r\nhunter2",
            "Content-Disposition: form-data; name=\"password\"\r\n\r\n[redacted]",
        ),
        (
            "Content-Disposition: form-data; name*=utf-8''pass%77ord\r\n\r\nhunter2",
            "Content-Disposition: form-data; name*=utf-8''pass%77ord\r\n\r\n[redacted]",
        ),
        (
            "Content-Disposition: form-data; name=\"j\"\r\nContent-Type: application/json\r\n\r\n{\"pwd\":\"x\"}",
            "Content-Disposition: form-data; name=\"j\"\r\nContent-Type: application/json\r\n\r\n{\"pwd\":\"[redacted]\"}",
        ),
        (
            "Content-Disposition: form-data; name=\"j\"\r\nContent-Type: application/json\r\n\r\n{oops",
            "Content-Disposition: form-data; name=\"j\"\r\nContent-Type: application/json\r\n\r\n[redacted]",
        ),
        (
            "Content-Disposition: form-data; name=\"j\"\r\nContent-Transfer-Encoding: base64\r\n\r\nabcd",
            "Content-Disposition: form-data; name=\"j\"\r\nContent-Transfer-Encoding: base64\r\n\r\n[redacted]",
        ),
        (
            "X-Auth: x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb",
            "X-Auth: [redacted]\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb",
        ),
        (
            "Content-Disposition: form-data\r\n\r\nb",
            "Content-Disposition: form-data\r\n\r\n[redacted]",
        ),
    ];
    let typed = "multipart/form-data; boundary=\"B\"";
    for (part, expected) in cases {
        check(
            typed,
            false,
            &[(
                &body(&[plain, part, plain]),
                &body(&[plain, expected, plain]),
            )],
        );
    }
    for broken in ["", "multipart/form-data", "multipart/form-data; boundary=C"] {
        let typed = if broken.is_empty() {
            "multipart/form-data; boundary="
        } else {
            broken
        };
        assert_eq!(
            clean(typed, false, body(&[plain]).as_bytes()).0,
            MaskedWhole,
            "{broken}"
        );
    }
    for broken in [
        "--B\r\nno colon\r\n\r\nx\r\n--B--",
        "--B\r\n\r\nx",
        "--Bx\r\n\r\nx\r\n--B--",
    ] {
        assert_eq!(
            clean(typed, false, broken.as_bytes()).0,
            MaskedWhole,
            "{broken}"
        );
    }
    check(
        typed,
        true,
        &[
            ("--B\r\nContent-Dispo", "--B\r\n"),
            (
                &format!("--B\r\n{plain}\r\n--"),
                &format!("--B\r\n{plain}\r\n--"),
            ),
        ],
    );
}

#[test]
fn the_callback_has_the_last_word() {
    let context = BodyContext::new(Side::Response)
        .content_type(Some(JSON))
        .url(Some("/u"));
    let redactor = Redactor::new(RedactionRules::new().callback(|context, mut body| {
        assert_eq!((context.side, context.url), (Side::Response, Some("/u")));
        body.push(b'!');
        body
    }));
    for (text, expected, verdict) in [
        ("{\"a\":1}", "{\"a\":1}!", Cleaned),
        ("{\"pwd\":1}", "{\"pwd\":\"[redacted]\"}!", Cleaned),
        ("oops", "[redacted]", MaskedWhole),
    ] {
        let mut out = Vec::new();
        assert_eq!(
            redactor.body(context, text.as_bytes(), &mut out),
            verdict,
            "{text}"
        );
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}

#[test]
fn a_callback_that_panics_masks_the_body_whole() {
    let rules = RedactionRules::new().callback(|_, _| std::panic::resume_unwind(Box::new("no")));
    let mut out = b"> ".to_vec();
    let verdict = Redactor::new(rules).body(BodyContext::new(Side::Request), b"x", &mut out);
    assert_eq!(
        (verdict, out.as_slice()),
        (MaskedWhole, &b"> [redacted]"[..])
    );
}
