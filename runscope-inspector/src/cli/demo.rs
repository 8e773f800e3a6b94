use super::args::Args;
use super::run::{StartError, stop_signal};
use super::start::Started;
use crate::alerts::{Alerts, read_file};
use crate::api::Token;
use crate::demo::Traffic;
use crate::store::{NewToken, Scope};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

const RULES: &str = include_str!("../demo/rules.toml");

/// Serves, and has the server stop when the traffic has.
pub(super) async fn run_demo(mut args: Args, rate: f64) -> Result<(), StartError> {
    // It is deleted when the demo ends.
    let directory = tempfile::tempdir()?;
    args.data.get_or_insert_with(|| directory.path().to_owned());
    let started = Started::new(&args).await?;
    let store = Arc::clone(started.state.store());
    let bucket = store
        .bucket("default")?
        .ok_or_else(|| StartError("the store has no default bucket".to_owned()))?;
    add_rules(started.state.alerts())?;
    let token = Token::random();
    let mut kept = NewToken::new(Scope::Write, token.digest());
    kept.name = Some("demo".to_owned());
    let grant = store.add_token(bucket.id, &kept)?;
    let traffic = Traffic {
        endpoint: format!("http://{}", loopback(started.listener.local_addr()?)),
        token,
        bucket: bucket.key,
        rate,
    };
    let mut ended = Ok(());
    started
        .serve(async { ended = traffic.run(stop_signal()).await })
        .await;
    store.remove_token(bucket.id, grant.id)?;
    ended.map_err(|error| StartError(format!("the demo's traffic: {error}")))
}

/// Adds the demo's rules of alerts, but those that are there already, changed or not.
fn add_rules(alerts: &Alerts) -> Result<(), StartError> {
    let failed = |error: String| StartError(format!("the demo's rules: {error}"));
    let rules = read_file(RULES).map_err(|mistake| failed(mistake.to_string()))?;
    for rule in rules
        .into_iter()
        .filter(|rule| alerts.rule(&rule.id).is_none())
    {
        let added = alerts.add_rule(rule);
        added.map_err(|error| failed(error.to_string()))?;
    }
    Ok(())
}

/// The address by which a process of this machine reaches a listener.
fn loopback(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}
