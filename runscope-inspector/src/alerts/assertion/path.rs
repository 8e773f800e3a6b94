//! Places in JSON as JavaScript writes them: `data.items[0].id`, `data["odd name"]`, `items[*].id`.

use super::super::mistake::Mistake;
use crate::query::{JsonPath, Step};

/// Reads a path; an empty one is the whole document. A `$` at the beginning stands for it too.
pub(super) fn read(text: &str, place: &str) -> Result<JsonPath, Mistake> {
    let text = text.trim();
    let mut rest = text.strip_prefix('$').unwrap_or(text);
    let mistake = |rest: &str, expected: &str| {
        let read = text.len().saturating_sub(rest.len());
        let position = text.get(..read).unwrap_or_default().chars().count();
        Mistake::at(place, position, expected)
    };
    let mut steps = Vec::new();
    let mut begins = !text.starts_with('$');
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            let (step, after) = bracket(inner)
                .ok_or_else(|| mistake(inner, "an index, `*` or a \"name\", and a closing `]`,"))?;
            steps.push(step);
            rest = after;
        } else {
            let name = match rest.strip_prefix('.') {
                Some(after) if !begins => after,
                None if begins => rest,
                _ => return Err(mistake(rest, "`.name`, `[0]`, `[*]` or `[\"name\"]`")),
            };
            let end = name.find(['.', '[', ']', '"']).unwrap_or(name.len());
            let (name, after) = name.split_at(end);
            if name.is_empty() {
                return Err(mistake(after, "a member's name"));
            }
            steps.push(match name {
                "*" => Step::Every,
                name => Step::Name(name.to_owned()),
            });
            rest = after;
        }
        begins = false;
    }
    Ok(JsonPath(steps))
}

/// What stands in brackets, and what comes after them.
fn bracket(inner: &str) -> Option<(Step, &str)> {
    let quoted = ['"', '\'']
        .into_iter()
        .find_map(|mark| inner.strip_prefix(mark).map(|inner| (mark, inner)));
    if let Some((mark, inner)) = quoted {
        let (name, after) = inner.split_once(mark)?;
        return Some((Step::Name(name.to_owned()), after.strip_prefix(']')?));
    }
    let (inside, after) = inner.split_once(']')?;
    let step = match inside {
        "*" => Step::Every,
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Step::Index(digits.parse().ok()?)
        }
        _ => return None,
    };
    Some((step, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_in_javascript() {
        for (text, path) in [
            ("", Ok("$")),
            ("$", Ok("$")),
            ("success", Ok("$.success")),
            ("data.items[0].id", Ok("$.data.items[0].id")),
            ("$.data.items[0].id", Ok("$.data.items[0].id")),
            ("[3]", Ok("$[3]")),
            ("items[*].id", Ok("$.items[*].id")),
            ("items.*.id", Ok("$.items[*].id")),
            ("a[\"odd name\"].b", Ok("$.a[\"odd name\"].b")),
            ("a['b']", Ok("$.a.b")),
            (".a", Err(0)),
            ("a..b", Err(2)),
            ("a.", Err(2)),
            ("a[b]", Err(2)),
            ("a[0", Err(2)),
            ("a]b", Err(1)),
            ("a[99999999999999999999]", Err(2)),
        ] {
            let found = read(text, "/property");
            let found = found
                .as_ref()
                .map(ToString::to_string)
                .map_err(Mistake::position);
            assert_eq!(found, path.map(str::to_owned).map_err(Some), "{text}");
        }
    }
}
