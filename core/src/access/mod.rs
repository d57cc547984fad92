//! Who there is, and who may do what.

mod able;
mod command;
mod decide;
mod documents;
mod event;
mod evolve;
mod fields;
mod keys;
pub mod may;
mod own;
mod people;
pub(crate) mod require;
mod roles;
mod rules;
mod state;
pub mod why;

pub use able::able;
pub use command::{Command, Edit, KeyEdit, Scope, UserEdit};
pub use decide::Rejection;
pub use documents::{DOCUMENT_BYTES_MAX, RULES_DOCUMENT_BYTES_MAX};
pub use event::Event;
pub(crate) use evolve::bury;
pub use evolve::{GROUP_BLUEPRINT, SYSTEM_VERSION, USER_BLUEPRINT};
pub use fields::FieldAccess;
pub use own::OWN_KEYS_MAX;
pub use people::{
    DESCRIPTION_BYTES_MAX, GROUP_NAME_BYTES_MAX, GROUPS_MAX, LABEL_BYTES_MAX, LOGIN_CHARS_MAX, LOGIN_RESERVED,
};
pub use state::{
    Access, Activity, Assignment, Criterion, EVERY_ROLE, FieldRule, Group, Key, Permissions, Rights, Role, User,
};

pub(crate) use decide::decide;
pub(crate) use evolve::evolve;

#[cfg(test)]
mod tests;
