use std::hash::{BuildHasher, RandomState};
use std::sync::OnceLock;

/// The header that tells which process a request to the API comes from.
pub(crate) const MARK_HEADER: &str = "runscope-recorder";

/// This process's mark: 128 random bits in hex, the same for the life of the process.
///
/// Every request of a client bears it, so that an app that serves the API and wears the layer
/// knows its own deliveries and does not capture them. It is no secret and grants nothing.
pub(crate) fn process_mark() -> &'static str {
    static MARK: OnceLock<String> = OnceLock::new();
    MARK.get_or_init(|| {
        let [high, low] = [0, 1].map(|part: u8| RandomState::new().hash_one(part));
        format!("{high:016x}{low:016x}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_128_bits_of_hex_and_stays_the_same() {
        let mark = process_mark();
        assert_eq!(mark.len(), 32);
        assert!(mark.bytes().all(|byte| byte.is_ascii_hexdigit()), "{mark}");
        assert_ne!(mark.split_at(16).0, mark.split_at(16).1);
        assert_eq!(mark, process_mark());
    }
}
