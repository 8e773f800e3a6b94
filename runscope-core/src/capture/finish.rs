//! The decisions that fall when an exchange ends, as functions of plain facts.

use super::record::Record;
use super::shared::State;
use super::tap::{Chunks, Tap};
use crate::config::Config;
use crate::message::{Outcome, Withheld};
use std::time::Duration;

/// Whether the response of a dropped exchange had passed whole. Servers drop a body as soon as it
/// says that it is at its end, or when the promised length is written, and do not ask for one
/// where the method or the status forbids it.
pub(super) fn complete_before(state: &State) -> bool {
    let Some(response) = &state.record.response else {
        return false;
    };
    let all_passed = state
        .expected
        .is_some_and(|expected| response.body.size >= expected);
    response.body.absent || all_passed
}

/// Lets go of the bodies that are not to be sent, each with its reason. What was kept of them is
/// for the caller to drop, outside of any lock: a buffer may be the app's own, with code in its drop.
pub(super) fn withhold_bodies(
    record: &mut Record,
    log_body: bool,
    config: &Config,
    total_time: impl Fn() -> Duration,
) -> Option<[Chunks; 2]> {
    let status = record.response.as_ref().map(|response| response.status);
    let keep = config.keeps_bodies(status, total_time);
    let upgraded = record.outcome == Outcome::Upgraded;
    let why = match () {
        () if upgraded => Some(Withheld::Upgraded),
        () if !log_body => Some(Withheld::LogBodyOff),
        () if !keep => Some(Withheld::Filtered),
        () => None,
    };
    let request = &mut record.request.body;
    if !request.polled && !request.absent {
        if !request.announced {
            *request = Tap::absent();
        } else if request.withheld.is_none() {
            request.withheld = Some(Withheld::Unread);
        }
    }
    let why = why?;
    let of_request = withhold(request, why);
    let response = record.response.as_mut();
    let of_response = response.and_then(|response| withhold(&mut response.body, why));
    if of_request.is_none() && of_response.is_none() {
        return None;
    }
    let kept = [of_request, of_response].map(Option::unwrap_or_default);
    record.charge.shrink(kept.iter().map(Chunks::held).sum());
    Some(kept)
}

/// A reason that was found while the body passed says more than one that is found now.
fn withhold(body: &mut Tap, why: Withheld) -> Option<Chunks> {
    if body.absent {
        return None;
    }
    let why = match body.withheld {
        Some(Withheld::Unseen) => Withheld::Unseen,
        Some(earlier @ (Withheld::Unread | Withheld::ContentType)) if why == Withheld::Filtered => {
            earlier
        }
        _ => why,
    };
    body.withhold(why)
}
