//! Items: fields, workflow steps, governing.

mod command;
mod decide;
mod event;
mod evolve;
pub mod govern;
mod index;
mod state;

pub use command::{Command, Govern};
pub use decide::Rejection;
pub use event::Event;
pub use state::{ChildRule, ChildrenRules, Item, Items, Step, StepStatus};

pub(crate) use decide::decide;
pub(crate) use evolve::{evolve, new_steps};
pub(crate) use index::{insert_item, set_field};
