//! What a view is, and the digest that proves two builds of it equal.

use std::fmt;
use std::hash::{Hash, Hasher};

use countersign_core::ids::Digest;
use countersign_core::{Recorded, State};
use sha2::Digest as _;

/// A read model: a value that is folded from events and from the state after each of them.
///
/// `apply` is total and looks at nothing else, so that any two builds of one log agree. A clone costs nothing and is
/// independent of its origin: that is what makes a view part of a [`Snapshot`](crate::Snapshot).
pub trait Projection: Clone + Send + Sync {
    /// Names it on every wire.
    const NAME: &'static str;
    /// Raised when `apply` changes meaning.
    const REVISION: u32;

    /// Takes in one event; `state` is the state after exactly this event.
    fn apply(&mut self, event: &Recorded, state: &State);

    /// Over the rows in the order of their keys.
    fn digest(&self) -> Digest;
}

/// Rows on their way into a digest.
///
/// Fed through `Hash`, but with integers in one byte order and one width, so that the digest does not depend on the
/// machine.
pub(crate) struct Rows(sha2::Sha256);

impl Rows {
    pub(crate) fn of<P: Projection>() -> Self {
        let mut rows = Self(sha2::Sha256::new());
        rows.row(&(P::NAME, P::REVISION));
        rows
    }

    pub(crate) fn row(&mut self, row: &impl Hash) {
        row.hash(self);
    }

    pub(crate) fn digest(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

macro_rules! little_endian {
    ($($name:ident $type:ty),*) => {$(
        fn $name(&mut self, number: $type) {
            self.0.update(number.to_le_bytes());
        }
    )*};
}

impl Hasher for Rows {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    little_endian!(write_u16 u16, write_u32 u32, write_u64 u64, write_u128 u128);

    fn write_usize(&mut self, number: usize) {
        self.write_u64(u64::try_from(number).unwrap_or(u64::MAX));
    }

    fn write_isize(&mut self, number: isize) {
        self.write_i64(i64::try_from(number).unwrap_or(i64::MAX));
    }

    fn finish(&self) -> u64 {
        let digest: [u8; 32] = self.0.clone().finalize().into();
        u64::from_le_bytes(digest.first_chunk().copied().unwrap_or_default())
    }
}

/// A number that can stand in a row: equal when its bits are.
#[derive(Debug, Clone, Copy)]
pub struct Number(pub f64);

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Number {}

impl Hash for Number {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.to_bits());
    }
}

/// Of the whole state: whatever it holds is in its `Debug` form, in key order, so that no part can be forgotten here.
#[must_use]
pub fn state_digest(state: &State) -> Digest {
    struct Text(sha2::Sha256);

    impl fmt::Write for Text {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.update(text.as_bytes());
            Ok(())
        }
    }

    let mut text = Text(sha2::Sha256::new());
    // Writing into a hash cannot fail, and no `Debug` of the state's parts makes up errors.
    let _written = fmt::Write::write_fmt(&mut text, format_args!("{state:?}"));
    Digest(text.0.finalize().into())
}
