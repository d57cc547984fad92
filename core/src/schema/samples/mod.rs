//! One event of every kind in all its forms, for golden files and for random round trips.
//!
//! The same function builds both: from a [`Source`] that is either a fixed round or random bytes.
#![expect(clippy::panic, reason = "a number without a sample should fail its test")]

mod change;
mod decision;
mod standing;

use std::sync::Arc;

use crate::blueprint::{Container, Recurrence};
use crate::context::{Channel, Principal, RequestKey};
use crate::event::Event;
use crate::ids::{CorrelationId, Digest, EventId, LogId, Position};
use crate::personal::Personal;
use crate::recorded::Recorded;
use crate::schema::stored::SCHEMAS;
use crate::sync::{Measure, Revision, SyncKey, SyncObject};
use crate::time::Timestamp;
use crate::value::Value;

/// The log of all samples.
pub(crate) fn log() -> LogId {
    LogId(uuid::Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0001))
}

/// Where the parts of an event come from.
pub(crate) struct Source {
    choices: Choices,
    drawn: u32,
    /// The most alternatives that were ever picked from.
    widest: u32,
}

enum Choices {
    /// 0: all that is optional is absent. 1, 2, …: it is there, and alternatives take turns.
    Round(u32),
    /// Repeated without end.
    Random(Vec<u8>),
}

impl Source {
    pub(crate) fn round(round: u32) -> Self {
        Self { choices: Choices::Round(round), drawn: 0, widest: 1 }
    }

    pub(crate) fn random(bytes: Vec<u8>) -> Self {
        Self { choices: Choices::Random(bytes), drawn: 0, widest: 1 }
    }

    fn draw(&mut self) -> u32 {
        self.drawn += 1;
        let at = usize::try_from(self.drawn).unwrap_or(0);
        match &self.choices {
            Choices::Round(_) => self.drawn,
            Choices::Random(bytes) => bytes.get(at % bytes.len().max(1)).copied().map_or(0, u32::from),
        }
    }

    /// One of `n` alternatives.
    fn pick(&mut self, n: u32) -> u32 {
        self.widest = self.widest.max(n);
        match &self.choices {
            Choices::Round(round) => round % n,
            Choices::Random(_) => self.draw() % n,
        }
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> T {
        let n = self.pick(u32::try_from(all.len()).unwrap_or(1));
        all.get(usize::try_from(n).unwrap_or(0)).cloned().unwrap_or_else(|| panic!("nothing to pick from"))
    }

    fn u32(&mut self) -> u32 {
        match &self.choices {
            Choices::Round(_) => self.draw(),
            Choices::Random(_) => u32::from_be_bytes([0; 4].map(|_: u8| u8::try_from(self.draw()).unwrap_or(0))),
        }
    }

    fn u64(&mut self) -> u64 {
        u64::from(self.u32()) << (8 * (self.draw() % 5)) | u64::from(self.u32())
    }

    fn u128(&mut self) -> u128 {
        u128::from(self.u64()) << 64 | u128::from(self.u64())
    }

    fn f64(&mut self) -> f64 {
        match &self.choices {
            Choices::Round(_) => f64::from(self.draw()) / 10.0,
            Choices::Random(_) => {
                Some(f64::from_bits(self.u64() << 32 ^ self.u64())).filter(|n| n.is_finite()).unwrap_or(-0.5)
            }
        }
    }

    fn bool(&mut self) -> bool {
        self.pick(2) == 1
    }

    fn text(&mut self) -> Arc<str> {
        match &self.choices {
            Choices::Round(0) => "".into(),
            Choices::Round(_) => format!("text {} ä\u{1F600}\"\\\n", self.draw()).into(),
            Choices::Random(_) => {
                let length = self.draw() % 24;
                (0..length)
                    .map(|_| char::from_u32(self.u32() % 0x11_0000).unwrap_or('\u{fffd}'))
                    .collect::<String>()
                    .into()
            }
        }
    }

    fn id<Id: From<String>>(&mut self) -> Id {
        match &self.choices {
            Choices::Round(_) => format!("id_{}", self.draw()).into(),
            Choices::Random(_) => self.text().to_string().into(),
        }
    }

    fn time(&mut self) -> Timestamp {
        match &self.choices {
            Choices::Round(_) => Timestamp::from_millis(1_768_465_800_000 + i64::from(self.draw())),
            Choices::Random(_) => {
                Timestamp::from_millis(i64::from_be_bytes(self.u64().to_be_bytes()) >> (self.draw() % 24))
            }
        }
    }

    fn digest(&mut self) -> Digest {
        Digest::of(&self.u64().to_be_bytes())
    }

    fn uuid(&mut self) -> uuid::Uuid {
        uuid::Uuid::from_u128(self.u128())
    }

    fn personal(&mut self) -> Personal {
        let salt = self.u128().to_be_bytes();
        let personal = Personal::new(salt, self.text());
        if matches!(self.choices, Choices::Random(_)) && self.pick(4) == 0 {
            return Personal::try_from_parts(personal.commitment(), None).unwrap_or(personal);
        }
        personal
    }

    fn opt<T>(&mut self, some: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let is_there = match &self.choices {
            Choices::Round(round) => *round > 0,
            Choices::Random(_) => !self.draw().is_multiple_of(3),
        };
        is_there.then(|| some(self))
    }

    fn vec<T>(&mut self, mut one: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let length = match &self.choices {
            Choices::Round(0) => 0,
            Choices::Round(_) => 2,
            Choices::Random(_) => self.draw() % 5,
        };
        (0..length).map(|_| one(self)).collect()
    }

    fn container(&mut self) -> Container {
        match self.pick(4) {
            0 => Container::User(crate::ids::UserId(self.u32())),
            1 => Container::Group(self.id()),
            2 => Container::Role(self.id()),
            _ => Container::Key(crate::ids::KeyId(self.u32())),
        }
    }

    fn recurrence(&mut self) -> Recurrence {
        Recurrence {
            activated: self.bool(),
            days: self.u32(),
            weeks: self.u32(),
            months: self.u32(),
            years: self.u32(),
            reload: self.bool(),
        }
    }

    fn revision(&mut self) -> Revision {
        Revision { epoch: self.u32(), revision: self.u64() }
    }

    fn measure(&mut self) -> Measure {
        Measure { name: self.text(), value: self.f64() }
    }

    fn sync_key(&mut self) -> SyncKey {
        let node = self.id();
        let object = match self.pick(6) {
            0 => SyncObject::Project { project: self.text() },
            1 => SyncObject::SavedModel { project: self.text(), model: self.text() },
            2 => SyncObject::ModelVersion { project: self.text(), model: self.text(), version: self.text() },
            3 => SyncObject::Bundle { project: self.text(), bundle: self.text() },
            4 => SyncObject::Dataset { project: self.text(), dataset: self.text() },
            _ => SyncObject::Deployment { deployment: self.text() },
        };
        SyncKey { node, object }
    }

    fn scalar(&mut self, kind: u32) -> Value {
        match kind {
            0 => Value::Text(self.text()),
            1 => Value::Number(self.f64()),
            2 => Value::Boolean(self.bool()),
            3 => Value::Date(self.time()),
            4 => Value::Category(self.text()),
            5 => Value::Reference(crate::ids::ItemId(self.u32())),
            6 => Value::File(crate::ids::FileId(self.u32())),
            7 => Value::Series(crate::ids::SeriesId(self.u32())),
            _ => Value::Json(self.text()),
        }
    }

    fn value(&mut self) -> Value {
        let kind = self.pick(9);
        if self.bool() { Value::List(self.vec(|source| source.scalar(kind)).into()) } else { self.scalar(kind) }
    }

    fn principal(&mut self) -> Principal {
        match self.pick(4) {
            0 => Principal::System,
            1 => Principal::User(crate::ids::UserId(self.u32())),
            2 => Principal::Key(crate::ids::KeyId(self.u32())),
            _ => Principal::Node(self.id()),
        }
    }

    /// Everything that stands around an event, and the event.
    pub(crate) fn recorded(&mut self, position: Position, event: Event) -> Recorded {
        let channels = [Channel::Http, Channel::PublicApi, Channel::Ui, Channel::Nats, Channel::Cli, Channel::Engine];
        Recorded {
            position,
            id: EventId(self.uuid()),
            recorded_at: self.time(),
            actor: self.principal(),
            groups: self.vec(Self::id),
            via: self.opt(|source| crate::ids::KeyId(source.u32())),
            channel: self.one_of(&channels),
            reason: self.opt(Self::personal),
            correlation: CorrelationId(self.uuid()),
            causation: self.opt(|source| Position(source.u64())),
            request: self.opt(|source| RequestKey { key: source.text(), request: source.digest() }),
            event,
        }
    }
}

/// The event of that number.
pub(crate) fn event(number: u16, source: &mut Source) -> Event {
    let [group, _] = number.to_be_bytes();
    match group {
        0x01 | 0x02 => change::event(number, source),
        0x06 if (0x0602..=0x0605).contains(&number) || number >= 0x0608 => change::event(number, source),
        0x03 => decision::event(number, source),
        _ => standing::event(number, source),
    }
}

/// Every implemented event: once with everything optional absent, then with it, until every alternative had its turn.
pub(crate) fn samples() -> Vec<Recorded> {
    SCHEMAS.iter().flat_map(|row| samples_of(row.number)).collect()
}

/// The samples of one number.
pub(crate) fn samples_of(number: u16) -> Vec<Recorded> {
    let mut probe = Source::round(1);
    event(number, &mut probe);
    (0..=probe.widest)
        .map(|round| {
            let event = event(number, &mut Source::round(round));
            let position = Position(u64::from(number) * 100 + u64::from(round));
            Source::round(if round == 0 { 0 } else { u32::from(number) + round }).recorded(position, event)
        })
        .collect()
}
