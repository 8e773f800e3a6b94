//! Headers, URLs and form fields.

use super::super::{RedactionRules, Redactor};

const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";

fn url(text: &str) -> String {
    let mut out = b"GET ".to_vec();
    let masked = Redactor::default().url(text.as_bytes(), &mut out);
    let cleaned = String::from_utf8(out.split_off(4)).unwrap();
    assert_eq!(out, b"GET ", "what the caller wrote is kept");
    assert_eq!(masked, cleaned != text, "{text}");
    cleaned
}

#[test]
fn urls_lose_userinfo_and_secret_parameters_and_keep_the_rest() {
    let jwt_query = format!("/p?a={JWT}&b=2");
    let cases = [
        ("", ""),
        ("/", "/"),
        ("*", "*"),
        ("/items?page=2&sort=name", "/items?page=2&sort=name"),
        (
            "https://h.example:8443/a//b?x=%20&y=&z#top",
            "https://h.example:8443/a//b?x=%20&y=&z#top",
        ),
        ("https://user:pw@h/p", "https://[redacted]@h/p"),
        ("https://tok@h", "https://[redacted]@h"),
        ("https://a:b@c@h/p", "https://[redacted]@h/p"),
        ("HTTPS:\\\\u:p@h/", "HTTPS:\\\\[redacted]@h/"),
        ("//u:p@h/x", "//[redacted]@h/x"),
        ("u:p@h:443", "[redacted]@h:443"),
        ("mailto:someone@h", "mailto:someone@h"),
        ("/users/@me", "/users/@me"),
        ("/p?token=abc&x=1", "/p?token=[redacted]&x=1"),
        ("/p?x=1&p%61ssword=abc", "/p?x=1&p%61ssword=[redacted]"),
        ("/p?pass%2577ord=abc", "/p?pass%2577ord=[redacted]"),
        ("/p?api+key=abc", "/p?api+key=[redacted]"),
        ("/p?user[password]=abc", "/p?user[password]=[redacted]"),
        (
            "/p?user%5Bpassword%5D=abc&y",
            "/p?user%5Bpassword%5D=[redacted]&y",
        ),
        ("/p?%zz=abc&y=1", "/p?[redacted]&y=1"),
        ("/p?token=&x=1", "/p?token=&x=1"),
        ("/p?a=1;token=abc;b=2&c=3", "/p?a=1;token=[redacted]&c=3"),
        ("/p?token=ab;cd&c=3", "/p?token=[redacted]&c=3"),
        ("/p?code=abc&state=s", "/p?code=[redacted]&state=s"),
        (
            "/cart;jsessionid=ABC/items?x=1",
            "/cart;jsessionid=[redacted]/items?x=1",
        ),
        (
            "/cb#access_token=abc&state=1",
            "/cb#access_token=[redacted]&state=1",
        ),
        ("/#/route?token=abc", "/#/route?token=[redacted]"),
        ("/p?c=4111+1111+1111+1111", "/p?c=[redacted]"),
        ("/p?c=4111%201111%201111%201111&d", "/p?c=[redacted]&d"),
        ("/p/4111111111111111/x", "/p/[redacted]/x"),
        (
            "/p?next=https%3A%2F%2Fh%2F%3Ftoken%3Dabc",
            "/p?next=[redacted]",
        ),
        (
            "/p?next=https%3A%2F%2Fh%2F%3Fpage%3D2",
            "/p?next=https%3A%2F%2Fh%2F%3Fpage%3D2",
        ),
        (
            "/p?next=%2Fcb%3Fr%3D%252Fx%253Ftoken%253Dabc&y=1",
            "/p?next=[redacted]&y=1",
        ),
        (
            "/p?next=%2Fcb%3Fr%3D%252Fx%253Fpage%253D2",
            "/p?next=%2Fcb%3Fr%3D%252Fx%253Fpage%253D2",
        ),
        ("/p?x=%2525252525252561&y=1", "/p?x=[redacted]&y=1"),
        ("/p?%2525252561=1&y=1", "/p?[redacted]&y=1"),
        ("/p?off=50%25&y=1", "/p?off=50%25&y=1"),
        ("/get/https%3A%2F%2Fu%3Ap%40h%2F/x", "/get/[redacted]/x"),
        ("/get/a%20b/x", "/get/a%20b/x"),
        ("/p?f=%7B%22password%22%3A%22x%22%7D", "/p?f=[redacted]"),
        ("/p?max_tokens=5&t=1", "/p?max_tokens=5&t=1"),
        ("/p?max_tokens=abc", "/p?max_tokens=[redacted]"),
        (&jwt_query, "/p?a=[redacted]&b=2"),
    ];
    for (text, expected) in cases {
        assert_eq!(url(text), expected, "{text}");
    }
}

#[test]
fn headers_are_cleaned_by_name_by_syntax_and_by_pattern() {
    let with_jwt = format!("v={JWT}; x");
    let cases = [
        ("Authorization", "Bearer abc", "[redacted]"),
        ("cookie", "a=b; c=d", "[redacted]"),
        ("cookie", "", ""),
        (
            "referer",
            "https://u:p@h/?token=x&y=1",
            "https://[redacted]@h/?token=[redacted]&y=1",
        ),
        (
            "location",
            "/cb?code=abc&state=1",
            "/cb?code=[redacted]&state=1",
        ),
        ("x-original-url", "/p?sig=abc", "/p?sig=[redacted]"),
        (
            "link",
            "</p?token=a&x=1>; rel=next, </q?sid=2>",
            "</p?token=[redacted]&x=1>; rel=next, </q?sid=[redacted]>",
        ),
        ("x-trace", &with_jwt, "v=[redacted]; x"),
        ("x-note", "Bearer abc", "Bearer [redacted]"),
        ("x-note", "card 4111111111111111", "card [redacted]"),
        ("x-note", "password=hunter2", "password=[redacted]"),
        ("content-length", "4111111111111111", "4111111111111111"),
        (
            "date",
            "Tue, 15 Nov 1994 08:12:31 GMT",
            "Tue, 15 Nov 1994 08:12:31 GMT",
        ),
        ("sessions-count", "5", "5"),
        ("sessions-count", "abc", "[redacted]"),
        (
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101",
            "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101",
        ),
        ("accept", "*/*", "*/*"),
    ];
    let redactor = Redactor::default();
    for (name, value, expected) in cases {
        let mut out = Vec::new();
        let masked = redactor.header(name, value.as_bytes(), &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), expected, "{name}: {value}");
        assert_eq!(masked, value != expected, "{name}: {value}");
    }
}

#[test]
fn bytes_that_are_no_text_survive() {
    let value: Vec<u8> = (0..=255).collect();
    for name in ["x-bytes", "x-some-url", "link", "accept"] {
        let mut out = Vec::new();
        Redactor::default().header(name, &value, &mut out);
        assert_eq!(out, value, "{name}");
    }
}

#[test]
fn fields_are_masked_by_name_and_by_value() {
    let redactor = Redactor::default();
    let cases = [
        ("password", "x", "[redacted]"),
        ("password", "", ""),
        ("name", "Ann", "Ann"),
        ("payload", r#"{"password":"x"}"#, "[redacted]"),
        ("next", "https://h/?token=x", "[redacted]"),
        ("max_tokens", "16", "16"),
    ];
    for (name, value, expected) in cases {
        assert_eq!(redactor.field(name, value), expected, "{name}={value}");
    }
}

#[test]
fn a_field_that_was_cut_ends_in_no_half_of_a_secret() {
    let redactor = Redactor::default();
    for (value, expected) in [
        ("see eyJhbGciOiJIUzI1NiJ9", "[redacted]"),
        ("paid by 4111 1111 11", "[redacted]"),
        ("nothing of interest her", "nothing of interest her"),
    ] {
        assert_eq!(redactor.field("note", value), value);
        assert_eq!(redactor.cut_field("note", value), expected, "{value}");
    }
}

#[test]
fn switched_off_nothing_is_masked_and_without_patterns_only_names_are() {
    let mut out = Vec::new();
    let off = Redactor::new(RedactionRules::new().enabled(false));
    assert!(!off.header("authorization", b"abc", &mut out));
    assert!(!off.url(b"/?token=abc", &mut out));
    assert_eq!(out, b"abc/?token=abc");

    let names = Redactor::new(RedactionRules::new().patterns(false));
    out.clear();
    assert!(!names.header("x-note", b"4111111111111111", &mut out));
    assert!(names.header("authorization", b"abc", &mut out));
}
