/// A content type, parted (RFC 9110, section 8.3.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MediaType {
    /// `type/subtype` in lower case; empty where there is none.
    pub(crate) essence: String,
    /// The charset, where it names one.
    pub(crate) charset: Option<String>,
    /// What parts a multipart body.
    pub(crate) boundary: Option<String>,
}

impl MediaType {
    /// Reads a `Content-Type`; what is wrong in it is left out.
    pub(crate) fn of(value: &str) -> Self {
        let essence = value.split(';').next().unwrap_or_default();
        Self {
            essence: essence.trim().to_ascii_lowercase(),
            charset: Self::parameter(value, "charset"),
            boundary: Self::parameter(value, "boundary"),
        }
    }

    /// One parameter of any header of this form.
    pub(super) fn parameter(value: &str, wanted: &str) -> Option<String> {
        let (_, mut rest) = value.split_once(';')?;
        while let Some((name, value, after)) = parameter(rest) {
            if name.eq_ignore_ascii_case(wanted) {
                return Some(value);
            }
            rest = after;
        }
        None
    }

    pub(super) fn is_json(&self) -> bool {
        self.is_one_of(&["application/json", "text/json"]) || self.essence.ends_with("+json")
    }

    pub(super) fn is_xml(&self) -> bool {
        self.is_one_of(&["application/xml", "text/xml"]) || self.essence.ends_with("+xml")
    }

    pub(super) fn is_form(&self) -> bool {
        self.is_one_of(&["application/x-www-form-urlencoded"])
    }

    pub(super) fn is_multipart(&self) -> bool {
        self.essence.starts_with("multipart/")
    }

    fn is_one_of(&self, essences: &[&str]) -> bool {
        essences.contains(&self.essence.as_str())
    }
}

/// The next `name=value` or `name="value"`, and what follows it.
fn parameter(text: &str) -> Option<(&str, String, &str)> {
    let text = text.trim_start_matches([';', ' ', '\t']);
    let (name, rest) = text.split_once('=')?;
    // What has no value of its own stands before.
    let name = name.rsplit(';').next().unwrap_or(name);
    let Some(quoted) = rest.strip_prefix('"') else {
        let end = rest.find(';').unwrap_or(rest.len());
        let (value, after) = rest.split_at(end);
        return Some((name.trim(), value.trim().to_owned(), after));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let after = quoted.get(at + 1..).unwrap_or_default();
                let after = after
                    .find(';')
                    .and_then(|at| after.get(at..))
                    .unwrap_or_default();
                return Some((name.trim(), value, after));
            }
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    Some((name.trim(), value, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_type_is_parted_and_its_mistakes_are_left_out() {
        for (value, essence, charset, boundary) in [
            ("text/html", "text/html", None, None),
            (
                " Text/HTML ; Charset=Latin1",
                "text/html",
                Some("Latin1"),
                None,
            ),
            (
                "multipart/form-data; boundary=\"a;\\\"b\" ; charset=x",
                "multipart/form-data",
                Some("x"),
                Some("a;\"b"),
            ),
            ("a/b; nonsense; charset=u", "a/b", Some("u"), None),
            ("a/b;charset=\"open", "a/b", Some("open"), None),
            ("", "", None, None),
        ] {
            let media = MediaType::of(value);
            assert_eq!(media.essence, essence, "{value}");
            assert_eq!(media.charset.as_deref(), charset, "{value}");
            assert_eq!(media.boundary.as_deref(), boundary, "{value}");
        }
    }
}
