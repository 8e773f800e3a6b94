use serde::Deserialize;
use std::fmt;
use url::form_urlencoded::Serializer;

/// How the bodies of a call are shown, as its URL says it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Views {
    /// The list's filter, which the neighbours of the call keep to.
    pub(super) q: String,
    request: Tab,
    request_at: usize,
    response: Tab,
    response_at: usize,
}

/// A way to show a body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Tab {
    #[default]
    Pretty,
    Raw,
    Hex,
}

/// One half of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Side {
    Request,
    Response,
}

/// Where a call's page is, and how it shows the bodies.
#[derive(Debug, Clone)]
pub(super) struct Links {
    /// The path of the page.
    pub(super) base: String,
    pub(super) views: Views,
}

impl Links {
    /// The tab of a side's body, and the offset in it.
    pub(super) fn shown(&self, side: Side) -> (Tab, usize) {
        let Views {
            request,
            request_at,
            response,
            response_at,
            ..
        } = self.views;
        match side {
            Side::Request => (request, request_at),
            Side::Response => (response, response_at),
        }
    }

    /// The same page with another view of one body.
    pub(super) fn with(&self, side: Side, tab: Tab, at: usize) -> String {
        let mut views = self.views.clone();
        match side {
            Side::Request => (views.request, views.request_at) = (tab, at),
            Side::Response => (views.response, views.response_at) = (tab, at),
        }
        let mut query = Serializer::new(String::new());
        if !views.q.is_empty() {
            query.append_pair("q", &views.q);
        }
        for (side, tab, at) in [
            (Side::Request, views.request, views.request_at),
            (Side::Response, views.response, views.response_at),
        ] {
            if tab != Tab::Pretty {
                query.append_pair(&side.to_string(), tab.name());
            }
            if at > 0 {
                query.append_pair(&format!("{side}_at"), &at.to_string());
            }
        }
        let query = query.finish();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{mark}{query}#{side}-body", self.base)
    }

    /// The download of a body's bytes.
    pub(super) fn download(&self, side: Side) -> String {
        format!("{}/body/{side}", self.base)
    }
}

impl Tab {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pretty => "pretty",
            Self::Raw => "raw",
            Self::Hex => "hex",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Response => "response",
        })
    }
}
