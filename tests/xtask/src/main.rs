//! The project's own commands: `cargo xtask --help`.

use anyhow::Result;
use clap::{Parser, Subcommand};

mod nats;

/// The project's checks and set-up.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Fetches the nats-server that tests and demo use into `.deps/nats`.
    Nats,
}

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::Nats => nats::fetch(),
    }
}
