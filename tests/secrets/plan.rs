//! The exchanges that carry the secrets: every slot of a request and of a response, in the
//! spellings and codings in which they come.

use crate::canary::Cage;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use std::io::Write;

/// One exchange.
#[derive(Debug, Clone, Default)]
pub struct Case {
    pub method: &'static str,
    pub target: String,
    pub request: Half,
    pub response: Half,
    /// What the handler says of the exchange: the consumer, and a tag's name and value.
    pub said: Option<(String, String, String)>,
}

/// A request or a response.
#[derive(Debug, Clone, Default)]
pub struct Half {
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// The largest body that is kept whole; one of the planted ones is larger.
pub const CAP: usize = 4096;

/// All exchanges, and the secrets in them.
pub fn plan() -> (Cage, Vec<Case>) {
    let mut cage = Cage::default();
    let mut cases = Vec::new();
    targets(&mut cage, &mut cases);
    headers(&mut cage, &mut cases);
    for body in bodies(&mut cage, "request") {
        cases.push(Case {
            method: "POST",
            target: "/".into(),
            request: body,
            ..Case::default()
        });
    }
    for body in bodies(&mut cage, "response") {
        cases.push(Case {
            method: "GET",
            target: "/".into(),
            response: body,
            ..Case::default()
        });
    }
    for (at, (consumer, name, value)) in [
        (
            cage.jwt("consumer"),
            "password".to_owned(),
            cage.text("tag with a secret name"),
        ),
        (
            format!("Bearer {}", cage.text("consumer after a scheme")),
            "note".into(),
            cage.jwt("tag"),
        ),
        (
            "shop".into(),
            "card".into(),
            cage.card("tag that is a card"),
        ),
        (
            "shop".into(),
            "url".into(),
            format!(
                "https://u:{}@h/?token={}",
                cage.text("tag userinfo"),
                cage.text("tag query")
            ),
        ),
        (
            "shop".into(),
            cage.jwt("tag whose name is a token"),
            "1".into(),
        ),
        (
            "shop".into(),
            "json".into(),
            format!(r#"{{"password":"{}"}}"#, cage.text("tag with json")),
        ),
        (
            "shop".into(),
            "long".into(),
            straddling(&cage.jwt("token at the end of a long tag")),
        ),
        (
            straddling(&cage.card("card at the end of a long consumer")),
            "n".into(),
            "v".into(),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        cases.push(Case {
            method: "GET",
            target: format!("/said/{at}"),
            said: Some((consumer, name, value)),
            ..Case::default()
        });
    }
    (cage, cases)
}

/// A text that is cut at 1 KiB, in the midst of the secret at its end.
fn straddling(secret: &str) -> String {
    let visible = secret.len() * 2 / 3;
    format!("{} {secret}", ".".repeat(1024 - 1 - visible))
}

fn targets(cage: &mut Cage, cases: &mut Vec<Case>) {
    let mut push = |target: String| {
        cases.push(Case {
            method: "GET",
            target,
            ..Case::default()
        });
    };
    let names = [
        "token",
        "TOKEN",
        "access_token",
        "accessToken",
        "Pass%77ord",
        "%2570assword",
        "PASSWD",
        "pwd",
        "user[password]",
        "user%5Bpassword%5D",
        "api-key",
        "api%2Dkey",
        "apikey",
        "key",
        "code",
        "session",
        "csrf_token",
        "jwt",
        "sso",
        "SAMLResponse",
        "client_secret",
        "credential",
        "ssn",
        "card_number",
        "cvv",
        "sig",
        "Signature",
        "X-Amz-Signature",
        "X-Amz-Credential",
        "X-Amz-Security-Token",
        "AWSAccessKeyId",
        "X-Goog-Signature",
        "x-amz%2Dsignature",
        "auth",
        "bearer",
    ];
    for name in names {
        push(format!(
            "/?page=1&{name}={}&last=1",
            cage.text(&format!("query {name}"))
        ));
    }
    push(format!(
        "/cart;jsessionid={};v=1/items",
        cage.text("path parameter")
    ));
    push(format!("/reset/{}/now", cage.jwt("token in the path")));
    push(format!("/cards/{}", cage.card("card in the path")));
    push(format!(
        "/?a=1;token={};b=2",
        cage.text("query after a semicolon")
    ));
    push(format!("/?q={}", cage.jwt("query value that is a token")));
    push(format!("/?q={}", cage.card("query value that is a card")));
    let percent = |text: &str| -> String { text.bytes().map(|b| format!("%{b:02x}")).collect() };
    let nested = format!(
        "https://user:{}@h/?token={}",
        cage.text("userinfo in a nested URL"),
        cage.text("query of a nested URL")
    );
    push(format!("/?next={}", percent(&nested)));
    push(format!(
        "/?next={}",
        percent(&percent(&format!("?token={}", cage.text("nested twice"))))
    ));
    let json = format!(r#"{{"password":"{}"}}"#, cage.text("json in the query"));
    push(format!("/?filter={}", percent(&json)));
    let query = format!(
        "mutation {{ login(password: \"{}\") }}",
        cage.text("graphql in the query")
    );
    push(format!("/graphql?query={}", percent(&query)));
}

fn headers(cage: &mut Cage, cases: &mut Vec<Case>) {
    let mut push = |side: &str, name: &str, value: String| {
        let half = Half {
            headers: vec![(name.to_owned(), value)],
            ..Half::default()
        };
        let (request, response) = match side {
            "request" => (half, Half::default()),
            _ => (Half::default(), half),
        };
        cases.push(Case {
            method: "GET",
            target: "/".into(),
            request,
            response,
            said: None,
        });
    };
    for side in ["request", "response"] {
        let slot = |name: &str| format!("{side} header {name}");
        for name in [
            "x-api-key",
            "X-API-KEY",
            "X-Auth-Token",
            "X-Access-Token",
            "api-key",
            "ApiKey",
            "X-Client-Secret",
            "X-User-Password",
            "x-passwd",
            "X-Pwd",
            "X-Session-Id",
            "X-CSRF-Token",
            "x-xsrf-token",
            "X-JWT-Assertion",
            "X-Bearer",
            "X-SSO-Ticket",
            "X-SAML-Response",
            "X-Credential",
            "X-SSN",
            "X-Card-Number",
            "X-CVV",
            "X-Amz-Security-Token",
            "Ocp-Apim-Subscription-Key",
            "Proxy-Authorization",
        ] {
            push(side, name, cage.text(&slot(name)));
        }
        push(side, "X-Trace", cage.jwt(&slot("with a token")));
        push(
            side,
            "X-Note",
            format!("paid by {} ok", cage.card(&slot("with a card"))),
        );
        push(
            side,
            "X-Forwarded-Credentials",
            cage.text(&slot("with a plural name")),
        );
        push(
            side,
            "X-Any",
            format!("Bearer {}", cage.text(&slot("after Bearer"))),
        );
        let pair = STANDARD.encode(format!("user:{}", cage.text(&slot("after Basic"))));
        push(side, "X-Any", format!("Basic {pair}"));
        push(
            side,
            "X-Any",
            format!(r#"{{"password":"{}"}}"#, cage.text(&slot("with json"))),
        );
        push(
            side,
            "X-Any",
            format!("a=1; token={}", cage.text(&slot("with a pair"))),
        );
        push(
            side,
            "X-Original-URL",
            format!("/a?token={}", cage.text(&slot("with a path"))),
        );
        push(
            side,
            "X-Callback-Url",
            format!(
                "https://u:{}@h/?sig={}",
                cage.text(&slot("userinfo")),
                cage.text(&slot("sig"))
            ),
        );
    }
    for scheme in ["Bearer", "bearer", "Token", "ApiKey", "Negotiate", ""] {
        let secret = cage.text(&format!("Authorization {scheme}"));
        push(
            "request",
            "Authorization",
            format!("{scheme} {secret}").trim_start().to_owned(),
        );
    }
    let pair = STANDARD.encode(format!("user:{}", cage.text("Authorization Basic")));
    push("request", "AUTHORIZATION", format!("Basic {pair}"));
    let parts = [
        cage.text("Authorization Digest nonce"),
        cage.text("Authorization Digest response"),
    ];
    let digest = format!(
        "Digest username=\"u\", nonce=\"{}\", response=\"{}\"",
        parts[0], parts[1]
    );
    push("request", "authorization", digest);
    let parts = [cage.text("AWS4 credential"), cage.text("AWS4 signature")];
    let aws = format!(
        "AWS4-HMAC-SHA256 Credential={}, Signature={}",
        parts[0], parts[1]
    );
    push("request", "Authorization", aws);
    push(
        "request",
        "Cookie",
        format!("a=1; sid={}", cage.text("Cookie")),
    );
    push(
        "request",
        "COOKIE",
        format!("theme={}", cage.text("Cookie of any name")),
    );
    push(
        "request",
        "Referer",
        format!("https://h/?token={}", cage.text("Referer")),
    );
    push(
        "request",
        "User-Agent",
        format!("app/1 ({})", cage.jwt("User-Agent")),
    );
    push(
        "request",
        "X-Forwarded-Uri",
        format!("/a?api_key={}", cage.text("X-Forwarded-Uri")),
    );
    push(
        "response",
        "Set-Cookie",
        format!("id={}; HttpOnly", cage.text("Set-Cookie")),
    );
    push(
        "response",
        "SET-COOKIE",
        format!("lang={}", cage.text("Set-Cookie of any name")),
    );
    push(
        "response",
        "Location",
        format!("/cb?code={}&state=1", cage.text("Location")),
    );
    push(
        "response",
        "Location",
        format!("app://cb#access_token={}", cage.text("fragment")),
    );
    push(
        "response",
        "Location",
        format!("https://u:{}@h/", cage.text("Location userinfo")),
    );
    push(
        "response",
        "Content-Location",
        format!("/a?sig={}", cage.text("Content-Location")),
    );
    push(
        "response",
        "Refresh",
        format!("0; url=/cb?token={}", cage.text("Refresh")),
    );
    push(
        "response",
        "Link",
        format!("</a?token={}>; rel=next", cage.text("Link")),
    );
    push(
        "response",
        "WWW-Authenticate",
        format!("Digest nonce={}", cage.text("WWW-Authenticate")),
    );
}

fn bodies(cage: &mut Cage, side: &str) -> Vec<Half> {
    let mut all = Vec::new();
    let mut add = |content_type: &str, body: &[u8]| {
        let mut headers = Vec::new();
        if !content_type.is_empty() {
            headers.push(("Content-Type".to_owned(), content_type.to_owned()));
        }
        all.push(Half {
            headers,
            body: body.to_vec(),
        });
    };
    let mut text = |slot: &str| cage.text(&format!("{side} {slot}"));

    // JSON.
    let json = "application/json";
    for key in [
        "password",
        "PassWord",
        "api-key",
        "apiKey",
        "access_token",
        "X-Auth-Token",
        "sessionId",
        "client_secret",
        "ssn",
        "cardNumber",
        "cvv",
        "csrf",
        "jwt",
        "sso",
        "saml",
        "credential",
        "p\\u0061ssword",
        "\\u0070\\u0061\\u0073\\u0073\\u0077\\u006f\\u0072\\u0064",
    ] {
        let slot = format!("json {key}");
        add(
            json,
            format!(r#"{{"a":1,"{key}":"{}","b":[2]}}"#, text(&slot)).as_bytes(),
        );
    }
    let deep = format!(r#"{{"password":"{}"}}"#, text("deep json"));
    let deep = (0..40).fold(deep, |inner, _| format!(r#"{{"a":[{inner}]}}"#));
    add(json, deep.as_bytes());
    add(
        json,
        format!(
            r#"{{"tokens":["{}",{{"x":"{}"}}],"secret":{{"y":[["{}"]]}},"password":"{}","password":"{}"}}"#,
            text("json list"), text("json object in a list"), text("json lists in an object"),
            text("json first of two"), text("json second of two")
        )
        .as_bytes(),
    );
    let inner = format!(r#"{{"password":"{}"}}"#, text("json in json"));
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    add(
        json,
        format!(r#"{{"payload":{}}}"#, quoted(&inner)).as_bytes(),
    );
    let inner = format!(
        r#"{{"q":{}}}"#,
        quoted(&format!(r#"{{"pin":"{}"}}"#, text("json twice")))
    );
    add(
        json,
        format!(r#"{{"payload":{}}}"#, quoted(&inner)).as_bytes(),
    );
    add(
        json,
        format!("\u{feff}{{\"password\":\"{}\"}}", text("json with a mark")).as_bytes(),
    );
    add(
        json,
        format!(r#"{{"password":"{}"#, text("broken json")).as_bytes(),
    );
    add(
        json,
        format!(r#"{{"password":"{}"}} trailing"#, text("json with a tail")).as_bytes(),
    );
    add(
        json,
        format!(r#"{{"u":"https://u:{}@h/"}}"#, text("json with userinfo")).as_bytes(),
    );
    add(
        "application/vnd.api+json; charset=utf-8",
        format!(r#"{{"token":"{}"}}"#, text("vendor json")).as_bytes(),
    );
    for content_type in [
        "application/x-ndjson",
        "application/json-seq",
        "application/jsonl",
    ] {
        let lines = [
            text(content_type),
            text(&format!("{content_type} second line")),
        ];
        let lines = format!(
            "{{\"token\":\"{}\"}}\n{{\"token\":\"{}\"}}\n",
            lines[0], lines[1]
        );
        add(content_type, lines.as_bytes());
    }

    // Forms.
    let form = "application/x-www-form-urlencoded";
    for name in [
        "password",
        "PASSWORD",
        "user[password]",
        "user%5Bpassword%5D",
        "pass%77ord",
        "key",
    ] {
        add(
            form,
            format!("a=1&{name}={}&b=2", text(&format!("form {name}"))).as_bytes(),
        );
    }
    add(
        form,
        format!(
            "payload=%7B%22token%22%3A%22{}%22%7D",
            text("json in a form")
        )
        .as_bytes(),
    );

    // Multipart.
    let multipart = "multipart/form-data; boundary=XX";
    let part = |head: &str, content: &str| {
        format!("--XX\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n--XX--\r\n")
    };
    for name in [
        "name=\"password\"",
        "name=password",
        "filename=\"f\"; name=\"api_key\"",
        "name*=utf-8''pass%77ord",
    ] {
        add(
            multipart,
            part(name, &text(&format!("part {name}"))).as_bytes(),
        );
    }
    let content = format!(r#"{{"password":"{}"}}"#, text("json in a part"));
    let typed = "name=\"meta\"\r\nContent-Type: application/json";
    add(multipart, part(typed, &content).as_bytes());
    add(
        "multipart/form-data",
        part("name=x", &text("part without a boundary")).as_bytes(),
    );
    let nested = format!("--YY\r\n\r\npassword={}\r\n--YY--", text("nested parts"));
    let typed = "name=\"m\"\r\nContent-Type: multipart/mixed; boundary=YY";
    add(multipart, part(typed, &nested).as_bytes());

    // XML and HTML.
    add(
        "text/xml",
        format!(
            "<s:Envelope><s:Header><wsse:Password Type=\"t\">{}</wsse:Password>\
             <wsse:BinarySecurityToken>{}</wsse:BinarySecurityToken></s:Header>\
             <s:Body><login user=\"u\" password=\"{}\"/><token><![CDATA[{}]]></token>\
             <add key=\"apiKey\" value='{}'/></s:Body></s:Envelope>",
            text("soap password"),
            text("soap token"),
            text("xml attribute"),
            text("xml cdata"),
            text("xml named value")
        )
        .as_bytes(),
    );
    add(
        "text/html",
        format!(
            "<meta name=\"csrf-token\" content=\"{}\"><input type=\"hidden\" \
             name=\"authenticity_token\" value=\"{}\"><script>var token = '{}';</script>",
            text("html meta"),
            text("html input"),
            text("html script")
        )
        .as_bytes(),
    );

    // Plain text.
    for (slot, line) in [
        ("assignment", "DB_PASSWORD=$"),
        ("quoted assignment", "db_password = \"$\""),
        ("line of yaml", "a: 1\nsecret: $\nb: 2"),
        (
            "header in text",
            "GET / HTTP/1.1\r\nAuthorization: Bearer $\r\n",
        ),
        ("connection string", "Server=db;User Id=u;Password=$;"),
        ("URL in text", "see postgres://app:$@db/app for more"),
        ("query in text", "GET https://h/a?x=1&api_key=$ HTTP/1.1"),
        ("bearer in text", "curl -H 'x: Bearer $'"),
        ("json in text", "sent {\"password\": \"$\"} to h"),
    ] {
        add("text/plain", line.replace('$', &text(slot)).as_bytes());
    }
    add(
        "application/graphql",
        format!("{{login(password: \"{}\")}}", text("graphql")).as_bytes(),
    );
    let query = format!(
        r#"mutation {{ login(password: "{}") {{ id }} }}"#,
        text("graphql inline")
    );
    let variables = format!(
        r#"{{"input":{{"password":"{}"}}}}"#,
        text("graphql variables")
    );
    add(
        json,
        format!(r#"{{"query":{},"variables":{variables}}}"#, quoted(&query)).as_bytes(),
    );

    // Event streams.
    add(
        "text/event-stream",
        format!(
            "event: x\ndata: {{\"token\":\"{}\"}}\n\ndata: {{\"password\":\ndata: \"{}\"}}\n\n",
            text("event"),
            text("event of two lines")
        )
        .as_bytes(),
    );

    // Labels that are wrong or missing.
    for (slot, content_type) in [
        ("json as text", "text/plain"),
        ("json as html", "text/html"),
        ("json as a form", form),
        ("json as xml", "application/xml"),
        ("json as bytes", "application/octet-stream"),
        ("json as an image", "image/png"),
        ("json without a type", ""),
    ] {
        add(
            content_type,
            format!(r#"{{"password":"{}"}}"#, text(slot)).as_bytes(),
        );
    }
    for (slot, content_type) in [
        ("form as text", "text/plain"),
        ("form as json", json),
        ("form without a type", ""),
    ] {
        add(
            content_type,
            format!("a=1&password={}&b=2", text(slot)).as_bytes(),
        );
    }
    let xml = format!("<a><password>{}</password></a>", text("xml as json"));
    add(json, xml.as_bytes());
    let packed = [&b"\x82\xa8password\xb0"[..], text("msgpack").as_bytes()].concat();
    add("application/msgpack", &packed);

    // Letters that are not bytes.
    let utf16 =
        |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let wide = format!(
        "\u{feff}{{\"password\":\"{}\"}}",
        text("utf-16 with a mark")
    );
    add(json, &utf16(&wide));
    add(
        "text/plain",
        &utf16(&format!("password={}", text("utf-16 by its zeros"))),
    );
    let wide = format!("password={}", text("utf-16 by its label"));
    add("text/plain; charset=UTF-16LE", &utf16(&wide));
    let wide = format!(
        "{} password={}",
        "пароль ".repeat(12),
        text("utf-16 of two scripts")
    );
    add("text/plain", &utf16(&wide));
    let wide = format!("password={}", text("utf-32"));
    let utf32: Vec<u8> = wide
        .chars()
        .flat_map(|letter| u32::from(letter).to_be_bytes())
        .collect();
    add("text/plain", &utf32);

    // Larger than what is kept.
    let filler = "x".repeat(CAP / 2);
    let secrets = [
        text("json over the cap, before"),
        text("json over the cap, at the cut"),
    ];
    let front = format!(r#"{{"token":"{}","fill":"{filler}","fill2":""#, secrets[0]);
    let gap = "y".repeat(CAP - front.len() - 25);
    add(
        json,
        format!(
            r#"{front}{gap}","password":"{}","end":"{filler}"}}"#,
            secrets[1]
        )
        .as_bytes(),
    );
    let front = format!("a={}&password=", "y".repeat(CAP - 22));
    add(
        form,
        format!("{front}{}&b={filler}", text("form at the cut")).as_bytes(),
    );

    coded(cage, side, &mut all);
    shaped(cage, side, &mut all);
    all
}

/// Compressed bodies, with the labels that they come with.
fn coded(cage: &mut Cage, side: &str, all: &mut Vec<Half>) {
    for (coding, labels) in [
        ("gzip", &["gzip"][..]),
        ("gzip", &["x-gzip"]),
        ("gzip", &["GZIP"]),
        ("zlib", &["deflate"]),
        ("deflate", &["deflate"]),
        ("gzip", &["identity", "gzip"]),
        ("gzip", &["identity, gzip"]),
        ("gzip", &[""]),
        ("gzip", &["br"]),
        ("gzip", &["deflate"]),
        ("zlib", &[""]),
        ("gzip twice", &["gzip, gzip"]),
        ("gzip twice", &["gzip", "gzip"]),
        ("gzip twice", &["gzip"]),
    ] {
        for (content_type, shape) in [
            ("application/json", r##"{"token":"$","rest":["#"]}"##),
            ("text/plain", "password=$ and more, #"),
        ] {
            let slot = format!("{side} {content_type} {coding} as {labels:?}");
            // A body that can't be made smaller is stored, where it could be read as it is.
            let rest = "one two three four five ".repeat(20);
            let body = shape.replace('$', &cage.text(&slot)).replace('#', &rest);
            let mut headers = vec![("Content-Type".to_owned(), content_type.to_owned())];
            let labels = labels.iter().filter(|label| !label.is_empty());
            headers
                .extend(labels.map(|label| ("Content-Encoding".to_owned(), (*label).to_owned())));
            all.push(Half {
                headers,
                body: compressed(coding, body.as_bytes()),
            });
        }
    }
}

/// Values that are secret by their shape, and numbers.
fn shaped(cage: &mut Cage, side: &str, all: &mut Vec<Half>) {
    for (content_type, shape) in [
        ("application/json", r#"{"note":"see $ there","list":["$"]}"#),
        ("application/x-www-form-urlencoded", "note=$&x=1"),
        ("text/plain", "see $ there"),
        ("text/csv", "a,$,b\n1,2,3\n"),
        ("text/xml", "<note at='$'>$</note>"),
        ("text/event-stream", "data: $\n\n"),
        ("", "$"),
    ] {
        for (slot, secret) in [
            (
                " token",
                cage.jwt(&format!("{side} token in {content_type:?}")),
            ),
            (
                " card",
                cage.card(&format!("{side} card in {content_type:?}")),
            ),
        ] {
            let mut headers = vec![("X-Slot".to_owned(), slot.trim().to_owned())];
            if !content_type.is_empty() {
                headers.push(("Content-Type".to_owned(), content_type.to_owned()));
            }
            all.push(Half {
                headers,
                body: shape.replace('$', &secret).into_bytes(),
            });
        }
    }
    let numbers = format!(
        r#"{{"pin":{},"password":{},"ssn":{},"card":{}}}"#,
        cage.number(&format!("{side} json pin")),
        cage.number(&format!("{side} json number")),
        cage.number(&format!("{side} json ssn")),
        cage.card(&format!("{side} card as a json number")),
    );
    let headers = vec![("Content-Type".to_owned(), "application/json".to_owned())];
    all.push(Half {
        headers,
        body: numbers.into_bytes(),
    });
}

fn compressed(coding: &str, bytes: &[u8]) -> Vec<u8> {
    let level = Compression::default();
    let done = match coding {
        "gzip" => {
            let mut writer = GzEncoder::new(Vec::new(), level);
            writer.write_all(bytes).and_then(|()| writer.finish())
        }
        "zlib" => {
            let mut writer = ZlibEncoder::new(Vec::new(), level);
            writer.write_all(bytes).and_then(|()| writer.finish())
        }
        "deflate" => {
            let mut writer = DeflateEncoder::new(Vec::new(), level);
            writer.write_all(bytes).and_then(|()| writer.finish())
        }
        _ => Ok(compressed("gzip", &compressed("gzip", bytes))),
    };
    done.expect("writing into a Vec can't fail")
}
