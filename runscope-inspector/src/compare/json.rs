use super::fields::{Change, Kind};
use super::tree::Tree;
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};
use std::collections::HashMap;
use std::time::Instant;

/// The most differences that are listed.
const MOST: usize = 1000;

/// The differences of two JSON values, in the order of the first; and whether there are more.
pub(super) fn compare(a: &Tree, b: &Tree, deadline: Instant) -> (Vec<Change>, bool) {
    let mut walk = Walk {
        changes: Vec::new(),
        more: false,
        deadline,
    };
    walk.compare("$", a, b);
    (walk.changes, walk.more)
}

struct Walk {
    changes: Vec<Change>,
    more: bool,
    deadline: Instant,
}

impl Walk {
    /// Recursion is bounded: a tree is at most 128 deep.
    fn compare(&mut self, path: &str, a: &Tree, b: &Tree) {
        if self.more || a == b {
            return;
        }
        match (a, b) {
            (Tree::Object(a), Tree::Object(b)) => self.objects(path, a, b),
            (Tree::Array(a), Tree::Array(b)) => self.arrays(path, a, b),
            _ => self.push(path.to_owned(), Kind::Changed, Some(a), Some(b)),
        }
    }

    /// Keys are matched without their order; one that comes twice is matched with its like in turn.
    fn objects(&mut self, path: &str, a: &[(String, Tree)], b: &[(String, Tree)]) {
        let mut others: HashMap<(&str, usize), &Tree> = numbered(b).collect();
        for ((key, nth), value) in numbered(a) {
            let path = format!("{path}{}", step(key));
            match others.remove(&(key, nth)) {
                Some(other) => self.compare(&path, value, other),
                None => self.push(path, Kind::Removed, Some(value), None),
            }
        }
        for ((key, nth), value) in numbered(b) {
            if others.contains_key(&(key, nth)) {
                self.push(
                    format!("{path}{}", step(key)),
                    Kind::Added,
                    None,
                    Some(value),
                );
            }
        }
    }

    /// Items that are equal are matched first, so that one more at the beginning is one difference and
    /// not as many as there are items. What stands in each other's place is compared by its own parts.
    fn arrays(&mut self, path: &str, a: &[Tree], b: &[Tree]) {
        let operations = capture_diff_slices_deadline(Algorithm::Myers, a, b, Some(self.deadline));
        for operation in operations {
            if matches!(operation, DiffOp::Equal { .. }) {
                continue;
            }
            let (old, new) = (operation.old_range(), operation.new_range());
            let pairs = old.len().min(new.len());
            let (mut olds, mut news) = (old, new);
            for (at_a, at_b) in olds.by_ref().take(pairs).zip(news.by_ref().take(pairs)) {
                if let (Some(a), Some(b)) = (a.get(at_a), b.get(at_b)) {
                    self.compare(&format!("{path}[{at_b}]"), a, b);
                }
            }
            for at in olds {
                self.push(format!("{path}[{at}]"), Kind::Removed, a.get(at), None);
            }
            for at in news {
                self.push(format!("{path}[{at}]"), Kind::Added, None, b.get(at));
            }
        }
    }

    fn push(&mut self, name: String, kind: Kind, a: Option<&Tree>, b: Option<&Tree>) {
        if self.changes.len() >= MOST {
            self.more = true;
            return;
        }
        self.changes.push(Change {
            name,
            kind,
            a: a.map(Tree::short).into_iter().collect(),
            b: b.map(Tree::short).into_iter().collect(),
        });
    }
}

/// Each field by its key and the how-manieth of that key it is.
fn numbered(fields: &[(String, Tree)]) -> impl Iterator<Item = ((&str, usize), &Tree)> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    fields.iter().map(move |(key, value)| {
        let next = seen.entry(key).or_default();
        let nth = *next;
        *next = next.saturating_add(1);
        ((key.as_str(), nth), value)
    })
}

fn step(key: &str) -> String {
    let plain = key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && key
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_');
    if plain {
        format!(".{key}")
    } else {
        // A string can always be written.
        format!("[{}]", serde_json::to_string(key).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn differences(a: &str, b: &str) -> Vec<String> {
        let deadline = Instant::now() + Duration::from_secs(5);
        let (changes, more) = compare(&Tree::of(a).unwrap(), &Tree::of(b).unwrap(), deadline);
        assert!(!more);
        let told = changes.into_iter().map(|change| {
            let sign = match change.kind {
                Kind::Added => '+',
                Kind::Removed => '-',
                Kind::Changed => '~',
            };
            format!(
                "{sign}{} {}>{}",
                change.name,
                change.a.concat(),
                change.b.concat()
            )
        });
        told.collect()
    }

    #[test]
    fn structure_is_compared_and_not_its_spelling() {
        for (a, b, expected) in [
            ("{}", " { } ", vec![]),
            (r#"{"a":1,"b":2}"#, r#"{"b":2,"a":1}"#, vec![]),
            (r#"{"\u0061":"\u0062"}"#, r#"{"a":"b"}"#, vec![]),
            ("1", "1.0", vec!["~$ 1>1.0"]),
            (
                "12345678901234567890",
                "12345678901234567891",
                vec!["~$ 12345678901234567890>12345678901234567891"],
            ),
            (r#"{"a":1}"#, r#"{"a":"1"}"#, vec![r#"~$.a 1>"1""#]),
            (
                r#"{"a":{"b c":1}}"#,
                r#"{"a":{}}"#,
                vec![r#"-$.a["b c"] 1>"#],
            ),
            (r#"{"a":1,"a":2}"#, r#"{"a":1,"a":3}"#, vec!["~$.a 2>3"]),
            ("[1,2,3]", "[0,1,2,3]", vec!["+$[0] >0"]),
            ("[1,2,3]", "[1,3]", vec!["-$[1] 2>"]),
            (
                r#"[{"id":1},{"id":2,"x":[]}]"#,
                r#"[{"id":1},{"id":2,"x":[4]}]"#,
                vec!["+$[1].x[0] >4"],
            ),
            (r#"{"a":[1]}"#, r#"{"a":{"b":1}}"#, vec!["~$.a [… 1]>{… 1}"]),
            ("null", "[]", vec!["~$ null>[]"]),
        ] {
            assert_eq!(differences(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn many_differences_are_cut_off_and_said_so() {
        let many = |value: &str| format!("[{}]", vec![value; 5000].join(","));
        let (a, b) = (Tree::of(&many("1")).unwrap(), Tree::of(&many("2")).unwrap());
        let (changes, more) = compare(&a, &b, Instant::now() + Duration::from_secs(5));
        assert_eq!((changes.len(), more), (MOST, true));
    }
}
