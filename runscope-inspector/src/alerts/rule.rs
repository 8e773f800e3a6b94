//! What is watched, and when it is told.

use super::assertion::Assertion;
use super::mistake::Mistake;
use super::object::Object;
use crate::exchange::Timestamp;
use crate::query::{Expr, Term, parse, write_duration};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

/// The most rules that one server watches.
pub(crate) const MOST_RULES: usize = 500;

const LONGEST_NAME: usize = 200;
const MOST_ASSERTIONS: usize = 20;
const MOST_CHANNELS: usize = 20;
const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

/// A rule: which calls it is about, what has to be true of them, and who is told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rule {
    /// Chosen by who writes it, so that a file of rules can be imported again and again.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) enabled: bool,
    /// The key of the bucket that is watched; all of them without one.
    pub(crate) bucket: Option<String>,
    /// The filter as it was written, and as it is understood.
    pub(crate) filter: String,
    pub(crate) expr: Expr,
    pub(crate) assertions: Vec<Assertion>,
    pub(crate) alert_when: AlertWhen,
    pub(crate) condition: Condition,
    pub(crate) group_by: Option<GroupBy>,
    /// For how many windows in a row the condition has to hold.
    pub(crate) windows: u32,
    /// How long the condition must not hold before the alert is over.
    pub(crate) resolve_after: Duration,
    /// How often is told that an alert goes on; never without one.
    pub(crate) repeat_every: Option<Duration>,
    /// Until when alerts are noted, and nobody is told.
    pub(crate) silence_until: Option<Timestamp>,
    pub(crate) severity: Severity,
    /// The ids of the channels that are told.
    pub(crate) channels: Vec<String>,
}

/// Which calls match, of those that pass the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AlertWhen {
    /// Those for which every assertion holds.
    Hold,
    /// Those for which some assertion does not: assertions say how things should be.
    Fail,
}

/// What has to be true of the calls that match.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    /// One of them is enough.
    Every,
    /// So many in a window.
    Count { window: Duration, at_least: u64 },
    /// More than this share of the traffic of a window, where that has a minimum of calls.
    Ratio {
        window: Duration,
        above: f64,
        minimum: u64,
        /// The filter for what counts as traffic; all of the bucket where it is empty.
        of: String,
        of_expr: Expr,
    },
    /// The time that so many in a hundred of them stay within is more than this.
    Percentile {
        window: Duration,
        percentile: u64,
        above: Duration,
        minimum: u64,
    },
}

/// What alerts of one rule are told apart by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GroupBy {
    Route,
    Host,
    Consumer,
    /// The first value of a request's header, or else of the response's.
    Header(String),
}

/// How bad it is, in PagerDuty's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Info,
    Warning,
    Error,
    Critical,
}

impl Severity {
    pub(crate) const ALL: [(Self, &'static str); 4] = [
        (Self::Critical, "critical"),
        (Self::Error, "error"),
        (Self::Warning, "warning"),
        (Self::Info, "info"),
    ];

    pub(crate) fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(severity, _)| *severity == self);
        found.map_or("warning", |(_, name)| name)
    }
}

impl AlertWhen {
    pub(crate) const ALL: [(Self, &'static str); 2] = [(Self::Hold, "hold"), (Self::Fail, "fail")];
}

impl GroupBy {
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Route => "route".to_owned(),
            Self::Host => "host".to_owned(),
            Self::Consumer => "consumer".to_owned(),
            Self::Header(name) => format!("header.{name}"),
        }
    }

    fn read(text: &str, place: &str) -> Result<Self, Mistake> {
        match text {
            "route" => Ok(Self::Route),
            "host" => Ok(Self::Host),
            "consumer" => Ok(Self::Consumer),
            text => match text.strip_prefix("header.").filter(|name| is_header(name)) {
                Some(name) => Ok(Self::Header(name.to_ascii_lowercase())),
                None => Err(Mistake::new(
                    place,
                    format!("calls can't be told apart by `{text}`"),
                    "write route, host, consumer or header.NAME",
                )),
            },
        }
    }
}

impl Condition {
    /// How far back it looks; `None` where one call is enough.
    pub(crate) fn window(&self) -> Option<Duration> {
        match self {
            Self::Every => None,
            Self::Count { window, .. }
            | Self::Ratio { window, .. }
            | Self::Percentile { window, .. } => Some(*window),
        }
    }

    fn read(value: &Value, place: &str) -> Result<Self, Mistake> {
        const KINDS: [(u8, &str); 4] =
            [(0, "every"), (1, "count"), (2, "ratio"), (3, "percentile")];
        let all = [
            "kind",
            "window",
            "at_least",
            "above",
            "minimum",
            "of",
            "percentile",
        ];
        let kind = Object::of(value, place, &all)?.one_of("kind", &KINDS, None)?;
        let known: &[&str] = match kind {
            0 => &["kind"],
            1 => &["kind", "window", "at_least"],
            2 => &["kind", "window", "above", "minimum", "of"],
            _ => &["kind", "window", "percentile", "above", "minimum"],
        };
        let object = Object::of(value, place, known)?;
        let window = || {
            object
                .duration("window", SECOND, DAY)?
                .ok_or_else(|| object.missing("window"))
        };
        Ok(match kind {
            0 => Self::Every,
            1 => Self::Count {
                window: window()?,
                at_least: object
                    .whole("at_least", 1, 1_000_000_000)?
                    .ok_or_else(|| object.missing("at_least"))?,
            },
            2 => {
                let of = object.text("of")?.unwrap_or_default();
                Self::Ratio {
                    window: window()?,
                    above: share(&object)?,
                    minimum: object.whole("minimum", 1, 1_000_000_000)?.unwrap_or(20),
                    of: of.to_owned(),
                    of_expr: filter(of, &object.place("of"))?,
                }
            }
            _ => Self::Percentile {
                window: window()?,
                percentile: object.whole("percentile", 1, 100)?.unwrap_or(99),
                above: object
                    .duration("above", Duration::from_micros(1), DAY)?
                    .ok_or_else(|| object.missing("above"))?,
                minimum: object.whole("minimum", 1, 1_000_000_000)?.unwrap_or(20),
            },
        })
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Every => json!({ "kind": "every" }),
            Self::Count { window, at_least } => {
                json!({ "kind": "count", "window": write_duration(*window), "at_least": at_least })
            }
            Self::Ratio {
                window,
                above,
                minimum,
                of,
                ..
            } => json!({
                "kind": "ratio", "window": write_duration(*window), "above": percent(*above), "minimum": minimum, "of": of,
            }),
            Self::Percentile {
                window,
                percentile,
                above,
                minimum,
            } => json!({
                "kind": "percentile", "window": write_duration(*window), "percentile": percentile, "above": write_duration(*above), "minimum": minimum,
            }),
        }
    }
}

impl Rule {
    const MEMBERS: [&'static str; 15] = [
        "id",
        "name",
        "enabled",
        "bucket",
        "filter",
        "assertions",
        "alert_when",
        "condition",
        "group_by",
        "windows",
        "resolve_after",
        "repeat_every",
        "silence_until",
        "severity",
        "channels",
    ];

    /// Reads a rule and checks all that can be checked without the database. One without an id gets
    /// one.
    pub(crate) fn read(value: &Value) -> Result<Self, Mistake> {
        let object = Object::of(value, "", &Self::MEMBERS)?;
        let name = object.needed("name")?.trim();
        if name.chars().count() > LONGEST_NAME {
            let fix = format!("keep to {LONGEST_NAME} characters");
            return Err(Mistake::new("/name", "it is too long", fix));
        }
        let text = object.text("filter")?.unwrap_or_default();
        let assertions = object.list("assertions", MOST_ASSERTIONS)?;
        let assertions: Vec<_> = assertions
            .iter()
            .enumerate()
            .map(|(at, value)| Assertion::read(value, &format!("/assertions/{at}")))
            .collect::<Result<_, _>>()?;
        let alert_when = object.one_of("alert_when", &AlertWhen::ALL, Some(AlertWhen::Hold))?;
        if alert_when == AlertWhen::Fail && assertions.is_empty() {
            let fix = "add an assertion, or leave `alert_when` out";
            return Err(Mistake::new(
                "/alert_when",
                "there is no assertion that could fail",
                fix,
            ));
        }
        let condition = match object.get("condition") {
            Some(condition) => Condition::read(condition, "/condition")?,
            None => Condition::Every,
        };
        let group_by = object.text("group_by")?;
        let windows = object.whole("windows", 1, 100)?.unwrap_or(1);
        if windows > 1 && condition.window().is_none() {
            let fix = "write 1, or a condition that has a window";
            return Err(Mistake::new("/windows", "the condition has no window", fix));
        }
        Ok(Self {
            id: match object.text("id")? {
                Some(id) => identifier(id, "/id")?,
                None => Uuid::new_v4().simple().to_string(),
            },
            name: name.to_owned(),
            enabled: object.flag("enabled", true)?,
            bucket: object.text("bucket")?.map(str::to_owned),
            filter: text.to_owned(),
            expr: filter(text, "/filter")?,
            assertions,
            alert_when,
            condition,
            group_by: group_by
                .map(|text| GroupBy::read(text, "/group_by"))
                .transpose()?,
            windows: u32::try_from(windows).unwrap_or(1),
            resolve_after: object
                .duration("resolve_after", Duration::ZERO, DAY)?
                .unwrap_or(Duration::from_secs(300)),
            repeat_every: object.duration("repeat_every", Duration::from_secs(60), DAY * 30)?,
            silence_until: object.moment("silence_until")?,
            severity: object.one_of("severity", &Severity::ALL, Some(Severity::Warning))?,
            channels: object.texts("channels", MOST_CHANNELS)?,
        })
    }

    /// The rule as it is read, with its defaults spelled out.
    pub(crate) fn to_json(&self) -> Value {
        let assertions: Vec<_> = self.assertions.iter().map(Assertion::to_json).collect();
        let when = AlertWhen::ALL
            .iter()
            .find(|(when, _)| *when == self.alert_when);
        json!({
            "id": self.id,
            "name": self.name,
            "enabled": self.enabled,
            "bucket": self.bucket,
            "filter": self.filter,
            "assertions": assertions,
            "alert_when": when.map(|(_, name)| name),
            "condition": self.condition.to_json(),
            "group_by": self.group_by.as_ref().map(GroupBy::name),
            "windows": self.windows,
            "resolve_after": write_duration(self.resolve_after),
            "repeat_every": self.repeat_every.map(write_duration),
            "silence_until": self.silence_until.map(|until| until.to_string()),
            "severity": self.severity.name(),
            "channels": self.channels,
        })
    }

    /// For how long the condition has to hold before anyone is told.
    pub(crate) fn pending_for(&self) -> Duration {
        let more = self.windows.saturating_sub(1);
        self.condition
            .window()
            .unwrap_or_default()
            .saturating_mul(more)
    }
}

/// Whether what is counted differs, so that what was counted before means nothing any more.
pub(crate) fn counts_differ(a: &Rule, b: &Rule) -> bool {
    let of = |rule: &Rule| {
        let Rule {
            bucket,
            expr,
            assertions,
            alert_when,
            condition,
            group_by,
            ..
        } = rule.clone();
        (bucket, expr, assertions, alert_when, condition, group_by)
    };
    of(a) != of(b)
}

/// A name for machines: in paths and files.
pub(super) fn identifier(text: &str, place: &str) -> Result<String, Mistake> {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
        return Ok(text.to_owned());
    }
    let fix = "write 1 to 64 of a-z, 0-9, - and _";
    Err(Mistake::new(place, "it can't be an id", fix))
}

fn filter(text: &str, place: &str) -> Result<Expr, Mistake> {
    let expr = parse(text).map_err(|error| Mistake::filter(place, &error))?;
    if has_moment(&expr) {
        let reason = "`since:` and `before:` mean nothing to calls that are just arriving";
        return Err(Mistake::new(
            place,
            reason,
            "leave them out; the condition has a window",
        ));
    }
    Ok(expr)
}

fn has_moment(expr: &Expr) -> bool {
    match expr {
        Expr::All => false,
        Expr::Term(term) => matches!(term, Term::Since(_) | Term::Before(_)),
        Expr::Not(inner) => has_moment(inner),
        Expr::And(parts) | Expr::Or(parts) => parts.iter().any(has_moment),
    }
}

/// A share: `"5%"`, or `0.05`.
fn share(object: &Object<'_>) -> Result<f64, Mistake> {
    let value = object.get("above").ok_or_else(|| object.missing("above"))?;
    let share = match value {
        Value::String(text) => text
            .strip_suffix('%')
            .and_then(|number| number.trim().parse::<f64>().ok())
            .map(|percent| percent / 100.0),
        value => value.as_f64(),
    };
    share
        .filter(|share| (0.0..1.0).contains(share))
        .ok_or_else(|| {
            let fix = "write a share such as \"5%\" or 0.05, from 0 to below 100%";
            Mistake::new(object.place("above"), format!("{value} is no share"), fix)
        })
}

fn percent(share: f64) -> String {
    format!("{}%", (share * 1e8).round() / 1e6)
}

fn is_header(name: &str) -> bool {
    axum::http::HeaderName::from_bytes(name.as_bytes()).is_ok()
}
