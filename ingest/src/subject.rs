//! NATS subjects: keys of others are percent-encoded, so that no key can be mistaken for a separator or a wildcard.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::message::Kind;
use crate::translate::Untranslatable;

/// What every sync subject begins with.
const SYNC: &str = "govern.sync.";

/// Everything but `A-Za-z0-9_-`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-');

/// A foreign key as one token of a subject: `1.0.3` is `1%2E0%2E3`.
#[must_use]
pub fn token(key: &str) -> String {
    utf8_percent_encode(key, ENCODED).to_string()
}

/// Where a node is asked to tell everything again.
#[must_use]
pub fn request(node: &str) -> String {
    format!("{SYNC}{}.request", token(node))
}

/// Whether a subject is one of [`request`]; it lies in the stream of sync messages and is not for ingest.
#[must_use]
pub fn is_request(subject: &str) -> bool {
    let node = subject.strip_prefix(SYNC).and_then(|rest| rest.strip_suffix(".request"));
    node.is_some_and(|node| !node.is_empty() && !node.contains('.'))
}

/// What a sync subject says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncSubject {
    /// The node, decoded.
    pub node: String,
    /// What it tells of.
    pub kind: Kind,
    /// It tells that the thing is gone.
    pub is_gone: bool,
}

impl SyncSubject {
    /// Reads `govern.sync.<node>.<kind>` and `govern.sync.<node>.<kind>.gone`.
    pub fn parse(subject: &str) -> Result<Self, Untranslatable> {
        let invalid =
            || Untranslatable::new("subject_invalid", format!("{subject:?} is not govern.sync.<node>.<kind>"));
        let rest = subject.strip_prefix(SYNC).ok_or_else(invalid)?;
        let (rest, is_gone) = rest.strip_suffix(".gone").map_or((rest, false), |rest| (rest, true));
        let (node, kind) = rest.split_once('.').ok_or_else(invalid)?;
        let node = percent_decode_str(node).decode_utf8().map_err(|_| invalid())?.into_owned();
        if node.is_empty() || kind.contains('.') {
            return Err(invalid());
        }
        let kind = Kind::parse(kind)
            .ok_or_else(|| Untranslatable::new("kind_unknown", format!("{kind:?} is not a kind of sync message")))?;
        Ok(Self { node, kind, is_gone })
    }

    /// The type that a `CloudEvent` on this subject has.
    #[must_use]
    pub fn event_type(&self) -> String {
        let gone = if self.is_gone { ".gone" } else { "" };
        format!("org.countersign.sync.{}{gone}.v1", self.kind.word())
    }
}

/// Where a message of this kind is published.
impl std::fmt::Display for SyncSubject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let gone = if self.is_gone { ".gone" } else { "" };
        write!(f, "{SYNC}{}.{}{gone}", token(&self.node), self.kind.word())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a failing test should panic")]
    use super::*;

    #[test]
    fn every_byte_that_could_separate_or_match_is_encoded() {
        assert_eq!(token("1.0.3"), "1%2E0%2E3");
        assert_eq!(token("a b*>é_-"), "a%20b%2A%3E%C3%A9_-");
    }

    #[test]
    fn a_subject_reads_back_as_it_was_written() {
        for text in ["govern.sync.design-1.project", "govern.sync.a%2Eb.saved_model_version.gone"] {
            assert_eq!(SyncSubject::parse(text).unwrap().to_string(), text);
        }
        let parsed = SyncSubject::parse("govern.sync.a%2Eb.bundle.gone").unwrap();
        assert_eq!((parsed.node.as_str(), parsed.kind, parsed.is_gone), ("a.b", Kind::Bundle, true));
        assert_eq!(parsed.event_type(), "org.countersign.sync.bundle.gone.v1");
    }

    #[test]
    fn other_subjects_are_refused_by_name() {
        for text in ["govern.sync.project", "govern.sync..project", "govern.sync.a.b.project", "other.sync.a.project"] {
            assert_eq!(SyncSubject::parse(text).unwrap_err().reason, "subject_invalid", "{text}");
        }
        assert_eq!(SyncSubject::parse("govern.sync.a.notebook").unwrap_err().reason, "kind_unknown");
    }
}
