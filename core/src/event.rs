//! Everything that can have happened, by domain module. The catalogue with its permanent numbers is in `schema`.

use crate::ids::ItemId;
use crate::{access, artifact, audit, blueprint, deploy, log, rules, series, settings, signoff, subscription, sync};

/// One fact, in the past tense.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// About the log.
    Log(log::Event),
    /// Told by nodes.
    Sync(sync::Event),
    /// About items and workflows.
    Item(artifact::Event),
    /// About sign-offs.
    Signoff(signoff::Event),
    /// About templates.
    Template(blueprint::Event),
    /// About people, groups, keys, roles.
    Access(access::Event),
    /// What was tried and came to nothing.
    Audit(audit::Event),
    /// About infrastructures and the gate.
    Deploy(deploy::Event),
    /// About files and series.
    Series(series::Event),
    /// About the instance's settings.
    Settings(settings::Event),
    /// About what is governed by itself.
    Rules(rules::Event),
    /// About who is told what.
    Subscription(subscription::Event),
}

impl Event {
    /// The item it is about.
    #[must_use]
    pub fn item(&self) -> Option<ItemId> {
        match self {
            Self::Log(_) | Self::Audit(_) | Self::Template(_) | Self::Series(_) | Self::Settings(_) => None,
            Self::Sync(event) => event.item(),
            Self::Item(event) => Some(event.item()),
            Self::Signoff(event) => Some(event.step().0),
            Self::Access(event) => event.item(),
            Self::Deploy(event) => event.item(),
            Self::Rules(event) => event.item(),
            Self::Subscription(event) => Some(event.item()),
        }
    }
}

macro_rules! from_module_events {
    ($($module:ident $variant:ident),*) => {$(
        impl From<$module::Event> for Event {
            fn from(event: $module::Event) -> Self {
                Self::$variant(event)
            }
        }
    )*};
}

from_module_events!(log Log, sync Sync, artifact Item, signoff Signoff, blueprint Template, access Access, audit Audit, deploy Deploy, series Series, settings Settings, subscription Subscription, rules Rules);
