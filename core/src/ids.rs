//! Identifiers: numbered ones are handed out by the state machine in order and never reused; named ones come from
//! people, templates or nodes.
//!
//! Numbers are small and `Copy`, so that persistent maps stay cheap; their text form (`ar.12`) is the one on every wire.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest named identifier, in bytes.
pub const NAMED_ID_BYTES_MAX: usize = 512;

/// A text that is not an identifier of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
pub struct ParseIdError {
    /// What was given, cut to a printable length.
    pub text: String,
    /// What would have been accepted, with its article.
    pub expected: &'static str,
}

/// A place in the log: 1, 2, 3 … without gaps; 0 is before the first event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(pub u64);

impl Position {
    /// Before the first event.
    pub const ZERO: Self = Self(0);

    /// The place after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! numbered {
    ($(#[$doc:meta] $name:ident $prefix:literal $expected:literal;)*) => {$(
        #[$doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// What stands before the number in the text form.
            pub const PREFIX: &'static str = $prefix;
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                let error = || ParseIdError { text: text.chars().take(64).collect(), expected: $expected };
                let digits = text.strip_prefix($prefix).ok_or_else(error)?;
                let canonical = !digits.is_empty() && !digits.starts_with(['0', '+']);
                canonical.then(|| digits.parse().ok()).flatten().map(Self).ok_or_else(error)
            }
        }
    )*};
}

numbered! {
    /// An item (*artifact* on Dataiku's wire): `ar.12`.
    ItemId "ar." "an item id such as ar.12";
    /// An uploaded file: `uf.3`.
    FileId "uf." "a file id such as uf.3";
    /// A time series: `ts.7`.
    SeriesId "ts." "a time series id such as ts.7";
    /// A person, without anything personal in it: `us.4`.
    UserId "us." "a user id such as us.4";
    /// A global API key; its secret is in the vault: `ak.1`.
    KeyId "ak." "a key id such as ak.1";
    /// A review of a sign-off, unique in the log: `rv.5`.
    ReviewId "rv." "a review id such as rv.5";
    /// A comment of a thread: `co.5`.
    CommentId "co." "a comment id such as co.5";
}

macro_rules! named {
    ($(#[$doc:meta] $name:ident;)*) => {$(
        #[$doc]
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text as it is; bounds are checked where input enters.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text of it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    )*};
}

named! {
    /// A blueprint: `bp.system.govern_project`.
    BlueprintId;
    /// A version of a blueprint (a template), unique within its blueprint: `bv.system.default`.
    VersionId;
    /// A field of a template.
    FieldId;
    /// A workflow step of a template.
    StepId;
    /// A feedback group of a sign-off: `business`.
    FeedbackGroupId;
    /// A role: `ro.final_approver`.
    RoleId;
    /// A group of users, by its name.
    GroupId;
    /// A design, automation or deployer node, as in the NATS subject.
    NodeId;
    /// An infrastructure of a deployer node.
    InfraId;
}

/// A template: one version of one blueprint.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TemplateId {
    /// The kind of item.
    pub blueprint: BlueprintId,
    /// Which version of it.
    pub version: VersionId,
}

impl fmt::Display for TemplateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.blueprint, self.version)
    }
}

macro_rules! uuids {
    ($(#[$doc:meta] $name:ident;)*) => {$(
        #[$doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub uuid::Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                uuid::Uuid::parse_str(text).map(Self).map_err(|_| ParseIdError {
                    text: text.chars().take(64).collect(),
                    expected: "a UUID",
                })
            }
        }
    )*};
}

uuids! {
    /// The id of an event, a UUIDv7.
    EventId;
    /// Ties together what one request caused.
    CorrelationId;
    /// The id of a log, given to it by its first event; part of every leaf hash.
    LogId;
    /// Names a secret in the vault without saying anything about it.
    CredentialId;
}

/// A SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest as _;
        Self(sha2::Sha256::digest(bytes).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)
            .map_err(|_| ParseIdError { text: text.chars().take(64).collect(), expected: "a SHA-256 in hex" })?;
        Ok(Self(bytes))
    }
}
