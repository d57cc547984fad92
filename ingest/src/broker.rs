//! A connection to NATS that outlives its broker: it is made without one, and made again whenever one returns.

use std::time::Duration;

use async_nats::{Client, ConnectError, ConnectOptions, Event};
use tokio::sync::watch;

/// How long the broker may take to answer.
pub const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);
/// The longest pause between two attempts to connect.
const RECONNECT_PAUSE_MAX: Duration = Duration::from_secs(1);

/// A client and whether it is connected at this moment.
#[derive(Debug, Clone)]
pub struct Broker {
    client: Client,
    is_connected: watch::Receiver<bool>,
}

impl Broker {
    /// Returns at once, connected or not; fails only for what is no address. `name` is what the broker's operator sees.
    pub async fn connect(url: &str, name: &str) -> Result<Self, ConnectError> {
        let (connected, is_connected) = watch::channel(false);
        let client = ConnectOptions::new()
            .name(name)
            .retry_on_initial_connect()
            .request_timeout(Some(ANSWER_TIME_MAX))
            .reconnect_delay_callback(pause)
            .event_callback(move |event| {
                match event {
                    Event::Connected => _ = connected.send_replace(true),
                    Event::Disconnected | Event::Closed => _ = connected.send_replace(false),
                    other => tracing::debug!(%other, "NATS client"),
                }
                std::future::ready(())
            })
            .connect(url)
            .await?;
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
