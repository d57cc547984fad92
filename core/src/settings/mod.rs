//! What administrators set for the whole instance, as named documents. What a document means is known to whoever reads
//! it; secrets are never in one.

mod command;
mod decide;
mod event;
mod evolve;
mod state;

pub use command::Command;
pub use decide::{
    DOCUMENT_BYTES_MAX, DOCUMENT_ESCAPED_BYTES_MAX, NAME_BYTES_MAX, PAGE_ORDER, PAGE_PREFIX, Rejection, SETTINGS_MAX,
};
pub use event::Event;
pub use state::{Setting, Settings};

pub(crate) use decide::decide;
pub(crate) use evolve::evolve;

#[cfg(test)]
mod tests;
