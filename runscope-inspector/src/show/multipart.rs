use super::media::MediaType;

/// The most parts that are shown.
const MOST: usize = 100;

/// The most header lines of a part.
const MOST_HEADERS: usize = 32;

/// One part of a multipart body (RFC 2046, section 5.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The field's name, from its `Content-Disposition`.
    pub(crate) name: Option<String>,
    /// The file's name.
    pub(crate) filename: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) bytes: Vec<u8>,
}

impl Part {
    /// The declared type of the part; text where none is.
    pub(crate) fn content_type(&self) -> &str {
        let header = self
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        header.map_or("text/plain", |(_, value)| value)
    }
}

/// The parts of a body, and whether there are more; `None` where the boundary does not occur.
pub(super) fn parts(bytes: &[u8], media: &MediaType) -> Option<(Vec<Part>, bool)> {
    let boundary = media
        .boundary
        .as_deref()
        .filter(|boundary| !boundary.is_empty())?;
    let mut rest = after_delimiter(bytes, boundary)?;
    let mut parts = Vec::new();
    while let Some(body) = begun(rest) {
        if parts.len() == MOST {
            return Some((parts, true));
        }
        match split_at_delimiter(body, boundary) {
            Some((content, after)) => {
                parts.push(part(content));
                rest = after;
            }
            // A body that was cut ends within a part.
            None => {
                parts.push(part(body));
                break;
            }
        }
    }
    Some((parts, false))
}

/// What follows the first delimiter, which may stand at the very beginning.
fn after_delimiter<'a>(bytes: &'a [u8], boundary: &str) -> Option<&'a [u8]> {
    let opening = [b"--", boundary.as_bytes()].concat();
    match bytes.strip_prefix(opening.as_slice()) {
        Some(rest) => Some(rest),
        None => split_at_delimiter(bytes, boundary).map(|(_, rest)| rest),
    }
}

/// The part's own bytes after a delimiter's line; none after the last delimiter.
fn begun(after: &[u8]) -> Option<&[u8]> {
    if after.starts_with(b"--") {
        return None;
    }
    let end = after.iter().position(|byte| *byte == b'\n')?;
    after.get(end + 1..)
}

fn split_at_delimiter<'a>(bytes: &'a [u8], boundary: &str) -> Option<(&'a [u8], &'a [u8])> {
    let delimiter = [b"\n--", boundary.as_bytes()].concat();
    let at = memchr::memmem::find(bytes, &delimiter)?;
    let content = bytes.get(..at)?;
    let content = content.strip_suffix(b"\r").unwrap_or(content);
    Some((content, bytes.get(at + delimiter.len()..)?))
}

fn part(content: &[u8]) -> Part {
    let mut headers = Vec::new();
    let mut rest = content;
    while headers.len() < MOST_HEADERS {
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            break;
        };
        let (line, after) = (rest.get(..end).unwrap_or_default(), rest.get(end + 1..));
        rest = after.unwrap_or_default();
        let line = line.trim_ascii();
        if line.is_empty() {
            break;
        }
        let line = String::from_utf8_lossy(line);
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    let disposition = headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-disposition"))
        .map_or("", |(_, value)| value);
    Part {
        name: MediaType::parameter(disposition, "name"),
        filename: MediaType::parameter(disposition, "filename"),
        headers,
        bytes: rest.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_and_bodies(body: &str, boundary: &str) -> Option<Vec<(String, String)>> {
        let media = MediaType::of(&format!("multipart/form-data; boundary={boundary}"));
        let (parts, more) = parts(body.as_bytes(), &media)?;
        assert!(!more);
        let shown = parts.into_iter().map(|part| {
            (
                part.name.unwrap_or_default(),
                String::from_utf8(part.bytes).unwrap(),
            )
        });
        Some(shown.collect())
    }

    #[test]
    fn parts_are_found_with_their_names() {
        let field = "Content-Disposition: form-data; name=\"a\"";
        for (body, expected) in [
            (
                format!("--x\r\n{field}\r\n\r\none\r\ntwo\r\n--x--\r\n"),
                Some(vec![("a", "one\r\ntwo")]),
            ),
            (
                format!("preamble\r\n--x\r\n{field}\r\n\r\n1\r\n--x\r\n\r\n2\r\n--x--"),
                Some(vec![("a", "1"), ("", "2")]),
            ),
            (format!("--x\n{field}\n\ncut"), Some(vec![("a", "cut")])),
            ("--x--".to_owned(), Some(vec![])),
            ("--x".to_owned(), Some(vec![])),
            ("no boundary".to_owned(), None),
        ] {
            let expected = expected.map(|parts| {
                parts
                    .into_iter()
                    .map(|(name, body)| (name.to_owned(), body.to_owned()))
                    .collect()
            });
            assert_eq!(names_and_bodies(&body, "x"), expected, "{body:?}");
        }
    }

    #[test]
    fn many_parts_are_cut_off_and_said_so() {
        let body = "--x\r\n\r\n1\r\n".repeat(500);
        let media = MediaType::of("multipart/mixed; boundary=x");
        let (parts, more) = parts(body.as_bytes(), &media).unwrap();
        assert_eq!((parts.len(), more), (MOST, true));
    }

    #[test]
    fn a_file_has_its_name_and_type() {
        let body = b"--x\r\nContent-Disposition: form-data; name=f; filename=\"a\\\"b.png\"\r\nContent-Type: image/png\r\n\r\n\x89\r\n--x--";
        let media = MediaType::of("multipart/form-data; boundary=x");
        let (parts, _) = parts(body, &media).unwrap();
        assert_eq!(parts[0].filename.as_deref(), Some("a\"b.png"));
        assert_eq!(parts[0].content_type(), "image/png");
        assert_eq!(parts[0].bytes, b"\x89");
    }
}
