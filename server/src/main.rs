//! The one binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    countersign_server::cli::main()
}
