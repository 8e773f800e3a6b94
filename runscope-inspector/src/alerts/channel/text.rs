//! Text within a service's limits.

/// Cuts text to so many characters; where something is cut off, the last says so.
pub(super) fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// Joins as many paragraphs as fit, and says how many do not.
pub(super) fn fit(paragraphs: &[String], most: usize) -> String {
    // For the line that says so.
    const REST: usize = 40;
    let mut text = String::new();
    let mut length = 0_usize;
    for (at, paragraph) in paragraphs.iter().enumerate() {
        let paragraph = cut(paragraph, most.saturating_sub(REST));
        let more = paragraph.chars().count().saturating_add(1);
        if length.saturating_add(more) > most.saturating_sub(REST) && at > 0 {
            let left = paragraphs.len().saturating_sub(at);
            text.push_str(&format!("\n… and {left} more in the inspector"));
            break;
        }
        if at > 0 {
            text.push('\n');
        }
        text.push_str(&paragraph);
        length = length.saturating_add(more);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_within_its_limit() {
        for (length, most) in [(1, 100), (50, 100), (1000, 100), (99, 100)] {
            for count in [1, 2, 10, 1000] {
                let paragraphs = vec!["ä".repeat(length); count];
                let text = fit(&paragraphs, most);
                assert!(text.chars().count() <= most, "{length} {count}: {text}");
                assert!(text.starts_with('ä'));
            }
        }
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
    }
}
