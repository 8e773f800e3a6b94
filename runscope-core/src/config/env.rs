//! Settings from environment variables.

use super::ConfigBuilder;
use super::error::Fault;
use super::keys::{KEYS, Key, PREFIX};
use super::suggest::distance;
use super::value::Value;

/// Variables of the inspector, which has settings of its own.
const INSPECTOR: &str = "INSPECTOR_";

/// Further edits apart than this, a variable is someone else's: orchestrators set
/// `RUNSCOPE_SERVICE_HOST` and the like for a service that is called runscope.
const SLIP: usize = 2;

impl ConfigBuilder {
    /// Takes over what the process's environment sets, variables that begin with `RUNSCOPE_`. It
    /// wins over what the builder holds so far; wrong values are told by [`build`](Self::build).
    ///
    /// ```
    /// use runscope_core::ConfigBuilder;
    ///
    /// // Most settings from a file, the account from the environment.
    /// let builder: ConfigBuilder = serde_json::from_str(r#"{"log_body": true}"#)?;
    /// # let builder = builder.vars([("RUNSCOPE_ACCESS_TOKEN", "t"), ("RUNSCOPE_BUCKET_KEY", "b")]);
    /// let config = builder.env().build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn env(self) -> Self {
        let vars = std::env::vars_os().filter_map(|(name, value)| {
            // A name that is not UTF-8 is no name of a setting.
            Some((name.into_string().ok()?, value.into_string().ok()))
        });
        self.read_vars(vars)
    }

    /// Like [`env`](Self::env), with variables from elsewhere.
    pub fn vars<K, V>(self, vars: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        self.read_vars(
            vars.into_iter()
                .map(|(name, value)| (name.into(), Some(value.into()))),
        )
    }

    /// A value is `None` where it is not UTF-8.
    fn read_vars(mut self, vars: impl Iterator<Item = (String, Option<String>)>) -> Self {
        self.env_was_read = true;
        let vars: Vec<(String, Option<String>)> =
            vars.filter(|(name, _)| name.starts_with(PREFIX)).collect();
        for key in &KEYS {
            let variable = key.env();
            // As in a shell, the last of several wins.
            let Some((_, value)) = vars.iter().rev().find(|(name, _)| *name == variable) else {
                continue;
            };
            match value.as_deref().map(str::trim) {
                // Compose files and charts set variables to nothing when there is nothing to set.
                Some("") => {}
                Some(text) => self.take(key, variable, &Value::Text(text.to_owned())),
                None => self.refuse(key, variable, Fault::new("is not UTF-8")),
            }
        }
        for (name, _) in &vars {
            let rest = name.strip_prefix(PREFIX).unwrap_or_default();
            let is_known = KEYS.iter().any(|key| key.env() == *name);
            if is_known || rest.starts_with(INSPECTOR) {
                continue;
            }
            if let Some(meant) = slip_of(name) {
                self.refuse_key(name.clone(), Fault::unknown(Some(meant.env())));
            }
        }
        self
    }
}

fn slip_of(name: &str) -> Option<&'static Key> {
    KEYS.iter()
        .map(|key| (distance(&key.env(), name), key))
        .filter(|(distance, _)| *distance <= SLIP)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, ConfigError, ConfigProblem};
    use std::time::Duration;

    fn from_vars(vars: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let account = [
            ("RUNSCOPE_ACCESS_TOKEN", "c0ffee"),
            ("RUNSCOPE_BUCKET_KEY", "k3y"),
        ];
        Config::from_vars(account.iter().chain(vars).copied())
    }

    fn complaint(vars: &[(&str, &str)]) -> String {
        from_vars(vars).unwrap_err().to_string()
    }

    #[test]
    fn variables_are_read_and_trimmed_and_empty_ones_are_not_there() {
        let config = from_vars(&[
            ("RUNSCOPE_ACCESS_TOKEN", " token\n"),
            ("RUNSCOPE_BUCKET_KEY", "\tbucket "),
            ("RUNSCOPE_LOG_BODY", "YES"),
            ("RUNSCOPE_TIMEOUT", "2500"),
            ("RUNSCOPE_KEEPALIVE", ""),
            ("RUNSCOPE_MAX_COALESCING_DELAY", "0.25"),
            ("RUNSCOPE_MAX_RETRY_TIME", "2h"),
            ("RUNSCOPE_BYTE_BUDGET", "16MiB"),
            ("RUNSCOPE_SKIP_METHODS", "OPTIONS, HEAD"),
            (
                "RUNSCOPE_SCOPES",
                r#"[{"route": "/users/{id}", "log_body": true}]"#,
            ),
            ("PATH", "/usr/bin"),
        ])
        .unwrap();
        assert_eq!(config.access_token.unwrap().expose(), "token");
        assert_eq!(config.bucket_key.as_deref(), Some("bucket"));
        assert!(config.log_body);
        assert_eq!(config.timeout, Duration::from_millis(2500));
        assert_eq!(config.keepalive, Duration::from_millis(30));
        assert_eq!(config.max_coalescing_delay, Duration::from_millis(250));
        assert_eq!(config.max_retry_time, Duration::from_secs(7200));
        assert_eq!(config.byte_budget, 16 << 20);
        assert_eq!(config.skip_methods, ["OPTIONS", "HEAD"]);
        assert_eq!(config.scopes[0].route.as_deref(), Some("/users/{id}"));
    }

    #[test]
    fn complaints_name_the_variable() {
        for (name, value, expected) in [
            (
                "RUNSCOPE_TIMEOUT",
                "-1",
                "RUNSCOPE_TIMEOUT: \"-1\" is negative; give milliseconds, at least 1 (default 10000)",
            ),
            (
                "RUNSCOPE_LOG_BODY",
                "yes please",
                "RUNSCOPE_LOG_BODY: \"yes please\" is not a boolean; use true or false",
            ),
            (
                "RUNSCOPE_TRUSTED_HOPS",
                "256",
                "RUNSCOPE_TRUSTED_HOPS: \"256\" is too large; give a whole number from 0 to 255 (default 0)",
            ),
            (
                "RUNSCOPE_SCOPES",
                "[{\"access_token\": \"hunter2\"",
                "RUNSCOPE_SCOPES: is not a JSON list of tables; give a list of tables with a route, service or consumer",
            ),
            (
                "RUNSCOPE_MAX_BATCH_SIZE",
                "20000",
                "RUNSCOPE_MAX_BATCH_SIZE: 20000 is more than RUNSCOPE_MAX_ENTRIES (10000); make it smaller, or RUNSCOPE_MAX_ENTRIES larger",
            ),
        ] {
            assert_eq!(complaint(&[(name, value)]), expected);
        }
    }

    #[test]
    fn only_slips_of_the_pen_are_errors() {
        for name in [
            "RUNSCOPE_SERVICE_HOST",
            "RUNSCOPE_SERVICE_PORT",
            "RUNSCOPE_PORT",
            "RUNSCOPE_PORT_8080_TCP_ADDR",
            "RUNSCOPE_INSPECTOR_TIMEOUT",
            "RUNSCOPE_INSPECTOR_TOKEN",
            "RUNSCOPE_",
            "RUNSCOPE_HOME",
            "RUNSCOPETIMEOUT",
        ] {
            assert!(from_vars(&[(name, "tcp://10.0.0.1:80")]).is_ok(), "{name}");
        }
        assert_eq!(
            complaint(&[("RUNSCOPE_TIEMOUT", "1")]),
            "RUNSCOPE_TIEMOUT: unknown key; did you mean RUNSCOPE_TIMEOUT?"
        );
        let error = from_vars(&[("RUNSCOPE_ACESS_TOKEN", "hunter2")]).unwrap_err();
        assert!(
            error.problems().all(ConfigProblem::is_unknown_key),
            "{error}"
        );
        assert!(!format!("{error:?}").contains("hunter2"));
    }

    #[test]
    fn a_value_that_is_not_utf_8_is_a_problem_and_does_not_panic() {
        let vars = [
            ("RUNSCOPE_TIMEOUT".to_owned(), None),
            ("RUNSCOPE_OTHER".to_owned(), None),
        ];
        let error = ConfigBuilder::for_env()
            .sink(crate::MemorySink::new())
            .read_vars(vars.into_iter())
            .build()
            .unwrap_err();
        let keys: Vec<&str> = error.problems().map(ConfigProblem::key).collect();
        assert_eq!(keys, ["RUNSCOPE_TIMEOUT"]);
        assert!(error.to_string().contains("is not UTF-8"));
    }

    #[test]
    fn the_environment_wins_over_a_file_and_code_over_both() {
        let builder: ConfigBuilder = serde_json::from_str(
            r#"{"bucket_key": "file", "timeout": 1, "keepalive": 1, "log_body": "wrong"}"#,
        )
        .unwrap();
        let config = builder
            .vars([
                ("RUNSCOPE_ACCESS_TOKEN", "env"),
                ("RUNSCOPE_TIMEOUT", "2"),
                ("RUNSCOPE_KEEPALIVE", "2"),
                ("RUNSCOPE_LOG_BODY", "true"),
            ])
            .keepalive(Duration::from_millis(3))
            .build()
            .unwrap();
        assert_eq!(config.access_token.unwrap().expose(), "env");
        assert_eq!(config.bucket_key.as_deref(), Some("file"));
        assert_eq!(config.timeout, Duration::from_millis(2));
        assert_eq!(config.keepalive, Duration::from_millis(3));
        assert!(config.log_body);
    }
}
