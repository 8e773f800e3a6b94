//! A rule at work, with a clock of its own.

use super::machine::Change;
use super::notice::Event;
use super::rule::Rule;
use super::seen::Seen;
use super::tracker::{Counted, Tracker, live_step};
use crate::exchange::{Attributes, Timestamp};
use runscope_core::{Message, Request, Response};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const FIRED: Change = Change::Fired { tell: true };
const RESOLVED: Change = Change::Resolved { tell: true };

fn at(millis: i64) -> Timestamp {
    Timestamp::from_micros(1_795_341_600_000_000 + millis * 1000)
}

fn tracker(rule: &Value) -> Tracker {
    let rule = Rule::read(rule).unwrap();
    let step = live_step(&rule);
    Tracker::new(rule, step)
}

/// Shows a rule a call with a status to a path.
fn call(tracker: &mut Tracker, millis: i64, status: u16, path: &str) -> Counted {
    called(tracker, at(millis), at(millis), status, path)
}

fn called(
    tracker: &mut Tracker,
    arrived: Timestamp,
    time: Timestamp,
    status: u16,
    path: &str,
) -> Counted {
    let url = format!("https://shop.example{path}");
    let request = Request::new("GET", url).timestamp(time.as_seconds());
    let message = Message::new()
        .request(request)
        .response(Response::new(status));
    let attributes = Attributes::of(&message, arrived);
    let seen = Seen::new(&attributes, &message, arrived);
    tracker.see(&seen, arrived, "default", Uuid::nil())
}

fn changes(events: &[Event]) -> Vec<(Change, &str)> {
    events
        .iter()
        .map(|event| (event.change, event.alert.group.as_str()))
        .collect()
}

#[test]
fn a_storm_of_failing_calls_is_one_alert_that_ends() {
    let mut tracker =
        tracker(&json!({"name": "errors", "filter": "status:5xx", "resolve_after": "60s"}));
    for number in 0..100_000 {
        call(&mut tracker, number / 10, 503, "/pay");
    }
    tracker.advance(at(200_000));
    let events = tracker.take_events();
    assert_eq!(changes(&events), [(FIRED, ""), (RESOLVED, "")]);
    let alert = &events[1].alert;
    assert_eq!((alert.matches, alert.calls.len()), (100_000, 10));
    assert_eq!(alert.id, events[0].alert.id);
    let lasted = alert.resolved.unwrap() - alert.fired;
    assert!((69.0..72.0).contains(&lasted), "{lasted}");
}

#[test]
fn groups_fire_and_end_each_for_themselves() {
    let mut tracker = tracker(
        &json!({"name": "errors", "filter": "status:5xx", "group_by": "route", "resolve_after": "0s",
        "condition": {"kind": "count", "window": "10s", "at_least": 3}}),
    );
    for millis in [0, 100, 200] {
        call(&mut tracker, millis, 500, "/a");
        call(&mut tracker, millis, 200, "/a");
    }
    call(&mut tracker, 300, 500, "/b");
    tracker.advance(at(2_000));
    assert_eq!(changes(&tracker.take_events()), [(FIRED, "/a")]);
    call(&mut tracker, 3_000, 500, "/b");
    call(&mut tracker, 3_100, 500, "/b");
    tracker.advance(at(5_000));
    assert_eq!(changes(&tracker.take_events()), [(FIRED, "/b")]);
    assert_eq!(tracker.firing(), 2);
    tracker.advance(at(30_000));
    let mut ended = changes(&tracker.take_events())
        .iter()
        .map(|(_, group)| group.to_string())
        .collect::<Vec<_>>();
    ended.sort();
    assert_eq!(ended, ["/a", "/b"]);
}

#[test]
fn what_callers_make_up_is_one_group_in_the_end() {
    let mut tracker =
        tracker(&json!({"name": "errors", "filter": "status:404", "group_by": "route"}));
    for number in 0..5_000 {
        call(&mut tracker, 0, 404, &format!("/{number}"));
    }
    tracker.advance(at(1_000));
    let events = tracker.take_events();
    assert_eq!(events.len(), 1001);
    let others = events
        .iter()
        .find(|event| event.alert.group == "(others)")
        .unwrap();
    assert_eq!(others.alert.matches, 4_000);
}

#[test]
fn a_condition_has_to_hold_for_windows_in_a_row() {
    let rule = json!({"name": "errors", "filter": "status:5xx", "windows": 3,
        "condition": {"kind": "ratio", "window": "10s", "above": "50%", "minimum": 5}});
    // For 20 seconds after the condition first held.
    for (failing, fires) in [(10_000, false), (30_000, true)] {
        let mut tracker = tracker(&rule);
        for millis in (0..40_000).step_by(500) {
            let status = if millis < failing { 500 } else { 200 };
            call(&mut tracker, millis, status, "/a");
        }
        let events = tracker.take_events();
        assert_eq!(
            events.iter().any(|event| event.change == FIRED),
            fires,
            "{failing}"
        );
    }
}

#[test]
fn late_calls_wake_nobody() {
    let mut tracker = tracker(&json!({"name": "errors", "filter": "status:5xx",
        "condition": {"kind": "count", "window": "5m", "at_least": 1}}));
    // The window and a minute.
    for (age, counted) in [
        (0, Counted::Match),
        (359, Counted::Match),
        (361, Counted::Late),
        (-60, Counted::Match),
    ] {
        let arrived = at(0);
        let time = at(-age * 1000);
        assert_eq!(
            called(&mut tracker, arrived, time, 500, "/a"),
            counted,
            "{age}"
        );
    }
}

#[test]
fn what_was_counted_outlives_a_restart() {
    let rule = json!({"id": "errors", "name": "errors", "filter": "status:5xx", "group_by": "route",
        "condition": {"kind": "count", "window": "1m", "at_least": 4}});
    let mut before = tracker(&rule);
    for millis in [0, 1_000, 2_000] {
        call(&mut before, millis, 500, "/a");
        call(&mut before, millis, 500, "/b");
    }
    call(&mut before, 2_500, 500, "/b");
    before.advance(at(4_000));
    assert_eq!(changes(&before.take_events()), [(FIRED, "/b")]);
    let kept = before.kept();

    let read = Rule::read(&rule).unwrap();
    let mut after = Tracker::restored(read.clone(), live_step(&read), &kept);
    call(&mut after, 10_000, 500, "/a");
    after.advance(at(12_000));
    assert_eq!(changes(&after.take_events()), [(FIRED, "/a")]);
    assert_eq!(after.firing(), 2);

    // Another rule would have counted otherwise: what it left behind ends.
    let mut other = rule;
    other["filter"] = json!("status:500");
    let mut changed = Tracker::restored(Rule::read(&other).unwrap(), Duration::from_secs(1), &kept);
    assert_eq!(changes(&changed.take_events()), [(RESOLVED, "/b")]);
    assert_eq!(changed.firing(), 0);
}

#[test]
fn a_name_can_be_changed_and_what_was_counted_stays() {
    let rule = json!({"id": "errors", "name": "errors", "filter": "status:5xx"});
    let mut tracker = tracker(&rule);
    call(&mut tracker, 0, 500, "/a");
    tracker.advance(at(500));
    assert_eq!(changes(&tracker.take_events()), [(FIRED, "")]);
    let mut renamed = rule;
    renamed["name"] = json!("failures");
    renamed["silence_until"] = json!("2030-01-01T00:00:00Z");
    tracker.change(Rule::read(&renamed).unwrap(), at(600));
    assert_eq!(tracker.firing(), 1);
    renamed["filter"] = json!("status:4xx");
    tracker.change(Rule::read(&renamed).unwrap(), at(700));
    assert_eq!(changes(&tracker.take_events()), [(RESOLVED, "")]);
}
