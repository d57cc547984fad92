//! Who there is, and who may do what.

mod command;
mod decide;
mod event;
mod evolve;
pub mod may;
mod roles;
mod state;

pub use command::Command;
pub use decide::{
    DESCRIPTION_BYTES_MAX, GROUP_NAME_BYTES_MAX, GROUPS_MAX, LABEL_BYTES_MAX, LOGIN_CHARS_MAX, LOGIN_RESERVED,
    Rejection,
};
pub use event::Event;
pub use evolve::{GROUP_BLUEPRINT, SYSTEM_VERSION, USER_BLUEPRINT};
pub use state::{Access, Assignment, Group, Key, Permissions, Rights, Role, User};

pub(crate) use decide::decide;
pub(crate) use evolve::evolve;

#[cfg(test)]
mod tests;
