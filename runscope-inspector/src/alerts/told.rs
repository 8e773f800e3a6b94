//! What the log says of channels that fail: who it was, for which rule and why, and nothing that a
//! channel's URL or its answer has of its own, as both can hold secrets.

use super::channel::Channel;
use super::describe::one_line;
use super::post::{Answer, Unsent};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// One failure of a channel that is to be tried again is told in this time: a channel that is down
/// fails again and again.
const WINDOW: Duration = Duration::from_secs(60);

/// The characters of a name, and of why nothing was sent.
const LONGEST: usize = 120;

/// When a retry to each channel was told last, and how many were not since.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<HashMap<String, (Instant, u64)>>);

impl Told {
    /// Tells of a notice that is tried again, unless another of the channel was told a moment ago.
    pub(super) fn retried(
        &self,
        channel: &Channel,
        rule: &str,
        answer: &Result<Answer, Unsent>,
        wait: Duration,
    ) {
        if let Some(untold) = self.tell(&channel.id, Instant::now()) {
            tracing::warn!(
                channel = one_line(&channel.name, LONGEST),
                kind = channel.kind(),
                rule = one_line(rule, LONGEST),
                reason = reason(channel, answer),
                wait = wait.as_secs_f64(),
                untold = Some(untold).filter(|untold| *untold > 0),
                "a notice could not be sent; it is tried again"
            );
        }
    }

    /// How many were not told before this one; `None` where this one is not to be told either.
    fn tell(&self, channel: &str, now: Instant) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let age = |begun: Instant| now.saturating_duration_since(begun);
        // Channels are deleted, and what was known of them is forgotten.
        told.retain(|_, (begun, _)| age(*begun) < WINDOW * 60);
        match told.get_mut(channel) {
            Some((begun, untold)) if age(*begun) < WINDOW => {
                *untold = untold.saturating_add(1);
                None
            }
            _ => {
                let before = told.insert(channel.to_owned(), (now, 0));
                Some(before.map_or(0, |(_, untold)| untold))
            }
        }
    }
}

/// Tells of a notice that nobody will get.
pub(super) fn given_up(channel: &Channel, rule: &str, answer: &Result<Answer, Unsent>) {
    tracing::warn!(
        channel = one_line(&channel.name, LONGEST),
        kind = channel.kind(),
        rule = one_line(rule, LONGEST),
        reason = reason(channel, answer),
        "a notice was given up"
    );
}

/// A status, or in a few words why there is none.
fn reason(channel: &Channel, answer: &Result<Answer, Unsent>) -> String {
    match answer {
        Ok(answer) => format!("status {}", answer.status),
        Err(Unsent::Refused(reason) | Unsent::Failed(reason)) => {
            one_line(&channel.concealed(reason), LONGEST)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_retry_of_each_channel_is_told_in_a_while_and_the_others_are_counted() {
        let told = Told::default();
        let start = Instant::now();
        for (channel, seconds, expected) in [
            ("a", 0, Some(0)),
            ("a", 1, None),
            ("b", 1, Some(0)),
            ("a", 59, None),
            ("a", 60, Some(2)),
            ("a", 119, None),
            ("a", 4000, Some(0)),
        ] {
            let found = told.tell(channel, start + Duration::from_secs(seconds));
            assert_eq!(found, expected, "{channel} {seconds}");
        }
    }

    #[test]
    fn no_secret_of_a_channel_is_in_a_reason() {
        let hook = json!({"name": "Hook", "kind": "webhook", "url": "https://u:s3cr3t-pw@hooks.example/s3cr3t/path?s3cr3t",
            "secret": "whsec_czNjcjN0czNjcjN0czNjcjN0czNjcjN0"});
        let pager = json!({"name": "Pager", "kind": "pagerduty", "routing_key": "0123456789abcdef0123456789abcdef"});
        let mail = json!({"name": "Mail", "kind": "email", "server": "smtp.example", "user": "me", "password": "s3cr3t",
            "from": "a@b.example", "to": ["c@d.example"]});
        for (channel, said, expected) in [
            (
                &hook,
                "POST https://u:s3cr3t-pw@hooks.example/s3cr3t/path?s3cr3t\nfailed",
                "POST … failed",
            ),
            (
                &hook,
                "/s3cr3t/path?s3cr3t of hooks.example and whsec_czNjcjN0czNjcjN0czNjcjN0czNjcjN0",
                "… of hooks.example and …",
            ),
            (
                &pager,
                "0123456789abcdef0123456789abcdef is unknown",
                "… is unknown",
            ),
            (&mail, "535 me:s3cr3t is wrong", "535 me:… is wrong"),
            (
                &mail,
                "the connection broke off",
                "the connection broke off",
            ),
        ] {
            let channel = Channel::kept(channel).unwrap();
            let failed = Err(Unsent::Failed(said.to_owned()));
            assert_eq!(reason(&channel, &failed), expected);
        }
        let hook = Channel::kept(&hook).unwrap();
        let answered = Ok(Answer {
            status: 503,
            retry_after: None,
            body: "s3cr3t".to_owned(),
        });
        assert_eq!(reason(&hook, &answered), "status 503");
    }
}
