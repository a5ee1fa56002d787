//! TLS: rustls with ring, and the trusted root certificates.

use std::fs;
use std::io;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{CertificateError, ClientConfig, RootCertStore};

use super::non_empty_variable;

/// The variable with a file of root certificates, as AWS's tools read it.
const ROOTS: &str = "AWS_CA_BUNDLE";
/// TLS sessions that are kept for resumption: a function calls a few hosts.
const SESSIONS: usize = 8;

/// The settings of all sessions, which trust these roots.
pub(super) fn config(roots: RootCertStore) -> Result<ClientConfig, String> {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::in_memory_sessions(SESSIONS);
    Ok(config)
}

/// Mozilla's roots, which are in the binary, or the roots in the file of the setting.
pub(super) fn roots() -> Result<RootCertStore, String> {
    let Some(path) = non_empty_variable(ROOTS) else {
        let roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
        return Ok(RootCertStore { roots });
    };
    let wrong = |why: String| {
        format!("{ROOTS} is {path:?}, {why}; it must name a file with certificates in PEM")
    };
    let text = fs::read(&path).map_err(|error| wrong(format!("which cannot be read: {error}")))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&text) {
        let certificate =
            certificate.map_err(|error| wrong(format!("which is no PEM: {error}")))?;
        let added = roots.add(certificate);
        added.map_err(|error| wrong(format!("and one of its certificates is no root: {error}")))?;
    }
    if roots.is_empty() {
        return Err(wrong("which has no certificate".to_owned()));
    }
    Ok(roots)
}

/// Explains a failed handshake, and what to do.
pub(super) fn explained(host: &str, error: &io::Error) -> String {
    let tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let why = match tls {
        Some(rustls::Error::InvalidCertificate(why)) => match why {
            CertificateError::UnknownIssuer => format!(
                "nobody who is trusted has signed its certificate; {ROOTS} can name a file with \
                 other roots"
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "its certificate has expired, or the clock here is wrong".to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "its certificate is not valid yet, or the clock here is wrong".to_owned()
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "its certificate is for another name".to_owned()
            }
            other => format!("its certificate is refused: {other}"),
        },
        Some(rustls::Error::PeerIncompatible(why)) => {
            format!("it does not speak TLS 1.3, which is all that this client does: {why:?}")
        }
        Some(rustls::Error::AlertReceived(alert)) => format!(
            "it refused the handshake ({alert:?}); this client speaks TLS 1.3 and nothing older"
        ),
        Some(other) => other.to_string(),
        None if error.kind() == io::ErrorKind::TimedOut => "no answer in time".to_owned(),
        None => error.to_string(),
    };
    format!("no TLS connection to {host}: {why}")
}
