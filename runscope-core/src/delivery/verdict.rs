//! What an answer of the API means for the messages that were sent: one pure table.

use crate::client::{Answer as Said, ItemResult, ItemStatus, plain};
use std::time::Duration;

/// What came back for a POST.
#[derive(Debug)]
pub(super) enum Answer {
    /// No answer: connect, DNS, TLS, reset, timeout.
    Nothing,
    /// Nothing was sent: the token, or the bucket key, can't stand in a request.
    Unsendable,
    /// An answer's status, its `Retry-After` as a delay, what its body says of the messages, and
    /// whether they were sent in gzip.
    Http {
        status: u16,
        retry_after: Option<Duration>,
        said: Said,
        was_gzip: bool,
    },
}

impl Answer {
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Http { retry_after, .. } => *retry_after,
            Self::Nothing | Self::Unsendable => None,
        }
    }
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The messages are settled one by one, in their order.
    Settle(Vec<Settled>),
    /// All were taken, though the answer does not say so.
    TakenUnread,
    /// Send the same bytes again, not before the delay.
    Retry { not_before: Option<Duration> },
    /// Too large, in whatever coding: send halves; a single message without its bodies.
    Split,
    /// One of them is bad: send halves to find it; a single message is the bad one.
    Bisect,
    /// The messages, or that they came in gzip, are not to the API's liking: send the same as they are.
    /// No message is blamed for a coding.
    Uncompressed { is_certain: bool },
    /// Nothing will be taken until somebody changes something: keep all and probe.
    Pause,
}

/// What becomes of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Settled {
    Delivered,
    Warned,
    Unconfirmed,
    Rejected(String),
    Again,
}

/// The table of answers.
pub(super) fn verdict(answer: &Answer) -> Verdict {
    let (status, retry_after, said, was_gzip) = match answer {
        Answer::Nothing => return Verdict::Retry { not_before: None },
        Answer::Unsendable => return Verdict::Pause,
        Answer::Http {
            status,
            retry_after,
            said,
            was_gzip,
        } => (*status, *retry_after, said, *was_gzip),
    };
    let refused = || match was_gzip {
        // Unsupported Media Type, which means a content coding too (RFC 9110, section 15.5.16).
        true => Verdict::Uncompressed {
            is_certain: status == 415,
        },
        false => Verdict::Bisect,
    };
    match status {
        200..=299 => match said {
            Said::Results(receipt) => Verdict::Settle(receipt.items.iter().map(settle).collect()),
            // It was no success, whatever its status says.
            Said::Refused(_) => refused(),
            Said::Unparsable => Verdict::TakenUnread,
        },
        // Following a redirect would hand the token to whoever it names.
        // The others speak of the account, the path or a proxy, not of a message.
        300..=399 | 401..=405 | 407 | 410 => Verdict::Pause,
        413 => Verdict::Split,
        408 | 425 | 429 => Verdict::Retry {
            not_before: retry_after,
        },
        400..=499 => refused(),
        // Every other answer, 5xx above all, is trouble of the server's own.
        _ => Verdict::Retry {
            not_before: retry_after,
        },
    }
}

fn settle(item: &ItemResult) -> Settled {
    let code = item.error.as_ref().and_then(|error| error.code);
    match (item.status, code) {
        (ItemStatus::Success, _) => Settled::Delivered,
        (ItemStatus::Warning, _) => Settled::Warned,
        (ItemStatus::Error, Some(408 | 425 | 429 | 500 | 502 | 503 | 504)) => Settled::Again,
        (ItemStatus::Error, _) => Settled::Rejected(reason(item)),
        _ => Settled::Unconfirmed,
    }
}

fn reason(item: &ItemResult) -> String {
    let said = item
        .error
        .as_ref()
        .and_then(|error| error.message.as_deref());
    said.map_or_else(|| "the API gave no reason".to_owned(), plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Notice, Receipt};

    #[test]
    fn every_status_has_its_row() {
        let wish = Some(Duration::from_secs(7));
        let retry = Verdict::Retry { not_before: wish };
        for (statuses, expected) in [
            (
                &[408, 425, 429, 500, 501, 502, 503, 504, 507, 599][..],
                retry,
            ),
            (&[413], Verdict::Split),
            (&[400, 422, 406, 409, 415, 431, 418], Verdict::Bisect),
            (&[401, 402, 403, 404, 405, 407, 410], Verdict::Pause),
            (&[300, 301, 302, 303, 307, 308], Verdict::Pause),
            (&[200, 201, 202, 204], Verdict::TakenUnread),
        ] {
            for &status in statuses {
                let answer = Answer::Http {
                    status,
                    retry_after: wish,
                    said: Said::Unparsable,
                    was_gzip: false,
                };
                assert_eq!(verdict(&answer), expected, "{status}");
            }
        }
        let retry = Verdict::Retry { not_before: None };
        assert_eq!(verdict(&Answer::Nothing), retry);
        assert_eq!(verdict(&Answer::Unsendable), Verdict::Pause);
        let refused = Answer::Http {
            status: 200,
            retry_after: None,
            said: Said::Refused(Notice::default()),
            was_gzip: false,
        };
        assert_eq!(verdict(&refused), Verdict::Bisect, "a 200 that says no");
    }

    #[test]
    fn what_was_refused_in_gzip_goes_as_it_is_before_a_message_is_blamed() {
        for status in 100..=599 {
            let [plain, gzip] = [false, true].map(|was_gzip| {
                verdict(&Answer::Http {
                    status,
                    retry_after: None,
                    said: Said::Unparsable,
                    was_gzip,
                })
            });
            let is_certain = status == 415;
            match plain {
                Verdict::Bisect => assert_eq!(gzip, Verdict::Uncompressed { is_certain }),
                plain => assert_eq!(gzip, plain, "{status}"),
            }
        }
    }

    #[test]
    fn each_item_of_a_200_is_settled_by_itself() {
        let item = |status| ItemResult {
            status,
            ..ItemResult::default()
        };
        let error = |code| {
            let message = Some("bad url".into());
            let error = Some(Notice {
                code,
                message,
                ..Notice::default()
            });
            ItemResult {
                error,
                ..item(ItemStatus::Error)
            }
        };
        let rejected = || Settled::Rejected("bad url".into());
        let table = [
            (item(ItemStatus::Success), Settled::Delivered),
            (item(ItemStatus::Warning), Settled::Warned),
            (item(ItemStatus::Unknown), Settled::Unconfirmed),
            (
                item(ItemStatus::Error),
                Settled::Rejected("the API gave no reason".into()),
            ),
            (error(None), rejected()),
            (error(Some(400)), rejected()),
            (error(Some(1001)), rejected()),
            (error(Some(429)), Settled::Again),
            (error(Some(503)), Settled::Again),
        ];
        let (items, settled): (Vec<_>, Vec<_>) = table.into_iter().unzip();
        let receipt = Receipt {
            items,
            ..Receipt::default()
        };
        let answer = Answer::Http {
            status: 200,
            retry_after: None,
            said: Said::Results(receipt),
            was_gzip: false,
        };
        assert_eq!(verdict(&answer), Verdict::Settle(settled));
    }
}
