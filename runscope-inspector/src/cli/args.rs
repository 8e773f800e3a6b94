use crate::query::{parse_duration, parse_size};
use crate::replay::AllowedHost;
use crate::store::{Durability, Settings};
use clap::{Parser, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Keeps the HTTP exchanges that are sent to it and finds them again.
///
/// It speaks the Runscope messages API: point a client at this server's address and give it a token.
/// The owner's token is made at the first start, kept in the data directory, and printed as a link.
/// It only listens to this machine unless it is told otherwise.
#[derive(Debug, Clone, Parser)]
#[command(name = "runscope-inspector", version)]
pub struct Args {
    /// The address to listen on; port 0 takes any free one. One that other machines can reach needs
    /// --token.
    #[arg(
        long,
        env = "RUNSCOPE_INSPECTOR_LISTEN",
        default_value = "127.0.0.1:4880"
    )]
    pub listen: SocketAddr,

    /// The directory of the database.
    #[arg(
        long,
        env = "RUNSCOPE_INSPECTOR_DATA",
        default_value = "runscope-inspector-data"
    )]
    pub data: PathBuf,

    /// The owner's token, instead of the one in the data directory. Better given by the environment:
    /// other users of the machine can see a command line.
    #[arg(long, env = "RUNSCOPE_INSPECTOR_TOKEN", hide_env_values = true)]
    pub token: Option<String>,

    /// A host name, without port, by which the server may be called besides localhost and loopback
    /// addresses. Can be given more than once; in the environment separated by commas.
    #[arg(
        long = "allow-host",
        env = "RUNSCOPE_INSPECTOR_ALLOW_HOST",
        value_delimiter = ','
    )]
    pub allow_host: Vec<String>,

    /// Where the server is reached, for the links it makes, such as
    /// `https://inspector.example`.
    #[arg(long, env = "RUNSCOPE_INSPECTOR_BASE_URL")]
    pub base_url: Option<String>,

    /// A host, as HOST or HOST:PORT, to which captured requests may be sent again from the page; without
    /// any, replay is off. Can be given more than once; in the environment separated by commas. Name
    /// only hosts that whoever has the owner's token may make this machine call.
    #[arg(
        long = "replay-to",
        env = "RUNSCOPE_INSPECTOR_REPLAY_TO",
        value_name = "HOST[:PORT]",
        value_delimiter = ','
    )]
    pub replay_to: Vec<AllowedHost>,

    /// Delete exchanges older than this, such as 30d or 12h.
    #[arg(long, env = "RUNSCOPE_INSPECTOR_MAX_AGE", default_value = "30d", value_parser = duration)]
    pub max_age: Duration,

    /// Delete the oldest exchanges above this size on disk, such as 10gb or 500mb.
    #[arg(long, env = "RUNSCOPE_INSPECTOR_MAX_SIZE", default_value = "10gb", value_parser = size)]
    pub max_size: u64,

    /// What an exchange that was accepted survives.
    #[arg(long, env = "RUNSCOPE_INSPECTOR_DURABILITY", default_value = "power")]
    pub durability: DurabilityName,

    /// How log lines are written, to standard error.
    #[arg(long, env = "RUNSCOPE_INSPECTOR_LOG_FORMAT", default_value = "text")]
    pub log_format: LogFormat,

    /// Which log lines are written, such as debug or runscope_inspector=trace.
    #[arg(long, env = "RUNSCOPE_INSPECTOR_LOG", default_value = "info")]
    pub log: String,
}

/// The durabilities by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DurabilityName {
    /// The end of the process; a power loss can take the last moments.
    Process,
    /// Power loss: every commit waits for the disk.
    Power,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Args {
    /// The settings of the store.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::new(&self.data);
        settings.max_age = Some(self.max_age);
        settings.max_bytes = Some(self.max_size);
        settings.durability = match self.durability {
            DurabilityName::Process => Durability::Process,
            DurabilityName::Power => Durability::Power,
        };
        settings
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text)
        .ok_or_else(|| "expected a time with its unit, such as 30d or 12h".to_owned())
}

fn size(text: &str) -> Result<u64, String> {
    parse_size(text).ok_or_else(|| "expected a size, such as 10gb or 500mb".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_keeps_to_this_machine() {
        let args = Args::try_parse_from(["runscope-inspector"]).unwrap();
        assert!(args.listen.ip().is_loopback());
        assert_eq!(args.settings().max_bytes, Some(10_000_000_000));
        for bad in [
            ["--max-age", "30"],
            ["--max-size", "much"],
            ["--durability", "none"],
        ] {
            assert!(
                Args::try_parse_from([&["runscope-inspector"][..], &bad[..]].concat()).is_err(),
                "{bad:?}"
            );
        }
    }
}
