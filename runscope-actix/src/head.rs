//! From actix-web's types, which are those of `http` 0.2, to the core's plain data.

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Version;
use actix_web::http::header::HeaderMap;
use actix_web::http::uri::Authority;
use runscope_core::{RequestHead, ResponseHead};

pub(crate) fn request(request: &ServiceRequest, body_is_empty: bool) -> RequestHead<'_> {
    let uri = request.uri();
    let path_and_query = uri.path_and_query().map_or("", |path| path.as_str());
    let mut head = RequestHead::new(request.method().as_str(), path_and_query);
    head.scheme = uri.scheme_str();
    head.authority = uri.authority().map(Authority::as_str);
    head.protocol = protocol(request.version());
    head.peer = request.peer_addr().map(|address| address.ip());
    head.body_is_empty = body_is_empty;
    head
}

pub(crate) fn response<B: MessageBody>(response: &ServiceResponse<B>) -> ResponseHead {
    let mut head = ResponseHead::new(response.status().as_u16());
    let size = response.response().body().size();
    head.body_is_empty = size.is_eof();
    if let BodySize::Sized(bytes) = size {
        head.body_size = Some(bytes);
    }
    head
}

pub(crate) fn headers(headers: &HeaderMap) -> Headers<'_> {
    Headers(headers.iter())
}

/// A header map's lines, as text and bytes. A type with a method rather than a closure, as the compiler
/// inlines that into other crates.
pub(crate) struct Headers<'a>(actix_web::http::header::map::Iter<'a>);

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a str, &'a [u8]);

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.0.next()?;
        Some((name.as_str(), value.as_bytes()))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

fn protocol(version: Version) -> &'static str {
    match version {
        Version::HTTP_09 => "HTTP/0.9",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_3 => "HTTP/3",
        _ => "HTTP/1.1",
    }
}
