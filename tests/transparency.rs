//! With the layer and without, the client and the handler see the same, to the byte.

#![allow(unreachable_pub, clippy::expect_used, clippy::panic)]

#[path = "support/wire.rs"]
mod wire;
#[path = "transparency/mod.rs"]
mod suite;
