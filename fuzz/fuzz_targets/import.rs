//! Uploads to the inspector: what is taken can be downloaded and taken again, and is the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use runscope_inspector::api::fuzzing::{Archive, export, import};

// An archive is an object; lines of messages as a rule are more than one, or have no `log`.
fuzz_target!(|body: &[u8]| {
    for archive in [Archive::Har, Archive::Ndjson] {
        let Some((messages, _)) = import(archive, body) else {
            continue;
        };
        let text = export(archive, messages.clone());
        let Some((again, refused)) = import(archive, text.as_bytes()) else {
            panic!("an upload of what was downloaded is refused: {text}");
        };
        assert_eq!(refused, 0, "{text}");
        assert_eq!(again.len(), messages.len(), "{text}");
        // An archive keeps a message as it came; the documented form adds what can be told of it.
        if archive == Archive::Har {
            assert_eq!(again, messages, "{text}");
        }
        assert_eq!(export(archive, again), text);
        // What was taken from one format goes through the other.
        let other = match archive {
            Archive::Har => Archive::Ndjson,
            Archive::Ndjson => Archive::Har,
        };
        let text = export(other, messages.clone());
        let there = import(other, text.as_bytes());
        assert!(
            there.is_some_and(|(there, refused)| refused == 0 && there.len() == messages.len()),
            "{text}"
        );
    }
});
