//! TLS, with certificates out of a folder.

use std::fs;
use std::io;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{HandshakeKind, ServerConfig, ServerConnection, StreamOwned};

/// How connections are secured.
#[derive(Clone)]
pub struct Tls(Arc<ServerConfig>);

impl Tls {
    /// With `NAME.pem`, a chain, and `NAME.key` of a folder.
    ///
    /// # Panics
    /// When they are not there, or do not fit.
    #[must_use]
    pub fn of(folder: &Path, name: &str) -> Self {
        Self::speaking(folder, name, rustls::ALL_VERSIONS)
    }

    /// The same, but nothing newer than TLS 1.2.
    ///
    /// # Panics
    /// As the other.
    #[must_use]
    pub fn old(folder: &Path, name: &str) -> Self {
        Self::speaking(folder, name, &[&rustls::version::TLS12])
    }

    fn speaking(
        folder: &Path,
        name: &str,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Self {
        let chain = fs::read(folder.join(format!("{name}.pem"))).expect("a chain");
        let chain = CertificateDer::pem_slice_iter(&chain).map(|one| one.expect("PEM"));
        let key = fs::read(folder.join(format!("{name}.key"))).expect("a key");
        let key = PrivateKeyDer::from_pem_slice(&key).expect("a key in PEM");
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain.collect(), key)
            .expect("a chain and its key");
        config.ticketer = ring::Ticketer::new().expect("a ticketer");
        Self(Arc::new(config))
    }

    /// Shakes hands; whether it resumed a session.
    pub(crate) fn accept(
        &self,
        stream: io::Result<TcpStream>,
    ) -> io::Result<(StreamOwned<ServerConnection, TcpStream>, bool)> {
        let mut stream = stream?;
        let mut session = ServerConnection::new(Arc::clone(&self.0)).map_err(io::Error::other)?;
        while session.is_handshaking() {
            session.complete_io(&mut stream)?;
        }
        let resumed = session.handshake_kind() == Some(HandshakeKind::Resumed);
        Ok((StreamOwned::new(session, stream), resumed))
    }
}
