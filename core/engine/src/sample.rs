//! Events and rules without a domain behind them, for tests of logs and of the engine (feature `testing`).

use std::sync::Arc;

use countersign_core::ids::{CorrelationId, Digest, EventId, FileId, LogId, Position};
use countersign_core::schema::{self, Encoded};
use countersign_core::time::Timestamp;
use countersign_core::{Channel, Event, Principal, Recorded, log, series};

/// The log that all samples belong to.
pub const LOG: LogId = LogId(uuid::Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001));

/// An event for a position: the log's first one, or an upload whose name has `name_bytes` bytes.
#[must_use]
pub fn recorded(position: Position, name_bytes: usize) -> Recorded {
    let event: Event = if position == Position(1) {
        log::Event::LogCreated { log: LOG, product: "sample".into() }.into()
    } else {
        let name: Arc<str> = "n".repeat(name_bytes).into();
        let digest = Digest::of(&position.0.to_be_bytes());
        let file = FileId(u32::try_from(position.0).unwrap_or(u32::MAX));
        series::Event::FileUploaded { file, name, size_bytes: position.0, media_type: None, digest }.into()
    };
    let millis = 1_768_464_000_000 + i64::try_from(position.0).unwrap_or(0);
    let unique = u128::from(position.0);
    Recorded {
        position,
        id: EventId(uuid::Uuid::from_u128(0x0192_0000_0000_7000_8000_0001_0000_0000 + unique)),
        recorded_at: Timestamp::from_millis(millis),
        actor: Principal::System,
        groups: Vec::new(),
        via: None,
        channel: Channel::Engine,
        reason: None,
        correlation: CorrelationId(uuid::Uuid::from_u128(unique)),
        causation: None,
        request: None,
        event,
    }
}

/// The next `count` events after `head`, encoded.
///
/// # Panics
///
/// When the schema cannot hold a sample; a test is to fail then.
#[must_use]
#[expect(clippy::expect_used, reason = "for tests only")]
pub fn encoded(head: Position, count: u64, name_bytes: usize) -> Vec<Encoded> {
    let positions = (1..=count).map(|n| Position(head.0 + n));
    positions.map(|at| schema::encode(&recorded(at, name_bytes), LOG).expect("a sample is encodable")).collect()
}
