//! `countersign serve`.

use anyhow::Context as _;

use super::output::{Failure, say};
use crate::bootstrap::ADMIN_KEY_FILE;
use crate::config::{Config, Flags};
use crate::{serve, shutdown};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    flags: Flags,
    /// Print the configuration in force, without secrets, and exit
    #[arg(long)]
    print_config: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = Config::resolve(arguments.flags).map_err(|error| Failure::Usage(error.into()))?;
    if arguments.print_config {
        say(config.shown().trim_end());
        return Ok(());
    }
    trace();
    let data = config.data.clone();
    let service = serve::start(config).await?;
    shutdown::on_signal(service.stopping()).context("listening for signals")?;
    // Standard output, not the log: a log is kept and read by others.
    if let Some(secret) = &service.first_secret {
        say(format_args!(
            "The first administrator's key, shown once and kept in {}: {secret}",
            data.join(ADMIN_KEY_FILE).display()
        ));
    }
    say(format_args!("LISTENING {}://{}", service.scheme(), service.address));
    Ok(service.run().await?)
}

/// Logs on standard error; `COUNTERSIGN_TRACE` says how much, `COUNTERSIGN_TRACE_FORMAT=json` in which form.
fn trace() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("COUNTERSIGN_TRACE").unwrap_or_else(|_| {
        tracing_subscriber::EnvFilter::new(
            "warn,countersign=info,countersign_server=info,countersign_engine=info,countersign_ingest=info,\
             tower_sessions=error,tower_sessions_core=error",
        )
    });
    let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(is_terminal).with_writer(std::io::stderr);
    let is_json = std::env::var("COUNTERSIGN_TRACE_FORMAT").is_ok_and(|format| format == "json");
    // A second subscriber in one process is refused; then the first goes on.
    drop(if is_json { builder.json().try_init() } else { builder.try_init() });
}
