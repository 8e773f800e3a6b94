use super::args::Args;
use super::run::{StartError, stop_signal};
use super::token_file::read_or_make;
use crate::api::{AppState, Config, Token, app};
use crate::serve::{Bounds, serve_within};
use crate::store::Sqlite;
use std::future::Future;
use std::io::{self, Write};
use std::pin::pin;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// A server that has all it needs.
pub(super) struct Started {
    pub(super) listener: TcpListener,
    pub(super) state: AppState,
    bounds: Bounds,
}

impl Started {
    /// Opens the store, listens, and prints the link.
    pub(super) async fn new(args: &Args) -> Result<Self, StartError> {
        if !args.listen.ip().is_loopback() && args.token.is_none() {
            let message = "other machines can reach this address: set a token with RUNSCOPE_INSPECTOR_TOKEN or --token";
            return Err(StartError(message.to_owned()));
        }
        let store = Sqlite::open(args.settings())?;
        let token = match &args.token {
            Some(token) => {
                Token::new(token).map_err(|error| StartError(format!("--token: {error}")))?
            }
            None => read_or_make(args.data())?,
        };
        let listener = TcpListener::bind(args.listen).await.map_err(|error| {
            StartError(format!("{} can't be listened on: {error}", args.listen))
        })?;
        let address = listener.local_addr()?;
        let base_url = args.base_url.as_ref().map_or_else(
            || format!("http://{address}"),
            |url| url.trim_end_matches('/').to_owned(),
        );
        let mut config = Config::new(token.clone());
        config.limits = args.limits();
        config.hosts.clone_from(&args.allow_host);
        config.replay.to.clone_from(&args.replay_to);
        config.base_url.clone_from(&base_url);
        let state = AppState::new(config, Arc::new(store));
        tracing::info!(%address, data = %args.data().display(), "listening");
        // Not a log line: logs are kept, and the token must not be.
        writeln!(
            io::stdout(),
            "Open {base_url}/open?token={}",
            token.reveal()
        )?;
        Ok(Self {
            listener,
            state,
            bounds: args.bounds(),
        })
    }

    /// Serves until `stop` is done, and lets what runs finish unless it is told to stop again.
    pub(super) async fn serve(self, stop: impl Future<Output = ()>) {
        let Self {
            listener,
            state,
            bounds,
        } = self;
        let (stopping, heard) = (Notify::new(), Notify::new());
        let served = serve_within(listener, app(state.clone()), bounds, async {
            stop.await;
            tracing::info!("stopping; once more ends at once");
            state.close();
            stopping.notify_one();
            heard.notified().await;
        });
        // It is heard before the server begins to end: no signal falls between the two.
        let once_more = async {
            stopping.notified().await;
            let mut again = pin!(stop_signal());
            tokio::select! {
                biased;
                () = &mut again => return,
                () = std::future::ready(()) => heard.notify_one(),
            }
            again.await;
        };
        tokio::select! {
            () = served => {}
            () = once_more => tracing::warn!("ended before all requests were answered"),
        }
    }
}
