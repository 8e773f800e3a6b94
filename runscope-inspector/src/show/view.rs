use super::media::MediaType;
use super::multipart::{self, Part};
use super::paint::Painted;
use super::{Image, form, json, text, xml};

/// Indented text larger than this is shown as it was sent.
const LARGEST_PRETTY: usize = 8 << 20;

/// Text below this is painted; above it, plain text is quicker for everyone.
const LARGEST_PAINTED: usize = 256 << 10;

/// A body read by its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum View {
    Json(Painted),
    Xml(Painted),
    /// Names and values, decoded; and whether there are more than are here.
    Form(Vec<(String, String)>, bool),
    /// The parts; and whether there are more than are here.
    Multipart(Vec<Part>, bool),
    Image(Image),
    Text(String),
    /// Bytes that are no text.
    Binary,
}

impl View {
    /// Reads bytes by their declared type, and by their look where the type says nothing. What does not
    /// keep its type's word is shown as text, or as bytes.
    pub(crate) fn of(bytes: &[u8], media: &MediaType, cut: bool) -> Self {
        if let Some(image) = Image::of(bytes) {
            return Self::Image(image);
        }
        if media.is_multipart()
            && let Some((parts, more)) = multipart::parts(bytes, media)
        {
            return Self::Multipart(parts, more);
        }
        let charset = media.charset.as_deref();
        let Some(text) = text::any_text(bytes, charset, cut) else {
            return Self::Binary;
        };
        if media.is_form() && !text.is_empty() {
            let (fields, more) = form::fields(text.as_bytes());
            return Self::Form(fields, more);
        }
        let begins = text.trim_start();
        let unnamed = media.essence.is_empty() || media.essence == "text/plain";
        if (media.is_json() || (unnamed && begins.starts_with(['{', '['])))
            && let Some(pretty) = json::pretty(&text, LARGEST_PRETTY)
        {
            return Self::Json(pretty);
        }
        if (media.is_xml() || (unnamed && begins.starts_with("<?xml")))
            && let Some(pretty) = xml::pretty(&text, LARGEST_PRETTY)
        {
            return Self::Xml(pretty);
        }
        Self::Text(text)
    }

    /// Whether it is small enough to be painted.
    pub(crate) fn is_painted(painted: &Painted) -> bool {
        painted.text().len() < LARGEST_PAINTED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_by_its_type_and_by_its_look() {
        for (bytes, content_type, expected) in [
            (&b"{\"a\":1}"[..], "application/json", "json"),
            (
                b"{\"a\":1}",
                "application/problem+json; charset=utf-8",
                "json",
            ),
            (b"{\"a\":1}", "", "json"),
            (b"{\"a\":", "application/json", "text"),
            (b"<a/>", "image/svg+xml", "xml"),
            (b"<a/>", "text/html", "text"),
            (b"<?xml version='1.0'?><a/>", "", "xml"),
            (b"a=1&b", "application/x-www-form-urlencoded", "form"),
            (
                b"--x\r\n\r\n1\r\n--x--",
                "multipart/form-data; boundary=x",
                "multipart",
            ),
            (b"--y--", "multipart/form-data; boundary=x", "text"),
            (b"GIF89a\x01\0\x01\0", "text/html", "image"),
            (b"<script>alert(1)</script>", "image/png", "text"),
            (b"\xff\xfe\xfd", "application/json", "binary"),
            (b"a\0", "text/plain", "binary"),
            (b"", "application/json", "text"),
        ] {
            let found = match View::of(bytes, &MediaType::of(content_type), false) {
                View::Json(_) => "json",
                View::Xml(_) => "xml",
                View::Form(..) => "form",
                View::Multipart(..) => "multipart",
                View::Image(_) => "image",
                View::Text(_) => "text",
                View::Binary => "binary",
            };
            assert_eq!(found, expected, "{content_type}: {bytes:?}");
        }
    }
}
