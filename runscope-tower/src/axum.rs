//! What axum knows of a request beyond the request itself, where it is there.

use axum::extract::{ConnectInfo, MatchedPath, OriginalUri};
use http::{Request, Uri};
use std::error::Error;
use std::net::{IpAddr, SocketAddr};

/// The URI before `nest` took its prefix away.
pub(crate) fn original_uri<B>(request: &Request<B>) -> &Uri {
    request
        .extensions()
        .get::<OriginalUri>()
        .map_or(request.uri(), |original| &original.0)
}

/// The route's template, which is known where the layer runs after routing.
pub(crate) fn route<B>(request: &Request<B>) -> Option<&str> {
    request
        .extensions()
        .get::<MatchedPath>()
        .map(MatchedPath::as_str)
}

/// The peer's address, which is there where the app is served with connect info.
pub(crate) fn peer<B>(request: &Request<B>) -> Option<IpAddr> {
    request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip())
}

/// The error that axum has wrapped in its own, and is going to wrap again on the way to the
/// handler. Wrapped twice it would hide a body that is over a limit from axum's extractors, which
/// would then answer 400 instead of 413.
pub(crate) fn unwrapped(error: Box<dyn Error + Send + Sync>) -> Box<dyn Error + Send + Sync> {
    match error.downcast::<axum::Error>() {
        Ok(error) => error.into_inner(),
        Err(error) => error,
    }
}
