//! Who is told about an item: people subscribe, or are subscribed by what they do. A subscription holds for the items
//! below as well, until the person decides otherwise there.

mod command;
mod decide;
mod event;
mod evolve;
mod state;

pub use command::Command;
pub use decide::Rejection;
pub use event::Event;
pub use state::{Subscriptions, is_subscribed, subscribers};

pub(crate) use decide::decide;
pub(crate) use evolve::{evolve, follow};

#[cfg(test)]
mod tests;
