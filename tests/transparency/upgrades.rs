//! Connections that become something else.

use super::answers::get;
use super::pair::{Pair, STACKS, Stack};
use crate::wire::{Wire, text};
use runscope::Outcome;

/// The request of RFC 6455, section 1.2.
const HANDSHAKE: &[u8] = b"GET /ws HTTP/1.1\r\nhost: a.example\r\nupgrade: websocket\r\n\
connection: Upgrade\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n";

/// Frames of RFC 6455, section 5.7, the first masked by zeros.
const TEXT: &[u8] = b"\x81\x85\0\0\0\0hello";
const CLOSE: &[u8] = b"\x88\x82\0\0\0\0\x03\xe8";

#[test]
fn a_web_socket_echoes_both_ways_to_the_byte() {
    for stack in STACKS {
        let mut pair = Pair::start(stack);
        let answer = pair.same(|side| {
            let mut wire = Wire::connect(side.address);
            wire.send(HANDSHAKE);
            let mut answer = side.comparable(&wire.read_until(b"\r\n\r\n"));
            for _ in 0..3 {
                wire.send(TEXT);
                answer.extend(wire.read_exact(7));
            }
            let long = [b"\x82\xfe\xff\xff\0\0\0\0".as_slice(), &[7; 0xffff]].concat();
            wire.send(&long);
            answer.extend(wire.read_exact(4 + 0xffff));
            wire.send(CLOSE);
            answer.extend(wire.read_to_end());
            answer
        });
        let answer = text(&answer);
        assert!(
            answer.starts_with("HTTP/1.1 101 Switching Protocols\n"),
            "{answer:.500}"
        );
        assert!(
            answer.contains(r"\x81\x05hello\x81\x05hello"),
            "{answer:.500}"
        );
        let [message] = &pair.recorded(1)[..] else {
            unreachable!()
        };
        assert_eq!(
            message.context.as_ref().and_then(|c| c.outcome),
            Some(Outcome::Upgraded)
        );
    }
}

#[test]
fn a_raw_upgrade_hands_over_the_connection() {
    for stack in [Stack::Axum, Stack::AxumOutside] {
        let mut pair = Pair::start(stack);
        let answer = pair.same(|side| {
            let mut wire = Wire::connect(side.address);
            let head = get("/raw-upgrade").replace("close", "upgrade\r\nupgrade: raw");
            // What is sent along with the request belongs to the new protocol.
            wire.send(format!("{head}early").as_bytes());
            let mut answer = side.comparable(&wire.read_until(b"\r\n\r\n"));
            answer.extend(wire.read_exact(5));
            for word in ["\0\x01\x02", "no HTTP any more\r\n\r\n"] {
                wire.send(word.as_bytes());
                answer.extend(wire.read_exact(word.len()));
            }
            wire.finish();
            answer.extend(wire.read_to_end());
            text(&answer)
        });
        assert!(
            answer.contains(r"early\x00\x01\x02no HTTP any more"),
            "{answer}"
        );
        let [message] = &pair.recorded(1)[..] else {
            unreachable!()
        };
        assert_eq!(
            message.context.as_ref().and_then(|c| c.outcome),
            Some(Outcome::Upgraded)
        );
    }
}

#[test]
fn an_upgrade_that_is_refused_is_answered_as_without_the_layer() {
    for stack in STACKS {
        let mut pair = Pair::start(stack);
        let plain = get("/ws");
        let no_key = get("/ws").replace("close", "close, upgrade\r\nupgrade: websocket");
        for request in [plain, no_key] {
            let answer = pair.same_answer(request);
            assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
        }
        pair.recorded(2);
    }
}
