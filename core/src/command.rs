//! Everything that can be wished for, by domain module.

use std::sync::Arc;

use crate::ids::{FieldId, ItemId, Position};
use crate::input::Input;
use crate::{access, artifact, audit, blueprint, deploy, log, rules, series, settings, signoff, subscription, sync};

/// One wish, in the imperative.
#[derive(Debug, Clone)]
pub enum Command {
    /// First start, timers.
    Log(log::Command),
    /// From nodes.
    Sync(sync::Command),
    /// About items and workflows.
    Item(artifact::Command),
    /// About sign-offs.
    Signoff(signoff::Command),
    /// About templates.
    Template(blueprint::Command),
    /// About people, groups, keys.
    Access(access::Command),
    /// What was tried and came to nothing.
    Audit(audit::Command),
    /// About infrastructures and deployments.
    Deploy(deploy::Command),
    /// About files.
    Series(series::Command),
    /// About the instance's settings.
    Settings(settings::Command),
    /// About what is governed by itself.
    Rules(rules::Command),
    /// About who is told what.
    Subscription(subscription::Command),
    /// Any of these, and what the hooks of the items' templates propose about it.
    Hooked(Box<Hooked>),
}

/// A command that hooks were asked about, outside, on a state that may have gone on since.
#[derive(Debug, Clone)]
pub struct Hooked {
    /// What was asked for.
    pub command: Command,
    /// The items that hooks looked at, with their last position before the command; nothing for those that it makes.
    pub seen: Vec<(ItemId, Option<Position>)>,
    /// What hooks want otherwise.
    pub proposals: Vec<Proposal>,
}

/// What a hook wants an item to hold once the command is done.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// Which item.
    pub item: ItemId,
    /// Its name, when it is another.
    pub name: Option<Arc<str>>,
    /// Its fields that are others; `Null` clears.
    pub fields: Vec<(FieldId, Input)>,
}

macro_rules! from_module_commands {
    ($($module:ident $variant:ident),*) => {$(
        impl From<$module::Command> for Command {
            fn from(command: $module::Command) -> Self {
                Self::$variant(command)
            }
        }
    )*};
}

from_module_commands!(log Log, sync Sync, artifact Item, signoff Signoff, blueprint Template, access Access, audit Audit, deploy Deploy, series Series, settings Settings, subscription Subscription, rules Rules);
