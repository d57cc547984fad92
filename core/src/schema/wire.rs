//! What frozen structs are made of, and how each piece is made from a domain value and back.
//!
//! Numbers in binary, readable texts in JSON: `ar.9`, hex, UUIDs. JSON is only written, never read. Since 0.1; how a type
//! here is written never changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::{DecodeError, EncodeError};
use crate::ids::{
    BlueprintId, CommentId, CorrelationId, CredentialId, Digest, EventId, FeedbackGroupId, FieldId, FileId, GroupId,
    InfraId, ItemId, KeyId, LogId, NodeId, Position, ReviewId, RoleId, SeriesId, StepId, UserId, VersionId,
};
use crate::personal::{Opening, Personal};
use crate::time::Timestamp;

/// Integers from here on are strings in JSON: readers of JSON keep numbers as doubles.
const JSON_INTEGER_END: u64 = 1 << 53;

/// A frozen piece and the domain value it stands for.
pub(crate) trait Wire<Domain>: Sized {
    fn freeze(domain: &Domain, out: &mut Freezing) -> Self;
    fn thaw(self, from: &mut Thawing) -> Result<Domain, DecodeError>;
}

/// Salt and value of something personal, as the frame's personal part holds it. Since 0.1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OpeningV1 {
    pub(crate) salt: [u8; 16],
    pub(crate) value: String,
}

/// What gathers while an event is frozen.
#[derive(Debug, Default)]
pub(crate) struct Freezing {
    /// In the order of the walk; erased ones are absent.
    pub(crate) openings: Vec<OpeningV1>,
    /// The first thing that cannot be written.
    pub(crate) problem: Option<EncodeError>,
    /// Personal values are shown in JSON instead of their commitments.
    pub(crate) is_revealing: bool,
}

/// The personal values that are still to find their place.
#[derive(Debug, Default)]
pub(crate) struct Thawing {
    by_commitment: BTreeMap<Digest, (Personal, bool)>,
}

impl Thawing {
    /// Openings are found again by what they commit to, not by place: so an upcast may move them.
    pub(crate) fn new(openings: Vec<OpeningV1>) -> Self {
        let by_commitment = openings
            .into_iter()
            .map(|opening| Personal::new(opening.salt, opening.value))
            .map(|personal| (personal.commitment(), (personal, false)))
            .collect();
        Self { by_commitment }
    }

    /// Refuses a value that nothing in the event committed to.
    pub(crate) fn finish(self) -> Result<(), DecodeError> {
        let all_claimed = self.by_commitment.values().all(|(_, is_claimed)| *is_claimed);
        all_claimed.then_some(()).ok_or(DecodeError::PersonalMismatch)
    }
}

/// A personal value: 32 bytes in binary; in JSON its hex, or the value where that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sealed {
    commitment: Digest,
    shown: Option<String>,
}

impl Wire<Personal> for Sealed {
    fn freeze(domain: &Personal, out: &mut Freezing) -> Self {
        if let Some(Opening { salt, value }) = domain.opening() {
            out.openings.push(OpeningV1 { salt: *salt, value: value.to_string() });
        }
        let shown = out.is_revealing.then(|| domain.shown().to_owned());
        Self { commitment: domain.commitment(), shown }
    }

    fn thaw(self, from: &mut Thawing) -> Result<Personal, DecodeError> {
        if let Some((personal, is_claimed)) = from.by_commitment.get_mut(&self.commitment) {
            *is_claimed = true;
            return Ok(personal.clone());
        }
        Personal::try_from_parts(self.commitment, None).map_err(|_| DecodeError::PersonalMismatch)
    }
}

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.shown {
            Some(shown) if serializer.is_human_readable() => serializer.serialize_str(shown),
            _ => Hash(self.commitment.0).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Hash::deserialize(deserializer).map(|hash| Self { commitment: Digest(hash.0), shown: None })
    }
}

/// Binary as `$inner`, JSON as the text form of `$domain`.
macro_rules! text_in_json {
    ($($(#[$doc:meta])* $name:ident($inner:ty) $domain:ty;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub(crate) struct $name(pub(crate) $inner);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(&<$domain>::from(*self))
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <$inner>::deserialize(deserializer).map(Self)
            }
        }
    )*};
}

macro_rules! same_inner {
    ($($name:ident: $($domain:ident)*;)*) => {$($(
        impl From<$name> for $domain {
            fn from(wire: $name) -> Self {
                Self(wire.0)
            }
        }

        impl From<&$domain> for $name {
            fn from(domain: &$domain) -> Self {
                Self(domain.0)
            }
        }

        impl Wire<$domain> for $name {
            fn freeze(domain: &$domain, _: &mut Freezing) -> Self {
                domain.into()
            }

            fn thaw(self, _: &mut Thawing) -> Result<$domain, DecodeError> {
                Ok(self.into())
            }
        }
    )*)*};
}

text_in_json! {
    /// An item's number.
    Ar(u32) ItemId;
    /// A file's number.
    Uf(u32) FileId;
    /// A series' number.
    Ts(u32) SeriesId;
    /// A person's number.
    Us(u32) UserId;
    /// A key's number.
    Ak(u32) KeyId;
    /// A review's number.
    Rv(u32) ReviewId;
    /// A comment's number.
    Co(u32) CommentId;
    /// A SHA-256: 32 bytes; hex in JSON.
    Hash([u8; 32]) Digest;
    /// 128 bits: a decimal string in JSON.
    Wide(u128) u128;
    /// A UUID: 16 bytes; hyphenated in JSON.
    Uuid([u8; 16]) uuid::Uuid;
}

same_inner! {
    Ar: ItemId; Uf: FileId; Ts: SeriesId; Us: UserId; Ak: KeyId; Rv: ReviewId; Co: CommentId; Hash: Digest;
}

impl From<Wide> for u128 {
    fn from(wire: Wide) -> Self {
        wire.0
    }
}

impl From<&u128> for Wide {
    fn from(domain: &u128) -> Self {
        Self(*domain)
    }
}

impl Wire<u128> for Wide {
    fn freeze(domain: &u128, _: &mut Freezing) -> Self {
        Self(*domain)
    }

    fn thaw(self, _: &mut Thawing) -> Result<u128, DecodeError> {
        Ok(self.0)
    }
}

impl From<Uuid> for uuid::Uuid {
    fn from(wire: Uuid) -> Self {
        Self::from_bytes(wire.0)
    }
}

impl From<&uuid::Uuid> for Uuid {
    fn from(domain: &uuid::Uuid) -> Self {
        Self(*domain.as_bytes())
    }
}

macro_rules! uuids {
    ($($domain:ident)*) => {$(
        impl Wire<$domain> for Uuid {
            fn freeze(domain: &$domain, _: &mut Freezing) -> Self {
                Self::from(&domain.0)
            }

            fn thaw(self, _: &mut Thawing) -> Result<$domain, DecodeError> {
                Ok($domain(self.into()))
            }
        }
    )*};
}

uuids!(EventId CorrelationId LogId CredentialId);

macro_rules! named {
    ($($domain:ident)*) => {$(
        impl Wire<$domain> for String {
            fn freeze(domain: &$domain, _: &mut Freezing) -> Self {
                domain.as_str().to_owned()
            }

            fn thaw(self, _: &mut Thawing) -> Result<$domain, DecodeError> {
                Ok(self.into())
            }
        }
    )*};
}

named!(BlueprintId VersionId FieldId StepId FeedbackGroupId RoleId GroupId NodeId InfraId);

impl Wire<Arc<str>> for String {
    fn freeze(domain: &Arc<str>, _: &mut Freezing) -> Self {
        domain.as_ref().to_owned()
    }

    fn thaw(self, _: &mut Thawing) -> Result<Arc<str>, DecodeError> {
        Ok(self.into())
    }
}

macro_rules! plain {
    ($($ty:ty)*) => {$(
        impl Wire<$ty> for $ty {
            fn freeze(domain: &$ty, _: &mut Freezing) -> Self {
                *domain
            }

            fn thaw(self, _: &mut Thawing) -> Result<$ty, DecodeError> {
                Ok(self)
            }
        }
    )*};
}

plain!(bool u32);

/// Milliseconds since 1970; the calendar's range keeps them far below 2^53.
impl Wire<Timestamp> for i64 {
    fn freeze(domain: &Timestamp, _: &mut Freezing) -> Self {
        domain.millis()
    }

    fn thaw(self, _: &mut Thawing) -> Result<Timestamp, DecodeError> {
        let time = Timestamp::from_millis(self);
        if time.millis() == self {
            return Ok(time);
        }
        Err(DecodeError::unexpected(&self.to_string(), "a time in milliseconds"))
    }
}

macro_rules! strings_above_2_to_53 {
    ($($(#[$doc:meta])* $name:ident($inner:ident) $serialize:ident $magnitude:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub(crate) struct $name(pub(crate) $inner);

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() && $magnitude(self.0) >= JSON_INTEGER_END {
                    serializer.collect_str(&self.0)
                } else {
                    serializer.$serialize(self.0)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $inner::deserialize(deserializer).map(Self)
            }
        }

        impl Wire<$inner> for $name {
            fn freeze(domain: &$inner, _: &mut Freezing) -> Self {
                Self(*domain)
            }

            fn thaw(self, _: &mut Thawing) -> Result<$inner, DecodeError> {
                Ok(self.0)
            }
        }
    )*};
}

strings_above_2_to_53! {
    /// A count or a position; a string in JSON from 2^53 on.
    Whole(u64) serialize_u64 std::convert::identity;
    /// A span of time in milliseconds; a string in JSON from 2^53 on.
    Span(i64) serialize_i64 i64::unsigned_abs;
}

same_inner!(Whole: Position;);

/// A finite number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Finite(f64);

impl Wire<f64> for Finite {
    fn freeze(domain: &f64, out: &mut Freezing) -> Self {
        if !domain.is_finite() {
            out.problem.get_or_insert(EncodeError::NotFinite);
        }
        Self(*domain)
    }

    fn thaw(self, _: &mut Thawing) -> Result<f64, DecodeError> {
        if self.0.is_finite() {
            return Ok(self.0);
        }
        Err(DecodeError::unexpected(&self.0.to_string(), "a finite number"))
    }
}

impl<Domain, W: Wire<Domain>> Wire<Option<Domain>> for Option<W> {
    fn freeze(domain: &Option<Domain>, out: &mut Freezing) -> Self {
        domain.as_ref().map(|domain| W::freeze(domain, out))
    }

    fn thaw(self, from: &mut Thawing) -> Result<Option<Domain>, DecodeError> {
        self.map(|wire| wire.thaw(from)).transpose()
    }
}

impl<Domain, W: Wire<Domain>> Wire<Vec<Domain>> for Vec<W> {
    fn freeze(domain: &Vec<Domain>, out: &mut Freezing) -> Self {
        domain.iter().map(|domain| W::freeze(domain, out)).collect()
    }

    fn thaw(self, from: &mut Thawing) -> Result<Vec<Domain>, DecodeError> {
        self.into_iter().map(|wire| wire.thaw(from)).collect()
    }
}
