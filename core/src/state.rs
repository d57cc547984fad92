//! The whole state: a value. A clone costs nothing, so a snapshot, a what-if and a draft are clones.

use imbl::OrdMap;

use crate::access::Access;
use crate::artifact::Items;
use crate::blueprint::Templates;
use crate::context::{Principal, RequestKey};
use crate::deploy::Infrastructures;
use crate::ids::{Digest, LogId, Position};
use crate::recorded::Recorded;
use crate::rules::Rules;
use crate::series::Files;
use crate::settings::Settings;
use crate::signoff::Signoffs;
use crate::subscription::Subscriptions;
use crate::sync::Nodes;
use crate::time::Timestamp;
use crate::timer::Timers;

/// How many requests are remembered by their idempotency key.
pub const REQUESTS_MAX: usize = 100_000;

/// Everything that `decide` may look at.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The last event folded in.
    pub head: Position,
    /// Its time.
    pub head_at: Timestamp,
    /// The id of the log, after its first event.
    pub log: Option<LogId>,
    /// Templates.
    pub templates: Templates,
    /// Items.
    pub items: Items,
    /// Sign-offs.
    pub signoffs: Signoffs,
    /// Nodes and their objects.
    pub nodes: Nodes,
    /// Infrastructures.
    pub infrastructures: Infrastructures,
    /// People, groups, keys, roles.
    pub access: Access,
    /// Uploaded files.
    pub files: Files,
    /// What administrators set for the instance.
    pub settings: Settings,
    /// Who is told about which items.
    pub subscriptions: Subscriptions,
    /// What is governed by itself.
    pub rules: Rules,
    /// What is due when.
    pub timers: Timers,
    /// Requests that can be repeated.
    pub requests: Requests,
}

/// Remembered requests.
#[derive(Debug, Clone, Default)]
pub struct Requests {
    by_key: OrdMap<Digest, Answered>,
    by_position: OrdMap<Position, Digest>,
}

/// A request that made events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// Of method, path and body.
    pub request: Digest,
    /// Its first event.
    pub first: Position,
    /// Its last event.
    pub last: Position,
}

impl Requests {
    /// What this principal's request of that key made.
    #[must_use]
    pub fn get(&self, principal: &Principal, key: &str) -> Option<Answered> {
        self.by_key.get(&slot(principal, key)).copied()
    }

    pub(crate) fn remember(&mut self, recorded: &Recorded) {
        let Some(RequestKey { key, request }) = &recorded.request else { return };
        let slot = slot(&recorded.actor, key);
        let position = recorded.position;
        if let Some(answered) = self.by_key.get_mut(&slot) {
            answered.last = position;
            return;
        }
        self.by_key.insert(slot, Answered { request: *request, first: position, last: position });
        self.by_position.insert(position, slot);
        if self.by_key.len() > REQUESTS_MAX
            && let Some((_, oldest)) = self.by_position.get_min().map(|(position, slot)| (*position, *slot))
        {
            self.by_position = self.by_position.without(&self.by_position.get_min().map_or(position, |(p, _)| *p));
            self.by_key.remove(&oldest);
        }
    }
}

fn slot(principal: &Principal, key: &str) -> Digest {
    let mut bytes = match principal {
        Principal::User(user) => format!("{user}\n"),
        Principal::Key(api_key) => format!("{api_key}\n"),
        Principal::Node(node) => format!("node {node}\n"),
        Principal::System => "system\n".to_owned(),
    }
    .into_bytes();
    bytes.extend_from_slice(key.as_bytes());
    Digest::of(&bytes)
}
