//! From the `http` crate's types to the core's plain data.

use crate::layer::Settings;
use http::{HeaderMap, Request, Response, Version};
use http_body::Body;
use runscope_core::{RequestHead, ResponseHead};

pub(crate) fn request<'a, B: Body>(
    request: &'a Request<B>,
    settings: &'a Settings,
    consumer: Option<String>,
) -> RequestHead<'a> {
    let uri = original_uri(request);
    let mut head = RequestHead::new(request.method().as_str(), path_and_query(uri));
    head.scheme = uri.scheme_str();
    head.authority = uri.authority().map(http::uri::Authority::as_str);
    head.protocol = protocol(request.version());
    head.peer = peer(request);
    head.service = settings.service.as_deref();
    head.route = route(request);
    head.consumer = consumer.map(Into::into);
    head.direction = settings.direction;
    head.body_is_empty = request.body().is_end_stream();
    head
}

pub(crate) fn response<B: Body>(response: &Response<B>) -> ResponseHead {
    let mut head = ResponseHead::new(response.status().as_u16());
    head.body_size = response.body().size_hint().exact();
    head.body_is_empty = response.body().is_end_stream();
    head
}

pub(crate) fn headers(headers: &HeaderMap) -> Headers<'_> {
    Headers(headers.iter())
}

/// A header map's lines, as text and bytes. A type with a method rather than a closure, as the compiler
/// inlines that into other crates.
pub(crate) struct Headers<'a>(http::header::Iter<'a, http::HeaderValue>);

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

/// The target without scheme and authority. In the authority form (`CONNECT`) there is nothing.
fn path_and_query(uri: &http::Uri) -> &str {
    uri.path_and_query()
        .map_or("", http::uri::PathAndQuery::as_str)
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

#[cfg(feature = "axum")]
use crate::axum::{original_uri, peer, route};

#[cfg(not(feature = "axum"))]
use plain::{original_uri, peer, route};

/// Without a framework that says more, the request is all there is.
#[cfg(not(feature = "axum"))]
mod plain {
    use http::{Request, Uri};
    use std::net::IpAddr;

    pub(super) fn original_uri<B>(request: &Request<B>) -> &Uri {
        request.uri()
    }

    pub(super) fn route<B>(_: &Request<B>) -> Option<&str> {
        None
    }

    pub(super) fn peer<B>(_: &Request<B>) -> Option<IpAddr> {
        None
    }
}
