//! Certificates and host names are always verified, and there is no switch for it.

#![cfg(feature = "tls")]

use super::build_error::{BuildError, Kind};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// A config that trusts what the platform trusts, and the certificates of `ca_file`.
///
/// The provider (aws-lc-rs) is passed in: the process's default one belongs to the host program, which
/// may have installed another or none.
pub(super) fn verified(ca_file: Option<&Path>) -> Result<ClientConfig, BuildError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = match ca_file {
        None => rustls_platform_verifier::Verifier::new(Arc::clone(&provider))
            .map_err(|error| BuildError::from(Kind::Roots).because(error))?,
        Some(path) => with_extra_roots(path, Arc::clone(&provider))?,
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| BuildError::from(Kind::Http).because(error))?
        // The name is rustls's for any verifier but its own; this one verifies in full, with the
        // platform's trust store.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// A config that trusts nobody, for an endpoint that is plain http: without one, reqwest would ask
/// for the process's default provider, and panic where there is none.
pub(super) fn distrustful() -> Result<ClientConfig, BuildError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| BuildError::from(Kind::Http).because(error))?;
    Ok(config
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

/// What is wrong with a connection's TLS, and what to do about it.
pub(super) fn describe(error: &rustls::Error) -> String {
    use CertificateError as Certificate;
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return match error {
            rustls::Error::InvalidMessage(_) => {
                "the server does not speak TLS on this port; check the scheme and port".to_owned()
            }
            other => other.to_string(),
        };
    };
    match certificate {
        Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
            "the certificate is for another host; use the host name that it was made for".to_owned()
        }
        Certificate::Expired | Certificate::ExpiredContext { .. } => {
            "the certificate has expired; renew it, or check this machine's clock".to_owned()
        }
        Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => {
            "the certificate is not valid yet; check this machine's clock".to_owned()
        }
        Certificate::UnknownIssuer => {
            "the certificate's issuer is unknown; if it is your own CA, set ca_file to its certificate"
                .to_owned()
        }
        Certificate::Revoked => "the certificate has been revoked; renew it".to_owned(),
        other => format!("the certificate was refused: {other}"),
    }
}

#[cfg(not(target_os = "android"))]
fn with_extra_roots(
    path: &Path,
    provider: Arc<rustls::crypto::CryptoProvider>,
) -> Result<rustls_platform_verifier::Verifier, BuildError> {
    let refused = || BuildError::from(Kind::CaFile(path.to_owned()));
    let pem = std::fs::read(path).map_err(|error| refused().because(error))?;
    let roots = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| refused().because(error))?;
    if roots.is_empty() {
        return Err(refused());
    }
    rustls_platform_verifier::Verifier::new_with_extra_roots(roots, provider)
        .map_err(|error| refused().because(error))
}

/// Android's verifier takes no further roots; its own settings are the place for them.
#[cfg(target_os = "android")]
fn with_extra_roots(
    path: &Path,
    _: Arc<rustls::crypto::CryptoProvider>,
) -> Result<rustls_platform_verifier::Verifier, BuildError> {
    Err(Kind::CaFile(path.to_owned()).into())
}
