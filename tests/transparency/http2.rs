//! Answers over HTTP/2, frame by frame.

use super::frames::{Frame, exchange};
use super::pair::{Pair, STACKS, Stack};
use runscope::Outcome;

/// Sends the same request to both and expects the same frames, with the same flags.
#[track_caller]
fn same_frames(
    pair: &mut Pair,
    method: &str,
    path: &str,
    body: Option<&[u8]>,
    trailers: &[(&str, &str)],
) -> Vec<Frame> {
    let actix = pair.stack == Stack::Actix;
    let frames = |address| {
        let mut frames = exchange(address, method, path, body, trailers);
        // The order of names in actix-web's header map is another one in every map.
        for frame in frames
            .iter_mut()
            .filter(|frame| actix && frame.is_headers())
        {
            frame.payload.sort_unstable();
        }
        frames
    };
    let (bare, layered) = (frames(pair.bare.address), frames(pair.layered.address));
    assert_eq!(
        layered, bare,
        "{:?}: layered ≠ bare for {method} {path}",
        pair.stack
    );
    bare
}

#[test]
fn answers_are_the_same_frames() {
    for stack in STACKS {
        let mut pair = Pair::start(stack);
        let mut count = 0;
        for path in [
            "/hello",
            "/length/0",
            "/length/1",
            "/chunks",
            "/announced-chunks",
            "/status/204",
            "/status/304",
            "/status/500",
            "/headers",
            "/nowhere",
            "/view?q=1",
        ] {
            for method in ["GET", "HEAD", "DELETE"] {
                same_frames(&mut pair, method, path, None, &[]);
                count += 1;
            }
        }
        for body in [&b""[..], b"h", b"hello"] {
            for path in ["/hello", "/echo", "/view", "/refuse", "/nested/7/view"] {
                same_frames(&mut pair, "POST", path, Some(body), &[]);
                count += 1;
            }
        }
        pair.recorded(count);
    }
}

#[test]
fn an_empty_answer_ends_with_its_headers() {
    for stack in STACKS {
        let mut pair = Pair::start(stack);
        for (method, path) in [
            ("GET", "/status/204"),
            ("GET", "/length/0"),
            ("HEAD", "/hello"),
        ] {
            if stack == Stack::Actix && method == "HEAD" {
                continue;
            }
            let frames = same_frames(&mut pair, method, path, None, &[]);
            let [headers] = &frames[..] else {
                panic!("{frames:?}")
            };
            assert!(headers.is_headers() && headers.ends_stream(), "{frames:?}");
        }
    }
}

#[test]
fn trailers_of_requests_and_responses_pass() {
    for stack in [Stack::Axum, Stack::AxumOutside] {
        let mut pair = Pair::start(stack);
        let frames = same_frames(&mut pair, "POST", "/trailers", Some(b"\0\0\0\0\0"), &[]);
        let [head, data, trailers] = &frames[..] else {
            panic!("{frames:?}")
        };
        assert!(
            head.is_headers() && !data.is_headers() && trailers.is_headers(),
            "{frames:?}"
        );
        assert!(trailers.ends_stream());
        same_frames(&mut pair, "POST", "/only-trailers", None, &[]);
        let frames = same_frames(
            &mut pair,
            "POST",
            "/view",
            Some(b"hello"),
            &[("grpc-timeout", "1S")],
        );
        let body = frames
            .iter()
            .find(|frame| !frame.is_headers())
            .expect("a body");
        let seen = String::from_utf8_lossy(&body.payload);
        assert!(seen.contains(r#"{"grpc-timeout": "1S"}"#), "{seen}");
        let recorded = pair.recorded(3);
        let outcomes = recorded
            .iter()
            .map(|m| m.context.as_ref().and_then(|c| c.outcome));
        assert_eq!(outcomes.collect::<Vec<_>>(), [Some(Outcome::Complete); 3]);
    }
}

#[test]
fn failures_reset_the_stream_in_the_same_way() {
    for stack in STACKS {
        let mut pair = Pair::start(stack);
        // What is still unsent when a stream is reset may be left out, so the end is compared.
        for path in ["/broken", "/panic"] {
            let last = pair.same(|side| exchange(side.address, "GET", path, None, &[]).pop());
            assert!(last.is_some_and(|last| last.is_reset()), "{stack:?} {path}");
        }
    }
}
