//! `Retry-After`: a wait is never longer than a year, and never one that was not asked for.

#![no_main]

use libfuzzer_sys::fuzz_target;
use runscope_core::fuzzing::retry_after;
use std::time::{Duration, SystemTime};

/// Sun, 06 Nov 1994 08:48:07 GMT: dates of the corpus lie before it and after it.
const NOW: Duration = Duration::from_secs(784_111_687);
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

fuzz_target!(|value: &[u8]| {
    let now = SystemTime::UNIX_EPOCH + NOW;
    let wait = retry_after(value, now);
    if let Some(wait) = wait {
        assert!(wait <= LONGEST, "{wait:?}");
        let text = std::str::from_utf8(value).expect("text alone is understood");
        let is_wish = text
            .trim_start()
            .starts_with(|it: char| it.is_ascii_alphanumeric());
        assert!(is_wish, "{wait:?}");
    }
    let text = std::str::from_utf8(value).ok();
    // Plain seconds mean themselves, whatever the time is.
    if let Some(seconds) = text.and_then(|text| text.parse::<u32>().ok())
        && value.iter().all(u8::is_ascii_digit)
    {
        let meant = Duration::from_secs(seconds.into());
        assert_eq!(wait, Some(meant.min(LONGEST)));
    }
    // A date is waited for until it has come, and not beyond.
    if let Some(at) = text.and_then(|text| httpdate::parse_http_date(text).ok()) {
        assert_eq!(wait, at.duration_since(now).ok().map(|it| it.min(LONGEST)));
        assert_eq!(retry_after(value, at), Some(Duration::ZERO));
    }
});
