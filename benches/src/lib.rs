//! Workloads, and the raw baselines that they are measured beside.
//!
//! A figure alone says little on another machine; a ratio to the bare minimum, taken in the same run, does.

pub mod estate;
pub mod load;
pub mod raw;

use countersign_core::ids::{CorrelationId, Digest, Position};
use countersign_core::schema::Encoded;
use countersign_core::{Caller, Channel, Command, Principal, State, evolve, series};
use countersign_engine::log::{AppendError, LogWriter};
use countersign_engine::sample;

/// Makes one event whose frame has about 300 bytes, as most events have.
#[must_use]
pub fn register_file(number: u64) -> Command {
    let name = format!("requirements of the fraud detection project, part {number:08}.pdf").into();
    let digest = Digest::of(&number.to_be_bytes());
    let media_type = Some("application/pdf".into());
    series::Command::RegisterFile { name, size_bytes: 123_456, media_type, digest }.into()
}

/// The system, through the engine's own door.
#[must_use]
pub fn caller(number: u64) -> Caller {
    Caller::new(Principal::System, Channel::Engine, CorrelationId(uuid::Uuid::from_u128(u128::from(number))))
}

/// Gives a fresh log its first event, and the state after it.
pub fn begin(writer: &mut impl LogWriter) -> Result<State, AppendError> {
    let first: Vec<Encoded> = sample::encoded(Position::ZERO, 1, 0);
    writer.append(Position::ZERO, &first)?;
    let mut state = State::default();
    evolve(&mut state, &sample::recorded(Position(1), 0));
    Ok(state)
}
