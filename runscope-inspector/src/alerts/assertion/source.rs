/// What an assertion looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    ResponseStatus,
    ResponseHeaders,
    ResponseJson,
    ResponseXml,
    ResponseText,
    ResponseTime,
    ResponseSize,
    RequestMethod,
    RequestUrl,
    RequestHeaders,
    RequestJson,
    RequestXml,
    RequestText,
    RequestSize,
    ConnectionOutcome,
}

/// What the property of a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Property {
    None,
    Header,
    JsonPath,
    XPath,
}

impl Source {
    /// Runscope's own, with its names; times are in milliseconds and sizes in bytes.
    pub(crate) const RUNSCOPE: [(Self, &'static str); 7] = [
        (Self::ResponseStatus, "response_status"),
        (Self::ResponseHeaders, "response_headers"),
        (Self::ResponseJson, "response_json"),
        (Self::ResponseXml, "response_xml"),
        (Self::ResponseText, "response_text"),
        (Self::ResponseTime, "response_time"),
        (Self::ResponseSize, "response_size"),
    ];

    /// This inspector's own, beyond Runscope's. The outcome is one of `complete`, `aborted`, `error`,
    /// `panic`, `upgraded` and `open`.
    pub(crate) const BEYOND: [(Self, &'static str); 8] = [
        (Self::RequestMethod, "request_method"),
        (Self::RequestUrl, "request_url"),
        (Self::RequestHeaders, "request_headers"),
        (Self::RequestJson, "request_json"),
        (Self::RequestXml, "request_xml"),
        (Self::RequestText, "request_text"),
        (Self::RequestSize, "request_size"),
        (Self::ConnectionOutcome, "connection_outcome"),
    ];

    pub(crate) fn all() -> impl Iterator<Item = (Self, &'static str)> {
        Self::RUNSCOPE.into_iter().chain(Self::BEYOND)
    }

    pub(crate) fn name(self) -> &'static str {
        let found = Self::all().find(|(source, _)| *source == self);
        found.map_or("", |(_, name)| name)
    }

    pub(super) fn property(self) -> Property {
        match self {
            Self::ResponseHeaders | Self::RequestHeaders => Property::Header,
            Self::ResponseJson | Self::RequestJson => Property::JsonPath,
            Self::ResponseXml | Self::RequestXml => Property::XPath,
            _ => Property::None,
        }
    }

    /// Whether the attributes of a call alone can answer.
    pub(super) fn is_attribute(self) -> bool {
        matches!(
            self,
            Self::ResponseStatus
                | Self::ResponseTime
                | Self::ResponseSize
                | Self::RequestMethod
                | Self::RequestSize
                | Self::ConnectionOutcome
        )
    }
}
