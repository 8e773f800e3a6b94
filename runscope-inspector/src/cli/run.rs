use super::args::{Args, LogFormat};
use super::token_file::read_or_make;
use crate::api::{AppState, Config, Token, app};
use crate::serve::serve;
use crate::store::{Sqlite, StoreError};
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// Runs the server until it is told to stop (Ctrl-C, or SIGTERM).
///
/// # Errors
///
/// When it can't start: the data directory is in use or of a newer version, the address is taken, or
/// an address that others can reach has no token set.
pub async fn run(args: Args) -> Result<(), StartError> {
    log(&args)?;
    if !args.listen.ip().is_loopback() && args.token.is_none() {
        let message = "other machines can reach this address: set a token with RUNSCOPE_INSPECTOR_TOKEN or --token";
        return Err(StartError(message.to_owned()));
    }
    let store = Sqlite::open(args.settings())?;
    let token = match &args.token {
        Some(token) => {
            Token::new(token).map_err(|error| StartError(format!("--token: {error}")))?
        }
        None => read_or_make(&args.data)?,
    };
    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|error| StartError(format!("{} can't be listened on: {error}", args.listen)))?;
    let address = listener.local_addr()?;
    let base_url = args.base_url.map_or_else(
        || format!("http://{address}"),
        |url| url.trim_end_matches('/').to_owned(),
    );
    let mut config = Config::new(token.clone());
    config.hosts = args.allow_host;
    config.replay.to = args.replay_to;
    config.base_url.clone_from(&base_url);
    let state = AppState::new(config, Arc::new(store));
    tracing::info!(%address, data = %args.data.display(), "listening");
    // Not a log line: logs are kept, and the token must not be.
    writeln!(
        io::stdout(),
        "Open {base_url}/open?token={}",
        token.reveal()
    )?;
    let stopping = state.clone();
    serve(listener, app(state), async move {
        stop_signal().await;
        tracing::info!("stopping");
        stopping.close();
    })
    .await;
    Ok(())
}

/// Why the server did not start.
#[derive(Debug)]
pub struct StartError(String);

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StartError {}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

fn log(args: &Args) -> Result<(), StartError> {
    let filter =
        EnvFilter::try_new(&args.log).map_err(|error| StartError(format!("--log: {error}")))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let set = match args.log_format {
        LogFormat::Text => log.with_ansi(false).try_init(),
        LogFormat::Json => log.json().try_init(),
    };
    set.map_err(|error| StartError(error.to_string()))
}

/// Waits for Ctrl-C, or SIGTERM where there is one.
async fn stop_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
