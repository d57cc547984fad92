//! Refused attempts on commands, and failed ones to sign in: counted in memory, told to the log once a minute and at the end.
//!
//! One count per person or key and code, so that a storm of refusals makes a handful of events. Counts that were not
//! told yet are lost with a crash: they are a trail of attempts, not a record of what happened.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use countersign_core::audit::{Command, FailedSignIn, REFUSED_MAX, Refused};
use countersign_core::context::{Caller, Principal};
use countersign_core::ids::{CorrelationId, KeyId, UserId};
use countersign_core::time::Timestamp;
use countersign_core::{Rejection, RejectionKind};
use countersign_engine::clock::{Clock as _, SystemClock};
use countersign_engine::engine::Engine;
use tokio_util::sync::CancellationToken;

/// How often the counts are told.
const TELL_PERIOD: Duration = Duration::from_secs(60);
/// Under this code, and as the system's, are counted the refusals of all who are too many to be counted one by one.
pub const OTHERS: &str = "refused_to_others";

type Key = (Principal, Option<KeyId>, &'static str);
type SignIn = (Option<UserId>, &'static str);

/// The counts since they were last told; a clone is another handle on the same.
#[derive(Debug, Clone, Default)]
pub struct Refusals {
    commands: Counts<Key>,
    sign_ins: Counts<SignIn>,
}

#[derive(Debug, Clone)]
struct Counts<K>(Arc<Mutex<BTreeMap<K, (u32, Timestamp)>>>);

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Ord> Counts<K> {
    /// One more; under `others` when there are too many kinds to be counted one by one.
    fn add(&self, key: K, others: K, now: Timestamp) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = counts.len() + 1 >= REFUSED_MAX;
        let key = if is_full && !counts.contains_key(&key) { others } else { key };
        match counts.entry(key) {
            Entry::Occupied(mut found) => found.get_mut().0 = found.get().0.saturating_add(1),
            Entry::Vacant(empty) => _ = empty.insert((1, now)),
        }
    }

    fn take(&self) -> BTreeMap<K, (u32, Timestamp)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Refusals {
    /// Counts a refusal for want of a right; others are answers, not attempts.
    pub fn count(&self, caller: &Caller, rejection: &Rejection) {
        if rejection.kind() == RejectionKind::Permission {
            self.add((caller.principal.clone(), caller.via, rejection.code()), SystemClock.now());
        }
    }

    /// Counts a refusal that was found before there was a command.
    pub fn count_early(&self, principal: &Principal, via: Option<KeyId>, code: &'static str) {
        self.add((principal.clone(), via, code), SystemClock.now());
    }

    /// Counts a failure to sign in as somebody, or with a login that nobody has.
    pub fn count_sign_in(&self, user: Option<UserId>, code: &'static str) {
        self.sign_ins.add((user, code), (None, OTHERS), SystemClock.now());
    }

    fn add(&self, key: Key, now: Timestamp) {
        self.commands.add(key, (Principal::System, None, OTHERS), now);
    }

    fn take(&self) -> Vec<Refused> {
        let told = |((who, via, code), (times, since)): (Key, _)| Refused { who, via, code: code.into(), times, since };
        self.commands.take().into_iter().map(told).collect()
    }

    fn take_sign_ins(&self) -> Vec<FailedSignIn> {
        let told = |((user, code), (times, since)): (SignIn, _)| FailedSignIn { user, code: code.into(), times, since };
        self.sign_ins.take().into_iter().map(told).collect()
    }

    /// Tells the log what was counted, if anything was.
    pub async fn tell(&self, engine: &Engine) {
        let (refused, failed) = (self.take(), self.take_sign_ins());
        let refused = (!refused.is_empty()).then_some(Command::CountRefusals { refused });
        let failed = (!failed.is_empty()).then_some(Command::CountFailedSignIns { failed });
        for command in refused.into_iter().chain(failed) {
            let caller = Caller::system(CorrelationId(uuid::Uuid::new_v4()));
            if let Err(error) = engine.submit(command.into(), caller).await {
                tracing::warn!(code = error.code(), "counts of refusals are lost");
            }
        }
    }

    /// Tells periodically until the service stops; its end tells the rest.
    pub async fn tell_until(self, engine: Engine, stopping: CancellationToken) {
        while stopping.run_until_cancelled(tokio::time::sleep(TELL_PERIOD)).await.is_some() {
            self.tell(&engine).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(user: u32) -> Key {
        (Principal::User(UserId(user)), None, "forbidden")
    }

    #[test]
    fn a_storm_of_refusals_is_one_count_since_its_first() {
        let refusals = Refusals::default();
        for second in 1..=1_000 {
            refusals.add(key(1), Timestamp::from_millis(second * 1_000));
        }
        let (who, since) = (Principal::User(UserId(1)), Timestamp::from_millis(1_000));
        assert_eq!(refusals.take(), [Refused { who, via: None, code: "forbidden".into(), times: 1_000, since }]);
        assert_eq!(refusals.take(), []);
    }

    #[test]
    fn too_many_people_are_counted_together_and_none_is_left_out() {
        let refusals = Refusals::default();
        for user in 0..1_000 {
            refusals.add(key(user), Timestamp::from_millis(0));
        }
        refusals.add(key(0), Timestamp::from_millis(0));
        let told = refusals.take();
        assert_eq!(told.len(), REFUSED_MAX);
        assert_eq!(told.iter().map(|one| one.times).sum::<u32>(), 1_001);
        assert!(told.iter().any(|one| &*one.code == OTHERS && one.who == Principal::System), "{told:?}");
    }
}
