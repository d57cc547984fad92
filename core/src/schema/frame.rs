//! One event as bytes on disk. Since 0.1; format numbers are never reused.
//!
//! `magic | format u8 | event type u16 | schema u16 | header len u32 | payload len u32 | personal len u32 | header |
//! payload | personal | leaf hash | crc32c u32`, big-endian. The checksum covers everything before it.

use super::EVENT_BYTES_MAX;
use super::error::{DecodeError, Part};
use crate::ids::Digest;

const MAGIC: [u8; 4] = *b"CSEV";
/// Raised when the layout or the header changes. Never reuse.
const FORMAT: u8 = 1;
const FIXED_BYTES: usize = 4 + 1 + 2 + 2 + 3 * 4;
const TRAILER_BYTES: usize = 32 + 4;

/// A frame taken apart, its checksum verified.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) event_type: u16,
    pub(crate) schema: u16,
    pub(crate) header: &'a [u8],
    pub(crate) payload: &'a [u8],
    pub(crate) personal: &'a [u8],
    pub(crate) leaf: Digest,
}

/// Takes bytes off the front.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }
}

struct Fixed {
    event_type: u16,
    schema: u16,
    header: usize,
    payload: usize,
    personal: usize,
}

impl Fixed {
    fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut cursor = Cursor(bytes);
        let truncated = || DecodeError::Truncated { needed_bytes: FIXED_BYTES, have_bytes: bytes.len() };
        if cursor.array().ok_or_else(truncated)? != MAGIC {
            return Err(DecodeError::NotAFrame);
        }
        let [format] = cursor.array().ok_or_else(truncated)?;
        if format != FORMAT {
            return Err(DecodeError::UnknownFormat { format });
        }
        let event_type = u16::from_be_bytes(cursor.array().ok_or_else(truncated)?);
        let schema = u16::from_be_bytes(cursor.array().ok_or_else(truncated)?);
        let mut length = |part| {
            let length = u32::from_be_bytes(cursor.array().ok_or_else(truncated)?);
            match usize::try_from(length) {
                Ok(length_bytes) if length_bytes <= EVENT_BYTES_MAX => Ok(length_bytes),
                other => Err(DecodeError::PartTooLarge { part, length_bytes: other.unwrap_or(usize::MAX) }),
            }
        };
        let header = length(Part::Header)?;
        let payload = length(Part::Payload)?;
        let personal = length(Part::Personal)?;
        Ok(Self { event_type, schema, header, payload, personal })
    }

    // Cannot overflow: each length was checked against `EVENT_BYTES_MAX`.
    fn frame_bytes(&self) -> usize {
        FIXED_BYTES + self.header + self.payload + self.personal + TRAILER_BYTES
    }
}

impl<'a> Frame<'a> {
    /// Takes exactly one frame apart.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (frame, rest) = split(bytes)?;
        if !rest.is_empty() {
            return Err(DecodeError::TrailingBytes { count: rest.len() });
        }
        let fixed = Fixed::read(frame)?;
        let truncated = || DecodeError::Truncated { needed_bytes: fixed.frame_bytes(), have_bytes: frame.len() };
        let (covered, checksum) = frame.split_last_chunk().ok_or_else(truncated)?;
        let stored = u32::from_be_bytes(*checksum);
        let computed = crc32c::crc32c(covered);
        if stored != computed {
            return Err(DecodeError::ChecksumMismatch { stored, computed });
        }
        let mut cursor = Cursor(covered);
        cursor.take(FIXED_BYTES).ok_or_else(truncated)?;
        Ok(Self {
            event_type: fixed.event_type,
            schema: fixed.schema,
            header: cursor.take(fixed.header).ok_or_else(truncated)?,
            payload: cursor.take(fixed.payload).ok_or_else(truncated)?,
            personal: cursor.take(fixed.personal).ok_or_else(truncated)?,
            leaf: Digest(cursor.array().ok_or_else(truncated)?),
        })
    }

    /// Puts a frame together; `None` when a part is longer than any event's.
    pub(crate) fn write(&self) -> Option<Vec<u8>> {
        let parts = [self.header, self.payload, self.personal];
        let length = parts.iter().map(|part| part.len()).sum::<usize>() + FIXED_BYTES + TRAILER_BYTES;
        let mut bytes = Vec::with_capacity(length);
        bytes.extend_from_slice(&MAGIC);
        bytes.push(FORMAT);
        bytes.extend_from_slice(&self.event_type.to_be_bytes());
        bytes.extend_from_slice(&self.schema.to_be_bytes());
        for part in parts {
            let length = u32::try_from(part.len()).ok().filter(|_| part.len() <= EVENT_BYTES_MAX)?;
            bytes.extend_from_slice(&length.to_be_bytes());
        }
        for part in parts {
            bytes.extend_from_slice(part);
        }
        bytes.extend_from_slice(&self.leaf.0);
        bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_be_bytes());
        Some(bytes)
    }
}

/// The first frame and the rest, by the frame's own lengths; the checksum is not looked at.
pub(crate) fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), DecodeError> {
    let needed_bytes = Fixed::read(bytes)?.frame_bytes();
    bytes.split_at_checked(needed_bytes).ok_or(DecodeError::Truncated { needed_bytes, have_bytes: bytes.len() })
}
