//! Which key someone may have meant.

/// The known name that is nearest to `name`, if one is near enough to be worth a question.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let known: Vec<&str> = known.collect();
    let wanted = letters(name);
    // A short name is within a few edits of nearly everything.
    let limit = match wanted.len() {
        0..=3 => 1,
        4..=6 => 2,
        _ => 3,
    };
    known
        .iter()
        .map(|known| (distance(&wanted, &letters(known)), *known))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
        .or_else(|| {
            let holds_it = |known: &&&str| wanted.len() >= 4 && letters(known).contains(&wanted);
            known.iter().find(holds_it).copied()
        })
}

/// The number of insertions, deletions, replacements and swaps of neighbours between two texts
/// (optimal string alignment), in bytes.
pub(super) fn distance(left: &str, right: &str) -> usize {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    let mut left_before = None;
    for (row, &from) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        let mut right_before = None;
        for (column, &to) in right.iter().enumerate() {
            let at =
                |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX / 2);
            let mut best = (at(&last, column) + usize::from(from != to))
                .min(at(&last, column + 1) + 1)
                .min(at(&current, column) + 1);
            if left_before == Some(to) && right_before == Some(from) {
                best = best.min(at(&before_last, column.saturating_sub(1)) + 1);
            }
            current.push(best);
            right_before = Some(to);
        }
        before_last = std::mem::replace(&mut last, current);
        left_before = Some(from);
    }
    last.last().copied().unwrap_or_default()
}

/// Lower case and without separators, so that `accessToken` and `access-token` are `access_token`.
fn letters(name: &str) -> String {
    name.chars()
        .filter(|char| !matches!(char, '_' | '-' | '.' | ' '))
        // A key is at most a few words; the rest of a hostile one need not be compared.
        .take(64)
        .map(|char| char.to_ascii_lowercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_edits_and_swaps() {
        for (left, right, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("timeout", "timeout", 0),
            ("timeout", "tiemout", 1),
            ("timeout", "time_out", 1),
            ("acess_token", "access_token", 1),
            ("log_bdy", "log_body", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
            assert_eq!(distance(right, left), expected, "{right} {left}");
        }
    }

    #[test]
    fn a_near_key_is_suggested_and_a_far_one_is_not() {
        let known = ["access_token", "bucket_key", "timeout", "log_body", "queue"];
        for (name, expected) in [
            ("acess_token", Some("access_token")),
            ("accessToken", Some("access_token")),
            ("ACCESS-TOKEN", Some("access_token")),
            ("token", Some("access_token")),
            ("bucket", Some("bucket_key")),
            ("tiemout", Some("timeout")),
            ("logbody", Some("log_body")),
            ("retries", None),
            ("key", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, known.iter().copied()), expected, "{name}");
        }
    }
}
