use serde::Serialize;
use similar::{ChangeTag, TextDiff};
use std::borrow::Cow;
use std::time::Duration;

/// The most lines that are listed.
const MOST: usize = 2000;

/// The lines that are shown round a difference.
const CONTEXT: usize = 3;

/// A line of two texts beside each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Line {
    pub(crate) mark: Mark,
    pub(crate) text: String,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mark {
    Same,
    Added,
    Removed,
    /// Equal lines are left out here.
    Gap,
}

/// The differences of two texts by line, with the lines round them; and whether there are more.
pub(super) fn compare(a: &str, b: &str, time: Duration) -> (Vec<Line>, bool) {
    let (whole_a, whole_b) = (ended(a), ended(b));
    // Where no more than the last line's end differs, that is the difference.
    let (a, b) = if whole_a == whole_b {
        (a, b)
    } else {
        (whole_a.as_ref(), whole_b.as_ref())
    };
    let diff = TextDiff::configure().timeout(time).diff_lines(a, b);
    let mut lines = Vec::new();
    for (at, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if at > 0 {
            lines.push(Line {
                mark: Mark::Gap,
                text: String::new(),
            });
        }
        for operation in group {
            for change in diff.iter_changes(operation) {
                if lines.len() >= MOST {
                    return (lines, true);
                }
                lines.push(Line {
                    mark: match change.tag() {
                        ChangeTag::Equal => Mark::Same,
                        ChangeTag::Insert => Mark::Added,
                        ChangeTag::Delete => Mark::Removed,
                    },
                    text: change.value().trim_end_matches(['\r', '\n']).to_owned(),
                });
            }
        }
    }
    (lines, false)
}

/// A text whose last line has an end like the others: it is the same line when one follows it.
fn ended(text: &str) -> Cow<'_, str> {
    if text.is_empty() || text.ends_with('\n') {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("{text}\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[Line]) -> Vec<String> {
        let sign = |mark| match mark {
            Mark::Same => " ",
            Mark::Added => "+",
            Mark::Removed => "-",
            Mark::Gap => "…",
        };
        let lines = lines.iter();
        lines
            .map(|line| format!("{}{}", sign(line.mark), line.text))
            .collect()
    }

    #[test]
    fn lines_are_compared_with_what_stands_round_them() {
        let a = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let b = "0\n1\n2\n3\n4\n5\n6\n7\n8\nx\n";
        let (lines, more) = compare(a, b, Duration::from_secs(5));
        assert_eq!(
            told(&lines),
            ["+0", " 1", " 2", " 3", "…", " 6", " 7", " 8", "-9", "+x"]
        );
        assert!(!more);
        assert_eq!(compare(a, a, Duration::from_secs(5)), (vec![], false));
    }

    #[test]
    fn a_last_line_without_an_end_is_the_line_it_says() {
        for (a, b, expected) in [
            ("1\n2", "1\n2\n3", &[" 1", " 2", "+3"][..]),
            ("1", "1\n", &["-1", "+1"]),
            ("", "1", &["+1"]),
        ] {
            let (lines, _) = compare(a, b, Duration::from_secs(5));
            assert_eq!(told(&lines), expected, "{a:?} {b:?}");
        }
    }
}
