//! The command line. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 integrity violated.

mod audit;
mod backup;
mod broker;
mod import;
mod ingest;
mod key;
mod log;
pub mod output;
mod projections;
mod relay;
mod remote;
mod serve;
mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::output::Failure;
use crate::hooks::sandbox;

#[derive(Debug, Parser)]
#[command(name = "countersign", version, about = "An event-sourced governance backend for AI and data projects")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the service
    Serve(Box<serve::Arguments>),
    /// Show it with real parts around it: a NATS server, a design node, people for every role
    Demo(crate::demo::Arguments),
    /// Look at the log
    #[command(subcommand)]
    Log(log::Command),
    /// API keys
    #[command(subcommand)]
    Key(key::Command),
    /// People
    #[command(subcommand)]
    User(user::Command),
    /// Read models
    #[command(subcommand)]
    Projections(projections::Command),
    /// Who may do what, and why
    #[command(subcommand)]
    Audit(audit::Command),
    /// Copy the log and its files, of a running service too
    Backup(backup::Backup),
    /// Make a data directory of a backup; exit code 3 when the backup is not whole
    Restore(backup::Restore),
    /// What goes out over NATS
    #[command(subcommand)]
    Relay(relay::Command),
    /// Sync messages
    #[command(subcommand)]
    Ingest(ingest::Command),
    /// Runs a program that can do next to nothing; `serve` starts it for scripts of templates
    #[command(name = sandbox::COMMAND, hide = true)]
    Confined(sandbox::Room),
}

/// Runs what the arguments say.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    crate::tls::install_provider();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return output::end(Err(Failure::Failed(anyhow::Error::new(error)))),
    };
    let done = runtime.block_on(run(arguments.command));
    runtime.shutdown_background();
    output::end(done)
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(arguments) => serve::run(*arguments).await,
        Command::Demo(arguments) => Ok(crate::demo::run(arguments).await?),
        Command::Log(command) => log::run(command).await,
        Command::Key(command) => key::run(command).await,
        Command::Backup(arguments) => backup::backup(arguments).await,
        Command::Restore(arguments) => backup::restore(arguments).await,
        Command::User(command) => user::run(command).await,
        Command::Relay(command) => relay::run(command).await,
        Command::Projections(command) => projections::run(command).await,
        Command::Audit(command) => audit::run(command).await,
        Command::Ingest(command) => ingest::run(command).await,
        // The thread that narrows itself is the one that becomes the program; the others end with that.
        Command::Confined(room) => Ok(sandbox::enter(&room)?),
    }
}
