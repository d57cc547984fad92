//! TLS for HTTP: a certificate chain and its key, from PEM files. TLS 1.2 and 1.3, by rustls.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Most certificates of a chain.
const CHAIN_MAX: usize = 16;

/// Reads both files; blocks. A key that does not belong to the certificate is refused here, not at the first handshake.
pub fn acceptor(certificates: &Path, key: &Path) -> anyhow::Result<TlsAcceptor> {
    let pem = CertificateDer::pem_file_iter(certificates);
    let pem = pem.with_context(|| format!("reading the certificates in {}", certificates.display()))?;
    let chain = pem.take(CHAIN_MAX + 1).collect::<Result<Vec<_>, _>>();
    let chain = chain.with_context(|| format!("reading the certificates in {}", certificates.display()))?;
    ensure!(!chain.is_empty(), "there is no certificate in {}", certificates.display());
    ensure!(chain.len() <= CHAIN_MAX, "{} has more than {CHAIN_MAX} certificates", certificates.display());
    let key_der = PrivateKeyDer::from_pem_file(key);
    let key_der = key_der.with_context(|| format!("reading the private key in {}", key.display()))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key_der)
        .with_context(|| format!("using {} with {}", certificates.display(), key.display()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Lets clients of this process (the command line, NATS) speak TLS. A second call changes nothing.
pub fn install_provider() {
    // Refused only when one stands already, which is as good.
    drop(ring::default_provider().install_default());
}
