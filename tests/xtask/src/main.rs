//! The project's own commands: `cargo xtask --help`.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, Subcommand};

mod ci;
mod dataiku;
mod demo;
mod long;
mod nats;
mod oidc;
mod python;
mod smtp;

/// The project's checks and set-up.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Runs all checks: formatting, lints, a build, every test.
    Ci,
    /// Fetches Dataiku's Python client and pytest into `.deps/dataiku`.
    Dataiku,
    /// Gets what the demo needs, builds the product and runs `countersign demo` with these arguments.
    Demo {
        /// For example `--script`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Runs the full form of a long test.
    Long {
        /// Its name.
        name: String,
    },
    /// Builds the binary and tests its public API with Dataiku's own client.
    Publicapi {
        /// Arguments of pytest, for example a file or `-k WORD`; all of `tests/publicapi` without any.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Fetches the nats-server that tests and demo use into `.deps/nats`.
    Nats,
    /// Fetches the SMTP server that tests use into `.deps/aiosmtpd`.
    Smtp,
    /// Fetches the identity provider that tests use into `.deps/oidc-provider-mock`.
    Oidc,
}

fn main() -> Result<()> {
    match Arguments::parse().task {
        Task::Ci => ci::ci(),
        Task::Dataiku => dataiku::fetch(),
        Task::Demo { arguments } => demo::demo(&arguments),
        Task::Long { name } => long::long(&name),
        Task::Nats => nats::fetch(),
        Task::Publicapi { arguments } => {
            run("cargo", &["build", "--workspace", "--bins", "--locked"])?;
            dataiku::test(&arguments)
        }
        Task::Smtp => smtp::fetch(),
        Task::Oidc => oidc::fetch(),
    }
}

/// Runs a command in the workspace's root and fails when it does.
fn run(program: &str, arguments: &[&str]) -> Result<()> {
    run_with(program, arguments, &[])
}

fn run_with(program: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    eprintln!("$ {program} {}", arguments.join(" "));
    let mut command = Command::new(program);
    command.args(arguments).envs(environment.iter().copied()).current_dir(nats::root()?);
    let status = command.status().with_context(|| format!("{program} could not be started"))?;
    ensure!(status.success(), "{program} {} ended with {status}", arguments.join(" "));
    Ok(())
}
