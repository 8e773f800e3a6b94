#[cfg(feature = "demo")]
use super::values::rate;
use super::values::{DurabilityName, LogFormat, body, duration, size};
use crate::api::Limits;
use crate::replay::AllowedHost;
use crate::serve::Bounds;
use crate::store::{Durability, Settings};
use clap::{Parser, Subcommand};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

const LISTENING: &str = "Listening";
const REPLAYING: &str = "Sending requests again";
const ALERTING: &str = "Alerts";
const STORING: &str = "Storing";
const LIMITING: &str = "Limits";
const LOGGING: &str = "Logging";

/// Where the database is if nothing else is said.
const DATA: &str = "runscope-inspector-data";

/// Keeps the HTTP exchanges that are sent to it and finds them again.
///
/// It speaks the Runscope messages API: point a client at this server's address and give it a token.
/// The owner's token is made at the first start, kept in the data directory, and printed as a link.
/// It only listens to this machine unless it is told otherwise.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "runscope-inspector",
    version,
    after_long_help = EXAMPLES,
    subcommand_help_heading = "Commands, instead of only serving",
    disable_help_subcommand = true
)]
pub struct Args {
    #[allow(missing_docs)]
    #[command(subcommand)]
    pub command: Option<Command>,

    /// A TOML file of settings: the long names of the flags below, such as `max-age = "7d"`. A flag
    /// counts for more than the environment, and that for more than the file.
    #[arg(long, env = "RUNSCOPE_INSPECTOR_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// The address to listen on; port 0 takes any free one. One that other machines can reach needs
    /// --token.
    #[arg(
        long,
        env = "RUNSCOPE_INSPECTOR_LISTEN",
        default_value = "127.0.0.1:4880",
        value_name = "ADDRESS",
        help_heading = LISTENING
    )]
    pub listen: SocketAddr,

    /// The owner's token, instead of the one in the data directory. Better given by the environment:
    /// other users of the machine can see a command line. It is then not printed, but on a terminal.
    #[arg(long, env = "RUNSCOPE_INSPECTOR_TOKEN", hide_env_values = true, help_heading = LISTENING)]
    pub token: Option<String>,

    /// A token that reads `/metrics` and nothing else, for Prometheus; without it only the owner's
    /// does. Better given by the environment or a file.
    #[arg(
        long = "metrics-token",
        env = "RUNSCOPE_INSPECTOR_METRICS_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN",
        help_heading = LISTENING
    )]
    pub metrics_token: Option<String>,

    /// A host name, without port, by which the server may be called besides localhost and loopback
    /// addresses. Can be given more than once; in the environment separated by commas.
    #[arg(
        long = "allow-host",
        env = "RUNSCOPE_INSPECTOR_ALLOW_HOST",
        value_delimiter = ',',
        value_name = "NAME",
        help_heading = LISTENING
    )]
    pub allow_host: Vec<String>,

    /// Where the server is reached, for the links it makes, such as `https://inspector.example`. Where it
    /// has a path, such as `https://example.com/inspector`, a proxy has to take that off. Default: the
    /// address it listens on, or where that stands for all of them the first --allow-host.
    #[arg(long, env = "RUNSCOPE_INSPECTOR_BASE_URL", value_name = "URL", help_heading = LISTENING)]
    pub base_url: Option<String>,

    /// A host, as HOST or HOST:PORT, to which captured requests may be sent again from the page; without
    /// any, replay is off. Can be given more than once; in the environment separated by commas. Name
    /// only hosts that whoever has the owner's token may make this machine call.
    #[arg(
        long = "replay-to",
        env = "RUNSCOPE_INSPECTOR_REPLAY_TO",
        value_name = "HOST[:PORT]",
        value_delimiter = ',',
        help_heading = REPLAYING
    )]
    pub replay_to: Vec<AllowedHost>,

    /// A host of a private network, or of this machine, as HOST or HOST:PORT, that channels of alerts
    /// may send to, also without TLS; without any, they send to public addresses with TLS only. Can be
    /// given more than once; in the environment separated by commas.
    #[arg(
        long = "alert-host",
        env = "RUNSCOPE_INSPECTOR_ALERT_HOST",
        value_name = "HOST[:PORT]",
        value_delimiter = ',',
        help_heading = ALERTING
    )]
    pub alert_host: Vec<AllowedHost>,

    /// The directory of the database. Default: `runscope-inspector-data`; for `demo`, a temporary one.
    #[arg(long, env = "RUNSCOPE_INSPECTOR_DATA", value_name = "DIRECTORY", help_heading = STORING)]
    pub data: Option<PathBuf>,

    /// Delete exchanges older than this, such as 30d or 12h.
    #[arg(
        long,
        env = "RUNSCOPE_INSPECTOR_MAX_AGE",
        default_value = "30d",
        value_parser = duration,
        value_name = "TIME",
        help_heading = STORING
    )]
    pub max_age: Duration,

    /// Delete the oldest exchanges above this size on disk, such as 10gb or 500mb.
    #[arg(
        long,
        env = "RUNSCOPE_INSPECTOR_MAX_SIZE",
        default_value = "10gb",
        value_parser = size,
        value_name = "SIZE",
        help_heading = STORING
    )]
    pub max_size: u64,

    /// What an exchange that was accepted survives.
    #[arg(
        long,
        env = "RUNSCOPE_INSPECTOR_DURABILITY",
        default_value = "power",
        value_name = "WHAT",
        help_heading = STORING
    )]
    pub durability: DurabilityName,

    /// The largest body of a request, as sent and as decoded, such as 16mib.
    #[arg(
        long,
        env = "RUNSCOPE_INSPECTOR_MAX_BODY",
        default_value = "16mib",
        value_parser = body,
        value_name = "SIZE",
        help_heading = LIMITING
    )]
    pub max_body: usize,

    /// The messages of one array.
    #[arg(
        long,
        env = "RUNSCOPE_INSPECTOR_MAX_MESSAGES",
        default_value_t = Limits::default().messages,
        value_name = "COUNT",
        help_heading = LIMITING
    )]
    pub max_messages: usize,

    /// The header lines of a message's request, and of its response.
    #[arg(
        long,
        env = "RUNSCOPE_INSPECTOR_MAX_HEADERS",
        default_value_t = Limits::default().headers,
        value_name = "COUNT",
        help_heading = LIMITING
    )]
    pub max_headers: usize,

    /// Live tails at one time, of which one token gets half.
    #[arg(
        long,
        env = "RUNSCOPE_INSPECTOR_MAX_TAILS",
        default_value_t = Limits::default().tails,
        value_name = "COUNT",
        help_heading = LIMITING
    )]
    pub max_tails: usize,

    /// Connections at one time.
    #[arg(
        long,
        env = "RUNSCOPE_INSPECTOR_MAX_CONNECTIONS",
        default_value_t = Bounds::default().connections,
        value_name = "COUNT",
        help_heading = LIMITING
    )]
    pub max_connections: usize,

    /// Connections at one time from one address. Behind a proxy all come from its address: there it
    /// can be as many as --max-connections.
    #[arg(
        long,
        env = "RUNSCOPE_INSPECTOR_MAX_CONNECTIONS_EACH",
        default_value_t = Bounds::default().connections_each,
        value_name = "COUNT",
        help_heading = LIMITING
    )]
    pub max_connections_each: usize,

    /// How log lines are written, to standard error.
    #[arg(
        long,
        env = "RUNSCOPE_INSPECTOR_LOG_FORMAT",
        default_value = "text",
        value_name = "FORMAT",
        help_heading = LOGGING
    )]
    pub log_format: LogFormat,

    /// Which log lines are written, such as debug, or info,runscope_inspector::access=debug for a line
    /// about each request. Default: what RUST_LOG says, or info.
    #[arg(long, env = "RUNSCOPE_INSPECTOR_LOG", value_name = "LEVELS", help_heading = LOGGING)]
    pub log: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  Serve this machine, and open the printed link in a browser:
    runscope-inspector

  See it with traffic in it:
    runscope-inspector demo --rate 50

  Serve others behind a proxy that ends TLS:
    RUNSCOPE_INSPECTOR_TOKEN=… runscope-inspector --listen 0.0.0.0:4880 \\
        --allow-host inspector.example --base-url https://inspector.example

  The same from a file:
    $ cat inspector.toml
    listen = \"0.0.0.0:4880\"
    allow-host = [\"inspector.example\"]
    base-url = \"https://inspector.example\"
    max-age = \"7d\"
    $ runscope-inspector --config inspector.toml

  Make a token that an app can send messages with, and nothing else:
    curl -H \"Authorization: Bearer $OWNER\" --json '{\"scope\":\"write\"}' \\
        http://127.0.0.1:4880/api/v1/buckets/default/tokens

The API is described at /api/v1/openapi.json, and its numbers for Prometheus are at /metrics.";

/// What the program can do besides serving.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Serves, and sends itself lifelike traffic with faults in it, until Ctrl-C.
    #[cfg(feature = "demo")]
    Demo(DemoArgs),
}

/// How much traffic a demo has.
#[cfg(feature = "demo")]
#[derive(Debug, Clone, clap::Args)]
pub struct DemoArgs {
    /// Calls a second, on average.
    #[arg(long, default_value = "20", value_parser = rate, value_name = "CALLS")]
    pub rate: f64,
}

impl Args {
    /// The directory of the database.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.data.as_deref().unwrap_or_else(|| Path::new(DATA))
    }

    /// What is refused for its size.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            body: self.max_body,
            messages: self.max_messages,
            headers: self.max_headers,
            tails: self.max_tails,
            ..Limits::default()
        }
    }

    /// What connections may cost.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        Bounds {
            connections: self.max_connections,
            connections_each: self.max_connections_each,
            ..Bounds::default()
        }
    }

    /// The settings of the store.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::new(self.data());
        settings.max_age = Some(self.max_age);
        settings.max_bytes = Some(self.max_size);
        settings.durability = match self.durability {
            DurabilityName::Process => Durability::Process,
            DurabilityName::Power => Durability::Power,
        };
        settings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use std::collections::BTreeSet;

    #[test]
    fn the_command_line_is_consistent_and_keeps_to_this_machine() {
        let args = Args::try_parse_from(["runscope-inspector"]).unwrap();
        assert!(args.listen.ip().is_loopback());
        assert_eq!(args.settings().max_bytes, Some(10_000_000_000));
        assert_eq!(args.limits().body, Limits::default().body);
        for bad in [
            ["--max-age", "30"],
            ["--max-size", "much"],
            ["--durability", "none"],
            ["--max-body", "0"],
            ["--max-body", "2gib"],
        ] {
            assert!(
                Args::try_parse_from([&["runscope-inspector"][..], &bad[..]].concat()).is_err(),
                "{bad:?}"
            );
        }
    }

    /// The flags of this program in a text, without those of others in its examples.
    fn named(text: &str) -> BTreeSet<&str> {
        const OTHERS: [&str; 4] = ["example", "exchanges", "json", "release"];
        let named = text.match_indices("--").filter_map(|(at, _)| {
            let begins =
                !text[..at].ends_with(|before: char| before == '-' || before.is_alphanumeric());
            let name = text[at..].trim_start_matches('-');
            let end = name.find(|next: char| next != '-' && !next.is_ascii_lowercase());
            let name = &name[..end.unwrap_or(name.len())];
            (begins && !name.is_empty()).then_some(name)
        });
        named.filter(|name| !OTHERS.contains(name)).collect()
    }

    #[test]
    fn the_readme_names_every_flag_and_no_other() {
        let mut command = Args::command();
        command.build();
        let subcommands: Vec<_> = command.get_subcommands().collect();
        let flags: BTreeSet<_> = [&command]
            .into_iter()
            .chain(subcommands)
            .flat_map(clap::Command::get_arguments)
            .filter_map(clap::Arg::get_long)
            .filter(|name| *name != "version")
            .collect();
        #[cfg(feature = "demo")]
        assert_eq!(named(include_str!("../../README.md")), flags);
        let used = named(EXAMPLES);
        assert!(used.len() > 3 && used.is_subset(&flags), "{used:?}");
    }
}
