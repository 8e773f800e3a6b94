//! The names of the files: a number that grows, and what the file is.

/// Sixteen hexadecimal digits.
const DIGITS: usize = 16;

pub(crate) fn log(sequence: u64) -> String {
    format!("{sequence:016x}.log")
}

pub(crate) fn acks(sequence: u64) -> String {
    format!("{sequence:016x}.ack")
}

/// What a file of the directory is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Log,
    Acks,
    /// A log that was set aside.
    Aside,
}

/// The number and the kind that a name says; `None` for a file that is none of the spool's.
pub(crate) fn parse(name: &str) -> Option<(u64, Kind)> {
    let (digits, rest) = name.split_at_checked(DIGITS)?;
    let is_lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if !digits.bytes().all(is_lower_hex) {
        return None;
    }
    let kind = match rest {
        ".log" => Kind::Log,
        ".ack" => Kind::Acks,
        ".damaged" | ".foreign" | ".newer" => Kind::Aside,
        _ => return None,
    };
    u64::from_str_radix(digits, 16)
        .ok()
        .map(|number| (number, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_was_written_and_others_are_not_read() {
        assert_eq!(parse(&log(255)), Some((255, Kind::Log)));
        assert_eq!(parse(&acks(u64::MAX)), Some((u64::MAX, Kind::Acks)));
        for (name, kind) in [
            ("00000000000000ff.damaged", Some((255, Kind::Aside))),
            ("00000000000000ff.foreign", Some((255, Kind::Aside))),
            ("00000000000000ff.newer", Some((255, Kind::Aside))),
            ("00000000000000FF.log", None),
            ("+0000000000000ff.log", None),
            ("00000000000000ff.txt", None),
            ("00000000000000ff", None),
            ("0000000000000äff.log", None),
            ("ff.log", None),
            ("lock", None),
            ("", None),
        ] {
            assert_eq!(parse(name), kind, "{name}");
        }
    }
}
