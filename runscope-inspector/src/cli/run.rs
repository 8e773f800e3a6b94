use super::args::Args;
use super::start::Started;
use super::values::LogFormat;
#[cfg(feature = "demo")]
use super::{args::Command, demo::run_demo};
use crate::store::StoreError;
use std::fmt;
use std::io;
use tracing_subscriber::EnvFilter;

/// Runs what the command line asks for until it is told to stop (Ctrl-C, or SIGTERM).
///
/// # Errors
///
/// When it can't start: the data directory is in use or of a newer version, the address is taken, or
/// an address that others can reach has no token set.
pub async fn run(args: Args) -> Result<(), StartError> {
    log(&args)?;
    match args.command {
        #[cfg(feature = "demo")]
        Some(Command::Demo(ref demo)) => {
            let rate = demo.rate;
            run_demo(args, rate).await
        }
        None => {
            let started = Started::new(&args).await?;
            started.serve(stop_signal()).await;
            Ok(())
        }
    }
}

/// Why the server did not start.
#[derive(Debug)]
pub struct StartError(pub(super) String);

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
    let levels = args.log.clone().or_else(|| std::env::var("RUST_LOG").ok());
    let filter = EnvFilter::try_new(levels.as_deref().unwrap_or("info"))
        .map_err(|error| StartError(format!("--log: {error}")))?;
    let log = tracing_subscriber::fmt()
        // It would panic where standard error is gone, which is no reason to fail a request.
        .log_internal_errors(false)
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let set = match args.log_format {
        LogFormat::Text => log.with_ansi(false).try_init(),
        LogFormat::Json => log.json().try_init(),
    };
    set.map_err(|error| StartError(error.to_string()))
}

/// Waits for Ctrl-C, or SIGTERM where there is one.
pub(super) async fn stop_signal() {
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
