//! A connection to NATS that outlives its broker: it is made without one, and made again whenever one returns.

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_nats::{Client, ConnectError, ConnectOptions, Event};
use tokio::sync::watch;

/// How long the broker may take to answer.
pub const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// The longest pause between two attempts to connect.
const RECONNECT_PAUSE_MAX: Duration = Duration::from_secs(1);

/// Longest file with a seed, a certificate or a key, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// How the broker lets us in: all of it is read when the connection is first made, nothing of it is kept in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Admission {
    /// A credentials file: a user's JWT with its seed.
    pub creds: Option<PathBuf>,
    /// A file that holds the seed of an nkey.
    pub nkey: Option<PathBuf>,
    /// The authority (PEM) that signed the broker's certificate, beside those that the system trusts.
    pub ca: Option<PathBuf>,
    /// Our certificate and its key (PEM), for a broker that asks for one.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// What the subjects of our answers begin with, for a user who may listen to his own only.
    pub inbox: Option<String>,
}

/// Why no connection can be made, ever: a broker that is not there is waited for instead.
#[derive(Debug, thiserror::Error)]
pub enum ConnectFailure {
    /// A file that was named cannot be read.
    #[error("cannot read {path}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The address is none, or a certificate or key is not usable.
    #[error("no connection to NATS can be made")]
    Refused(#[source] ConnectError),
}

impl Admission {
    async fn options(&self) -> Result<ConnectOptions, ConnectFailure> {
        let mut options = ConnectOptions::new();
        if let Some(path) = &self.creds {
            let unreadable = |source| ConnectFailure::Unreadable { path: path.clone(), source };
            options = options.credentials_file(path).await.map_err(unreadable)?;
        }
        if let Some(path) = &self.nkey {
            options = options.nkey(seed(path).await?);
        }
        if let Some(ca) = &self.ca {
            check_readable(ca).await?;
            options = options.add_root_certificates(ca.clone());
        }
        if let Some((certificate, key)) = &self.certificate {
            check_readable(certificate).await?;
            check_readable(key).await?;
            options = options.add_client_certificate(certificate.clone(), key.clone());
        }
        if self.ca.is_some() || self.certificate.is_some() {
            options = options.require_tls(true);
        }
        if let Some(inbox) = &self.inbox {
            options = options.custom_inbox_prefix(inbox);
        }
        Ok(options)
    }
}

async fn seed(path: &Path) -> Result<String, ConnectFailure> {
    check_readable(path).await?;
    let text = tokio::fs::read_to_string(path).await;
    let text = text.map_err(|source| ConnectFailure::Unreadable { path: path.to_owned(), source })?;
    Ok(text.trim().to_owned())
}

// The client reads the files by itself, at each attempt to connect, and would only try again: said at once instead.
async fn check_readable(path: &Path) -> Result<(), ConnectFailure> {
    let unreadable = |source| ConnectFailure::Unreadable { path: path.to_owned(), source };
    let length = tokio::fs::metadata(path).await.map_err(unreadable)?.len();
    if path.is_file() && length <= FILE_BYTES_MAX {
        return Ok(());
    }
    Err(unreadable(std::io::Error::new(std::io::ErrorKind::InvalidInput, "not a file of that kind")))
}

/// A client and whether it is connected at this moment.
#[derive(Debug, Clone)]
pub struct Broker {
    client: Client,
    is_connected: watch::Receiver<bool>,
}

impl Broker {
    /// Returns at once, connected or not; fails only for what is no address. `name` is what the broker's operator sees.
    pub async fn connect(url: &str, name: &str) -> Result<Self, ConnectFailure> {
        Self::connect_with(&Admission::default(), url, name).await
    }

    /// As [`Self::connect`], let in like this.
    pub async fn connect_with(admission: &Admission, url: &str, name: &str) -> Result<Self, ConnectFailure> {
        let (connected, is_connected) = watch::channel(false);
        let options = admission.options().await?;
        let client = options
            .name(name)
            .retry_on_initial_connect()
            .request_timeout(Some(ANSWER_TIME_MAX))
            .reconnect_delay_callback(pause)
            .event_callback(move |event| {
                match event {
                    Event::Connected => _ = connected.send_replace(true),
                    Event::Disconnected | Event::Closed => _ = connected.send_replace(false),
                    // A broker that does not let us in says so here and nowhere else.
                    Event::ServerError(error) => tracing::warn!(%error, "NATS refuses"),
                    other => tracing::debug!(%other, "NATS client"),
                }
                std::future::ready(())
            })
            .connect(url)
            .await
            .map_err(ConnectFailure::Refused)?;
        Ok(Self { client, is_connected })
    }

    /// The client itself.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// `JetStream` through this connection.
    #[must_use]
    pub fn jetstream(&self) -> async_nats::jetstream::Context {
        let mut context = async_nats::jetstream::new(self.client.clone());
        context.set_timeout(ANSWER_TIME_MAX);
        context
    }

    /// Whether a broker is there now.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        *self.is_connected.borrow()
    }

    /// Returns once a broker is there.
    pub async fn connected(&self) {
        // The sender lives as long as the client, and so as long as this.
        self.is_connected.clone().wait_for(|is_connected| *is_connected).await.ok();
    }

    /// Returns once there is none.
    pub async fn lost(&self) {
        self.is_connected.clone().wait_for(|is_connected| !*is_connected).await.ok();
    }
}

fn pause(attempts: usize) -> Duration {
    let doublings = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX).min(10);
    if attempts <= 1 {
        return Duration::ZERO;
    }
    Duration::from_millis(5 << doublings).min(RECONNECT_PAUSE_MAX)
}
