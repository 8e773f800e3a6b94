use runscope_core::{BodyInfo, BodyState, Fields, Withheld};

/// How much of a body is in a message. "Not captured" is never the same as "empty".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// There was no body, or one of no bytes.
    Empty,
    /// All of it is here.
    Whole,
    /// Its beginning is here.
    Truncated(Option<Withheld>),
    /// There was one, or may have been, and it was left out.
    NotCaptured(Option<Withheld>),
    /// It could not be cleaned of secrets, so it was masked whole.
    Masked,
    /// The message has no body and does not say whether there was one: it comes from a client that
    /// knows the documented fields only.
    Unknown,
}

impl Presence {
    /// What the message's own fields say; without them, what can be told from the body and the headers.
    /// `bodiless` says that HTTP allows no body here.
    pub(super) fn of(
        info: Option<&BodyInfo>,
        bytes: Option<usize>,
        headers: &Fields,
        bodiless: bool,
    ) -> Self {
        if let Some(info) = info {
            return match info.state {
                BodyState::Empty => Self::Empty,
                BodyState::Captured if bytes.is_none() && info.size > 0 => {
                    Self::NotCaptured(info.reason)
                }
                BodyState::Captured => Self::Whole,
                BodyState::Truncated => Self::Truncated(info.reason),
                BodyState::Masked => Self::Masked,
                _ => Self::NotCaptured(info.reason),
            };
        }
        let declared = headers
            .first("content-length")
            .and_then(|length| length.trim().parse::<u64>().ok());
        match bytes {
            Some(0) => Self::Empty,
            Some(_) => Self::Whole,
            None if bodiless || declared == Some(0) => Self::Empty,
            None if declared.is_some() => Self::NotCaptured(None),
            None => Self::Unknown,
        }
    }

    /// One sentence for the reader, where there is something to say.
    pub(crate) fn sentence(self) -> Option<String> {
        let because = |reason: Option<Withheld>| {
            reason.map_or_else(String::new, |reason| format!(": {}", why(reason)))
        };
        match self {
            Self::Whole => None,
            Self::Empty => Some("Empty: there was no body.".to_owned()),
            Self::Truncated(reason) => Some(format!(
                "Only the beginning was captured{}.",
                because(reason)
            )),
            Self::NotCaptured(reason) => Some(format!("Not captured{}.", because(reason))),
            Self::Masked => Some(
                "Redacted: it could not be cleaned of secrets, so all of it was masked.".to_owned(),
            ),
            Self::Unknown => Some(
                "No body in the message, and its sender does not say whether there was one."
                    .to_owned(),
            ),
        }
    }
}

fn why(reason: Withheld) -> &'static str {
    match reason {
        Withheld::LogBodyOff => "log_body is off",
        Withheld::ContentType => "its content type is not among those that are captured",
        Withheld::ContentEncoding => {
            "its content encoding can't be decoded by the sender, so it can't be cleaned of secrets"
        }
        Withheld::OverBudget => "the memory for captures was spent",
        Withheld::OverCap => "it is longer than the most that is captured of a body",
        Withheld::Unread => "the handler did not read it",
        Withheld::Filtered => {
            "the call was neither slow nor failed enough for its bodies to be kept"
        }
        Withheld::Upgraded => "the connection was handed over to another protocol",
        Withheld::TooLarge => "the message was refused for its size",
        _ => "for a reason that this version does not know",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(state: BodyState, reason: Option<Withheld>, size: u64) -> BodyInfo {
        let mut info = BodyInfo::default();
        info.state = state;
        info.reason = reason;
        info.size = size;
        info
    }

    #[test]
    fn not_captured_empty_cut_and_masked_are_told_apart() {
        let over = Some(Withheld::OverCap);
        let none = Fields::new();
        let length = |value: &str| Fields::from_iter([("Content-Length", value)]);
        for (info, bytes, headers, bodiless, expected) in [
            (
                Some(info(BodyState::Empty, None, 0)),
                None,
                &none,
                false,
                Presence::Empty,
            ),
            (
                Some(info(BodyState::Captured, None, 3)),
                Some(3),
                &none,
                false,
                Presence::Whole,
            ),
            (
                Some(info(BodyState::Captured, None, 3)),
                None,
                &none,
                false,
                Presence::NotCaptured(None),
            ),
            (
                Some(info(BodyState::Truncated, over, 9)),
                Some(3),
                &none,
                false,
                Presence::Truncated(over),
            ),
            (
                Some(info(BodyState::NotCaptured, over, 9)),
                None,
                &none,
                false,
                Presence::NotCaptured(over),
            ),
            (
                Some(info(BodyState::Masked, None, 9)),
                Some(10),
                &none,
                false,
                Presence::Masked,
            ),
            (None, Some(3), &none, false, Presence::Whole),
            (None, Some(0), &none, false, Presence::Empty),
            (None, None, &none, false, Presence::Unknown),
            (None, None, &none, true, Presence::Empty),
            (None, None, &length("0"), false, Presence::Empty),
            (
                None,
                None,
                &length("12"),
                false,
                Presence::NotCaptured(None),
            ),
            (None, None, &length("x"), false, Presence::Unknown),
        ] {
            let found = Presence::of(info.as_ref(), bytes, headers, bodiless);
            assert_eq!(found, expected, "{info:?} {bytes:?} {headers:?}");
        }
    }
}
