//! What kinds of settings there are: how each is read, checked, shown and explained.

use super::content_type::ContentTypePattern;
use super::error::Fault;
use super::skip::PathPattern;
use super::value::{Value, quoted};
use super::{
    AccessToken, Config, RedactionRules, Scheme, Scope, SpoolKeep, endpoint, scope_form, units,
};
use std::{path::PathBuf, str::FromStr, time::Duration};
use url::Url;

/// Where a setting lives.
pub(super) type At<T> = fn(&mut Config) -> &mut T;

/// The kind of a setting, with its place and its bounds.
pub(super) enum Field {
    Token(At<Option<AccessToken>>),
    Bucket(At<Option<String>>),
    Flag(At<bool>),
    Endpoint(At<Url>),
    Time {
        unit: Unit,
        least: Duration,
        at: At<Duration>,
    },
    OptionalTime {
        unit: Unit,
        at: At<Option<Duration>>,
    },
    Size {
        least: usize,
        at: At<usize>,
    },
    Count {
        most: usize,
        at: At<usize>,
    },
    Hops(At<u8>),
    Rate(At<f64>),
    Status(At<Option<u16>>),
    ContentTypes(At<Vec<ContentTypePattern>>),
    Methods(At<Vec<String>>),
    Paths(At<Vec<PathPattern>>),
    UrlScheme(At<Scheme>),
    Keep(At<SpoolKeep>),
    File(At<Option<PathBuf>>),
    RedactNames(fn(RedactionRules, &[&str]) -> RedactionRules),
    RedactPatterns,
    Scopes(At<Vec<Scope>>),
}

/// The unit of a bare number of time.
#[derive(Clone, Copy)]
pub(super) struct Unit {
    name: &'static str,
    length: Duration,
}

pub(super) const MILLISECONDS: Unit = Unit {
    name: "milliseconds",
    length: Duration::from_millis(1),
};
pub(super) const SECONDS: Unit = Unit {
    name: "seconds",
    length: Duration::from_secs(1),
};

/// No duration is longer, so that adding a few of them to a point in time cannot overflow.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// No size is larger, so that the sum of two cannot overflow.
const LARGEST: usize = isize::MAX as usize;

/// What a setting is when it is not set.
pub(super) const NONE: &str = "none";

impl Field {
    /// Reads a value of the right type, or its text, into the config. Bounds are for
    /// [`check`](Self::check), which sees the builder's values too.
    pub(super) fn read(&self, config: &mut Config, value: &Value) -> Result<(), Vec<Fault>> {
        match self {
            // The only setting with places within its value.
            Self::Scopes(at) => scope_form::read(value).map(|scopes| *at(config) = scopes),
            _ => self
                .read_plain(config, value)
                .map_err(|what| vec![Fault::new(what)]),
        }
    }

    fn read_plain(&self, config: &mut Config, value: &Value) -> Result<(), String> {
        match self {
            Self::Token(at) => *at(config) = Some(value.text()?.into()),
            Self::Bucket(at) => *at(config) = Some(value.text()?.to_owned()),
            Self::Flag(at) => *at(config) = value.flag()?,
            Self::Endpoint(at) => *at(config) = endpoint::parse(value.text()?)?,
            Self::Time { unit, at, .. } => *at(config) = value.duration(unit.length)?,
            Self::OptionalTime { unit, at } => *at(config) = Some(value.duration(unit.length)?),
            Self::Size { at, .. } => *at(config) = narrow(value.bytes()?, value)?,
            Self::Count { at, .. } => *at(config) = narrow(value.count()?, value)?,
            Self::Hops(at) => *at(config) = narrow(value.count()?, value)?,
            Self::Rate(at) => *at(config) = value.number()?,
            Self::Status(at) => *at(config) = Some(narrow(value.count()?, value)?),
            Self::ContentTypes(at) => *at(config) = parse_all(value.texts()?)?,
            Self::Methods(at) => {
                *at(config) = value.texts()?.into_iter().map(str::to_owned).collect();
            }
            Self::Paths(at) => *at(config) = parse_all(value.texts()?)?,
            Self::UrlScheme(at) => *at(config) = value.text()?.parse()?,
            Self::Keep(at) => *at(config) = value.text()?.parse()?,
            Self::File(at) => *at(config) = Some(value.text()?.into()),
            Self::RedactNames(apply) => {
                let names = value.texts()?;
                config.change_redaction(|rules| apply(rules, &names));
            }
            Self::RedactPatterns => {
                let on = value.flag()?;
                config.change_redaction(|rules| rules.patterns(on));
            }
            Self::Scopes(_) => {}
        }
        Ok(())
    }

    /// Everything that is wrong with what the config holds.
    pub(super) fn check(&self, config: &mut Config) -> Vec<Fault> {
        let what = match self {
            Self::Token(at) => at(config).as_ref().and_then(AccessToken::fault),
            Self::Bucket(at) => at(config).as_deref().and_then(bucket_fault),
            Self::Time { unit, least, at } => time_fault(*at(config), *unit, *least),
            Self::OptionalTime { unit, at } => {
                at(config).and_then(|time| time_fault(time, *unit, Duration::ZERO))
            }
            Self::Size { least, at } => range_fault(*at(config), *least, LARGEST),
            Self::Count { most, at } => range_fault(*at(config), 1, *most),
            Self::Rate(at) => match *at(config) {
                rate if (0.0..=1.0).contains(&rate) => None,
                rate => Some(format!("{rate} is not between 0 and 1")),
            },
            Self::Status(at) => match *at(config) {
                Some(status) if !(100..=599).contains(&status) => {
                    Some(format!("{status} is not a status"))
                }
                _ => None,
            },
            Self::Methods(at) => at(config).iter().find_map(|method| method_fault(method)),
            Self::File(at) => match at(config) {
                Some(path) if path.as_os_str().is_empty() => Some("is empty".to_owned()),
                _ => None,
            },
            Self::Scopes(at) => return scope_form::check(at(config)),
            Self::Flag(_)
            | Self::Endpoint(_)
            | Self::Hops(_)
            | Self::ContentTypes(_)
            | Self::Paths(_)
            | Self::UrlScheme(_)
            | Self::Keep(_)
            | Self::RedactNames(_)
            | Self::RedactPatterns => None,
        };
        what.map(Fault::new).into_iter().collect()
    }

    /// The value that the config holds, as a file would write it.
    pub(super) fn show(&self, config: &mut Config) -> String {
        fn optional<T: ToString>(value: Option<T>) -> String {
            value.map_or_else(|| NONE.to_owned(), |value| value.to_string())
        }
        fn list<T: ToString>(items: &[T]) -> String {
            match items {
                [] => NONE.to_owned(),
                _ => items
                    .iter()
                    .map(T::to_string)
                    .collect::<Vec<_>>()
                    .join(", "),
            }
        }
        match self {
            Self::Token(at) => optional(at(config).as_ref()),
            Self::Bucket(at) => optional(at(config).as_ref()),
            Self::Flag(at) => at(config).to_string(),
            Self::Endpoint(at) => at(config).as_str().trim_end_matches('/').to_owned(),
            Self::Time { unit, at, .. } => units::duration_to_text(*at(config), unit.length),
            Self::OptionalTime { unit, at } => {
                optional(at(config).map(|time| units::duration_to_text(time, unit.length)))
            }
            Self::Size { at, .. } => units::bytes_to_text(*at(config)),
            Self::Count { at, .. } => at(config).to_string(),
            Self::Hops(at) => at(config).to_string(),
            Self::Rate(at) => at(config).to_string(),
            Self::Status(at) => optional(*at(config)),
            Self::ContentTypes(at) => list(at(config)),
            Self::Methods(at) => list(at(config)),
            Self::Paths(at) => list(at(config)),
            Self::UrlScheme(at) => at(config).as_str().to_owned(),
            Self::Keep(at) => at(config).as_str().to_owned(),
            Self::File(at) => optional(at(config).as_ref().map(|path| path.display())),
            Self::RedactNames(_) => NONE.to_owned(),
            Self::RedactPatterns => true.to_string(),
            Self::Scopes(at) => match at(config).len() {
                0 => NONE.to_owned(),
                count => count.to_string(),
            },
        }
    }

    /// What a value is written in.
    #[cfg(test)]
    pub(super) fn unit(&self) -> &'static str {
        match self {
            Self::Time { unit, .. } | Self::OptionalTime { unit, .. } => unit.name,
            Self::Size { .. } => "bytes",
            Self::Count { .. } | Self::Hops(_) | Self::Rate(_) | Self::Status(_) => "number",
            Self::Flag(_) | Self::RedactPatterns => "boolean",
            Self::Endpoint(_) => "URL",
            Self::File(_) => "path",
            Self::Token(_) | Self::Bucket(_) | Self::UrlScheme(_) | Self::Keep(_) => "text",
            Self::ContentTypes(_) | Self::Methods(_) | Self::Paths(_) | Self::RedactNames(_) => {
                "list"
            }
            Self::Scopes(_) => "list of tables",
        }
    }

    /// What to give instead of a value that is wrong.
    pub(super) fn hint(&self) -> String {
        match self {
            Self::Token(_) => "give the access token as Runscope shows it".to_owned(),
            Self::Bucket(_) => "give the key of the bucket as Runscope shows it".to_owned(),
            Self::Flag(_) | Self::RedactPatterns => "use true or false".to_owned(),
            Self::Endpoint(_) => format!("give a URL such as {}", endpoint::DEFAULT),
            Self::Time { unit, least, .. } => {
                let least = units::duration_to_text(*least, unit.length);
                format!(
                    "give {}, at least {least}{}",
                    unit.name,
                    self.default_note()
                )
            }
            Self::OptionalTime { unit, .. } => format!("give {}, at least 0", unit.name),
            Self::Size { least, .. } => {
                format!(
                    "give bytes, at least {least}, or text such as 64KiB{}",
                    self.default_note()
                )
            }
            Self::Count { most, .. } => {
                format!(
                    "give a whole number from 1 to {most}{}",
                    self.default_note()
                )
            }
            Self::Hops(_) => format!("give a whole number from 0 to 255{}", self.default_note()),
            Self::Rate(_) => format!("give a number from 0 to 1{}", self.default_note()),
            Self::Status(_) => "give a status from 100 to 599".to_owned(),
            Self::ContentTypes(_) => {
                "give a list of content types such as application/json or text/*".to_owned()
            }
            Self::Methods(_) => "give a list of methods such as OPTIONS".to_owned(),
            Self::Paths(_) => "give a list of paths such as /static/*".to_owned(),
            Self::UrlScheme(_) => "use http or https".to_owned(),
            Self::Keep(_) => "use oldest or newest".to_owned(),
            Self::File(_) => "give the path of a file".to_owned(),
            Self::RedactNames(_) => "give a list of names".to_owned(),
            Self::Scopes(_) => "give a list of tables with a route, service or consumer".to_owned(),
        }
    }

    fn default_note(&self) -> String {
        format!(" (default {})", self.show(&mut Config::defaults()))
    }
}

impl Config {
    fn change_redaction(&mut self, change: impl FnOnce(RedactionRules) -> RedactionRules) {
        let rules = std::mem::take(&mut self.redaction);
        self.redaction = change(rules);
    }
}

impl FromStr for Scheme {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "http" => Ok(Self::Http),
            "https" => Ok(Self::Https),
            _ => Err(format!("{} is not a scheme", quoted(text))),
        }
    }
}

impl FromStr for SpoolKeep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "oldest" => Ok(Self::Oldest),
            "newest" => Ok(Self::Newest),
            _ => Err(format!("{} is neither oldest nor newest", quoted(text))),
        }
    }
}

/// What is wrong with a bucket key, in words that do not hold it. It becomes a segment of a URL's
/// path, so nothing that means something in a URL may be in it.
pub(super) fn bucket_fault(key: &str) -> Option<String> {
    let forbidden = |char: char| !char.is_ascii_graphic() || "/\\?#%".contains(char);
    if key.trim().is_empty() {
        return Some("is empty".to_owned());
    }
    if key.trim().len() < key.len() {
        return Some("begins or ends with white space".to_owned());
    }
    if matches!(key, "." | "..") {
        return Some("is not a bucket key".to_owned());
    }
    key.chars()
        .find(|&char| forbidden(char))
        .map(|char| format!("holds {char:?}"))
}

/// Parses each item; the first that is wrong is the complaint.
pub(super) fn parse_all<T: FromStr, S: AsRef<str>>(
    items: impl IntoIterator<Item = S>,
) -> Result<Vec<T>, T::Err> {
    items
        .into_iter()
        .map(|item| item.as_ref().parse())
        .collect()
}

fn time_fault(time: Duration, unit: Unit, least: Duration) -> Option<String> {
    let shown = || units::duration_to_text(time, unit.length);
    if time < least {
        Some(format!("{} is too short", shown()))
    } else if time > LONGEST {
        Some(format!("{} is longer than a year", shown()))
    } else {
        None
    }
}

fn range_fault(number: usize, least: usize, most: usize) -> Option<String> {
    if number < least {
        Some(format!("{number} is too small"))
    } else if number > most {
        Some(format!("{number} is too large"))
    } else {
        None
    }
}

/// A method is a token (RFC 9110, section 9.1).
fn method_fault(method: &str) -> Option<String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (method.is_empty() || !method.bytes().all(is_token))
        .then(|| format!("{} is not a method", quoted(method)))
}

fn narrow<T: TryFrom<u64>>(number: u64, value: &Value) -> Result<T, String> {
    T::try_from(number).map_err(|_| format!("{} is too large", value.quoted()))
}
