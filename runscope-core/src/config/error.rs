use std::fmt;

/// Why a [`Config`](super::Config) could not be built: every problem of it at once.
///
/// Its text has one problem a line; each names the setting as the user spelled it, what is wrong,
/// and what to give instead. It never holds the access token.
///
/// ```
/// use runscope_core::Config;
///
/// let error = Config::from_vars([
///     ("RUNSCOPE_BUCKET_KEY", "k3y"),
///     ("RUNSCOPE_TIMEOUT", "-1"),
/// ])
/// .unwrap_err();
///
/// let keys: Vec<&str> = error.problems().map(|problem| problem.key()).collect();
/// assert_eq!(keys, ["RUNSCOPE_ACCESS_TOKEN", "RUNSCOPE_TIMEOUT"]);
/// assert!(error.problems().any(|problem| problem.is_missing()));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<ConfigProblem>,
}

impl ConfigError {
    pub(super) fn new(problems: Vec<ConfigProblem>) -> Self {
        Self { problems }
    }

    /// The problems: those of settings in the order of the settings' table, then unknown keys.
    pub fn problems(&self) -> impl Iterator<Item = &ConfigProblem> {
        self.problems.iter()
    }
}

/// As it is displayed: this is what a `main` that returns it prints.
impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let [problem] = self.problems.as_slice() {
            return problem.fmt(formatter);
        }
        write!(
            formatter,
            "{} problems in the settings of runscope",
            self.problems.len()
        )?;
        self.problems
            .iter()
            .try_for_each(|problem| write!(formatter, "\n  {problem}"))
    }
}

impl std::error::Error for ConfigError {}

/// One problem of a [`ConfigError`]. Its text is `key: what is wrong; what to give instead`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    pub(super) key: String,
    pub(super) message: String,
    pub(super) kind: ProblemKind,
    /// The setting that is at fault, as long as the key is known.
    pub(super) setting: Option<&'static str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProblemKind {
    Invalid,
    Missing,
    Unknown,
}

impl ConfigProblem {
    /// The key as it was given: `timeout`, `queue.max_entries`, `scopes[0].route`, or
    /// `RUNSCOPE_TIMEOUT` where the value came from the environment.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is wrong, and what to give instead.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether a setting that is needed was not given.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.kind == ProblemKind::Missing
    }

    /// Whether there is no such setting.
    #[must_use]
    pub fn is_unknown_key(&self) -> bool {
        self.kind == ProblemKind::Unknown
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.key, self.message)
    }
}

/// What is wrong with a value, before it is known how the user spelled the key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The place within the value, such as `[0].route`; mostly empty.
    pub(super) at: String,
    pub(super) what: String,
    /// What to give instead; without it the setting's own hint stands.
    pub(super) fix: Option<String>,
    pub(super) kind: ProblemKind,
}

impl Fault {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self {
            at: String::new(),
            what: what.into(),
            fix: None,
            kind: ProblemKind::Invalid,
        }
    }

    pub(super) fn missing() -> Self {
        Self {
            kind: ProblemKind::Missing,
            ..Self::new("missing")
        }
    }

    /// An unknown key, with the known one that was perhaps meant.
    pub(super) fn unknown(suggestion: Option<impl fmt::Display>) -> Self {
        let fix = match suggestion {
            Some(name) => format!("did you mean {name}?"),
            None => "the documentation of Config lists the settings".to_owned(),
        };
        Self {
            kind: ProblemKind::Unknown,
            ..Self::new("unknown key").fix(fix)
        }
    }

    pub(super) fn at(mut self, at: impl Into<String>) -> Self {
        self.at = at.into();
        self
    }

    pub(super) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}

impl From<String> for Fault {
    fn from(what: String) -> Self {
        Self::new(what)
    }
}
