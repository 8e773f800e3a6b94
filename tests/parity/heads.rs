//! Methods, targets, headers, routes, and who calls.

use super::case::{Case, get, request};
use super::difference::Difference;
use super::message::{all, at, bare, text, unmatched};
use crate::apps::{Framework, Placement};
use serde_json::{Value, json};

pub fn cases() -> Vec<Case> {
    [methods(), targets(), headers(), routes(), callers()]
        .into_iter()
        .flatten()
        .collect()
}

/// axum's header map keeps the order in which names first came, that of actix-web does not.
pub fn check_order() {
    let names = ["x-c", "x-a", "x-e", "x-b", "x-d", "x-f"];
    let headers = names.map(|name| (name, &b"1"[..]));
    let case = Case::new(
        "headers in an order",
        request("GET /hello", &headers, b""),
        json!({}),
    );
    for framework in Framework::BOTH {
        let messages = case.run(framework);
        let headers = &messages[0].request.as_ref().expect("a request").headers;
        let mut shown: Vec<_> = headers.iter().map(|(name, _)| name).collect();
        let mut expected = [&["host"], &names[..]].concat();
        if framework == Framework::Actix {
            shown.sort_unstable();
            expected.sort_unstable();
        }
        assert_eq!(shown, expected, "{framework}");
    }
}

fn methods() -> Vec<Case> {
    let no_body = json!({
        "request": {"method": "HEAD"},
        "response": {"body": null},
        "context": {"response_body": {"size": 0, "state": "empty"}},
    });
    let of_server = all([unmatched("/"), json!({"request": {"method": "OPTIONS"}})]);
    let mut cases = vec![
        Case::new("a plain GET", get("/hello"), json!({})),
        Case::new("a HEAD", request("HEAD /hello", &[], b""), no_body),
        Case::new(
            "OPTIONS of the server itself",
            request("OPTIONS *", &[], b""),
            of_server,
        ),
    ];
    for (name, method) in [
        ("a POST without a body", "POST"),
        ("a PUT", "PUT"),
        ("a PATCH", "PATCH"),
        ("a DELETE", "DELETE"),
        ("OPTIONS of a path", "OPTIONS"),
        ("a TRACE", "TRACE"),
        ("a method that no standard knows", "PURGE"),
        ("a method in lower case, which is another one", "get"),
    ] {
        let request = request(&format!("{method} /hello"), &[], b"");
        cases.push(Case::new(
            name,
            request,
            json!({"request": {"method": method}}),
        ));
    }
    cases
}

fn targets() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, target, url) in [
        (
            "a query with names twice, without values, and a fragment",
            "/hello?a=1&b=two%20words&a=2&flag&&empty=#here",
            "http://parity.example/hello?a=1&b=two%20words&a=2&flag&&empty=",
        ),
        (
            "a query with a secret",
            "/hello?api_key=abc&page=2",
            "http://parity.example/hello?api_key=[redacted]&page=2",
        ),
        (
            "a target in the absolute form",
            "http://other.example:81/hello?x=1",
            "http://other.example:81/hello?x=1",
        ),
        (
            "a target with user information and the default port",
            "http://ann:pw@other.example:80/hello",
            "http://other.example/hello",
        ),
        (
            "a target with another scheme",
            "https://other.example:443/hello",
            "https://other.example/hello",
        ),
    ] {
        cases.push(Case::new(
            name,
            get(target),
            json!({"request": {"url": url}}),
        ));
    }
    for (name, host, url) in [
        (
            "a host with the default port",
            "parity.example:80",
            "http://parity.example/hello",
        ),
        (
            "a host with another port",
            "parity.example:8080",
            "http://parity.example:8080/hello",
        ),
        (
            "a host that is an IPv6 address",
            "[::1]:80",
            "http://[::1]/hello",
        ),
    ] {
        let request = format!("GET /hello HTTP/1.1\r\nhost: {host}\r\n\r\n");
        let expected = json!({"request": {"url": url, "headers": {"host": host}}});
        cases.push(Case::new(name, request.into_bytes(), expected));
    }
    let encoded = "/items/a%2Fb%20c%C3%A9;v=1,2";
    cases.extend([
        Case::new(
            "a path with encoded characters, which stay as they are",
            get(encoded),
            all([at(encoded, "/items/{id}"), text(200, "an item")]),
        ),
        Case::new(
            "a path with a double slash",
            get("//hello"),
            unmatched("//hello"),
        ),
    ]);
    cases
}

fn headers() -> Vec<Case> {
    vec![
        Case::new(
            "request headers with many values, secrets, and other bytes than UTF-8",
            request(
                "GET /hello",
                &[
                    ("X-Many", b"one"),
                    ("accept", b"*/*"),
                    ("x-many", b"two"),
                    ("x-MANY", b""),
                    ("x-latin-1", b"caf\xe9"),
                    ("x-utf-8", "café".as_bytes()),
                    ("cookie", b"a=1"),
                    ("cookie", b"b=2"),
                    ("authorization", b"Bearer abc"),
                ],
                b"",
            ),
            json!({"request": {"headers": {
                "x-many": ["one", "two", ""],
                "accept": "*/*",
                "x-latin-1": "café",
                "x-utf-8": "café",
                "cookie": ["[redacted]", "[redacted]"],
                "authorization": "[redacted]",
            }}}),
        ),
        Case::new(
            "response headers with many values, of which three set cookies",
            get("/reply/headers"),
            all([
                at("/reply/headers", "/reply/{name}"),
                bare(200),
                json!({"response": {"headers": {
                    "set-cookie": ["[redacted]", "[redacted]", "[redacted]"],
                    "x-many": ["one", "two, three"],
                    "x-latin-1": "café",
                    "x-empty": "",
                }}}),
            ]),
        ),
        Case::new(
            "a redirect to a URL with a secret",
            get("/reply/redirect"),
            all([
                at("/reply/redirect", "/reply/{name}"),
                bare(302),
                json!({"response": {"headers": {"location": "/hello?token=[redacted]"}}}),
            ]),
        ),
    ]
}

fn routes() -> Vec<Case> {
    let item = |target, route| all([at(target, route), text(200, "an item")]);
    let around = json!({
        "response": {"headers": {"content-length": "7"}},
        "context": {"route": null},
    });
    vec![
        Case::new(
            "a route's template",
            get("/items/7"),
            item("/items/7", "/items/{id}"),
        ),
        Case::new(
            "a nested route, with its whole URL",
            get("/api/items/7?x=1"),
            item("/api/items/7?x=1", "/api/items/{id}"),
        ),
        Case::new(
            "a nested route whose router alone has the layer",
            get("/api/items/7?x=1"),
            item("/api/items/7?x=1", "/api/items/{id}"),
        )
        .placed(Placement::OnNested),
        Case::silent(
            "a route beside the router that has the layer",
            get("/hello"),
        )
        .placed(Placement::OnNested),
        Case::new(
            "a target that no route matches",
            get("/nowhere?x"),
            unmatched("/nowhere?x"),
        ),
        Case::new(
            "a layer round the whole app",
            get("/items/7"),
            item("/items/7", "/items/{id}"),
        )
        .placed(Placement::AroundApp)
        .but(Framework::Axum, Difference::Placement, [around]),
        Case::new(
            "no route below a layer round the app",
            get("/nowhere"),
            unmatched("/nowhere"),
        )
        .placed(Placement::AroundApp),
    ]
}

fn callers() -> Vec<Case> {
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let mut cases = vec![
        Case::new(
            "a trace",
            request("GET /hello", &[("traceparent", trace.as_bytes())], b""),
            json!({
                "request": {"headers": {"traceparent": trace}},
                "context": {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"},
            }),
        ),
        Case::new(
            "a consumer that the layer's closure tells",
            request("GET /hello", &[("x-consumer", b"acme")], b""),
            json!({
                "request": {"headers": {"x-consumer": "acme"}},
                "context": {"consumer": "acme"},
            }),
        ),
        Case::new(
            "fields that a handler adds",
            request("GET /fields", &[("x-consumer", b"unknown")], b""),
            all([
                at("/fields", "/fields"),
                text(200, "noted"),
                json!({
                    "request": {"headers": {"x-consumer": "unknown"}},
                    "context": {"consumer": "acme", "tags": {"colour": "green", "order": "4711"}},
                }),
            ]),
        ),
        Case::driven(
            "an identifier that a handler reads",
            |stage| {
                let response = stage.exchange(&get("/identify"));
                let messages = stage.api.wait_for_messages(1);
                let id = messages[0].unique_identifier.as_deref();
                assert_eq!(std::str::from_utf8(&response.body).ok(), id);
            },
            [all([
                at("/identify", "/identify"),
                text(200, &"-".repeat(36)),
                text_of_id(),
            ])],
        ),
    ];
    cases.extend(forwarded());
    cases
}

/// In a normalised message the identifier is a word.
fn text_of_id() -> Value {
    json!({"response": {"body": "ID"}})
}

/// What proxies say is believed as far as proxies are trusted; the leftmost entries are spoofed.
fn forwarded() -> Vec<Case> {
    let x: &[(&str, &[u8])] = &[
        ("x-forwarded-for", b"6.6.6.6, 203.0.113.7"),
        ("x-forwarded-for", b"10.0.0.2"),
        ("x-forwarded-proto", b"https, http"),
        ("x-forwarded-host", b"shop.example, proxy.example"),
    ];
    let x_shown = json!({"request": {"headers": {
        "x-forwarded-for": ["6.6.6.6, 203.0.113.7", "10.0.0.2"],
        "x-forwarded-proto": "https, http",
        "x-forwarded-host": "shop.example, proxy.example",
    }}});
    let standard: &[(&str, &[u8])] = &[
        (
            "forwarded",
            b"for=6.6.6.6, for=203.0.113.7;proto=https;host=shop.example",
        ),
        ("forwarded", b"for=\"[2001:db8::17]:4711\""),
        ("x-forwarded-for", b"9.9.9.9"),
    ];
    let standard_shown = json!({"request": {"headers": {
        "forwarded": [
            "for=6.6.6.6, for=203.0.113.7;proto=https;host=shop.example",
            "for=\"[2001:db8::17]:4711\"",
        ],
        "x-forwarded-for": "9.9.9.9",
    }}});
    let from = |client: &str, url: &str| json!({"request": {"url": url}, "context": {"client_address": client}});
    let near = from("10.0.0.2", "http://proxy.example/hello");
    let far = from("203.0.113.7", "https://shop.example/hello");
    let nearest = from("2001:db8::17", "http://parity.example/hello");
    let case = |name, headers, shown: &Value, believed| {
        Case::new(
            name,
            request("GET /hello", headers, b""),
            all([shown.clone(), believed]),
        )
    };
    vec![
        case(
            "forwarding headers, and no proxy is trusted",
            x,
            &x_shown,
            json!({}),
        ),
        case(
            "forwarding headers, and one proxy is trusted",
            x,
            &x_shown,
            near,
        )
        .config(|config| config.trusted_hops(1)),
        case(
            "forwarding headers, and two proxies are trusted",
            x,
            &x_shown,
            far.clone(),
        )
        .config(|config| config.trusted_hops(2)),
        case(
            "the standard header, and no proxy is trusted",
            standard,
            &standard_shown,
            json!({}),
        ),
        case(
            "the standard header, and one proxy is trusted",
            standard,
            &standard_shown,
            nearest,
        )
        .config(|config| config.trusted_hops(1)),
        case(
            "the standard header, and two proxies are trusted",
            standard,
            &standard_shown,
            far,
        )
        .config(|config| config.trusted_hops(2)),
    ]
}
