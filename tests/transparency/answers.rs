//! Whole answers over HTTP/1.1, byte by byte.

use super::pair::{Pair, STACKS, Stack};
use runscope::Outcome;

/// A request that ends its connection.
pub fn request(method: &str, path: &str, headers: &[&str], body: &str) -> String {
    let headers: String = headers
        .iter()
        .map(|header| format!("{header}\r\n"))
        .collect();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: a.example\r\n{headers}connection: close\r\n\r\n{body}"
    )
}

pub fn get(path: &str) -> String {
    request("GET", path, &[], "")
}

#[test]
fn answers_are_the_same_to_the_byte() {
    let mut pairs = STACKS.map(Pair::start);
    for pair in &mut pairs {
        let paths = [
            "/hello",
            "/length/0",
            "/length/1",
            "/length/70000",
            "/chunks",
            "/announced-chunks",
            "/status/200",
            "/status/204",
            "/status/304",
            "/status/500",
            "/headers",
            "/nowhere",
            "/hello?a=1&b=%20",
            "/length/no-number",
            "/broken",
            "/broken-promise",
        ];
        let mut count = 0;
        for path in paths {
            for method in ["GET", "HEAD", "OPTIONS", "DELETE", "BREW"] {
                pair.same_answer(request(method, path, &[], ""));
                count += 1;
            }
        }
        for body in ["", "a", "form=1&form=2"] {
            let length = format!("content-length: {}", body.len());
            for path in ["/hello", "/echo", "/refuse", "/view", "/nowhere"] {
                pair.same_answer(request("POST", path, &[&length], body));
                count += 1;
            }
        }
        let recorded = pair.recorded(count);
        assert!(recorded.iter().all(|message| message.response.is_some()));
    }
}

#[test]
fn framing_is_what_the_app_chose() {
    for stack in STACKS {
        let mut pair = Pair::start(stack);
        let mut framing = |request: String| {
            let answer = pair.same_answer(request);
            let head = answer
                .split("\n\n")
                .next()
                .unwrap_or_default()
                .to_lowercase();
            let fields = head.lines().filter(|line| {
                line.starts_with("content-length") || line.starts_with("transfer-encoding")
            });
            fields.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(framing(get("/hello")), ["content-length: 11"]);
        assert_eq!(framing(get("/announced-chunks")), ["content-length: 11"]);
        assert_eq!(framing(get("/chunks")), ["transfer-encoding: chunked"]);
        assert_eq!(framing(get("/status/200")), ["content-length: 0"]);
        assert!(framing(get("/status/204")).is_empty());
        let posted = request("POST", "/echo", &["content-length: 5"], "hello");
        assert_eq!(framing(posted), ["content-length: 5"]);
        let chunked = request(
            "POST",
            "/echo",
            &["transfer-encoding: chunked"],
            "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
        );
        assert_eq!(framing(chunked), ["transfer-encoding: chunked"]);
    }
}

#[test]
fn a_head_answer_keeps_its_length_and_has_no_body() {
    for stack in STACKS {
        let mut pair = Pair::start(stack);
        let path = if stack == Stack::Actix {
            "/length/11"
        } else {
            "/hello"
        };
        let answer = pair.same_answer(request("HEAD", path, &[], ""));
        assert!(answer.contains("content-length: 11\n"), "{answer}");
        assert!(answer.ends_with("\n\n"), "{answer}");
        let [message] = &pair.recorded(1)[..] else {
            unreachable!()
        };
        assert_eq!(
            message.context.as_ref().and_then(|c| c.outcome),
            Some(Outcome::Complete)
        );
        assert_eq!(message.response.as_ref().and_then(|r| r.body.clone()), None);
    }
}

#[test]
fn trailers_of_requests_and_responses_pass() {
    for stack in [Stack::Axum, Stack::AxumOutside] {
        let mut pair = Pair::start(stack);
        let answer = pair.same_answer(request("GET", "/trailers", &["te: trailers"], ""));
        assert!(
            answer.ends_with("0\ngrpc-status: 0\ngrpc-message: fine\n\n"),
            "{answer}"
        );
        // Without a `TE`, the server leaves the trailers out.
        let answer = pair.same_answer(get("/trailers"));
        assert!(answer.ends_with("0\n\n"), "{answer}");
        pair.same_answer(request("GET", "/only-trailers", &["te: trailers"], ""));
        let chunked = ["transfer-encoding: chunked", "trailer: x-sum"];
        let body = "5\r\nhello\r\n0\r\nx-sum: 42\r\n\r\n";
        let answer = pair.same_answer(request("POST", "/view", &chunked, body));
        assert!(answer.contains(r#"{\"x-sum\": \"42\"}"#), "{answer}");
        pair.recorded(4);
    }
}

#[test]
fn header_order_duplicates_and_binary_values_survive() {
    for stack in STACKS {
        let mut pair = Pair::start(stack);
        let answer = pair.same_answer(get("/headers"));
        let cookies: Vec<_> = answer
            .lines()
            .filter(|line| line.contains("cookie"))
            .collect();
        assert_eq!(
            cookies,
            ["set-cookie: a=1", "set-cookie: b=2", "set-cookie: c=3"]
        );
        assert!(answer.contains(r"x-binary: caf\xe9 \xff"), "{answer}");
    }
}

#[test]
fn a_panic_of_the_handler_ends_the_connection_as_it_does_without_the_layer() {
    for stack in STACKS {
        let mut pair = Pair::start(stack);
        let answer = pair.same_answer(get("/panic"));
        assert_eq!(answer, "", "the server closes without an answer");
        let [message] = &pair.recorded(1)[..] else {
            unreachable!()
        };
        assert_eq!(
            message.context.as_ref().and_then(|c| c.outcome),
            Some(Outcome::Panic)
        );
    }
}

#[test]
fn a_response_that_fails_half_way_ends_as_it_does_without_the_layer() {
    for stack in STACKS {
        let mut pair = Pair::start(stack);
        let answer = pair.same_answer(get("/broken"));
        assert!(
            !answer.ends_with("0\n\n"),
            "it must not look whole: {answer}"
        );
        let [message] = &pair.recorded(1)[..] else {
            unreachable!()
        };
        assert_eq!(
            message.context.as_ref().and_then(|c| c.outcome),
            Some(Outcome::Error)
        );
    }
}
