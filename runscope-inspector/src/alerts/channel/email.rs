//! Email by SMTP, in plain text.

use super::super::notice::Notice;
use super::links::Links;
use super::secret::Secret;
use super::text::{cut, fit};
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::message::header::{HeaderName, HeaderValue};

const SUBJECT: usize = 200;
const BODY: usize = 20_000;

/// Where and how mail is handed in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Email {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: Tls,
    pub(crate) user: Option<(String, Secret)>,
    pub(crate) from: Mailbox,
    pub(crate) to: Vec<Mailbox>,
}

/// How the connection to the server is kept private.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tls {
    /// TLS begins after the greeting, or nothing is sent.
    Upgraded,
    /// TLS from the first byte.
    Whole,
    /// Not at all: for a server on this machine.
    None,
}

impl Tls {
    pub(crate) const ALL: [(Self, &'static str); 3] = [
        (Self::Upgraded, "starttls"),
        (Self::Whole, "tls"),
        (Self::None, "none"),
    ];

    pub(crate) fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(tls, _)| *tls == self);
        found.map_or("starttls", |(_, name)| name)
    }

    /// The port that is meant where none is given.
    pub(super) fn port(self) -> u16 {
        match self {
            Self::Upgraded => 587,
            Self::Whole => 465,
            Self::None => 25,
        }
    }
}

impl Email {
    /// The message of a notice. Its `Message-ID` stays the same however often it is tried.
    pub(crate) fn message(
        &self,
        id: &str,
        notice: &Notice,
        links: &Links,
    ) -> Result<lettre::Message, String> {
        let mut text = fit(&notice.paragraphs(), BODY);
        if let Some(link) = links.notice(notice) {
            text = format!("{text}\n\n{link}\n");
        }
        let mut builder = lettre::Message::builder()
            .from(self.from.clone())
            .subject(cut(&notice.title(), SUBJECT))
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            builder = builder.to(to.clone());
        }
        // No answer of an absent reader is wanted (RFC 3834, section 5).
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        builder = builder.raw_header(HeaderValue::new(name, "auto-generated".to_owned()));
        builder.body(text).map_err(|error| error.to_string())
    }
}
