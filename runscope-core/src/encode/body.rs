//! One body on its way into a message: decoded, cleaned, and described.

use super::decode::{Decoded, decode, is_compressed};
use super::json;
use crate::capture::{Chunks, Tap};
use crate::message::{BodyInfo, BodyState, Withheld};
use crate::redact::{BodyContext, BodyVerdict, MASK, Redactor};
use std::borrow::Cow;

/// Buffers that are used again for every body.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    joined: Vec<u8>,
    decoded: Vec<u8>,
    cleaned: Vec<u8>,
}

impl Scratch {
    /// A buffer that one huge body has grown is not kept for all the small ones after it.
    const KEEP: usize = 1 << 20;

    pub(super) fn trim(&mut self) {
        for buffer in [&mut self.joined, &mut self.decoded, &mut self.cleaned] {
            if buffer.capacity() > Self::KEEP {
                *buffer = Vec::new();
            }
        }
    }
}

/// A body as it goes into the message: what is said of it, and its bytes if there are any.
pub(super) struct Prepared<'a> {
    pub(super) info: BodyInfo,
    pub(super) bytes: Option<&'a [u8]>,
    /// Whether the bytes are known to be UTF-8, which else is found when they are written.
    is_utf8: bool,
}

impl Prepared<'_> {
    /// A body in a coding that can't be undone here.
    fn unreadable(mut info: BodyInfo) -> Self {
        info.state = BodyState::NotCaptured;
        info.reason = Some(Withheld::ContentEncoding);
        info.decoded = None;
        Self::without(info)
    }

    fn without(info: BodyInfo) -> Self {
        Self {
            info,
            bytes: None,
            is_utf8: false,
        }
    }

    /// The whole body, unmasked in structure: what a form may be read from.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        self.bytes
            .filter(|_| self.info.complete && self.info.state == BodyState::Captured)
    }

    /// Appends `"body":…` and, where it is needed, `"body_encoding":…`, each with a comma before.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let Some(bytes) = self.bytes else { return };
        out.extend_from_slice(b",\"body\":");
        if self.is_utf8 {
            return json::utf8(bytes, out);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => json::string(text, out),
            // A cut may fall into a character; what is whole before it is still text.
            Err(error)
                if self.info.state == BodyState::Truncated && error.error_len().is_none() =>
            {
                let text = &bytes[..error.valid_up_to()];
                json::string(std::str::from_utf8(text).unwrap_or_default(), out);
            }
            Err(_) => {
                json::base64(bytes, out);
                out.extend_from_slice(b",\"body_encoding\":\"base64\"");
            }
        }
    }
}

/// What the body's own headers say of it.
pub(super) struct Described<'a> {
    pub(super) context: BodyContext<'a>,
    /// The header's value, its lines joined by commas.
    pub(super) content_encoding: Option<Cow<'a, [u8]>>,
}

/// Decodes and cleans what was kept of a body.
pub(super) fn prepare<'s>(
    tap: &'s Tap,
    described: &Described<'_>,
    redactor: &Redactor,
    max_decoded_bytes: usize,
    scratch: &'s mut Scratch,
) -> Prepared<'s> {
    let mut info = BodyInfo {
        size: tap.size,
        complete: tap.complete,
        ..BodyInfo::default()
    };
    if tap.absent || (tap.size == 0 && tap.complete) {
        return Prepared::without(info);
    }
    if tap.kept.len() == 0 {
        info.state = BodyState::NotCaptured;
        info.reason = tap.withheld;
        // Asked for, but nothing had come when the exchange ended.
        if tap.withheld.is_none() {
            info.state = BodyState::Empty;
        }
        return Prepared::without(info);
    }

    let Scratch {
        joined,
        decoded,
        cleaned,
    } = scratch;
    let bytes = join(&tap.kept, joined);
    let partial = tap.withheld.is_some() || !tap.complete;
    let coding = decode(
        described.content_encoding.as_deref(),
        bytes,
        partial,
        max_decoded_bytes,
        decoded,
    );
    let (bytes, cut) = match coding {
        Decoded::Plain => (bytes, partial),
        Decoded::Whole { coding, cut } => {
            info.decoded = Some(coding.to_owned());
            (&decoded[..], cut)
        }
        Decoded::Broken => {
            info.state = BodyState::Masked;
            info.redacted = true;
            return Prepared {
                info,
                bytes: Some(MASK.as_bytes()),
                is_utf8: true,
            };
        }
        Decoded::Unknown => return Prepared::unreadable(info),
    };
    if is_compressed(bytes) {
        return Prepared::unreadable(info);
    }
    let decoded_cut = cut && !partial;
    info.reason = tap.withheld.or(decoded_cut.then_some(Withheld::OverCap));
    info.state = if info.reason.is_some() {
        BodyState::Truncated
    } else {
        BodyState::Captured
    };

    cleaned.clear();
    let context = described.context.truncated(cut);
    let checked = redactor.checked_body(context, bytes, cleaned);
    let bytes = match checked.verdict {
        BodyVerdict::Unchanged => bytes,
        BodyVerdict::Cleaned => {
            info.redacted = true;
            &cleaned[..]
        }
        BodyVerdict::MaskedWhole => {
            info.state = BodyState::Masked;
            info.reason = None;
            info.redacted = true;
            MASK.as_bytes()
        }
    };
    Prepared {
        info,
        bytes: Some(bytes),
        is_utf8: checked.is_utf8,
    }
}

/// Appends what is said of a body, as the derived form of [`BodyInfo`] would.
pub(super) fn write_info(info: &BodyInfo, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"size\":");
    json::number(info.size, out);
    out.extend_from_slice(match info.state {
        BodyState::Empty => &b",\"state\":\"empty\""[..],
        BodyState::Captured => b",\"state\":\"captured\"",
        BodyState::Truncated => b",\"state\":\"truncated\"",
        BodyState::Masked => b",\"state\":\"masked\"",
        BodyState::NotCaptured => b",\"state\":\"not_captured\"",
    });
    if let Some(reason) = info.reason {
        out.extend_from_slice(match reason {
            Withheld::LogBodyOff => &b",\"reason\":\"log_body_off\""[..],
            Withheld::ContentType => b",\"reason\":\"content_type\"",
            Withheld::ContentEncoding => b",\"reason\":\"content_encoding\"",
            Withheld::OverBudget => b",\"reason\":\"over_budget\"",
            Withheld::OverCap => b",\"reason\":\"over_cap\"",
            Withheld::Unread => b",\"reason\":\"unread\"",
            Withheld::Filtered => b",\"reason\":\"filtered\"",
            Withheld::Upgraded => b",\"reason\":\"upgraded\"",
            Withheld::Unseen => b",\"reason\":\"unseen\"",
            Withheld::TooLarge => b",\"reason\":\"too_large\"",
        });
    }
    out.extend_from_slice(match info.complete {
        true => &b",\"complete\":true"[..],
        false => b",\"complete\":false",
    });
    if info.redacted {
        out.extend_from_slice(b",\"redacted\":true");
    }
    if let Some(coding) = &info.decoded {
        out.extend_from_slice(b",\"decoded\":");
        json::string(coding, out);
    }
    out.push(b'}');
}

fn join<'s>(kept: &'s Chunks, joined: &'s mut Vec<u8>) -> &'s [u8] {
    if let Some(single) = kept.as_single() {
        return single;
    }
    joined.clear();
    for chunk in kept.iter() {
        joined.extend_from_slice(chunk);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_body_is_its_derived_form() {
        let states = [
            BodyState::Empty,
            BodyState::Captured,
            BodyState::Truncated,
            BodyState::NotCaptured,
            BodyState::Masked,
        ];
        let reasons = [
            Withheld::LogBodyOff,
            Withheld::ContentType,
            Withheld::ContentEncoding,
            Withheld::OverBudget,
            Withheld::OverCap,
            Withheld::Unread,
            Withheld::Filtered,
            Withheld::Upgraded,
            Withheld::Unseen,
            Withheld::TooLarge,
        ];
        for state in states {
            for reason in reasons.map(Some).into_iter().chain([None]) {
                for (size, flag, decoded) in [(0, false, None), (u64::MAX, true, Some("gzip"))] {
                    let info = BodyInfo {
                        size,
                        state,
                        reason,
                        complete: flag,
                        redacted: flag,
                        decoded: decoded.map(str::to_owned),
                    };
                    let mut out = Vec::new();
                    write_info(&info, &mut out);
                    assert_eq!(out, serde_json::to_vec(&info).unwrap());
                }
            }
        }
    }
}
