//! What ingest counts: `countersign_ingest_<thing>_<unit>`. No ids in labels.

use metrics::counter;

/// Messages, by what became of them: each delivery counts once.
const MESSAGES: &str = "countersign_ingest_messages_total";

/// What became of one delivery of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Its events are durable.
    Accepted,
    /// It told nothing new.
    AlreadySo,
    /// It tells of something that is not governed.
    LeftOut,
    /// It was put to the dead letters.
    Dead,
    /// It comes again: the engine was busy or failed, or the letter could not be stored.
    Busy,
}

/// Counts one delivery.
pub(crate) fn message(outcome: Outcome) {
    let outcome = match outcome {
        Outcome::Accepted => "accepted",
        Outcome::AlreadySo => "already_so",
        Outcome::LeftOut => "left_out",
        Outcome::Dead => "dead",
        Outcome::Busy => "busy",
    };
    counter!(MESSAGES, "outcome" => outcome).increment(1);
}
