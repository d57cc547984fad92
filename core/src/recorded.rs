//! An event with everything that is known about how it came to be.

use crate::context::{Channel, Principal, RequestKey};
use crate::event::Event;
use crate::ids::{CorrelationId, EventId, GroupId, KeyId, Position};
use crate::personal::Personal;
use crate::time::Timestamp;

/// One immutable entry of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// Where it stands.
    pub position: Position,
    /// UUIDv7; the message id on NATS.
    pub id: EventId,
    /// Never before its predecessor's.
    pub recorded_at: Timestamp,
    /// Who acted.
    pub actor: Principal,
    /// The groups that the actor was in at that moment.
    pub groups: Vec<GroupId>,
    /// The key that impersonated the actor.
    pub via: Option<KeyId>,
    /// The door.
    pub channel: Channel,
    /// Why, in the actor's words.
    pub reason: Option<Personal>,
    /// Shared by all that one request caused.
    pub correlation: CorrelationId,
    /// The event that this one follows from, when another command caused it.
    pub causation: Option<Position>,
    /// The idempotency key of the request.
    pub request: Option<RequestKey>,
    /// What happened.
    pub event: Event,
}
