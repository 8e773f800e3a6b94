use serde::Serialize;
use similar::{ChangeTag, TextDiff};
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_compared_with_what_stands_round_them() {
        let a = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let b = "0\n1\n2\n3\n4\n5\n6\n7\n8\nx\n";
        let (lines, more) = compare(a, b, Duration::from_secs(5));
        let told: Vec<_> = lines
            .iter()
            .map(|line| {
                let sign = match line.mark {
                    Mark::Same => " ",
                    Mark::Added => "+",
                    Mark::Removed => "-",
                    Mark::Gap => "…",
                };
                format!("{sign}{}", line.text)
            })
            .collect();
        assert_eq!(
            told,
            ["+0", " 1", " 2", " 3", "…", " 6", " 7", " 8", "-9", "+x"]
        );
        assert!(!more);
        assert_eq!(compare(a, a, Duration::from_secs(5)), (vec![], false));
    }
}
