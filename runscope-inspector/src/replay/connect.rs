use super::door::Target;
use super::settings::Host;
use super::tls;
use std::io;
use std::net::{IpAddr, SocketAddr};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A connection, with TLS or without.
pub(crate) trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Connection for T {}

/// The addresses of a target, at least one. What fails is told in words.
pub(crate) async fn addresses(target: &Target) -> Result<Vec<IpAddr>, String> {
    addresses_by(target, resolve).await
}

/// The same, by another way to look a name up.
pub(super) async fn addresses_by(
    target: &Target,
    resolve: impl AsyncFnOnce(&str, u16) -> io::Result<Vec<IpAddr>>,
) -> Result<Vec<IpAddr>, String> {
    let name = match &target.host {
        Host::Address(address) => return Ok(vec![*address]),
        Host::Name(name) => name,
    };
    let found = resolve(name, target.port).await;
    let addresses = found.map_err(|error| format!("the host's name can't be resolved: {error}"))?;
    if addresses.is_empty() {
        return Err("the host's name has no address".to_owned());
    }
    Ok(addresses)
}

pub(super) async fn resolve(name: &str, port: u16) -> io::Result<Vec<IpAddr>> {
    let addresses = tokio::net::lookup_host((name, port)).await?;
    Ok(addresses.map(|address| address.ip()).collect())
}

/// Connects to a target at the very addresses that were judged, and to no others. What fails is told in
/// words.
pub(crate) async fn connect(
    target: &Target,
    addresses: &[IpAddr],
) -> Result<Box<dyn Connection>, String> {
    let addresses: Vec<_> = addresses
        .iter()
        .map(|address| SocketAddr::new(*address, target.port))
        .collect();
    let stream = TcpStream::connect(addresses.as_slice())
        .await
        .map_err(|error| format!("the host can't be reached: {error}"))?;
    if !target.tls {
        return Ok(Box::new(stream));
    }
    let name = match &target.host {
        Host::Name(name) => name.clone(),
        Host::Address(address) => address.to_string(),
    };
    let stream = tls::connect(stream, &name)
        .await
        .map_err(|error| format!("TLS failed: {error}"))?;
    Ok(Box::new(stream))
}
