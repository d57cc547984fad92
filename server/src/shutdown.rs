//! Stopping: on SIGTERM or SIGINT nothing new is accepted, what runs is finished, then everything is drained and synced.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long requests that run may take to finish once a stop was asked for, in seconds.
pub const FINISH_SECONDS_MAX: u64 = 20;

/// Cancels `token` at the first SIGTERM or SIGINT; must run inside the runtime.
pub fn on_signal(token: CancellationToken) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("stopping: SIGTERM"),
            _ = interrupt.recv() => tracing::info!("stopping: SIGINT"),
            () = token.cancelled() => {}
        }
        token.cancel();
    });
    Ok(())
}
