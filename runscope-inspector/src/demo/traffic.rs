use super::calls::call;
use super::shop::shop;
use super::weather::Weather;
use crate::api::Token;
use axum::Router;
use axum::body::{Body, HttpBody};
use axum::http::Request;
use http_body_util::BodyExt;
use runscope_core::{Config, Recorder};
use runscope_tower::RunscopeLayer;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tower::ServiceExt;

/// Calls that are under way at one time; further ones are late.
const MOST_AT_ONCE: usize = 4096;

/// How long the delivery of what was captured may take at the end.
const LAST_DELIVERY: Duration = Duration::from_secs(5);

/// Calls to a shop that ships its exchanges to an endpoint of the messages API.
#[derive(Debug, Clone)]
pub struct Traffic {
    /// The endpoint's base URL.
    pub endpoint: String,
    /// A token that may send messages to the bucket.
    pub token: Token,
    /// The bucket's key.
    pub bucket: String,
    /// Calls a second, on average.
    pub rate: f64,
}

impl Traffic {
    /// Sends calls until `stop` is done, and then delivers what was captured.
    ///
    /// # Errors
    ///
    /// When the layer can't be set up.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Result<(), TrafficError> {
        let config = Config::builder()
            .api_endpoint(&self.endpoint)
            .access_token(self.token.reveal())
            .bucket_key(&self.bucket)
            .log_body(true)
            .trusted_hops(1)
            .max_coalescing_delay(Duration::from_millis(200))
            .build()
            .map_err(TrafficError::new)?;
        let (recorder, guard) = Recorder::start(config).map_err(TrafficError::new)?;
        let layer = RunscopeLayer::new(&recorder)
            .service("shop")
            .consumer(|parts| Some(parts.headers.get("x-client")?.to_str().ok()?.to_owned()));
        let start = Instant::now();
        let shop = shop(start).layer(layer);
        let mut stop = pin!(stop);
        let mut due = tokio::time::Instant::now();
        let mut calls = JoinSet::new();
        loop {
            tokio::select! {
                () = &mut stop => break,
                () = tokio::time::sleep_until(due) => {}
            }
            due += gap(self.rate, fastrand::f64());
            while calls.try_join_next().is_some() {}
            if calls.len() < MOST_AT_ONCE {
                let request = call(Weather::at(start.elapsed()));
                calls.spawn(send(shop.clone(), request));
            }
        }
        // Calls that are under way are dropped: clients that left.
        calls.shutdown().await;
        if let Err(error) = guard.shutdown(LAST_DELIVERY).await {
            tracing::warn!(%error, "some of the demo's exchanges did not arrive");
        }
        Ok(())
    }
}

/// Why there is no traffic.
#[derive(Debug)]
pub struct TrafficError(String);

impl TrafficError {
    fn new(error: impl fmt::Display) -> Self {
        Self(error.to_string())
    }
}

impl fmt::Display for TrafficError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TrafficError {}

/// The time to the next call. Callers do not know of each other, so the gaps are exponential.
/// `random` is from 0 up to 1.
fn gap(rate: f64, random: f64) -> Duration {
    let seconds = -(1.0 - random).ln() / rate;
    Duration::try_from_secs_f64(seconds.min(60.0)).unwrap_or(Duration::from_secs(1))
}

/// Calls the shop and reads the answer. A body without an end is left after a moment, as readers of
/// an event stream do.
async fn send(shop: Router, request: Request<Body>) {
    let Ok(response) = shop.oneshot(request).await;
    let mut body = response.into_body();
    let patience = match body.size_hint().exact() {
        Some(_) => Duration::from_secs(10),
        None => Duration::from_millis(500),
    };
    let read = async { while let Some(Ok(_)) = body.frame().await {} };
    // What comes too late is not read, and that is all.
    let _ = tokio::time::timeout(patience, read).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_as_long_as_the_rate_says_and_never_endless() {
        let mean: f64 = (0..1000)
            .map(|at| gap(10.0, (f64::from(at) + 0.5) / 1000.0).as_secs_f64())
            .sum();
        assert!((mean / 1000.0 - 0.1).abs() < 0.001, "{mean}");
        assert!(gap(1e-9, 0.99) <= Duration::from_secs(60));
        assert_eq!(gap(1.0, 0.0), Duration::ZERO);
    }
}
