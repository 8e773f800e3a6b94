//! From the `http` crate's types to the core's plain data.

use crate::layer::Settings;
use http::request::Parts;
use http::{HeaderMap, Response, Version};
use http_body::Body;
use runscope_core::{RequestHead, ResponseHead};

pub(crate) fn request<'a>(
    parts: &'a Parts,
    settings: &'a Settings,
    body_is_empty: bool,
) -> RequestHead<'a> {
    let uri = original_uri(parts);
    let mut head = RequestHead::new(parts.method.as_str(), path_and_query(uri));
    head.scheme = uri.scheme_str();
    head.authority = uri.authority().map(http::uri::Authority::as_str);
    head.protocol = protocol(parts.version);
    head.peer = peer(parts);
    head.service = settings.service.as_deref();
    head.route = route(parts);
    head.consumer = settings
        .consumer
        .as_ref()
        .and_then(|consumer| consumer(parts))
        .map(Into::into);
    head.direction = settings.direction;
    head.body_is_empty = body_is_empty;
    head
}

pub(crate) fn response<B: Body>(response: &Response<B>) -> ResponseHead {
    let mut head = ResponseHead::new(response.status().as_u16());
    head.body_size = response.body().size_hint().exact();
    head.body_is_empty = response.body().is_end_stream();
    head
}

pub(crate) fn headers(headers: &HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
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
    use http::Uri;
    use http::request::Parts;
    use std::net::IpAddr;

    pub(super) fn original_uri(parts: &Parts) -> &Uri {
        &parts.uri
    }

    pub(super) fn route(_: &Parts) -> Option<&str> {
        None
    }

    pub(super) fn peer(_: &Parts) -> Option<IpAddr> {
        None
    }
}
