//! What happens on a connection over time: keep-alive, `100 Continue`, events, clients that leave.

use super::answers::{get, request};
use super::pair::{Pair, STACKS, Side, Stack};
use crate::wire::{Wire, text};
use bytes::Bytes;
use runscope::Outcome;

#[test]
fn a_connection_is_kept_and_closed_as_without_the_layer() {
    for stack in STACKS {
        let mut pair = Pair::start(stack);
        let keep = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: a.example\r\n\r\n");
        let post = "POST /echo HTTP/1.1\r\nhost: a.example\r\ncontent-length: 5\r\n\r\nhello";
        let pipelined = [
            keep("/hello"),
            keep("/chunks"),
            keep("/status/204"),
            post.into(),
            get("/hello"),
        ];
        let answer = pair.same_answer(pipelined.concat());
        assert_eq!(answer.matches("HTTP/1.1 20").count(), 5, "{answer}");
        pair.same_answer("GET /hello HTTP/1.0\r\n\r\n");
        pair.same_answer("GET /chunks HTTP/1.0\r\n\r\n");
        let kept = "GET /hello HTTP/1.0\r\nconnection: keep-alive\r\n\r\n";
        pair.same_answer([kept, "GET /hello HTTP/1.0\r\n\r\n"].concat());
        pair.recorded(9);
    }
}

#[test]
fn what_is_no_http_is_refused_as_without_the_layer() {
    for stack in STACKS {
        let mut pair = Pair::start(stack);
        pair.same_answer("BREW\r\n\r\n");
        pair.same_answer("GET /hello HTTP/1.1\r\nhost: a\r\nbad header\r\n\r\n");
        assert_eq!(pair.stats().captured, 0, "it never got to the app");
        let bad_chunk = request(
            "POST",
            "/hello",
            &["transfer-encoding: chunked"],
            "zz\r\nno\r\n",
        );
        pair.same_answer(bad_chunk);
    }
}

#[test]
fn one_hundred_continue_is_sent_when_the_handler_reads_and_not_before() {
    for stack in STACKS {
        let mut pair = Pair::start(stack);
        let expecting = |path| {
            request(
                "POST",
                path,
                &["content-length: 5", "expect: 100-continue"],
                "",
            )
        };
        // A handler that reads: the client sends the body when it is told to.
        let answer = pair.same(|side| {
            let mut wire = Wire::connect(side.address);
            wire.send(expecting("/hello").as_bytes());
            let told = text(&wire.read_until(b"\r\n\r\n"));
            wire.send(b"hello");
            told + &text(&side.comparable(&wire.read_to_end()))
        });
        assert!(
            answer.starts_with("HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\n"),
            "{answer}"
        );
        assert!(answer.ends_with("\n\nhello"), "{answer}");

        // A handler that does not: hyper leaves it out, actix-web tells every client to go on.
        let answer = pair.same(|side| {
            let mut wire = Wire::connect(side.address);
            wire.send(expecting("/refuse").as_bytes());
            if stack == Stack::Actix {
                wire.read_until(b"\r\n\r\n");
                wire.send(b"hello");
            }
            text(&side.comparable(&wire.read_to_end()))
        });
        assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
        pair.recorded(2);
    }
}

#[test]
fn each_event_of_a_stream_is_there_before_the_next_is_made() {
    for stack in STACKS {
        let mut pair = Pair::start(stack);
        let answer = pair.same(|side| {
            let feed = side.ends.feed.take().expect("a feed");
            let mut wire = Wire::connect(side.address);
            wire.send(get("/feed").as_bytes());
            feed.send(Bytes::from_static(b"data: 1\n\n"))
                .expect("a handler");
            let mut answer = wire.read_until(b"9\r\ndata: 1\n\n\r\n");
            feed.send(Bytes::from_static(b"data: 2\n\n"))
                .expect("a handler");
            answer.extend(wire.read_until(b"9\r\ndata: 2\n\n\r\n"));
            drop(feed);
            answer.extend(wire.read_to_end());
            text(&side.comparable(&answer))
        });
        assert!(answer.ends_with("\n0\n\n"), "{answer}");
        let [message] = &pair.recorded(1)[..] else {
            unreachable!()
        };
        let body = message
            .response
            .as_ref()
            .and_then(|response| response.body.clone());
        assert_eq!(body.as_deref(), Some("data: 1\n\ndata: 2\n\n"));
    }
}

#[test]
fn a_client_that_leaves_during_the_response_stops_it_as_without_the_layer() {
    for stack in STACKS {
        let mut pair = Pair::start(stack);
        for side in pair.sides() {
            let feed = side.ends.feed.take().expect("a feed");
            let mut wire = Wire::connect(side.address);
            wire.send(get("/feed").as_bytes());
            feed.send(Bytes::from_static(b"data: 1\n\n"))
                .expect("a handler");
            wire.read_until(b"data: 1\n\n\r\n");
            wire.reset();
            // The server drops the body, and with it the feed's other end; a body that is asked
            // for more only learns of the reset by writing.
            while feed.send(Bytes::from_static(b"data: 2\n\n")).is_ok() {
                std::thread::yield_now();
            }
        }
        let [message] = &pair.recorded(1)[..] else {
            unreachable!()
        };
        assert_eq!(outcome(message), Some(Outcome::Aborted));
    }
}

#[test]
fn a_client_that_leaves_before_the_response_drops_the_handler_as_without_the_layer() {
    for stack in [Stack::Axum, Stack::AxumOutside] {
        let mut pair = Pair::start(stack);
        pair.same(|side| {
            let mut wire = Wire::connect(side.address);
            wire.send(get("/hang").as_bytes());
            assert_eq!(side.seen(), "begun");
            wire.reset();
            assert_eq!(side.seen(), "dropped");
        });
        let [message] = &pair.recorded(1)[..] else {
            unreachable!()
        };
        assert_eq!(outcome(message), Some(Outcome::Aborted));
        assert_eq!(
            message.response.as_ref().map(|response| response.status),
            Some(499)
        );
    }
}

#[test]
fn the_handler_sees_the_same_error_when_the_client_breaks_off() {
    for stack in STACKS {
        let mut pair = Pair::start(stack);
        let mut break_off = |head: &[&str], body: &str, leave: fn(Wire)| {
            let request = request("POST", "/watch", head, body);
            pair.same(|side: &mut Side| {
                let mut wire = Wire::connect(side.address);
                wire.send(request.as_bytes());
                assert_eq!(side.seen(), "begun");
                leave(wire);
                side.seen()
            })
        };
        let finish = |wire: Wire| {
            wire.finish();
        };
        let seen = break_off(&["content-length: 100"], "ten bytes.", finish);
        assert!(seen.contains("failed: "), "{seen}");
        let seen = break_off(&["transfer-encoding: chunked"], "5\r\nhel", finish);
        assert!(seen.contains("failed: "), "{seen}");
        let seen = break_off(&["transfer-encoding: chunked"], "zz\r\nhel", finish);
        assert!(seen.contains("failed: "), "{seen}");
        let seen = break_off(&["content-length: 5"], "whole", finish);
        assert!(seen.contains("whole"), "{seen}");
    }
}

fn outcome(message: &runscope::Message) -> Option<Outcome> {
    message.context.as_ref().and_then(|context| context.outcome)
}
