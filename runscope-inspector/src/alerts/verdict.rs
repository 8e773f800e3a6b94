//! What an answer means for a notice. Pure.

use super::post::{Answer, Unsent};
use std::time::Duration;

/// No channel is obeyed for longer than this, whatever it wishes.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// The bound of a pause does not grow beyond this.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(600);

/// No pause is shorter, so that a channel that is down is not stormed.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Sent,
    /// To be tried again, and not before so long.
    Again(Duration),
    /// To be given up: trying again would not help.
    GivenUp,
}

/// What an answer means; `random` is a number from 0 up to 1.
pub(super) fn verdict(
    answer: &Result<Answer, Unsent>,
    attempts: u32,
    base: Duration,
    random: f64,
) -> Verdict {
    let wait = back_off(attempts, base, random);
    match answer {
        Ok(answer) => match answer.status {
            200..=299 => Verdict::Sent,
            408 | 425 | 429 | 500..=599 => {
                let wish = answer.retry_after.unwrap_or_default().min(LONGEST_PAUSE);
                Verdict::Again(wait.max(wish))
            }
            _ => Verdict::GivenUp,
        },
        Err(Unsent::Failed(_)) => Verdict::Again(wait),
        Err(Unsent::Refused(_)) => Verdict::GivenUp,
    }
}

/// Full jitter: a random share of a bound that doubles with each attempt.
fn back_off(attempts: u32, base: Duration, random: f64) -> Duration {
    let doublings = attempts.saturating_sub(1).min(20);
    let bound = base.saturating_mul(1 << doublings).min(LONGEST_BACK_OFF);
    bound.mul_f64(random.clamp(0.0, 1.0)).max(SHORTEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_whether_to_come_again() {
        let base = Duration::from_secs(2);
        let again = |seconds| Verdict::Again(Duration::from_secs(seconds));
        for (status, wish, attempts, expected) in [
            (200, None, 1, Verdict::Sent),
            (204, None, 9, Verdict::Sent),
            (302, None, 1, Verdict::GivenUp),
            (400, None, 1, Verdict::GivenUp),
            (404, None, 1, Verdict::GivenUp),
            (429, None, 1, again(1)),
            (429, Some(30), 1, again(30)),
            (429, Some(86_400), 1, again(3600)),
            (503, Some(1), 3, again(4)),
            (500, None, 2, again(2)),
            (500, None, 60, again(300)),
        ] {
            let answer = Ok(Answer {
                status,
                retry_after: wish.map(Duration::from_secs),
                body: String::new(),
            });
            assert_eq!(
                verdict(&answer, attempts, base, 0.5),
                expected,
                "{status} {wish:?}"
            );
        }
        let failed = Err(Unsent::Failed(String::new()));
        assert_eq!(verdict(&failed, 1, base, 1.0), again(2));
        assert_eq!(
            verdict(&failed, 1, base, 0.0),
            Verdict::Again(SHORTEST_PAUSE)
        );
        assert_eq!(
            verdict(&Err(Unsent::Refused(String::new())), 1, base, 0.5),
            Verdict::GivenUp
        );
    }
}
