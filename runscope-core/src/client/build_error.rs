use super::check::Stage;
use std::error::Error;
use std::fmt;
use std::path::PathBuf;

/// Why a [`Client`](super::Client) could not be built.
pub struct BuildError {
    kind: Kind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

#[derive(Debug)]
#[cfg_attr(
    not(feature = "tls"),
    expect(
        dead_code,
        reason = "without TLS there are no certificates to be wrong"
    )
)]
pub(super) enum Kind {
    Scheme(String),
    Userinfo,
    Query,
    PlainHttp(String),
    NoTls,
    Token,
    Bucket,
    CaFile(PathBuf),
    Roots,
    Http,
}

impl BuildError {
    /// Whether the endpoint is `http://` to another machine and this was not allowed.
    #[must_use]
    pub fn is_plain_http(&self) -> bool {
        matches!(self.kind, Kind::PlainHttp(_))
    }

    /// Whether something is wrong with the certificates to trust, or TLS was not built in.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.stage() == Stage::Tls
    }

    pub(super) fn because(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    pub(super) fn stage(&self) -> Stage {
        match self.kind {
            Kind::Scheme(_) | Kind::Userinfo | Kind::Query | Kind::PlainHttp(_) | Kind::Http => {
                Stage::Endpoint
            }
            Kind::NoTls | Kind::CaFile(_) | Kind::Roots => Stage::Tls,
            Kind::Token => Stage::Token,
            Kind::Bucket => Stage::Bucket,
        }
    }
}

impl From<Kind> for BuildError {
    fn from(kind: Kind) -> Self {
        Self { kind, source: None }
    }
}

/// As it is displayed: this is what a `main` that returns it prints.
impl fmt::Debug for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Scheme(scheme) => write!(
                f,
                "api_endpoint starts with {scheme}:, but the API is reached by https:// (or http:// on this machine)"
            ),
            Kind::Userinfo => f.write_str(
                "api_endpoint holds a user name or password; leave them out and give the token as access_token",
            ),
            Kind::Query => f.write_str(
                "api_endpoint holds a query or a fragment; give the base address alone, such as https://api.example.com",
            ),
            Kind::PlainHttp(endpoint) => write!(
                f,
                "api_endpoint {endpoint} would send the token in clear; use https://, or set allow_plain_http if the network between is trusted"
            ),
            Kind::NoTls => f.write_str(
                "api_endpoint is https://, but this program was built without TLS; turn on the feature `tls` of runscope",
            ),
            Kind::Token => f.write_str(
                "access_token is empty or holds characters that a header can't; check RUNSCOPE_ACCESS_TOKEN for a stray line break",
            ),
            Kind::Bucket => f.write_str(
                "bucket_key is empty or made of dots only; check RUNSCOPE_BUCKET_KEY",
            ),
            Kind::CaFile(path) => write!(
                f,
                "ca_file {} could not be used; it must be a readable PEM file with at least one certificate",
                path.display()
            ),
            Kind::Roots => f.write_str(
                "no certificates to trust were found on this machine; install its CA certificates or set ca_file",
            ),
            Kind::Http => f.write_str("the HTTP client could not be set up"),
        }
    }
}

impl Error for BuildError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
