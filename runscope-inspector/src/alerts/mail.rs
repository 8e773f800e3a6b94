//! One notice by SMTP, to an address that was judged.

use super::channel::{Email, Tls};
use super::door;
use super::post::{TIME, Unsent};
use crate::replay::{AllowedHost, addresses};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls as ClientTls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

/// Hands a message in and gives the server's answer.
pub(super) async fn send(
    email: &Email,
    message: Message,
    allowed: &[AllowedHost],
) -> Result<String, Unsent> {
    let refused =
        |refused: door::Refused| Unsent::Refused(format!("{}; {}", refused.reason, refused.fix));
    let plain = email.tls == Tls::None;
    let target = door::check_server(&email.host, email.port, plain, allowed).map_err(refused)?;
    let work = async {
        let addresses = addresses(&target).await.map_err(Unsent::Failed)?;
        door::check_addresses(&target, email.port, &addresses, allowed).map_err(refused)?;
        let mut last = Unsent::Failed("the host's name has no address".to_owned());
        for address in addresses {
            // The certificate is still checked for the name.
            let failed = |error: lettre::transport::smtp::Error| Unsent::Failed(error.to_string());
            let tls = match email.tls {
                Tls::None => ClientTls::None,
                Tls::Upgraded => {
                    ClientTls::Required(TlsParameters::new(email.host.clone()).map_err(failed)?)
                }
                Tls::Whole => {
                    ClientTls::Wrapper(TlsParameters::new(email.host.clone()).map_err(failed)?)
                }
            };
            let mut builder =
                AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.to_string())
                    .port(email.port)
                    .timeout(Some(TIME))
                    .tls(tls);
            if let Some((user, password)) = &email.user {
                let credentials = Credentials::new(user.clone(), password.reveal().to_owned());
                builder = builder.credentials(credentials);
            }
            match builder.build().send(message.clone()).await {
                Ok(answer) => {
                    let text: Vec<_> = answer.message().collect();
                    return Ok(format!("{} {}", answer.code(), text.join(" ")));
                }
                Err(error) if error.is_permanent() => {
                    return Err(Unsent::Refused(error.to_string()));
                }
                Err(error) => last = Unsent::Failed(error.to_string()),
            }
        }
        Err(last)
    };
    match tokio::time::timeout(TIME, work).await {
        Ok(answer) => answer,
        Err(_) => Err(Unsent::Failed(format!(
            "it took longer than {} s",
            TIME.as_secs()
        ))),
    }
}
