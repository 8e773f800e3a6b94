//! What the test suites share. Each uses its own part of it.
#![allow(dead_code, unreachable_pub)]

pub mod api;
pub mod exchanges;
pub mod runtimes;
pub mod watchdog;
