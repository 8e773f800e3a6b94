use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// An image that a page can show: of a kind that holds no script, and what it says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Image {
    /// Its media type.
    pub(crate) media_type: &'static str,
    /// The width and height that its head names.
    pub(crate) size: Option<(u32, u32)>,
}

/// The largest image that is put into a page.
const LARGEST: usize = 2 << 20;

impl Image {
    /// Knows an image by its first bytes: the declared type is the sender's word. SVG is never one, as
    /// it can hold scripts.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > LARGEST {
            return None;
        }
        let at = |range| bytes.get(range);
        let (media_type, size) = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            (
                "image/png",
                at(16..20).zip(at(20..24)).map(|(w, h)| (big(w), big(h))),
            )
        } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
            (
                "image/gif",
                at(6..8).zip(at(8..10)).map(|(w, h)| (little(w), little(h))),
            )
        } else if bytes.starts_with(b"\xff\xd8\xff") {
            ("image/jpeg", None)
        } else if bytes.starts_with(b"RIFF") && at(8..12) == Some(b"WEBP") {
            ("image/webp", None)
        } else {
            return None;
        };
        Some(Self { media_type, size })
    }

    /// The image as a `data:` URI.
    pub(crate) fn data_uri(self, bytes: &[u8]) -> String {
        format!("data:{};base64,{}", self.media_type, STANDARD.encode(bytes))
    }
}

fn big(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

fn little(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .rev()
        .fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_images_without_scripts_are_known_and_by_their_bytes() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x02\0\0\0\x03";
        for (bytes, media_type, size) in [
            (&png[..], Some("image/png"), Some((2, 3))),
            (b"GIF89a\x02\0\x03\0", Some("image/gif"), Some((2, 3))),
            (b"GIF89a", Some("image/gif"), None),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg"), None),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("image/webp"), None),
            (b"RIFF\0\0\0\0WAVE", None, None),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None, None),
            (b"<!doctype html>", None, None),
            (b"", None, None),
        ] {
            let image = Image::of(bytes);
            assert_eq!(image.map(|image| image.media_type), media_type);
            assert_eq!(image.and_then(|image| image.size), size);
        }
    }
}
