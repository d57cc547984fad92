//! Specs of who there is and who may do what.
#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

mod commands;
mod documents;
mod fields;
mod own;
mod people;
mod rights;
mod rules;
