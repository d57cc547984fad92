//! Who asks for what, when, through which door: everything that `decide` may know besides the state.

use std::sync::Arc;

use crate::ids::{CorrelationId, Digest, EventId, ItemId, KeyId, NodeId, Position, UserId};
use crate::time::Timestamp;

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principal {
    /// A person.
    User(UserId),
    /// A global API key, an identity of its own.
    Key(KeyId),
    /// A node, through its sync messages.
    Node(NodeId),
    /// Countersign itself: first start, timers, pending work.
    System,
}

/// The door through which a command came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// The native HTTP API.
    Http,
    /// Dataiku's public API.
    PublicApi,
    /// The web UI.
    Ui,
    /// NATS.
    Nats,
    /// The command line, on a directory that is not served.
    Cli,
    /// No door: the engine itself.
    Engine,
}

/// Makes a request safe to repeat: the same key with the same request gives the first answer again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    /// What the client chose, 1 to 255 printable characters.
    pub key: Arc<str>,
    /// SHA-256 of method, path and body.
    pub request: Digest,
}

/// Who asks, and on which terms; made by a shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who acts.
    pub principal: Principal,
    /// The administrator's key that impersonates `principal`.
    pub via: Option<KeyId>,
    /// The door.
    pub channel: Channel,
    /// Ties together what one request causes.
    pub correlation: CorrelationId,
    /// Why, in the caller's words.
    pub reason: Option<Arc<str>>,
    /// Idempotency key, when the client sent one.
    pub request: Option<RequestKey>,
    /// The command counts only while this item's last event is this one (HTTP's If-Match).
    pub expected: Option<(ItemId, Position)>,
}

impl Caller {
    /// A caller without reason, idempotency key or expectation.
    #[must_use]
    pub fn new(principal: Principal, channel: Channel, correlation: CorrelationId) -> Self {
        Self { principal, via: None, channel, correlation, reason: None, request: None, expected: None }
    }

    /// The engine acting by itself.
    #[must_use]
    pub fn system(correlation: CorrelationId) -> Self {
        Self::new(Principal::System, Channel::Engine, correlation)
    }
}

/// A caller, the time, and a seed for ids and salts; stamped by the engine.
#[derive(Debug, Clone)]
pub struct Context {
    /// Who asks.
    pub caller: Caller,
    /// Not before the last event's time.
    pub at: Timestamp,
    /// 256 random bits, new for each command.
    pub seed: [u8; 32],
}

impl Context {
    /// The `n`-th salt of this command.
    #[must_use]
    pub fn salt(&self, n: u32) -> [u8; 16] {
        let mut salt = [0; 16];
        salt.copy_from_slice(self.derived(b"salt", n).0.first_chunk::<16>().unwrap_or(&[0; 16]));
        salt
    }

    /// The id of this command's `n`-th event: a UUIDv7 of the command's time.
    #[must_use]
    pub fn event_id(&self, n: u32) -> EventId {
        let random = self.derived(b"event", n).0;
        let counter_random = random.first_chunk::<10>().copied().unwrap_or_default();
        let millis = u64::try_from(self.at.millis()).unwrap_or(0);
        EventId(uuid::Builder::from_unix_timestamp_millis(millis, &counter_random).into_uuid())
    }

    fn derived(&self, purpose: &[u8], n: u32) -> Digest {
        let mut bytes = self.seed.to_vec();
        bytes.extend_from_slice(purpose);
        bytes.extend_from_slice(&n.to_be_bytes());
        Digest::of(&bytes)
    }
}
