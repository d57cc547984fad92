//! What can be wrong with an event that is to be written, or with bytes that were read.

use super::EVENT_BYTES_MAX;

/// An event that the disk format cannot hold; nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// As JSON, personal values included, it is longer than [`EVENT_BYTES_MAX`].
    #[error("the event has {length_bytes} bytes as JSON; at most {EVENT_BYTES_MAX} are allowed")]
    TooLarge {
        /// Its length.
        length_bytes: usize,
    },
    /// JSON has no infinities and no NaN.
    #[error("the event holds a number that is not finite")]
    NotFinite,
    /// A list holds scalars of one kind.
    #[error("the event holds a list of mixed or nested values")]
    MixedList,
    /// A length beyond what bincode can say.
    #[error("the event cannot be written as bincode")]
    Binary(#[source] bincode::error::EncodeError),
    /// The canonical JSON could not be made.
    #[error("the event cannot be written as canonical JSON")]
    Json(#[source] serde_json::Error),
}

/// The parts of a frame that are bincode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Who, when, through which door.
    Header,
    /// What happened.
    Payload,
    /// Salts and values of what is personal.
    Personal,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Payload => "payload",
            Self::Personal => "personal part",
        })
    }
}

/// Bytes that are not an intact event of a known kind. Never to be skipped: the reader stops and says so.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The bytes end before the frame does.
    #[error("the frame needs {needed_bytes} bytes and only {have_bytes} are there")]
    Truncated {
        /// Length of the frame, or of its fixed part when that is not complete.
        needed_bytes: usize,
        /// What is there.
        have_bytes: usize,
    },
    /// No event begins here.
    #[error("the bytes do not begin with the mark of a frame")]
    NotAFrame,
    /// A frame of a newer Countersign.
    #[error("the frame has format {format}, which this version does not know")]
    UnknownFormat {
        /// Its format number.
        format: u8,
    },
    /// A length that no event can have.
    #[error("the frame's {part} claims {length_bytes} bytes; at most {EVENT_BYTES_MAX} are possible")]
    PartTooLarge {
        /// Which part.
        part: Part,
        /// What it claims.
        length_bytes: usize,
    },
    /// Bytes follow where exactly one frame was expected.
    #[error("{count} bytes follow the frame")]
    TrailingBytes {
        /// How many.
        count: usize,
    },
    /// The bytes changed since they were written.
    #[error("the frame's checksum is {stored:08x} and should be {computed:08x}")]
    ChecksumMismatch {
        /// As stored.
        stored: u32,
        /// As computed.
        computed: u32,
    },
    /// A number that this version's catalogue does not have, or has only reserved.
    #[error("event type {number:#06x} ({name}) is not known to this version")]
    UnknownEvent {
        /// Its number.
        number: u16,
        /// Its reserved name, or `unknown`.
        name: &'static str,
    },
    /// A shape of a known event that this version does not know.
    #[error("{name} ({number:#06x}) has schema {schema}; this version knows none above {newest}")]
    UnknownSchema {
        /// The event's name.
        name: &'static str,
        /// The event's number.
        number: u16,
        /// The stored schema.
        schema: u16,
        /// The newest known one.
        newest: u16,
    },
    /// The part is not what its schema says.
    #[error("the frame's {part} cannot be read")]
    Malformed {
        /// Which part.
        part: Part,
        /// Why.
        #[source]
        source: bincode::error::DecodeError,
    },
    /// The part is longer than what its schema says.
    #[error("the frame's {part} has {count} bytes too many")]
    PartTrailingBytes {
        /// Which part.
        part: Part,
        /// How many.
        count: usize,
    },
    /// A word, number or text that its type does not have.
    #[error("{text:?} is not {expected}")]
    Unexpected {
        /// What stands there, cut to a printable length.
        text: String,
        /// What would have been right.
        expected: &'static str,
    },
    /// A stored version document that today's parser refuses: what was once accepted has to stay readable.
    #[error("a version document cannot be read")]
    Definition(#[source] crate::blueprint::DefinitionError),
    /// A personal value that no commitment of the event stands for: it was changed.
    #[error("a personal value does not match any commitment of its event")]
    PersonalMismatch,
    /// The event is not the one whose hash was stored.
    #[error("the event's leaf hash is {stored} and should be {computed}")]
    LeafMismatch {
        /// As stored.
        stored: crate::ids::Digest,
        /// As computed.
        computed: crate::ids::Digest,
    },
    /// The canonical JSON could not be made.
    #[error("the event cannot be written as canonical JSON")]
    Json(#[source] serde_json::Error),
}

impl DecodeError {
    pub(crate) fn unexpected(text: &str, expected: &'static str) -> Self {
        Self::Unexpected { text: text.chars().take(64).collect(), expected }
    }
}
