//! From a builder to a config: bounds, settings that depend on each other, and what is missing.

use super::error::{ConfigProblem, Fault};
use super::keys::{self, KEYS, Key};
use super::resolve::{Destination, Scopes};
use super::{Config, ConfigBuilder, ConfigError, endpoint};

impl ConfigBuilder {
    /// Checks everything.
    ///
    /// # Errors
    ///
    /// When a setting is missing, a value is not valid, or two contradict each other; the error
    /// lists all problems at once.
    pub fn build(mut self) -> Result<Config, ConfigError> {
        for key in &KEYS {
            self.check_value(key);
        }
        self.check_account();
        self.check_endpoint();
        self.check_spool();
        self.check_compress();
        // A short queue makes short batches, unless somebody asked for longer ones.
        let config = &mut self.config;
        if config.max_batch_size == Config::defaults().max_batch_size {
            config.max_batch_size = config.max_batch_size.min(config.max_entries);
        }
        self.check_order("max_batch_size", "max_entries", |config| {
            config.max_batch_size <= config.max_entries
        });
        self.check_order("initial_retry_delay", "max_retry_delay", |config| {
            config.initial_retry_delay <= config.max_retry_delay
        });
        if !self.problems.is_empty() {
            self.problems.sort_by_key(place_in_table);
            return Err(ConfigError::new(self.problems));
        }
        let mut config = self.config;
        // A local sink needs no account: its bucket may be nameless.
        let account = Destination {
            access_token: config.access_token.clone().unwrap_or_default(),
            bucket_key: config.bucket_key.clone().unwrap_or_default(),
        };
        config.ranked_scopes = Scopes::new(config.log_body, account, &config.scopes);
        Ok(config)
    }

    fn check_value(&mut self, key: &'static Key) {
        // A value that could not be read left the former one in place.
        if self.is_faulty(key.name) {
            return;
        }
        for fault in key.field.check(&mut self.config) {
            let spelled = self.spelling(key);
            self.refuse(key, spelled, fault);
        }
    }

    /// Nothing is sent to the API where capture is off or another sink takes the exchanges.
    fn check_account(&mut self) {
        let config = &self.config;
        if config.sink.is_some() || !config.enabled || config.ndjson_file.is_some() {
            return;
        }
        let missing = [
            ("access_token", self.config.access_token.is_none()),
            ("bucket_key", self.config.bucket_key.is_none()),
        ];
        for (name, is_missing) in missing {
            if let Some(key) = keys::find(name)
                && is_missing
                && !self.is_faulty(name)
            {
                let spelled = self.spelling(key);
                let place = match spelled == key.env() || !self.env_was_read {
                    true => "set it".to_owned(),
                    false => format!("set it here or in {}", key.env()),
                };
                let file = self.spelling_of("ndjson_file");
                let fix = format!("{place}, or set {file} to write to a file instead");
                self.refuse(key, spelled, Fault::missing().fix(fix));
            }
        }
    }

    fn check_endpoint(&mut self) {
        let is_plain = endpoint::is_plain_and_remote(&self.config.api_endpoint);
        if is_plain && !self.config.allow_plain_http && !self.is_faulty("api_endpoint") {
            let allow = self.spelling_of("allow_plain_http");
            let fix = format!("use https, or set {allow} to true");
            self.refuse_setting(
                "api_endpoint",
                Fault::new("would send the access token in clear").fix(fix),
            );
        }
    }

    /// A spool that is asked for and not built in must not be missed only after an outage.
    fn check_spool(&mut self) {
        let is_missing = self.config.spool_dir.is_some() && !cfg!(feature = "spool");
        if is_missing && !self.is_faulty("spool_dir") {
            let fault = Fault::new("needs the feature `spool` of runscope, which is off");
            self.refuse_setting("spool_dir", fault.fix("switch it on in Cargo.toml"));
        }
    }

    /// Who asks for it counts on it.
    fn check_compress(&mut self) {
        let is_missing = self.config.compress && !cfg!(feature = "gzip");
        if is_missing && !self.is_faulty("compress") {
            let fault = Fault::new("needs the feature `gzip` of runscope, which is off");
            self.refuse_setting("compress", fault.fix("switch it on in Cargo.toml"));
        }
    }

    /// Of two settings the first must not be more than the second.
    fn check_order(
        &mut self,
        less: &'static str,
        more: &'static str,
        in_order: fn(&Config) -> bool,
    ) {
        if in_order(&self.config) || self.is_faulty(less) || self.is_faulty(more) {
            return;
        }
        let shown = |name: &str, config: &mut Config| {
            keys::find(name)
                .map(|key| key.field.show(config))
                .unwrap_or_default()
        };
        let (low, high) = (shown(less, &mut self.config), shown(more, &mut self.config));
        let bound = self.spelling_of(more);
        let fault = Fault::new(format!("{low} is more than {bound} ({high})"));
        let fix = format!("make it smaller, or {bound} larger");
        self.refuse_setting(less, fault.fix(fix));
    }

    fn is_faulty(&self, name: &str) -> bool {
        self.problems
            .iter()
            .any(|problem| problem.setting == Some(name))
    }
}

/// Keys that are not in the table come last, in the order in which they were given.
fn place_in_table(problem: &ConfigProblem) -> usize {
    KEYS.iter()
        .position(|key| Some(key.name) == problem.setting)
        .unwrap_or(KEYS.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_built_in_is_refused_by_the_name_of_its_feature() {
        for (name, value, feature, is_built_in) in [
            ("RUNSCOPE_COMPRESS", "yes", "gzip", cfg!(feature = "gzip")),
            ("RUNSCOPE_COMPRESS", "no", "gzip", true),
            ("RUNSCOPE_SPOOL_DIR", "s", "spool", cfg!(feature = "spool")),
        ] {
            let config = Config::from_vars([("RUNSCOPE_NDJSON_FILE", "f"), (name, value)]);
            let told = config.err().map(|error| error.to_string());
            let expected = format!(
                "{name}: needs the feature `{feature}` of runscope, which is off; switch it on in Cargo.toml"
            );
            assert_eq!(told, (!is_built_in).then_some(expected));
        }
    }
}
