//! The API's answers: whatever they say, each message that was sent gets one result.

#![no_main]

use libfuzzer_sys::fuzz_target;
use runscope_core::client::ItemStatus;
use runscope_core::fuzzing::{answer, reason};

/// Two messages bear one identifier, as a request and its response may.
const SENT: [&str; 5] = ["a", "b", "b", "c", ""];

// The first byte says how many messages were sent, and whether the answer is a success.
fuzz_target!(|input: &[u8]| {
    let Some((&first, body)) = input.split_first() else {
        return;
    };
    let sent = &SENT[..usize::from(first % 8).min(SENT.len())];
    let status = if first & 0x80 == 0 { 200 } else { 500 };
    match answer(status, body, sent) {
        Ok(receipt) => {
            assert_eq!(status, 200, "only a success holds results");
            let ids: Vec<_> = receipt
                .items
                .iter()
                .map(|item| item.unique_identifier.as_deref())
                .collect();
            assert_eq!(ids, sent.iter().copied().map(Some).collect::<Vec<_>>());
            let count = |status| {
                receipt
                    .items
                    .iter()
                    .filter(|item| item.status == status)
                    .count()
            };
            let known = [ItemStatus::Success, ItemStatus::Warning, ItemStatus::Error];
            let sum: usize = known.into_iter().map(count).sum();
            assert_eq!(sum + count(ItemStatus::Unknown), sent.len());
            // What stands beside a status never says the opposite of it.
            for item in &receipt.items {
                let is_unknown = item.status == ItemStatus::Unknown;
                assert!(!is_unknown || item.error.is_none(), "{item:?}");
            }
        }
        Err(Some(notice)) if status != 200 => assert_eq!(Some(notice), reason(body)),
        Err(_) => {}
    }
    // Without the API's own counts, they are those of the results.
    if !body.windows(6).any(|it| it == b"_count")
        && !body.contains(&b'\\')
        && let Ok(receipt) = answer(200, body, sent)
    {
        let count = |status| {
            receipt
                .items
                .iter()
                .filter(|item| item.status == status)
                .count() as u64
        };
        assert_eq!(receipt.success_count, count(ItemStatus::Success));
        assert_eq!(receipt.warning_count, count(ItemStatus::Warning));
        assert_eq!(receipt.error_count, count(ItemStatus::Error));
    }
});
