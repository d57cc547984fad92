//! Attempts to sign in: counted per login and per address before a password is looked at, so that nobody can guess.
//!
//! An unknown login is counted, locked and worked for like a known one: what comes back says nothing about whether it
//! exists. The tables are bounded; beyond the bound the count that is oldest is forgotten.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_core::ids::Digest;
use countersign_core::time::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Failures of one login until it is locked.
const LOGIN_FAILURES_MAX: u32 = 5;
/// Failures from one address until it is locked: behind one address may be many people.
const ADDRESS_FAILURES_MAX: u32 = 50;
/// The first lock; each further failure doubles it.
const LOCK_TIME_MIN: Duration = Duration::from_secs(15);
/// The longest lock, and how long a failure counts.
const LOCK_TIME_MAX: Duration = Duration::from_secs(900);
/// Most logins and addresses that are counted.
const COUNTED_MAX: usize = 10_000;
/// Most passwords that are looked at at once: each takes 19 MiB and a processor.
const CHECKS_MAX: usize = 4;
/// How long a password waits to be looked at.
const CHECK_WAIT_MAX: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Login(Digest),
    Address(IpAddr),
}

#[derive(Debug, Clone, Copy)]
struct Failing {
    times: u32,
    last: Timestamp,
}

/// What is counted. A clone is another handle on the same.
#[derive(Debug, Clone)]
pub struct Attempts {
    table: Arc<Mutex<BTreeMap<Of, Failing>>>,
    checks: Arc<Semaphore>,
}

impl Default for Attempts {
    fn default() -> Self {
        Self { table: Arc::default(), checks: Arc::new(Semaphore::new(CHECKS_MAX)) }
    }
}

impl Attempts {
    /// Counts an attempt as failed until [`Attempts::succeeded`]; or says for how long there is to be none.
    pub fn begin(&self, login: &str, address: Option<IpAddr>, now: Timestamp) -> Result<(), Duration> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let all = all(login, address);
        let locked = all.iter().filter_map(|of| locked_for(*of, table.get(of)?, now)).max();
        if let Some(locked) = locked {
            return Err(locked);
        }
        for of in all {
            let counted = table.get(&of).filter(|failing| age(failing.last, now) < LOCK_TIME_MAX);
            let times = counted.map_or(0, |failing| failing.times).saturating_add(1);
            if table.len() >= COUNTED_MAX && !table.contains_key(&of) {
                forget_oldest(&mut table);
            }
            table.insert(of, Failing { times, last: now });
        }
        Ok(())
    }

    /// It was the person: his login is free of failures, the address of this one.
    pub fn succeeded(&self, login: &str, address: Option<IpAddr>) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        for of in all(login, address) {
            match (of, table.get_mut(&of)) {
                (Of::Address(_), Some(failing)) if failing.times > 1 => failing.times -= 1,
                _ => drop(table.remove(&of)),
            }
        }
    }

    /// A place to look at a password, when there is one in time.
    pub async fn place(&self) -> Option<OwnedSemaphorePermit> {
        tokio::time::timeout(CHECK_WAIT_MAX, Arc::clone(&self.checks).acquire_owned()).await.ok()?.ok()
    }
}

fn all(login: &str, address: Option<IpAddr>) -> Vec<Of> {
    // Logins that are none can be of any length; their hash is not.
    std::iter::once(Of::Login(Digest::of(login.as_bytes()))).chain(address.map(Of::Address)).collect()
}

fn locked_for(of: Of, failing: &Failing, now: Timestamp) -> Option<Duration> {
    let free = match of {
        Of::Login(_) => LOGIN_FAILURES_MAX,
        Of::Address(_) => ADDRESS_FAILURES_MAX,
    };
    let beyond = failing.times.checked_sub(free)?;
    let lock = LOCK_TIME_MIN.saturating_mul(2_u32.saturating_pow(beyond)).min(LOCK_TIME_MAX);
    lock.checked_sub(age(failing.last, now)).filter(|left| !left.is_zero())
}

fn forget_oldest(table: &mut BTreeMap<Of, Failing>) {
    let oldest = table.iter().min_by_key(|(_, failing)| failing.last).map(|(of, _)| *of);
    if let Some(oldest) = oldest {
        table.remove(&oldest);
    }
}

fn age(since: Timestamp, now: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(now.millis().saturating_sub(since.millis())).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn a_login_is_locked_after_its_failures_and_longer_after_each_more() {
        let attempts = Attempts::default();
        for _ in 0..LOGIN_FAILURES_MAX {
            assert_eq!(attempts.begin("ana", HERE, at(0)), Ok(()));
        }
        assert_eq!(attempts.begin("ana", HERE, at(5)), Err(Duration::from_secs(10)));
        assert_eq!(attempts.begin("bo", HERE, at(5)), Ok(()));
        assert_eq!(attempts.begin("ana", HERE, at(15)), Ok(()));
        assert_eq!(attempts.begin("ana", HERE, at(15)), Err(Duration::from_secs(30)));
        assert_eq!(attempts.begin("ana", HERE, at(45)), Ok(()));
        assert_eq!(attempts.begin("ana", HERE, at(45)), Err(Duration::from_secs(60)));
    }

    #[test]
    fn a_success_and_a_long_pause_free_a_login() {
        let attempts = Attempts::default();
        for _ in 0..LOGIN_FAILURES_MAX - 1 {
            assert_eq!(attempts.begin("ana", HERE, at(0)), Ok(()));
        }
        attempts.succeeded("ana", HERE);
        for _ in 0..LOGIN_FAILURES_MAX {
            assert_eq!(attempts.begin("ana", HERE, at(1)), Ok(()));
        }
        assert!(attempts.begin("ana", HERE, at(1)).is_err());
        assert_eq!(attempts.begin("ana", HERE, at(1_000)), Ok(()));
        assert_eq!(attempts.begin("ana", HERE, at(1_000)), Ok(()));
    }

    #[test]
    fn an_address_that_tries_many_logins_is_locked_and_another_is_not() {
        let attempts = Attempts::default();
        for n in 0..ADDRESS_FAILURES_MAX {
            assert_eq!(attempts.begin(&format!("login{n}"), HERE, at(0)), Ok(()));
        }
        assert!(attempts.begin("ana", HERE, at(0)).is_err());
        assert_eq!(attempts.begin("ana", Some(IpAddr::from([192, 0, 2, 1])), at(0)), Ok(()));
    }

    #[test]
    fn the_table_is_bounded_and_forgets_what_is_oldest() {
        let attempts = Attempts::default();
        for _ in 0..LOGIN_FAILURES_MAX {
            assert_eq!(attempts.begin("ana", None, at(1)), Ok(()));
        }
        for n in 0..COUNTED_MAX {
            assert_eq!(attempts.begin(&format!("login{n}"), None, at(2)), Ok(()));
        }
        assert_eq!(attempts.table.lock().unwrap_or_else(PoisonError::into_inner).len(), COUNTED_MAX);
        assert_eq!(attempts.begin("ana", None, at(2)), Ok(()));
    }
}
