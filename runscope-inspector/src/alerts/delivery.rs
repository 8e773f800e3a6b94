//! The outbox is emptied here: one notice at a time to each channel, a few channels at a time.

use super::channel::{Channel, Destination};
use super::describe::one_line;
use super::mail;
use super::notice::Notice;
use super::post::{self, Answer, Unsent};
use super::shared::Shared;
use super::told;
use super::verdict::{Verdict, verdict};
use crate::exchange::Timestamp;
use crate::store::{KeptNotice, NoticeState, SettledNotice};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Channels that are sent to at one time.
const AT_ONCE: usize = 8;

/// How long to sleep where nothing is due.
const IDLE: Duration = Duration::from_secs(30);

/// The characters of an answer that are kept.
const LONGEST_ANSWER: usize = 300;

/// Sends what is due until it is stopped. A notice that is on its way then is sent again after the
/// next start.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut delivery = Delivery {
        shared: Arc::clone(&shared),
        sending: JoinSet::new(),
        busy: HashMap::new(),
    };
    loop {
        let sleep = delivery.begin();
        tokio::select! {
            () = shared.stop.notified() => return,
            () = shared.outgoing.notified() => {}
            () = tokio::time::sleep(sleep) => {}
            Some(done) = delivery.sending.join_next() => {
                match done {
                    Ok((channel, pause)) => {
                        delivery.busy.insert(channel, Some(Instant::now() + pause));
                    }
                    // It panicked, and nobody knows to which channel it was sending.
                    Err(_) => delivery.busy.retain(|_, until| until.is_some()),
                }
            }
        }
    }
}

struct Delivery {
    shared: Arc<Shared>,
    /// Each ends with the channel and how long that is to be left alone.
    sending: JoinSet<(String, Duration)>,
    /// Channels that can't be sent to, and until when; one that is being sent to has no end yet.
    busy: HashMap<String, Option<Instant>>,
}

impl Delivery {
    /// Begins to send what is due, and says how long to sleep if nothing else happens.
    fn begin(&mut self) -> Duration {
        let now = Instant::now();
        self.busy
            .retain(|_, until| until.is_none_or(|until| until > now));
        let busy: Vec<String> = self.busy.keys().cloned().collect();
        let room = AT_ONCE.saturating_sub(self.sending.len());
        let store = &self.shared.store;
        let claimed = store.claim_notices(Timestamp::now(), &busy, room);
        let next = claimed.and_then(|claimed| {
            let channels = if claimed.is_empty() {
                Vec::new()
            } else {
                self.shared.channels()?
            };
            for notice in claimed {
                self.busy.insert(notice.channel.clone(), None);
                let channel = channels.iter().find(|channel| channel.id == notice.channel);
                let (shared, channel) = (Arc::clone(&self.shared), channel.cloned());
                self.sending.spawn(async move {
                    let pause = deliver(&shared, &notice, channel).await;
                    (notice.channel, pause)
                });
            }
            self.shared.store.next_notice()
        });
        match next {
            Ok(next) => self.sleep(next),
            Err(error) => {
                tracing::warn!(%error, "notices can't be read; this is tried again");
                Duration::from_secs(5)
            }
        }
    }

    fn sleep(&self, next: Option<Timestamp>) -> Duration {
        let now = Timestamp::now().as_micros();
        let due = next.map_or(IDLE, |next| {
            Duration::from_micros(next.as_micros().saturating_sub(now).max(0).unsigned_abs())
        });
        let free = self.busy.values().flatten().min();
        let free = free.map_or(IDLE, |until| {
            until.saturating_duration_since(Instant::now())
        });
        // What is due and waits for a channel is looked at when that is free.
        let sleep = if due.is_zero() {
            free.min(Duration::from_secs(1))
        } else {
            due
        };
        sleep.clamp(Duration::from_millis(5), IDLE)
    }
}

/// Sends one notice, notes what came of it, and says how long its channel is to be left alone.
async fn deliver(shared: &Shared, notice: &KeptNotice, channel: Option<Channel>) -> Duration {
    let now = Timestamp::now();
    let Some(channel) = channel else {
        tracing::warn!(
            channel = one_line(&notice.channel, LONGEST_ANSWER),
            rule = one_line(&notice.rule, LONGEST_ANSWER),
            reason = "the channel is gone",
            "a notice was given up"
        );
        settle(
            shared,
            notice,
            NoticeState::Failed,
            now,
            "the channel is gone",
        );
        return Duration::ZERO;
    };
    let content = serde_json::from_str::<Notice>(&notice.document);
    let rule = match &content {
        Ok(content) => content.rule_name.clone(),
        Err(_) => notice.rule.clone(),
    };
    let answer = match content {
        Ok(content) => send(shared, &channel, &notice.id, &content).await,
        Err(error) => Err(Unsent::Refused(format!(
            "the notice can't be read: {error}"
        ))),
    };
    let settings = &shared.settings;
    let verdict = verdict(
        &answer,
        notice.attempts,
        settings.retry_base,
        fastrand::f64(),
    );
    let words = words(&answer);
    let age = now.as_micros().saturating_sub(notice.created.as_micros());
    let too_old = Duration::from_micros(age.max(0).unsigned_abs()) > settings.give_up;
    match verdict {
        Verdict::Sent => {
            shared.numbers.sent.fetch_add(1, Ordering::Relaxed);
            settle(shared, notice, NoticeState::Sent, now, &words);
            channel.pause()
        }
        Verdict::Again(pause) if !too_old => {
            shared.numbers.retried.fetch_add(1, Ordering::Relaxed);
            shared.told.retried(&channel, &rule, &answer, pause);
            let micros = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
            let due = Timestamp::from_micros(Timestamp::now().as_micros().saturating_add(micros));
            settle(shared, notice, NoticeState::Waiting, due, &words);
            // A wish for patience holds for the channel's other notices too.
            let wish = answer.ok().and_then(|answer| answer.retry_after);
            wish.map_or(channel.pause(), |_| pause.max(channel.pause()))
        }
        Verdict::Again(_) | Verdict::GivenUp => {
            shared.numbers.failed.fetch_add(1, Ordering::Relaxed);
            told::given_up(&channel, &rule, &answer);
            settle(shared, notice, NoticeState::Failed, now, &words);
            channel.pause()
        }
    }
}

/// Sends a notice to a channel once.
pub(super) async fn send(
    shared: &Shared,
    channel: &Channel,
    id: &str,
    notice: &Notice,
) -> Result<Answer, Unsent> {
    let allowed = &shared.settings.private_hosts;
    if let Destination::Email(email) = &channel.to {
        let message = email
            .message(id, notice, &shared.links)
            .map_err(Unsent::Refused)?;
        let said = mail::send(email, message, allowed).await?;
        return Ok(Answer {
            status: 200,
            retry_after: None,
            body: said,
        });
    }
    match channel.post(id, notice, &shared.links, Timestamp::now()) {
        Some(request) => post::send(&request, allowed).await,
        None => Err(Unsent::Refused("there is nothing to send".to_owned())),
    }
}

/// An answer for people: its status and the beginning of its body, or why there is none.
pub(super) fn words(answer: &Result<Answer, Unsent>) -> String {
    match answer {
        Ok(answer) => one_line(
            &format!("{} {}", answer.status, answer.body),
            LONGEST_ANSWER,
        ),
        Err(Unsent::Refused(reason) | Unsent::Failed(reason)) => one_line(reason, LONGEST_ANSWER),
    }
}

fn settle(shared: &Shared, notice: &KeptNotice, state: NoticeState, due: Timestamp, answer: &str) {
    let settled = SettledNotice {
        id: notice.id.clone(),
        state,
        due,
        answer: answer.to_owned(),
        at: Timestamp::now(),
    };
    if let Err(error) = shared.store.settle_notice(&settled) {
        tracing::warn!(%error, notice = %notice.id, "what came of a notice could not be kept; it may be sent again");
    }
}
