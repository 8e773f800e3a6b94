use runscope_core::Fields;
use serde::Serialize;

/// How something differs between two calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Only the second call has it.
    Added,
    /// Only the first call has it.
    Removed,
    /// Both have it, and not the same.
    Changed,
}

/// One difference by name: a header, a parameter, a path into JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Change {
    /// What differs.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// The values in the first call.
    pub(crate) a: Vec<String>,
    /// The values in the second call.
    pub(crate) b: Vec<String>,
}

/// The differences of two single values.
pub(super) fn value(name: &str, a: Option<String>, b: Option<String>) -> Option<Change> {
    values(name, a.into_iter().collect(), b.into_iter().collect())
}

/// The differences of two sets of headers. The order of names does not count, nor their case; the order
/// of a name's values does (RFC 9110, section 5.3).
pub(super) fn headers(a: &Fields, b: &Fields) -> Vec<Change> {
    let grouped = |fields: &Fields| {
        grouped(fields.iter().flat_map(|(name, values)| {
            values
                .iter()
                .map(move |value| (name.to_ascii_lowercase(), value.clone()))
        }))
    };
    compare(grouped(a), grouped(b))
}

/// The differences of two lists of named values, whose names keep their case.
pub(super) fn pairs(
    a: impl Iterator<Item = (String, String)>,
    b: impl Iterator<Item = (String, String)>,
) -> Vec<Change> {
    compare(grouped(a), grouped(b))
}

type Grouped = std::collections::BTreeMap<String, Vec<String>>;

fn grouped(pairs: impl Iterator<Item = (String, String)>) -> Grouped {
    let mut grouped = Grouped::new();
    for (name, value) in pairs {
        grouped.entry(name).or_default().push(value);
    }
    grouped
}

fn compare(a: Grouped, mut b: Grouped) -> Vec<Change> {
    let mut changes: Vec<Change> = a
        .into_iter()
        .filter_map(|(name, a)| {
            let b = b.remove(&name).unwrap_or_default();
            values(&name, a, b)
        })
        .collect();
    changes.extend(
        b.into_iter()
            .filter_map(|(name, b)| values(&name, Vec::new(), b)),
    );
    changes.sort_by(|one, other| one.name.cmp(&other.name));
    changes
}

fn values(name: &str, a: Vec<String>, b: Vec<String>) -> Option<Change> {
    let kind = match (a.is_empty(), b.is_empty()) {
        _ if a == b => return None,
        (true, _) => Kind::Added,
        (_, true) => Kind::Removed,
        _ => Kind::Changed,
    };
    Some(Change {
        name: name.to_owned(),
        kind,
        a,
        b,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_their_order_or_case_and_values_with_it() {
        let a = Fields::from_iter([
            ("Accept", "1"),
            ("X-Two", "1"),
            ("X-Two", "2"),
            ("Gone", "g"),
        ]);
        let b = Fields::from_iter([("x-two", "2"), ("x-two", "1"), ("ACCEPT", "1"), ("New", "")]);
        let found: Vec<_> = headers(&a, &b)
            .into_iter()
            .map(|change| {
                (
                    change.name,
                    change.kind,
                    change.a.join(","),
                    change.b.join(","),
                )
            })
            .collect();
        let expected = [
            ("gone", Kind::Removed, "g", ""),
            ("new", Kind::Added, "", ""),
            ("x-two", Kind::Changed, "1,2", "2,1"),
        ];
        assert_eq!(
            found,
            expected.map(|(name, kind, a, b)| (name.to_owned(), kind, a.to_owned(), b.to_owned()))
        );
    }
}
