use super::door::Target;
use super::settings::Host;
use super::tls;
use std::net::{IpAddr, SocketAddr};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A connection, with TLS or without.
pub(crate) trait Connection: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Connection for T {}

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
