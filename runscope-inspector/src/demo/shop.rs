//! The shop: routes with latencies and answers as a real one has.

use super::weather::Weather;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream;
use runscope_core::current_exchange;
use serde::Deserialize;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::io::Write;
use std::time::{Duration, Instant};

/// The shop's router; `start` is when its weather begins.
pub(super) fn shop(start: Instant) -> Router {
    Router::new()
        .route("/products", get(products))
        .route("/products/{id}", get(product))
        .route("/products/{id}/image", get(image))
        .route("/login", post(login))
        .route("/cart/items", post(add_to_cart))
        .route("/checkout", post(checkout))
        .route("/orders/{id}", get(order))
        .route("/reports/sales", get(report))
        .route("/webhooks/stock", post(stock))
        .route("/events", get(events))
        .with_state(start)
}

const NAMES: [&str; 8] = [
    "Darjeeling First Flush",
    "Sencha",
    "Earl Grey",
    "Rooibos",
    "Teapot, cast iron",
    "Cup & saucer",
    "Kettle <1.7 l>",
    "Matcha whisk",
];

fn name(id: usize) -> &'static str {
    NAMES.get(id % NAMES.len()).copied().unwrap_or("Tea")
}

fn product_json(id: usize) -> Value {
    json!({ "id": id, "sku": format!("T-{id:05}"), "name": name(id), "price": { "amount": 450 + id * 37 % 4000, "currency": "EUR" }, "in_stock": !id.is_multiple_of(7) })
}

/// Waits about so many milliseconds: mostly less, at times several times as long.
async fn work(milliseconds: f64) {
    let skew = (fastrand::f64() + fastrand::f64() + fastrand::f64() - 1.5) * 1.4;
    tokio::time::sleep(Duration::from_secs_f64(milliseconds * skew.exp() / 1e3)).await;
}

async fn query_database(start: Instant, milliseconds: f64) -> Result<(), Response> {
    if Weather::at(start.elapsed()) != Weather::SlowDatabase {
        work(milliseconds).await;
        return Ok(());
    }
    work(milliseconds * 20.0).await;
    if fastrand::u8(..) < 25 {
        return Err(problem(
            StatusCode::GATEWAY_TIMEOUT,
            "db_timeout",
            "the database did not answer in time",
        ));
    }
    Ok(())
}

fn problem(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({ "error": { "code": code, "message": message } });
    (status, Json(body)).into_response()
}

fn tag(name: &str, value: &str) {
    if let Some(exchange) = current_exchange() {
        exchange.tag(name, value);
    }
}

#[derive(Deserialize)]
struct Listing {
    page: Option<usize>,
}

/// A client that asks too often is told so; every third page is compressed.
async fn products(
    State(start): State<Instant>,
    Query(listing): Query<Listing>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    if headers
        .get("x-client")
        .is_some_and(|client| client == "initech")
        && fastrand::u8(..) < 64
    {
        let retry = [(header::RETRY_AFTER, "2")];
        return Err((
            retry,
            problem(
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limited",
                "at most 10 calls a second",
            ),
        )
            .into_response());
    }
    query_database(start, 12.0).await?;
    let page = listing.page.unwrap_or(1).min(1000);
    let items: Vec<Value> = (page * 10..page * 10 + 10).map(product_json).collect();
    let body =
        json!({ "items": items, "page": page, "next": format!("/products?page={}", page + 1) })
            .to_string();
    if !page.is_multiple_of(3) {
        return Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response());
    }
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_ENCODING, "gzip"),
    ];
    Ok((headers, gzip(body.as_bytes())).into_response())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Memory takes whatever is written to it.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

async fn product(
    State(start): State<Instant>,
    Path(id): Path<usize>,
) -> Result<Response, Response> {
    query_database(start, 6.0).await?;
    if id > 900 {
        return Err(problem(
            StatusCode::NOT_FOUND,
            "no_product",
            "there is no such product",
        ));
    }
    Ok(Json(product_json(id)).into_response())
}

/// A PNG's signature and bytes that are no text.
async fn image(Path(id): Path<usize>) -> Response {
    work(2.0).await;
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    bytes.extend(std::iter::repeat_with(|| fastrand::u8(..)).take(200 + id % 2000));
    (
        [
            (header::CONTENT_TYPE, "image/png"),
            (header::ETAG, "\"7f3a\""),
        ],
        bytes,
    )
        .into_response()
}

async fn login(body: String) -> Response {
    work(80.0).await;
    if body.contains("mallory") || fastrand::u8(..) < 30 {
        return problem(
            StatusCode::UNAUTHORIZED,
            "bad_credentials",
            "the password is wrong",
        );
    }
    let session = format!(
        "session={:032x}; HttpOnly; SameSite=Lax",
        fastrand::u128(..)
    );
    let body = json!({ "user": "ada", "access_token": format!("{:032x}", fastrand::u128(..)) });
    ([(header::SET_COOKIE, session)], Json(body)).into_response()
}

async fn add_to_cart(
    State(start): State<Instant>,
    Json(item): Json<Value>,
) -> Result<Response, Response> {
    query_database(start, 9.0).await?;
    let quantity = item.get("quantity").and_then(Value::as_u64);
    if quantity.is_none_or(|quantity| quantity == 0) {
        return Err(problem(
            StatusCode::UNPROCESSABLE_ENTITY,
            "bad_quantity",
            "quantity must be at least 1",
        ));
    }
    let line = json!({ "cart": fastrand::u16(..), "lines": [item] });
    Ok((StatusCode::CREATED, Json(line)).into_response())
}

async fn checkout(
    State(start): State<Instant>,
    Json(order): Json<Value>,
) -> Result<Response, Response> {
    tag("region", if fastrand::bool() { "eu" } else { "us" });
    if Weather::at(start.elapsed()) == Weather::PaymentsDown && fastrand::u8(..) < 200 {
        work(900.0).await;
        tag("provider", "paynow");
        return Err(problem(
            StatusCode::SERVICE_UNAVAILABLE,
            "provider_unreachable",
            "the payment provider does not answer: connect timed out",
        ));
    }
    work(140.0).await;
    if fastrand::u8(..) < 20 {
        return Err(problem(
            StatusCode::PAYMENT_REQUIRED,
            "card_declined",
            "the card was declined",
        ));
    }
    let number = fastrand::u32(100_000..999_999);
    let body = json!({ "order": number, "status": "paid", "total": order.get("total") });
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, format!("/orders/{number}"))],
        Json(body),
    )
        .into_response())
}

async fn order(
    State(start): State<Instant>,
    Path(id): Path<u32>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    if !headers.contains_key(header::AUTHORIZATION) {
        return Err(problem(
            StatusCode::UNAUTHORIZED,
            "no_token",
            "a token is needed",
        ));
    }
    query_database(start, 15.0).await?;
    if id.is_multiple_of(13) {
        return Err(problem(
            StatusCode::FORBIDDEN,
            "not_yours",
            "this is another customer's order",
        ));
    }
    if id.is_multiple_of(101) {
        return Err(problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "index out of bounds: the len is 3 but the index is 3",
        ));
    }
    let lines = [product_json(id as usize % 900)];
    Ok(Json(json!({ "order": id, "status": "shipped", "lines": lines, "customer": { "email": "ada@example.org", "ssn": "078-05-1120" } })).into_response())
}

/// Slow by nature.
async fn report(State(start): State<Instant>) -> Result<Response, Response> {
    query_database(start, 1800.0).await?;
    let rows: String = (1..=24)
        .map(|hour| {
            format!(
                "{hour:02}:00,{},{}\n",
                fastrand::u16(..900),
                fastrand::u32(..90_000)
            )
        })
        .collect();
    Ok((
        [(header::CONTENT_TYPE, "text/csv")],
        format!("hour,orders,revenue\n{rows}"),
    )
        .into_response())
}

async fn stock(body: Bytes) -> Response {
    work(5.0).await;
    if body.len() < 20 {
        return problem(
            StatusCode::BAD_REQUEST,
            "bad_xml",
            "unexpected end of input",
        );
    }
    StatusCode::NO_CONTENT.into_response()
}

/// A stream without an end, until its reader leaves.
async fn events() -> Response {
    let ticks = stream::unfold(0_u32, async |at| {
        work(120.0).await;
        let event = format!(
            "event: stock\ndata: {{\"sku\":\"T-{at:05}\",\"left\":{}}}\n\n",
            fastrand::u8(..)
        );
        Some((Ok::<_, Infallible>(event), at.wrapping_add(1)))
    });
    (
        [(header::CONTENT_TYPE, "text/event-stream")],
        Body::from_stream(ticks),
    )
        .into_response()
}
