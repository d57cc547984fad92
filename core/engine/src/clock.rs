//! Where time and randomness come in: the engine's only two impurities besides the log.

use std::time::{SystemTime, UNIX_EPOCH};

use countersign_core::ids::Digest;
use countersign_core::time::Timestamp;

/// What time it is. May jump; the engine never records a time before its predecessor's.
pub trait Clock: Send {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Seeds for ids and salts. Whoever can guess one can guess what an erased value was.
pub trait Entropy: Send {
    /// 256 bits, new at every call.
    fn seed(&mut self) -> [u8; 32];
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let millis = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis),
        };
        Timestamp::from_millis(millis)
    }
}

/// The operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn seed(&mut self) -> [u8; 32] {
        // A version 4 UUID carries 122 random bits; three of them fill the 256 with some to spare.
        let mut bytes = [[0; 16]; 3];
        for part in &mut bytes {
            *part = uuid::Uuid::new_v4().into_bytes();
        }
        Digest::of(bytes.as_flattened()).0
    }
}

impl<F: Fn() -> Timestamp + Send> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_seeds_differ() {
        assert_ne!(SystemEntropy.seed(), SystemEntropy.seed());
    }

    #[test]
    fn the_machines_clock_is_past_2020() {
        assert!(SystemClock.now() > Timestamp::from_millis(1_577_836_800_000));
    }
}
