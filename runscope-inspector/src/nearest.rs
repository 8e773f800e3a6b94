/// The known name that a mistyped one was meant as, if one is near enough to ask for.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_fingers_is_known_and_another_word_is_not() {
        let known = ["status", "since", "highlight", "limit", "q"];
        for (name, meant) in [
            ("stauts", Some("status")),
            ("statu", Some("status")),
            ("limt", Some("limit")),
            ("highlights", Some("highlight")),
            ("query", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(name, known), meant, "{name}");
        }
    }
}
