//! Opens the lanes that a config asks for: one for each bucket.

use super::compress::Codings;
use super::control::LaneState;
use super::drain::Backlog;
use super::output::{Api, Output};
use super::queue::Queue;
use crate::client::{BuildError, Client};
use crate::config::{Config, Destination};
use crate::sink::{FileSink, SharedSink};
use std::sync::Arc;
use std::{fmt, io};
use tokio::sync::Notify;

/// One lane for each destination of the config, in their order; none where nothing is captured,
/// for then there need not be an account, nor a file.
pub(crate) fn lanes(config: &Config) -> Result<Vec<LaneState>, StartError> {
    if !config.enabled {
        return Ok(Vec::new());
    }
    let sink = match (&config.sink, &config.ndjson_file) {
        (Some(sink), _) => Some(sink.clone()),
        (None, Some(path)) => {
            let file = FileSink::open(path).map_err(|error| {
                let what = format!("ndjson_file: can't open {}", path.display());
                StartError {
                    what,
                    source: Source::Io(error),
                }
            })?;
            Some(SharedSink::new(file))
        }
        (None, None) => None,
    };
    let lane = |bucket_key: &str, output| LaneState {
        bucket_key: bucket_key.to_owned(),
        output,
        queue: Queue::new(config),
        backlog: Backlog::default(),
        changed: Notify::new(),
    };
    let destinations = config.destinations();
    if let Some(sink) = sink {
        let buckets = destinations
            .iter()
            .map(|destination| destination.bucket_key.as_str());
        return Ok(buckets
            .map(|bucket| lane(bucket, Output::Sink(sink.clone())))
            .collect());
    }
    let mut lanes = Vec::with_capacity(destinations.len());
    let client = client(config)?;
    let codings = config.compress.then(Arc::<Codings>::default);
    for Destination {
        access_token,
        bucket_key,
    } in destinations
    {
        let is_own_token = Some(access_token) == config.access_token.as_ref();
        let token = access_token.clone();
        let api = Api::new(client.clone(), token, is_own_token, codings.clone());
        lanes.push(lane(bucket_key, Output::Api(api)));
    }
    Ok(lanes)
}

/// The one client of all lanes; each names its bucket and its token with every call.
fn client(config: &Config) -> Result<Client, StartError> {
    Client::from_config(config).map_err(|error| StartError {
        what: "the client of the API can't be made".to_owned(),
        source: Source::Client(error),
    })
}

/// A recorder that could not be started.
pub struct StartError {
    what: String,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Io(io::Error),
    Client(BuildError),
}

impl StartError {
    pub(crate) fn thread(error: io::Error) -> Self {
        let what = "the system gives no thread or no runtime for the delivery".to_owned();
        Self {
            what,
            source: Source::Io(error),
        }
    }
}

/// As it is displayed: this is what a `main` that returns it prints.
impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Io(error) => write!(f, "{}: {error}", self.what),
            Source::Client(error) => write!(f, "{}: {error}", self.what),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.source {
            Source::Io(error) => Some(error),
            Source::Client(error) => Some(error),
        }
    }
}
