//! bincode 2.0.1 with a limit, and nothing left over.

use bincode::config::{Configuration, Limit, LittleEndian, Varint, standard};
use serde::{Serialize, de::DeserializeOwned};

use super::EVENT_BYTES_MAX;
use super::error::{DecodeError, EncodeError, Part};

// bincode counts every integer at its full width and not as the varint it is: up to eight bytes for one. Sixteen times
// an event's bound lets every event pass and still keeps a crafted length from claiming memory.
const CLAIMED_BYTES_MAX: usize = 16 * EVENT_BYTES_MAX;

const CONFIG: Configuration<LittleEndian, Varint, Limit<CLAIMED_BYTES_MAX>> =
    standard().with_limit::<CLAIMED_BYTES_MAX>();

pub(crate) fn write(value: &impl Serialize) -> Result<Vec<u8>, EncodeError> {
    bincode::serde::encode_to_vec(value, CONFIG).map_err(EncodeError::Binary)
}

pub(crate) fn read<T: DeserializeOwned>(part: Part, bytes: &[u8]) -> Result<T, DecodeError> {
    let (value, consumed) =
        bincode::serde::decode_from_slice(bytes, CONFIG).map_err(|source| DecodeError::Malformed { part, source })?;
    match bytes.len().saturating_sub(consumed) {
        0 => Ok(value),
        count => Err(DecodeError::PartTrailingBytes { part, count }),
    }
}
