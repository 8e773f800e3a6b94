//! The shop's callers: what they ask, and what they should not have sent.

use super::weather::Weather;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::request::Builder;
use axum::http::{HeaderValue, Request, header};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};

const CLIENTS: [(&str, &str); 5] = [
    (
        "web",
        "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    ),
    ("ios", "Shop/5.2 (iPhone; iOS 20.1)"),
    ("acme", "acme-sync/1.9"),
    ("globex", "python-requests/2.33"),
    ("initech", "Java/23"),
];

const DOORS: [&str; 6] = [
    "/.env",
    "/wp-login.php",
    "/admin/config.php?id=1%20OR%201=1",
    "/.git/config",
    "/api/../../etc/passwd",
    "/search?q=%3Cscript%3Ealert(1)%3C/script%3E",
];

/// A call as it may come in such weather.
pub(super) fn call(weather: Weather) -> Request<Body> {
    let (client, agent) = fastrand::choice(CLIENTS).unwrap_or(("web", "-"));
    if weather == Weather::Scanned && fastrand::u8(..) < 150 {
        let door = fastrand::choice(DOORS).unwrap_or("/");
        return finish(from("GET", door, "masscan", "zgrab/0.x"), Body::empty());
    }
    let id = fastrand::u32(1..1000);
    let get = |path: &str| from("GET", path, client, agent);
    match fastrand::u8(..100) {
        0..24 => {
            let query = ["tea", "green tea", "teapot", "caf%C3%A9"];
            let query = fastrand::choice(query).unwrap_or("tea");
            let page = fastrand::u32(1..30);
            finish(
                get(&format!("/products?page={page}&q={query}").replace(' ', "+")),
                Body::empty(),
            )
        }
        24..48 => finish(get(&format!("/products/{id}")), Body::empty()),
        48..58 => finish(get(&format!("/products/{id}/image")), Body::empty()),
        58..64 => {
            let user = if fastrand::u8(..) < 40 {
                "mallory"
            } else {
                "ada"
            };
            let form = format!("user={user}&password=correct+horse+{id}&remember=on");
            let login = from("POST", "/login", client, agent);
            finish(
                login.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
                form.into(),
            )
        }
        64..76 => {
            let quantity = fastrand::u32(..6);
            json_call(
                "/cart/items",
                client,
                agent,
                &json!({ "sku": format!("T-{id:05}"), "quantity": quantity, "note": "as a gift, please \u{1F381}" }),
            )
        }
        76..85 => json_call(
            "/checkout",
            client,
            agent,
            &json!({
                "total": { "amount": id * 10, "currency": "EUR" },
                "card": { "card_number": "4111 1111 1111 1111", "cvv": "123", "expires": "12/29" },
                "deliver_to": { "name": "Ada Lovelace", "city": "London" },
            }),
        ),
        85..92 => {
            let order = get(&format!("/orders/{}", 100_000 + id));
            // Some forget the token, and some put it where it is logged.
            match id % 10 {
                0 => finish(order, Body::empty()),
                1 => finish(
                    get(&format!("/orders/{}?access_token=s3cr3t{id}", 100_000 + id))
                        .header(header::AUTHORIZATION, "Basic YWRhOmhvcnNl"),
                    Body::empty(),
                ),
                _ => finish(
                    order.header(header::AUTHORIZATION, format!("Bearer s3cr3t{id:08x}")),
                    Body::empty(),
                ),
            }
        }
        92..94 => finish(get("/reports/sales?day=today"), Body::empty()),
        94..98 => {
            let body = match id % 12 {
                0 => "<stock>".to_owned(),
                _ => format!(
                    "<?xml version=\"1.0\"?>\n<stock><item sku=\"T-{id:05}\"><left>{}</left></item></stock>",
                    id % 50
                ),
            };
            let stock = from("POST", "/webhooks/stock", "globex", agent)
                .header(header::CONTENT_TYPE, "application/xml");
            finish(
                stock.header("x-hub-signature-256", "sha256=0f1e2d3c4b5a"),
                body.into(),
            )
        }
        _ => finish(get("/events"), Body::empty()),
    }
}

fn json_call(path: &str, client: &str, agent: &str, body: &Value) -> Request<Body> {
    let call = from("POST", path, client, agent).header(header::CONTENT_TYPE, "application/json");
    finish(
        call.header("x-api-key", "k-51a7c0ffee"),
        body.to_string().into(),
    )
}

/// A call that comes by a proxy which ends TLS.
fn from(method: &str, path: &str, client: &str, agent: &str) -> Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "shop.example")
        .header(header::USER_AGENT, agent)
        .header(header::ACCEPT, "application/json, text/html;q=0.5")
        .header(header::COOKIE, "session=2f1d; theme=dark")
        .header("x-client", client)
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "shop.example")
        .header("x-forwarded-for", "203.0.113.7")
        .header(
            "traceparent",
            format!(
                "00-{:032x}-{:016x}-01",
                fastrand::u128(..),
                fastrand::u64(..)
            ),
        )
}

fn finish(call: Builder, body: Body) -> Request<Body> {
    // Every path above is a valid one; another would only be the shop's front page.
    let mut request = call.body(body).unwrap_or_default();
    let proxy = SocketAddr::from((Ipv4Addr::new(10, 0, 0, 2), 40_000));
    request.extensions_mut().insert(ConnectInfo(proxy));
    if let Some(length) = axum::body::HttpBody::size_hint(request.body())
        .exact()
        .filter(|length| *length > 0)
    {
        request
            .headers_mut()
            .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_a_valid_request_with_a_known_caller() {
        for weather in [Weather::Fair, Weather::Scanned] {
            for _ in 0..2000 {
                let request = call(weather);
                assert!(request.headers().contains_key("x-client"), "{request:?}");
            }
        }
    }
}
