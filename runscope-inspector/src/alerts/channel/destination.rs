use super::super::door;
use super::super::mistake::Mistake;
use super::super::notice::Notice;
use super::super::object::Object;
use super::super::post::Post;
use super::super::rule::identifier;
use super::email::{Email, Tls};
use super::links::Links;
use super::secret::Secret;
use super::{discord, pagerduty, slack, teams, webhook};
use crate::exchange::Timestamp;
use crate::replay::AllowedHost;
use lettre::message::Mailbox;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// The most channels of one server.
pub(crate) const MOST_CHANNELS: usize = 100;

const LONGEST_NAME: usize = 200;
const MOST_RECIPIENTS: usize = 50;
const EVENTS: &str = "https://events.pagerduty.com/v2/enqueue";

/// Where notices go.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Channel {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) to: Destination,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Destination {
    Slack { url: Secret },
    Teams { url: Secret },
    Discord { url: Secret },
    PagerDuty { routing_key: Secret, url: Secret },
    Webhook { url: Secret, secret: Secret },
    Email(Email),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Slack,
    Teams,
    Discord,
    PagerDuty,
    Webhook,
    Email,
}

impl Kind {
    const ALL: [(Self, &'static str); 6] = [
        (Self::Slack, "slack"),
        (Self::Teams, "teams"),
        (Self::Discord, "discord"),
        (Self::PagerDuty, "pagerduty"),
        (Self::Webhook, "webhook"),
        (Self::Email, "email"),
    ];
}

impl Channel {
    /// Reads a channel. A secret that is left out is that of the channel before it, if there is one of
    /// the same kind. Private addresses are refused but for the allowed hosts.
    pub(crate) fn read(
        value: &Value,
        before: Option<&Self>,
        allowed: &[AllowedHost],
    ) -> Result<Self, Mistake> {
        Self::read_with(value, before, Some(allowed))
    }

    fn read_with(
        value: &Value,
        before: Option<&Self>,
        allowed: Option<&[AllowedHost]>,
    ) -> Result<Self, Mistake> {
        let all = [
            "id",
            "name",
            "kind",
            "url",
            "routing_key",
            "secret",
            "server",
            "tls",
            "user",
            "password",
            "from",
            "to",
        ];
        let kind = Object::of(value, "", &all)?.one_of("kind", &Kind::ALL, None)?;
        let known: &[&str] = match kind {
            Kind::Slack | Kind::Teams | Kind::Discord => &["id", "name", "kind", "url"],
            Kind::PagerDuty => &["id", "name", "kind", "url", "routing_key"],
            Kind::Webhook => &["id", "name", "kind", "url", "secret"],
            Kind::Email => &[
                "id", "name", "kind", "server", "tls", "user", "password", "from", "to",
            ],
        };
        let object = Object::of(value, "", known)?;
        let name = object.needed("name")?.trim();
        if name.chars().count() > LONGEST_NAME {
            let fix = format!("keep to {LONGEST_NAME} characters");
            return Err(Mistake::new("/name", "it is too long", fix));
        }
        let before = before
            .map(|before| &before.to)
            .filter(|before| before.kind() == kind);
        let url = |default: Option<&str>| {
            let kept = before.and_then(Destination::url);
            // What was shown in the place of a URL comes back from who changed something else.
            let given = object
                .text("url")?
                .filter(|url| !url.ends_with('…') || kept.is_none());
            let url = match (given, kept, default) {
                (Some(url), ..) => Secret::new(url.trim()),
                (None, Some(kept), _) => kept.clone(),
                (None, None, Some(default)) => Secret::new(default),
                (None, None, None) => return Err(object.missing("url")),
            };
            if let Some(allowed) = allowed {
                door::check_url(url.reveal(), allowed)
                    .map_err(|refused| Mistake::new("/url", refused.reason, refused.fix))?;
            }
            Ok(url)
        };
        let to = match kind {
            Kind::Slack => Destination::Slack { url: url(None)? },
            Kind::Teams => Destination::Teams { url: url(None)? },
            Kind::Discord => Destination::Discord { url: url(None)? },
            Kind::PagerDuty => Destination::PagerDuty {
                routing_key: match (object.text("routing_key")?, before) {
                    (Some(key), _) if is_key(key) => Secret::new(key),
                    (Some(_), _) => {
                        let fix = "copy the integration key of the Events API v2";
                        return Err(Mistake::new("/routing_key", "it is no such key", fix));
                    }
                    (None, Some(Destination::PagerDuty { routing_key, .. })) => routing_key.clone(),
                    (None, _) => return Err(object.missing("routing_key")),
                },
                url: url(Some(EVENTS))?,
            },
            Kind::Webhook => Destination::Webhook {
                secret: match (object.text("secret")?.map(Secret::new), before) {
                    (Some(secret), _) if webhook::key(&secret).is_some() => secret,
                    (Some(_), _) => {
                        let fix = "write whsec_ and 24 to 64 bytes in base64, or leave it out to have one made";
                        return Err(Mistake::new("/secret", "it is no such secret", fix));
                    }
                    (None, Some(Destination::Webhook { secret, .. })) => secret.clone(),
                    (None, _) => webhook::new_secret(),
                },
                url: url(None)?,
            },
            Kind::Email => Destination::Email(email(&object, before, allowed)?),
        };
        Ok(Self {
            id: match object.text("id")? {
                Some(id) => identifier(id, "/id")?,
                None => Uuid::new_v4().simple().to_string(),
            },
            name: name.to_owned(),
            to,
        })
    }

    /// Reads what [`to_kept`](Self::to_kept) wrote. Where it may send to is judged when it does.
    pub(in super::super) fn kept(value: &Value) -> Result<Self, Mistake> {
        Self::read_with(value, None, None)
    }

    /// The channel with its secrets, as the database keeps it.
    pub(crate) fn to_kept(&self) -> Value {
        let mut value = self.to_shown();
        match &self.to {
            Destination::Slack { url }
            | Destination::Teams { url }
            | Destination::Discord { url } => {
                value["url"] = json!(url.reveal());
            }
            Destination::PagerDuty { routing_key, url } => {
                value["url"] = json!(url.reveal());
                value["routing_key"] = json!(routing_key.reveal());
            }
            Destination::Webhook { url, secret } => {
                value["url"] = json!(url.reveal());
                value["secret"] = json!(secret.reveal());
            }
            Destination::Email(email) => {
                value["password"] =
                    json!(email.user.as_ref().map(|(_, password)| password.reveal()));
            }
        }
        value
    }

    /// The channel without its secrets: of a URL only the host is shown.
    pub(crate) fn to_shown(&self) -> Value {
        let mut value = json!({ "id": self.id, "name": self.name, "kind": self.kind() });
        match &self.to {
            Destination::Slack { url }
            | Destination::Teams { url }
            | Destination::Discord { url }
            | Destination::PagerDuty { url, .. }
            | Destination::Webhook { url, .. } => {
                value["url"] = json!(door::without_path(url.reveal()));
            }
            Destination::Email(email) => {
                value["server"] = json!(format!("{}:{}", email.host, email.port));
                value["tls"] = json!(email.tls.name());
                value["user"] = json!(email.user.as_ref().map(|(user, _)| user));
                value["from"] = json!(email.from.to_string());
                value["to"] = json!(email.to.iter().map(ToString::to_string).collect::<Vec<_>>());
            }
        }
        value
    }

    /// Its kind, by name.
    pub(crate) fn kind(&self) -> &'static str {
        let kind = self.to.kind();
        let found = Kind::ALL.iter().find(|(known, _)| *known == kind);
        found.map_or("", |(_, name)| name)
    }

    /// A text without the channel's secrets, should an error have brought one along.
    pub(in super::super) fn concealed(&self, text: &str) -> String {
        let secrets = match &self.to {
            Destination::Slack { url }
            | Destination::Teams { url }
            | Destination::Discord { url } => [Some(url), None],
            Destination::PagerDuty { url, routing_key } => [Some(url), Some(routing_key)],
            Destination::Webhook { url, secret } => [Some(url), Some(secret)],
            Destination::Email(email) => [None, email.user.as_ref().map(|(_, secret)| secret)],
        };
        let url = self.to.url().map_or("", Secret::reveal);
        // An error may name only what stands behind the host.
        let path = url.split_once("://").and_then(|(_, rest)| {
            let path = rest.get(rest.find('/')?..)?;
            (path.len() > 1).then_some(path)
        });
        let whole = secrets.into_iter().flatten().map(Secret::reveal);
        whole
            .chain(path)
            .filter(|secret| !secret.is_empty())
            .fold(text.to_owned(), |text, secret| text.replace(secret, "…"))
    }

    /// The secret that its receiver checks signatures with, to be shown when it was made.
    pub(crate) fn signing_secret(&self) -> Option<&Secret> {
        match &self.to {
            Destination::Webhook { secret, .. } => Some(secret),
            _ => None,
        }
    }

    /// How long to wait between two notices: Slack, Discord and Teams take one a second.
    pub(crate) fn pause(&self) -> Duration {
        match self.to {
            Destination::Webhook { .. } => Duration::from_millis(100),
            _ => Duration::from_secs(1),
        }
    }

    /// What is posted; `None` for email.
    pub(in super::super) fn post(
        &self,
        id: &str,
        notice: &Notice,
        links: &Links,
        now: Timestamp,
    ) -> Option<Post> {
        let (url, payload) = match &self.to {
            Destination::Slack { url } => (url, slack::payload(notice, links)),
            Destination::Teams { url } => (url, teams::payload(notice, links)),
            Destination::Discord { url } => (url, discord::payload(notice, links)),
            Destination::PagerDuty { routing_key, url } => {
                (url, pagerduty::payload(notice, links, routing_key))
            }
            Destination::Webhook { url, .. } => (url, webhook::payload(notice, links)),
            Destination::Email(_) => return None,
        };
        let body = payload.to_string().into_bytes();
        let headers = match &self.to {
            Destination::Webhook { secret, .. } => webhook::headers(id, now, secret, &body),
            _ => Vec::new(),
        };
        Some(Post {
            url: url.clone(),
            headers,
            body,
        })
    }
}

impl Destination {
    fn kind(&self) -> Kind {
        match self {
            Self::Slack { .. } => Kind::Slack,
            Self::Teams { .. } => Kind::Teams,
            Self::Discord { .. } => Kind::Discord,
            Self::PagerDuty { .. } => Kind::PagerDuty,
            Self::Webhook { .. } => Kind::Webhook,
            Self::Email(_) => Kind::Email,
        }
    }

    fn url(&self) -> Option<&Secret> {
        match self {
            Self::Slack { url }
            | Self::Teams { url }
            | Self::Discord { url }
            | Self::PagerDuty { url, .. }
            | Self::Webhook { url, .. } => Some(url),
            Self::Email(_) => None,
        }
    }
}

fn is_key(text: &str) -> bool {
    (16..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn email(
    object: &Object<'_>,
    before: Option<&Destination>,
    allowed: Option<&[AllowedHost]>,
) -> Result<Email, Mistake> {
    let tls = object.one_of("tls", &Tls::ALL, Some(Tls::Upgraded))?;
    let server = object.needed("server")?.trim();
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') => {
            let port = port.parse().ok().filter(|port| *port > 0);
            let fix = "write HOST or HOST:PORT";
            let port = port.ok_or_else(|| Mistake::new("/server", "its port is none", fix))?;
            (host, port)
        }
        _ => (server, tls.port()),
    };
    if let Some(allowed) = allowed {
        door::check_server(host, port, tls == Tls::None, allowed)
            .map_err(|refused| Mistake::new("/server", refused.reason, refused.fix))?;
    }
    let kept = match before {
        Some(Destination::Email(email)) => email.user.as_ref(),
        _ => None,
    };
    let user = match (object.text("user")?, object.text("password")?) {
        (None, None) => None,
        (Some(user), Some(password)) => Some((user.to_owned(), Secret::new(password))),
        (Some(user), None) => match kept {
            Some((_, password)) => Some((user.to_owned(), password.clone())),
            None => return Err(object.missing("password")),
        },
        (None, Some(_)) => return Err(object.missing("user")),
    };
    let mailbox = |text: &str, place: &str| {
        text.parse::<Mailbox>().map_err(|error| {
            let fix = "write name@host.example, or Name <name@host.example>";
            Mistake::new(place, format!("`{text}` is no address: {error}"), fix)
        })
    };
    let to = object.texts("to", MOST_RECIPIENTS)?;
    if to.is_empty() {
        return Err(object.missing("to"));
    }
    Ok(Email {
        host: host.to_owned(),
        port,
        tls,
        user,
        from: mailbox(object.needed("from")?, "/from")?,
        to: to
            .iter()
            .enumerate()
            .map(|(at, text)| mailbox(text, &format!("/to/{at}")))
            .collect::<Result<_, _>>()?,
    })
}
