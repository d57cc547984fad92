//! Items: fields, workflow steps, governing.
//!
//! Every wish starts in `decide`; every change of the state goes through `index`, which keeps the reverse references.

mod command;
mod computed;
mod decide;
mod edit;
mod event;
mod evolve;
mod fields;
pub(crate) mod follow;
pub mod govern;
mod index;
mod rights;
mod sources;
mod state;
mod talk;
#[cfg(test)]
mod tests;
pub mod workflow;

pub use command::{Command, Govern, Rewrite};
pub use computed::{field_value, field_values, referring};
pub use decide::Rejection;
pub use edit::NAME_BYTES_MAX;
pub use event::Event;
pub use fields::FIELD_JSON_BYTES_MAX;
pub use follow::FOLLOWED_MAX;
pub use sources::{PARENTS_MAX, parent};
pub use state::{ChildRule, ChildrenRules, Comment, Following, Held, Item, Items, Page, Step, StepStatus};
pub use talk::{COMMENT_BYTES_MAX, PAGE_BYTES_MAX, comments};

pub(crate) use decide::decide;
pub(crate) use edit::follow_hook;
pub(crate) use evolve::{evolve, new_steps};
pub(crate) use index::{insert_item, remove_item, set_field};
