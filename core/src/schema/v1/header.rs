//! What stands around every event. Since 0.1; belongs to the frame's format 1.

use serde::{Deserialize, Serialize};

use super::super::error::DecodeError;
use super::super::macros::{frozen, words};
use super::super::wire::{Ak, Freezing, Hash, Sealed, Thawing, Uuid, Whole, Wire};
use crate::context::{Channel, Principal, RequestKey};
use crate::event::Event;
use crate::ids::Position;
use crate::recorded::Recorded;

/// Who, when, through which door, and why. The position stands before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct HeaderV1 {
    pub(crate) id: Uuid,
    pub(crate) recorded_at: i64,
    pub(crate) actor: PrincipalV1,
    pub(crate) groups: Vec<String>,
    pub(crate) via: Option<Ak>,
    pub(crate) channel: String,
    pub(crate) reason: Option<Sealed>,
    pub(crate) correlation: Uuid,
    pub(crate) causation: Option<Whole>,
    pub(crate) request: Option<RequestV1>,
}

/// An actor: `user us.4`, `key ak.1`, `node design-1`, `system` with an empty id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PrincipalV1 {
    pub(crate) kind: String,
    pub(crate) id: String,
}

frozen! {
    /// An idempotency key and what it was used for.
    RequestV1 for RequestKey { key: String, request: Hash }
}

words! {
    Channel "a channel" {
        Http "http", PublicApi "publicapi", Ui "ui", Nats "nats", Cli "cli", Engine "engine",
    }
}

impl HeaderV1 {
    pub(crate) fn freeze(recorded: &Recorded, out: &mut Freezing) -> Self {
        let Recorded {
            position: _,
            id,
            recorded_at,
            actor,
            groups,
            via,
            channel,
            reason,
            correlation,
            causation,
            request,
            event: _,
        } = recorded;
        Self {
            id: Wire::freeze(id, out),
            recorded_at: Wire::freeze(recorded_at, out),
            actor: Wire::freeze(actor, out),
            groups: Wire::freeze(groups, out),
            via: Wire::freeze(via, out),
            channel: Wire::freeze(channel, out),
            reason: Wire::freeze(reason, out),
            correlation: Wire::freeze(correlation, out),
            causation: Wire::freeze(causation, out),
            request: Wire::freeze(request, out),
        }
    }

    pub(crate) fn thaw(self, position: Position, event: Event, from: &mut Thawing) -> Result<Recorded, DecodeError> {
        Ok(Recorded {
            position,
            id: Wire::thaw(self.id, from)?,
            recorded_at: Wire::thaw(self.recorded_at, from)?,
            actor: Wire::thaw(self.actor, from)?,
            groups: Wire::thaw(self.groups, from)?,
            via: Wire::thaw(self.via, from)?,
            channel: Wire::thaw(self.channel, from)?,
            reason: Wire::thaw(self.reason, from)?,
            correlation: Wire::thaw(self.correlation, from)?,
            causation: Wire::thaw(self.causation, from)?,
            request: Wire::thaw(self.request, from)?,
            event,
        })
    }
}

impl Wire<Principal> for PrincipalV1 {
    fn freeze(domain: &Principal, _: &mut Freezing) -> Self {
        let (kind, id) = match domain {
            Principal::User(user) => ("user", user.to_string()),
            Principal::Key(key) => ("key", key.to_string()),
            Principal::Node(node) => ("node", node.to_string()),
            Principal::System => ("system", String::new()),
        };
        Self { kind: kind.to_owned(), id }
    }

    fn thaw(self, _: &mut Thawing) -> Result<Principal, DecodeError> {
        let id = |_| DecodeError::unexpected(&self.id, "an id of the actor's kind");
        match self.kind.as_str() {
            "user" => self.id.parse().map(Principal::User).map_err(id),
            "key" => self.id.parse().map(Principal::Key).map_err(id),
            "node" => Ok(Principal::Node(self.id.into())),
            "system" if self.id.is_empty() => Ok(Principal::System),
            _ => Err(DecodeError::unexpected(&self.kind, "a kind of actor")),
        }
    }
}
