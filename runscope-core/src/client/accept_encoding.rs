/// Whether an answer's `Accept-Encoding` (RFC 7694) says that the resource takes requests in gzip; the
/// header's lines as they came.
///
/// `None` where it says nothing. The wildcard is not enough: it stands for whatever the server happens to
/// know.
pub(crate) fn takes_gzip<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Option<bool> {
    let mut lines = lines.peekable();
    lines.peek()?;
    let mut codings = lines.flat_map(|line| line.split(|&byte| byte == b','));
    Some(codings.any(is_gzip))
}

/// Whether one member of the list is gzip, with a weight that is not nought (RFC 9110, section 12.4.2).
fn is_gzip(member: &[u8]) -> bool {
    let mut parts = member.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
    let coding = parts.next().unwrap_or_default();
    let is_gzip = coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip");
    is_gzip && parts.all(is_wanted)
}

fn is_wanted(parameter: &[u8]) -> bool {
    match parameter {
        [b'q' | b'Q', b'=', weight @ ..] => {
            weight.iter().any(|digit| (b'1'..=b'9').contains(digit))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_names_gzip_takes_it() {
        for (lines, said) in [
            (&[][..], None),
            (&[""], Some(false)),
            (&["gzip"], Some(true)),
            (&["GZip ;q=0.5"], Some(true)),
            (&["x-gzip"], Some(true)),
            (&["zstd, gzip"], Some(true)),
            (&["zstd", "br,gzip;q=1"], Some(true)),
            (&["identity"], Some(false)),
            (&["*"], Some(false)),
            (&["gzip;q=0"], Some(false)),
            (&["gzip; Q=0.000, identity"], Some(false)),
            (&["gzip;q="], Some(false)),
            (&["gzipped"], Some(false)),
            (&["br, zstd"], Some(false)),
        ] {
            let bytes = lines.iter().map(|line| line.as_bytes());
            assert_eq!(takes_gzip(bytes), said, "{lines:?}");
        }
    }
}
