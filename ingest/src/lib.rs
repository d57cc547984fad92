//! Sync messages of design nodes: from NATS `JetStream` into the engine, each once, none lost.
//!
//! [`translate`] is pure: a message gives a command or the reason why it never will. [`consumer`] moves messages and
//! acknowledges what is durable; what can never be taken in goes to the dead letters. Start at [`consumer::run`].

pub mod broker;
pub mod cloudevent;
pub mod consumer;
pub mod dead;
pub mod message;
mod metrics;
pub mod publish;
pub mod resync;
pub mod status;
pub mod streams;
pub mod subject;
pub mod translate;

pub use broker::{Admission, Broker};
pub use consumer::{Refusal, Submit, Taken, run};
pub use publish::{Published, publish};
pub use status::Status;
