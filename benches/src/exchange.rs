//! The exchanges that are measured: what is asked, and what is answered.

use bytes::Bytes;
use std::sync::LazyLock;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// An answer of 1 KiB.
    Get,
    /// 10 KiB that come back.
    Post,
    /// An answer of 1 MiB in chunks of 16 KiB.
    Stream,
}

impl Exchange {
    pub const ALL: [Self; 3] = [Self::Get, Self::Post, Self::Stream];

    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Stream => "stream",
        }
    }

    pub fn method(self) -> &'static str {
        match self {
            Self::Get | Self::Stream => "GET",
            Self::Post => "POST",
        }
    }

    pub fn target(self) -> &'static str {
        match self {
            Self::Get => "/items/7?page=2&sort=price",
            Self::Post => "/echo",
            Self::Stream => "/download",
        }
    }

    /// What a browser sends behind a proxy, and with a body what goes with that.
    pub fn request_headers(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let of_body: &[_] = match self {
            Self::Post => &OF_A_BODY,
            Self::Get | Self::Stream => &[],
        };
        HEADERS.iter().chain(of_body).copied()
    }

    pub fn request_body(self) -> Option<Bytes> {
        (self == Self::Post).then(|| LARGE.clone())
    }

    /// The answer, or a chunk of it.
    pub fn answer(self) -> Bytes {
        match self {
            Self::Get => SMALL.clone(),
            Self::Post => LARGE.clone(),
            Self::Stream => CHUNK.clone(),
        }
    }

    /// How many bytes the answer has, so that none is taken for a cheap one that is only wrong.
    pub fn answer_len(self) -> usize {
        match self {
            Self::Get => SMALL.len(),
            Self::Post => LARGE.len(),
            Self::Stream => CHUNK.len() * CHUNKS,
        }
    }
}

pub const HEADERS: [(&str, &str); 12] = [
    ("host", "shop.example"),
    (
        "user-agent",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    ),
    ("accept", "text/html,application/json;q=0.9,*/*;q=0.8"),
    ("accept-language", "en-GB,en;q=0.7,de;q=0.3"),
    ("accept-encoding", "gzip, deflate, br, zstd"),
    ("authorization", "Bearer 2b7e151628aed2a6abf7158809cf4f3c"),
    (
        "cookie",
        "session=6bc1bee22e409f96e93d7e117393172a; theme=dark",
    ),
    ("referer", "https://shop.example/items?page=1"),
    ("x-request-id", "0197f3a2-5c1e-7b7a-9c55-3f0d2c1b9a80"),
    (
        "traceparent",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ),
    ("x-forwarded-for", "203.0.113.9"),
    ("cache-control", "no-cache"),
];

const OF_A_BODY: [(&str, &str); 2] = [
    ("content-type", "application/json"),
    ("content-length", "10240"),
];

/// Those of every answer.
pub const ANSWERED: [(&str, &str); 4] = [
    ("content-type", "application/json"),
    ("cache-control", "private, max-age=60"),
    ("etag", "\"33a64df551425fcc55e4d42a\""),
    ("vary", "accept-encoding"),
];

/// The same as an app has them that does not want to parse them each time. The crate `http` of
/// actix-web is another one.
macro_rules! answer_headers {
    ($header:path, $value:path) => {{
        use $crate::exchange::ANSWERED;
        use $header as name;
        use $value as Value;
        [
            (
                name::CONTENT_TYPE,
                const { Value::from_static(ANSWERED[0].1) },
            ),
            (
                name::CACHE_CONTROL,
                const { Value::from_static(ANSWERED[1].1) },
            ),
            (name::ETAG, const { Value::from_static(ANSWERED[2].1) }),
            (name::VARY, const { Value::from_static(ANSWERED[3].1) }),
        ]
    }};
}
pub(crate) use answer_headers;

pub const CHUNKS: usize = 64;

pub static SMALL: LazyLock<Bytes> = LazyLock::new(|| json(1024));
pub static LARGE: LazyLock<Bytes> = LazyLock::new(|| json(10 * 1024));
pub static CHUNK: LazyLock<Bytes> = LazyLock::new(|| json(16 * 1024));

/// A list of items that has exactly so many bytes.
fn json(bytes: usize) -> Bytes {
    let end = |note: &str| format!(r#"{{"note":"{note}"}}]"#);
    let mut text = String::from("[");
    for number in 0.. {
        let item = format!(
            r#"{{"id":{number},"name":"green \"tea\" no. {number}","price":12.5,"tags":["hot","é"],"in_stock":true}},"#
        );
        if text.len() + item.len() + end("").len() > bytes {
            break;
        }
        text.push_str(&item);
    }
    let left = bytes - text.len() - end("").len();
    text.push_str(&end(&"x".repeat(left)));
    Bytes::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_json_of_the_size_that_their_names_promise() {
        for (body, bytes) in [(&SMALL, 1 << 10), (&LARGE, 10 << 10), (&CHUNK, 16 << 10)] {
            assert_eq!(body.len(), bytes);
            let value: serde_json::Value = serde_json::from_slice(body).expect("JSON");
            assert!(value.is_array());
        }
    }
}
