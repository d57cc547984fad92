//! STAND-IN for `countersign_engine` until it lands.
use countersign_core::ids::Position;
use countersign_core::{Recorded, State};
use std::sync::Arc;

#[derive(Debug, thiserror::Error)]
#[error("the log could not be read")]
pub struct ReadError;
pub trait LogReader: Clone + Send + Sync + 'static {
    fn durable_head(&self) -> Position;
    fn read(&self, after: Position) -> impl Iterator<Item = Result<Recorded, ReadError>> + Send;
}
#[derive(Debug, Clone)]
pub struct Committed {
    pub recorded: Arc<Recorded>,
    pub state: State,
}
