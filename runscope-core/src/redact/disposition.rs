//! The names in a `Content-Disposition` value (RFC 6266, RFC 7578).

/// Calls back with each form that the name may have, and returns false when the name is missing or
/// written in a way that is not understood (continuations, encoded words).
pub(super) fn names(value: &[u8], mut see: impl FnMut(&[u8])) -> bool {
    let mut found = false;
    let mut rest = value;
    while let Some(semicolon) = next_parameter(rest) {
        rest = rest
            .get(semicolon + 1..)
            .unwrap_or_default()
            .trim_ascii_start();
        let Some(equals) = memchr::memchr(b'=', rest) else {
            break;
        };
        let name = rest
            .get(..equals)
            .unwrap_or_default()
            .trim_ascii()
            .to_ascii_lowercase();
        let value = parameter(
            rest.get(equals + 1..)
                .unwrap_or_default()
                .trim_ascii_start(),
        );
        match name.as_slice() {
            b"name" => {
                if memchr::memmem::find(&value, b"=?").is_some() {
                    return false;
                }
                found = true;
                see(&value);
                see(super::percent::decode(&value).as_slice());
            }
            b"name*" => {
                let mut parts = value.splitn(3, |&byte| byte == b'\'');
                let Some(encoded) = parts.nth(2) else {
                    return false;
                };
                found = true;
                see(super::percent::decode(encoded).as_slice());
            }
            _ if name.starts_with(b"name*") => return false,
            _ => {}
        }
    }
    found
}

/// The next `;` outside quotes.
fn next_parameter(text: &[u8]) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    text.iter().position(|&byte| {
        if std::mem::take(&mut escaped) {
            return false;
        }
        match byte {
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b';' => return !quoted,
            _ => {}
        }
        false
    })
}

/// A parameter's value without its quotes and escapes.
fn parameter(text: &[u8]) -> Vec<u8> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = text
            .iter()
            .position(|&byte| byte == b';')
            .unwrap_or(text.len());
        return text.get(..end).unwrap_or_default().trim_ascii().to_vec();
    };
    let mut value = Vec::new();
    let mut bytes = quoted.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'"' => break,
            b'\\' => value.extend(bytes.next()),
            _ => value.push(byte),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_in_all_its_forms() {
        let cases: [(&str, Option<&str>); 9] = [
            ("form-data; name=\"password\"", Some("password")),
            ("form-data; name=password; filename=x", Some("password")),
            (
                "form-data; filename=\"a;name=b\"; NAME = \"pass\\word\"",
                Some("password"),
            ),
            ("form-data; name=\"pass%77ord\"", Some("password")),
            ("form-data; name*=utf-8''pass%77ord", Some("password")),
            ("form-data; name*0=pass; name*1=word", None),
            ("form-data; name=\"=?utf-8?B?cGFzc3dvcmQ=?=\"", None),
            ("form-data; filename=x", None),
            ("form-data", None),
        ];
        for (value, expected) in cases {
            let mut last = None;
            let understood = names(value.as_bytes(), |name| {
                last = Some(String::from_utf8(name.to_vec()).unwrap());
            });
            assert_eq!(understood, expected.is_some(), "{value}");
            if understood {
                assert_eq!(last.as_deref(), expected, "{value}");
            }
        }
    }
}
