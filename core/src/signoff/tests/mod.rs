//! Specs of every row of the table of sign-off actions, and of every sentence beneath it.
#![expect(clippy::panic, reason = "a failing test should panic")]

mod abandon;
mod approval;
mod delegation;
mod feedback;
mod fixture;
mod notify;
mod opening;
mod policy;
mod properties;
mod quorum;
mod reset;
mod schedule;
mod standard;
mod table;
mod who;
