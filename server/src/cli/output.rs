//! What commands print, and how they end.

use std::process::ExitCode;

use countersign_core::Rejection;
use countersign_engine::engine::SubmitError;
use serde_json::Value;

/// Why a command did not do it.
#[derive(Debug)]
pub enum Failure {
    /// Exit code 1.
    Failed(anyhow::Error),
    /// Exit code 2.
    Usage(anyhow::Error),
    /// Exit code 3; what is violated was printed already.
    Integrity,
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// The exit code, after a line on standard error.
#[must_use]
pub fn end(done: Result<(), Failure>) -> ExitCode {
    let (code, error) = match done {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Integrity) => return ExitCode::from(3),
        Err(Failure::Failed(error)) => (1, error),
        Err(Failure::Usage(error)) => (2, error),
    };
    line_to(&mut std::io::stderr().lock(), &format!("countersign: {error:#}"));
    ExitCode::from(code)
}

/// One line on standard output.
pub fn say(line: impl std::fmt::Display) {
    line_to(&mut std::io::stdout().lock(), &line.to_string());
}

/// One line on standard error, beside what is printed as the result.
pub fn note(line: impl std::fmt::Display) {
    line_to(&mut std::io::stderr().lock(), &line.to_string());
}

/// A fact: as JSON when asked so, else in words.
pub fn fact(json: bool, value: &Value, words: impl std::fmt::Display) {
    match json {
        true => say(value),
        false => say(words),
    }
}

// Whoever closed the pipe wants no more lines; that is no failure.
fn line_to(out: &mut impl std::io::Write, line: &str) {
    drop(writeln!(out, "{line}").and_then(|()| out.flush()));
}

/// An error with all its causes in one line.
#[must_use]
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A refusal in words, with its code.
#[must_use]
pub fn refusal(error: SubmitError) -> anyhow::Error {
    match error {
        SubmitError::Rejected { rejection, .. } => rejected(&rejection),
        error => anyhow::Error::new(error),
    }
}

fn rejected(rejection: &Rejection) -> anyhow::Error {
    anyhow::anyhow!("{rejection} ({})", rejection.code())
}
