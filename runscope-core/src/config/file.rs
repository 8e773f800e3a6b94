//! Settings from any format that serde reads.

use super::error::Fault;
use super::keys::{self, KEYS, Key, QUEUE};
use super::suggest::nearest;
use super::value::Value;
use super::{Config, ConfigBuilder};
use serde::de::{Deserialize, Deserializer, Error};

/// What stands beside `config` in an entry of the gateway and means nothing here.
const ENTRY_KEYS: [&str; 8] = [
    "protocols",
    "tags",
    "id",
    "created_at",
    "updated_at",
    "instance_name",
    "ordering",
    "run_on",
];

/// What an entry of the gateway is limited to, when they are not null.
const ENTRY_SCOPES: [&str; 4] = ["route", "service", "consumer", "consumer_group"];

impl<'de> Deserialize<'de> for Config {
    /// Reads every setting; the error's text is that of a [`ConfigError`](super::ConfigError), with
    /// all problems at once.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ConfigBuilder::deserialize(deserializer)?
            .build()
            .map_err(Error::custom)
    }
}

impl<'de> Deserialize<'de> for ConfigBuilder {
    /// Reads settings to go on from; what is wrong with them is told by
    /// [`build`](ConfigBuilder::build).
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Table(entries) => Ok(Self::default().read_entries(entries)),
            Value::Null => Ok(Self::default()),
            other => Err(Error::custom(format_args!(
                "{} is not a table of settings",
                other.kind()
            ))),
        }
    }
}

/// A setting that was given, and how it was written.
struct Given {
    key: &'static Key,
    spelled: String,
    value: Value,
}

impl ConfigBuilder {
    fn read_entries(mut self, entries: Vec<(String, Value)>) -> Self {
        let entries = self.unwrap_plugin(entries);
        let given = self.known(entries);
        for key in &KEYS {
            let mut values = given.iter().filter(|given| given.key.name == key.name);
            let Some(first) = values.next() else { continue };
            match values.next() {
                None => self.take(key, first.spelled.clone(), &first.value),
                Some(second) => {
                    let fault = match first.spelled == second.spelled {
                        true => Fault::new("is given twice"),
                        false => Fault::new(format!("is also given as {}", first.spelled)),
                    };
                    self.refuse(key, second.spelled.clone(), fault.fix("keep one of them"));
                }
            }
        }
        self
    }

    /// The settings within an entry of the gateway. A map is one when its `config` is a map; any
    /// other is returned as it is.
    fn unwrap_plugin(&mut self, entries: Vec<(String, Value)>) -> Vec<(String, Value)> {
        let is_config =
            |(name, value): &(String, Value)| name == "config" && matches!(value, Value::Table(_));
        if !entries.iter().any(is_config) {
            return entries;
        }
        let mut settings = Vec::new();
        for (name, value) in entries {
            match (name.as_str(), value) {
                ("config", Value::Table(config)) => settings.extend(config),
                ("enabled", value) => settings.push((name, value)),
                ("name", Value::Text(plugin)) if plugin == "runscope" => {}
                ("name", value) if value != Value::Null => {
                    let fault = Fault::new(format!("{} is another plugin", value.quoted()));
                    self.refuse_key(name, fault.fix("use the entry whose name is runscope"));
                }
                (scope, value) if ENTRY_SCOPES.contains(&scope) && value != Value::Null => {
                    let fault = Fault::new("limits this entry to a part of the traffic");
                    self.refuse_key(name, fault.fix("put what it sets into `scopes`"));
                }
                (setting, _) if setting == QUEUE || keys::find(setting).is_some() => {
                    let fault = Fault::new("stands beside `config`");
                    self.refuse_key(name, fault.fix("move it into `config`"));
                }
                (other, _)
                    if other == "name"
                        || ENTRY_KEYS.contains(&other)
                        || ENTRY_SCOPES.contains(&other) => {}
                _ => self.refuse_key(name, Fault::unknown(None::<&str>)),
            }
        }
        settings
    }

    /// The settings that are not null, those of `queue` among them. Unknown keys are refused.
    fn known(&mut self, entries: Vec<(String, Value)>) -> Vec<Given> {
        let mut given = Vec::new();
        for (name, value) in entries {
            match (keys::find(&name), value) {
                (Some(_), Value::Null) => {}
                (Some(key), value) => given.push(Given {
                    key,
                    spelled: name,
                    value,
                }),
                (None, Value::Null) if name == QUEUE => {}
                (None, Value::Table(queue)) if name == QUEUE => {
                    given.extend(
                        queue
                            .into_iter()
                            .filter_map(|entry| self.known_in_queue(entry)),
                    );
                }
                (None, value) if name == QUEUE => {
                    let fault = Fault::new(format!("is {}, not a table", value.kind()));
                    self.refuse_key(
                        name,
                        fault.fix("give a table with keys such as max_entries"),
                    );
                }
                (None, _) => {
                    let meant = nearest(&name, KEYS.iter().map(|key| key.name));
                    self.refuse_key(name, Fault::unknown(meant));
                }
            }
        }
        given
    }

    fn known_in_queue(&mut self, (name, value): (String, Value)) -> Option<Given> {
        let spelled = format!("{QUEUE}.{name}");
        match keys::find(&name) {
            Some(key) if key.in_queue => (value != Value::Null).then_some(Given {
                key,
                spelled,
                value,
            }),
            Some(_) => {
                let fault = Fault::new(format!("is not a setting of `{QUEUE}`"));
                self.refuse_key(spelled, fault.fix("move it out of the table"));
                None
            }
            None => {
                let in_queue = KEYS.iter().filter(|key| key.in_queue).map(|key| key.name);
                self.refuse_key(spelled, Fault::unknown(nearest(&name, in_queue)));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const ACCOUNT: &str = r#""access_token": "c0ffee", "bucket_key": "k3y""#;

    fn from_json(settings: &str) -> Result<Config, String> {
        let json = match settings {
            "" => format!("{{{ACCOUNT}}}"),
            _ => format!("{{{ACCOUNT}, {settings}}}"),
        };
        serde_json::from_str(&json).map_err(|error| error.to_string())
    }

    fn complaint(settings: &str) -> String {
        from_json(settings).unwrap_err()
    }

    #[test]
    fn the_six_keys_of_the_plugin_have_its_units_and_defaults() {
        let config = from_json("").unwrap();
        assert!(!config.log_body);
        assert_eq!(config.api_endpoint.as_str(), "https://api.runscope.com/");
        assert_eq!(config.timeout, Duration::from_secs(10));
        assert_eq!(config.keepalive, Duration::from_millis(30));

        let config = from_json(
            r#""log_body": true, "timeout": 500, "keepalive": 60000,
               "api_endpoint": "https://gateway.example/runscope/""#,
        )
        .unwrap();
        assert_eq!(config.access_token.unwrap().expose(), "c0ffee");
        assert_eq!(config.bucket_key.as_deref(), Some("k3y"));
        assert!(config.log_body);
        assert_eq!(
            config.api_endpoint.as_str(),
            "https://gateway.example/runscope"
        );
        assert_eq!(config.timeout, Duration::from_millis(500));
        assert_eq!(config.keepalive, Duration::from_secs(60));
    }

    #[test]
    fn complaints_name_the_key_the_fault_and_the_fix() {
        for (settings, expected) in [
            (
                r#""timeout": -1"#,
                "timeout: -1 is negative; give milliseconds, at least 1 (default 10000)",
            ),
            (
                r#""timeout": 0"#,
                "timeout: 0 is too short; give milliseconds, at least 1 (default 10000)",
            ),
            (
                r#""timeout": 1e300"#,
                "timeout: 1e300 is too long; give milliseconds, ",
            ),
            (
                r#""timeout": [1]"#,
                "timeout: a list is not a number; give milliseconds",
            ),
            (
                r#""max_retry_time": 31536001"#,
                "max_retry_time: 31536001 is longer than a year; give seconds, at least 0 (default 3600)",
            ),
            (
                r#""log_body": "yes please""#,
                "log_body: \"yes please\" is not a boolean; use true or false",
            ),
            (
                r#""api_endpoint": "not a url""#,
                "api_endpoint: \"not a url\" is not a URL; give a URL such as https://api.runscope.com",
            ),
            (
                r#""api_endpoint": "http://api.example""#,
                "api_endpoint: would send the access token in clear; use https, or set allow_plain_http to true",
            ),
            (
                r#""acess_tokn": "x""#,
                "acess_tokn: unknown key; did you mean access_token?",
            ),
            (
                r#""retries": 3"#,
                "retries: unknown key; the documentation of Config lists the settings",
            ),
            (
                r#""max_entries": 18446744073709551615"#,
                "max_entries: 18446744073709551615 is too large; give a whole number from 1 to 1000000 (default 10000)",
            ),
            (
                r#""max_bytes": "10 elephants""#,
                "max_bytes: \"10 elephants\" is not a size; give bytes, at least 1024, or text such as 64KiB (default 32 MiB)",
            ),
            (
                r#""byte_budget": 18446744073709551615"#,
                "byte_budget: 18446744073709551615 is too large; ",
            ),
            (
                r#""sample_rate": 1.5"#,
                "sample_rate: 1.5 is not between 0 and 1; give a number from 0 to 1 (default 1)",
            ),
            (
                r#""sample_rate": "NaN""#,
                "sample_rate: \"NaN\" is not a number; ",
            ),
            (
                r#""body_min_status": 99"#,
                "body_min_status: 99 is not a status; give a status from 100 to 599",
            ),
            (
                r#""default_scheme": "ftp""#,
                "default_scheme: \"ftp\" is not a scheme; use http or https",
            ),
            (
                r#""skip_methods": ["GET /"]"#,
                "skip_methods: \"GET /\" is not a method; ",
            ),
            (
                r#""skip_paths": "health""#,
                "skip_paths: \"health\" does not begin with / or *; ",
            ),
            (
                r#""body_content_types": ["json"]"#,
                "body_content_types: \"json\" is not a content type; ",
            ),
            (
                r#""ndjson_file": "" "#,
                "ndjson_file: is empty; give the path of a file",
            ),
            (r#""queue": 5"#, "queue: is a number, not a table; "),
            (
                r#""queue": {"max_entris": 5}"#,
                "queue.max_entris: unknown key; did you mean max_entries?",
            ),
            (
                r#""queue": {"timeout": 5}"#,
                "queue.timeout: is not a setting of `queue`; move it out of the table",
            ),
            (
                r#""queue": {"max_bytes": 5}"#,
                "queue.max_bytes: 5 is too small; ",
            ),
            (
                r#""timeout": 5, "timeout": 6"#,
                "timeout: is given twice; keep one of them",
            ),
            (
                r#""max_entries": 500, "queue": {"max_entries": 600}"#,
                "queue.max_entries: is also given as max_entries; keep one of them",
            ),
            (
                r#""max_entries": 500, "queue": {"max_batch_size": 600}"#,
                "queue.max_batch_size: 600 is more than max_entries (500); make it smaller, or max_entries larger",
            ),
            (
                r#""initial_retry_delay": "2m""#,
                "initial_retry_delay: 120 is more than max_retry_delay (60); make it smaller, or max_retry_delay larger",
            ),
            (
                r#""scopes": [{"log_body": true}]"#,
                "scopes[0]: names no route, service or consumer; name one, ",
            ),
            (
                r#""scopes": [{"rout": "/"}]"#,
                "scopes[0].rout: unknown key; did you mean route?",
            ),
            (
                r#""scopes": [{"route": "/", "route": "/"}]"#,
                "scopes[0].route: is given twice; keep one of them",
            ),
            (
                r#""scopes": [{"route": "/", "capture": 7}]"#,
                "scopes[0].capture: 7 is not a boolean; use true or false",
            ),
            (
                r#""scopes": [{"route": ""}]"#,
                "scopes[0].route: is empty; name one, or leave it out",
            ),
            (
                r#""scopes": [{"route": "/", "bucket_key": "a/b"}]"#,
                "scopes[0].bucket_key: holds '/'; ",
            ),
            (
                r#""scopes": {"route": "/"}"#,
                "scopes: is a table, not a list; ",
            ),
            (r#""scopes": ["/"]"#, "scopes[0]: is text, not a table; "),
            (
                r#""scopes": [{"route": "/"}, {"service": "s"}, {"route": "/"}]"#,
                "scopes[2]: has the same route, service and consumer as scope 0; keep one of them enabled",
            ),
        ] {
            let complaint = complaint(settings);
            assert!(
                complaint.starts_with(expected),
                "{settings}\n  gave     {complaint}\n  expected {expected}"
            );
            assert!(
                !complaint.starts_with(|char: char| char.is_ascii_digit()),
                "{complaint}"
            );
        }
    }

    #[test]
    fn all_problems_come_at_once_in_the_order_of_the_table() {
        let error = serde_json::from_str::<Config>(
            r#"{"colour": "red", "keepalive": -1, "bucket_key": "a/b", "log_body": 7}"#,
        )
        .unwrap_err();
        assert!(
            error.to_string().starts_with(concat!(
                "5 problems in the settings of runscope\n",
                "  access_token: missing; set it, or set ndjson_file to write to a file instead\n",
                "  bucket_key: holds '/'; give the key of the bucket as Runscope shows it\n",
                "  log_body: 7 is not a boolean; use true or false\n",
                "  keepalive: -1 is negative; give milliseconds, at least 0 (default 30)\n",
                "  colour: unknown key; the documentation of Config lists the settings",
            )),
            "{error}"
        );
    }

    #[test]
    fn no_complaint_holds_a_token() {
        for settings in [
            r#"{"access_token": "hunter2 "}"#,
            r#"{"access_token": ["hunter2"]}"#,
            r#"{"access_token": {"hunter2": 1}}"#,
            r#"{"access_token": "hunter2", "access_token": "hunter2"}"#,
            r#"{"bucket_key": "hunter2/"}"#,
            r#"{"scopes": [{"route": "/", "access_token": "hunter2\n"}]}"#,
            r#"{"scopes": [{"route": "/", "access_token": ["hunter2"]}]}"#,
            r#"{"api_endpoint": "https://me:hunter2@example.com"}"#,
            r#"{"api_endpoint": "https:/\\@:hunter2@"}"#,
        ] {
            let error = serde_json::from_str::<Config>(settings).unwrap_err();
            assert!(
                !format!("{error} {error:?}").contains("hunter2"),
                "{settings}: {error}"
            );
            let builder = serde_json::from_str::<ConfigBuilder>(settings).unwrap();
            assert!(!format!("{builder:?}").contains("hunter2") || settings.contains("bucket"));
        }
    }

    #[test]
    fn null_is_the_same_as_nothing() {
        let nulls: Vec<String> = KEYS
            .iter()
            .map(|key| key.name)
            .filter(|name| !["access_token", "bucket_key"].contains(name))
            .chain(["queue"])
            .map(|name| format!("\"{name}\": null"))
            .collect();
        let config = from_json(&nulls.join(", ")).unwrap();
        assert_eq!(
            format!("{config:?}"),
            format!("{:?}", from_json("").unwrap())
        );
        assert!(complaint(r#""colour": null"#).contains("unknown key"));
    }

    #[test]
    fn the_gateways_queue_table_is_taken() {
        let config = from_json(
            r#""queue": {
                "max_batch_size": 10, "max_coalescing_delay": 0.5, "max_entries": "500",
                "max_bytes": "1MiB", "initial_retry_delay": 0.01, "max_retry_delay": 30,
                "max_retry_time": 60
            }"#,
        )
        .unwrap();
        assert_eq!(
            (config.max_batch_size, config.max_entries, config.max_bytes),
            (10, 500, 1 << 20)
        );
        assert_eq!(config.max_coalescing_delay, Duration::from_millis(500));
        assert_eq!(config.initial_retry_delay, Duration::from_millis(10));
        assert_eq!(config.max_retry_delay, Duration::from_secs(30));
        assert_eq!(config.max_retry_time, Duration::from_secs(60));
    }

    #[test]
    fn a_pasted_entry_of_the_gateway_is_taken_where_it_is_for_all_traffic() {
        let entry = |more: &str| {
            let json = format!(r#"{{"config": {{{ACCOUNT}, "timeout": 5}}{more}}}"#);
            serde_json::from_str::<Config>(&json).map_err(|error| error.to_string())
        };
        let config = entry(
            r#", "name": "runscope", "enabled": false, "id": "0b7f", "created_at": 1700000000,
               "protocols": ["http", "https"], "tags": null, "route": null, "service": null,
               "consumer": null"#,
        )
        .unwrap();
        assert_eq!(config.timeout, Duration::from_millis(5));
        assert!(!config.enabled);
        assert!(entry("").is_ok());
        for (more, expected) in [
            (
                r#", "name": "datadog""#,
                "name: \"datadog\" is another plugin; ",
            ),
            (r#", "name": 7"#, "name: 7 is another plugin; "),
            (
                r#", "route": {"id": "7"}"#,
                "route: limits this entry to a part of the traffic; ",
            ),
            (
                r#", "log_body": true"#,
                "log_body: stands beside `config`; move it into `config`",
            ),
            (r#", "colour": "red""#, "colour: unknown key; "),
        ] {
            let complaint = entry(more).unwrap_err();
            assert!(complaint.starts_with(expected), "{complaint}");
        }
        assert!(complaint(r#""name": "runscope""#).starts_with("name: unknown key"));
    }

    #[test]
    fn yaml_toml_and_json_say_the_same_inside_a_config_of_the_users_own() {
        #[derive(serde::Deserialize)]
        struct App {
            port: u16,
            runscope: Config,
        }
        let json = r#"{"port": 80, "runscope": {
            "access_token": "c0ffee", "bucket_key": "k3y", "log_body": "on", "timeout": "1.5s",
            "max_retry_delay": 0.75, "skip_paths": ["/static/*"], "queue": {"max_bytes": 2048},
            "scopes": [{"route": "/users/{id}", "log_body": true}]
        }}"#;
        let toml = r#"
            port = 80
            [runscope]
            access_token = "c0ffee"
            bucket_key = "k3y"
            log_body = "on"
            timeout = "1.5s"
            max_retry_delay = 0.75
            skip_paths = ["/static/*"]
            queue.max_bytes = 2048
            [[runscope.scopes]]
            route = "/users/{id}"
            log_body = true
        "#;
        let yaml = "
port: 80
runscope:
  access_token: c0ffee
  bucket_key: k3y
  log_body: on
  timeout: 1.5s
  max_retry_delay: 0.75
  max_entries: ~
  skip_paths: [/static/*]
  queue:
    max_bytes: 2048
  scopes:
    - route: /users/{id}
      log_body: true
";
        let json: App = serde_json::from_str(json).unwrap();
        let toml: App = toml::from_str(toml).unwrap();
        let yaml: App = serde_saphyr::from_str(yaml).unwrap();
        assert_eq!(json.runscope.timeout, Duration::from_millis(1500));
        assert_eq!(json.runscope.max_bytes, 2048);
        assert_eq!(json.runscope.scopes.len(), 1);
        for other in [toml, yaml] {
            assert_eq!(other.port, json.port);
            assert_eq!(
                format!("{:?}", other.runscope),
                format!("{:?}", json.runscope)
            );
        }
    }

    #[test]
    fn complaints_come_through_every_format() {
        let expected = "timeout: -1 is negative; give milliseconds, at least 1 (default 10000)";
        let toml = toml::from_str::<Config>("access_token = 'a'\nbucket_key = 'b'\ntimeout = -1");
        assert!(toml.unwrap_err().to_string().contains(expected));
        let yaml = serde_saphyr::from_str::<Config>("access_token: a\nbucket_key: b\ntimeout: -1");
        assert!(yaml.unwrap_err().to_string().contains(expected));
        let text = serde_json::from_str::<Config>("\"c0ffee\"")
            .unwrap_err()
            .to_string();
        assert!(
            text.starts_with("text is not a table of settings"),
            "{text}"
        );
    }
}
