use super::args::Args;
use super::run::{StartError, stop_signal};
use super::token_file::read_or_make;
use crate::api::{AppState, Config, Token, app};
use crate::serve::{Bounds, serve_within};
use crate::store::Sqlite;
use std::future::Future;
use std::io::{self, IsTerminal, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use url::Url;

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
        let (token, given) = match &args.token {
            Some(token) => (parse_token("--token", token)?, true),
            None => (read_or_make(args.data())?, false),
        };
        let listener = TcpListener::bind(args.listen).await.map_err(|error| {
            StartError(format!("{} can't be listened on: {error}", args.listen))
        })?;
        let address = listener.local_addr()?;
        let (base_url, prefix) = match &args.base_url {
            Some(url) => parse_base_url(url)?,
            None => (own_url(address, &args.allow_host), String::new()),
        };
        let mut config = Config::new(token.clone());
        config.limits = args.limits();
        config.hosts.clone_from(&args.allow_host);
        if !address.ip().is_unspecified() {
            // No name can point a browser at an address that stands in the URL itself.
            config.hosts.push(name(address.ip()));
        }
        config.metrics = match &args.metrics_token {
            Some(token) => Some(parse_token("--metrics-token", token)?),
            None => None,
        };
        config.replay.to.clone_from(&args.replay_to);
        config.alerts.private_hosts.clone_from(&args.alert_host);
        config.base_url.clone_from(&base_url);
        config.prefix = prefix;
        let state = AppState::new(config, Arc::new(store));
        tracing::info!(%address, data = %args.data().display(), "listening");
        // Not a log line: logs are kept, and the token must not be.
        let mut out = io::stdout();
        if given && !out.is_terminal() {
            writeln!(
                out,
                "Open {base_url}/ and sign in with the token that was set"
            )?;
        } else {
            writeln!(out, "Open {base_url}/open?token={}", token.reveal())?;
        }
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

fn parse_token(flag: &str, token: &str) -> Result<Token, StartError> {
    Token::new(token).map_err(|error| StartError(format!("{flag}: {error}")))
}

/// The URL without a slash at its end, and its path, below which a proxy lets requests through.
fn parse_base_url(text: &str) -> Result<(String, String), StartError> {
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    });
    let url = url.ok_or_else(|| {
        let message = "--base-url: expected a URL such as https://inspector.example";
        StartError(message.to_owned())
    })?;
    let prefix = url.path().trim_end_matches('/').to_owned();
    Ok((url.as_str().trim_end_matches('/').to_owned(), prefix))
}

/// A URL that the server answers to at its address: one that stands for all of a machine's
/// addresses is none itself.
fn own_url(address: SocketAddr, hosts: &[String]) -> String {
    let (ip, port) = (address.ip(), address.port());
    let host = match (ip, hosts.first()) {
        (ip, _) if !ip.is_unspecified() => name(ip),
        (_, Some(host)) => host.clone(),
        (IpAddr::V4(_), None) => name(Ipv4Addr::LOCALHOST.into()),
        (IpAddr::V6(_), None) => name(Ipv6Addr::LOCALHOST.into()),
    };
    format!("http://{host}:{port}")
}

/// An address as it stands in a URL.
fn name(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_base_url_is_what_a_proxy_takes_off() {
        for (text, url, prefix) in [
            ("https://i.example", "https://i.example", ""),
            ("https://i.example/", "https://i.example", ""),
            ("http://i.example:8080", "http://i.example:8080", ""),
            (
                "https://I.example/tools/in/",
                "https://i.example/tools/in",
                "/tools/in",
            ),
        ] {
            let parsed = parse_base_url(text).unwrap();
            assert_eq!(parsed, (url.to_owned(), prefix.to_owned()), "{text}");
        }
        for wrong in [
            "i.example",
            "ftp://i.example",
            "https://",
            "https://u:p@i.example",
            "https://i.example/?a",
            "https://i.example/#a",
        ] {
            assert!(parse_base_url(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_printed_address_is_one_that_is_answered_to() {
        let named = ["pi.example".to_owned(), "other.example".to_owned()];
        for (address, hosts, expected) in [
            ("127.0.0.1:1", &named[..], "http://127.0.0.1:1"),
            ("10.0.0.7:1", &named, "http://10.0.0.7:1"),
            ("[fd00::1]:1", &[], "http://[fd00::1]:1"),
            ("0.0.0.0:1", &named, "http://pi.example:1"),
            ("[::]:1", &named, "http://pi.example:1"),
            ("0.0.0.0:1", &[], "http://127.0.0.1:1"),
            ("[::]:1", &[], "http://[::1]:1"),
        ] {
            assert_eq!(
                own_url(address.parse().unwrap(), hosts),
                expected,
                "{address}"
            );
        }
    }
}
