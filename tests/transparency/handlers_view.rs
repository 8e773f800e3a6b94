//! What the handler sees of a request.

use super::answers::request;
use super::pair::{Pair, STACKS, Stack};

#[test]
fn the_handler_sees_the_same_request() {
    for stack in STACKS {
        let mut pair = Pair::start(stack);
        let odd = ["x-b: 1", "x-a: 2", "x-b: 3", "x-a: ", "accept: */*"];
        for (method, path, headers, body) in [
            ("GET", "/view", &[][..], ""),
            ("GET", "/view?q=%20a&q=b", &odd, ""),
            ("GET", "http://other.example/view", &[], ""),
            ("HEAD", "/view", &[], ""),
            ("POST", "/nested/7/view?x", &["content-length: 5"], "hello"),
            ("POST", "/view", &["content-length: 0"], ""),
            (
                "POST",
                "/view",
                &["transfer-encoding: chunked"],
                "5\r\nhello\r\n0\r\n\r\n",
            ),
            (
                "POST",
                "/view",
                &["transfer-encoding: chunked"],
                "0\r\n\r\n",
            ),
            (
                "PUT",
                "/view",
                &["content-length: 5", "content-encoding: gzip"],
                "\x1f\x05\0\0\0",
            ),
            ("GET", "/view", &["upgrade: h2c"], ""),
            (
                "POST",
                "/view",
                &["upgrade: h2c", "content-length: 2"],
                "hi",
            ),
        ] {
            pair.same_answer(request(method, path, headers, body));
        }
        pair.recorded(11);
    }
}

#[test]
fn a_limit_outside_of_the_layer_is_told_from_other_errors() {
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use axum::routing::post;
    use axum::{Router, body::Bytes};
    use http_body_util::Limited;
    use runscope::{Config, MemorySink, Recorder, RunscopeLayer};
    use tower::{Layer as _, ServiceExt as _};

    let config = Config::builder()
        .sink(MemorySink::new())
        .build()
        .expect("a config");
    let (recorder, _guard) = Recorder::start(config).expect("a recorder");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let app = || Router::new().route("/", post(async |body: Bytes| body));
    let limited = tower::util::MapRequestLayer::new(|request: Request<Body>| {
        request.map(|body| Body::new(Limited::new(body, 4)))
    });
    let answer = |app: Router| {
        let request = Request::post("/")
            .body(Body::from("hello"))
            .expect("a request");
        runtime
            .block_on(limited.layer(app).oneshot(request))
            .expect("an answer")
            .status()
    };
    assert_eq!(answer(app()), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(
        answer(app().layer(RunscopeLayer::new(&recorder))),
        StatusCode::PAYLOAD_TOO_LARGE
    );
}

#[test]
fn a_handlers_view_of_a_stack_is_complete() {
    // The comparison above would not notice a view that shows nothing.
    let mut pair = Pair::start(Stack::Axum);
    let body = request("POST", "/nested/7/view", &["content-length: 5"], "hello");
    let seen = pair.same_answer(body);
    for part in [
        "POST /7/view HTTP/1.1",
        r#"route: Some(MatchedPath("/nested/{id}/view"))"#,
        "original: Some(OriginalUri(/nested/7/view))",
        "peer: true",
        r#"content-length: "5""#,
        "lower: 5",
        "upper: Some(5)",
        "end: false",
        "hello",
    ] {
        assert!(
            seen.replace("\\n", "\n")
                .replace("\\\"", "\"")
                .contains(part),
            "{part}: {seen}"
        );
    }
}
