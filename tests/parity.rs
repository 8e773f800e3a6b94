//! Drives the same exchanges through axum and through actix-web, over real sockets, and expects the
//! same messages of both, but for the listed differences.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub
)]

mod support;
#[path = "support/apps/mod.rs"]
mod apps;
#[path = "support/raw.rs"]
mod raw;

#[path = "parity/case.rs"]
mod case;
#[path = "parity/difference.rs"]
mod difference;
#[path = "parity/message.rs"]
mod message;

#[path = "parity/heads.rs"]
mod heads;
#[path = "parity/bodies.rs"]
mod bodies;
#[path = "parity/transfers.rs"]
mod transfers;
#[path = "parity/endings.rs"]
mod endings;
#[path = "parity/connections.rs"]
mod connections;
#[path = "parity/settings.rs"]
mod settings;

use case::{Case, run_all};
use difference::Difference;
use std::collections::BTreeSet;

#[test]
fn heads_are_the_same_in_both() {
    run_all(heads::cases());
}

#[test]
fn bodies_are_the_same_in_both() {
    run_all(bodies::cases());
}

#[test]
fn bodies_are_transferred_alike_in_both() {
    run_all(transfers::cases());
}

#[test]
fn exchanges_end_alike_in_both() {
    run_all(endings::cases());
}

#[test]
fn connections_of_every_kind_are_the_same_in_both() {
    run_all(connections::cases());
}

#[test]
fn settings_mean_the_same_in_both() {
    run_all(settings::cases());
}

#[test]
fn header_names_keep_their_order_where_the_framework_keeps_it() {
    heads::check_order();
}

#[test]
fn every_case_has_a_name_of_its_own_and_every_difference_a_case() {
    let tables = [
        heads::cases(),
        bodies::cases(),
        transfers::cases(),
        endings::cases(),
        connections::cases(),
        settings::cases(),
    ];
    let cases: Vec<Case> = tables.into_iter().flatten().collect();
    let names: BTreeSet<_> = cases.iter().map(|case| case.name).collect();
    assert_eq!(names.len(), cases.len());
    // A message that is compared as JSON knows no order: a test of its own shows that.
    for difference in Difference::ALL
        .into_iter()
        .filter(|one| *one != Difference::HeaderOrder)
    {
        let shown = cases.iter().any(|case| case.shows(difference));
        assert!(shown, "no case shows that {difference:?}");
    }
}

#[test]
fn the_docs_list_these_differences_and_no_others() {
    let of_suite: Vec<_> = Difference::ALL.into_iter().map(Difference::title).collect();
    assert_eq!(Difference::documented(), of_suite);
}
