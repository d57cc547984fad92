//! A realistic estate from one seed: nodes, projects, models, versions, bundles, evaluations, people, and sign-offs in
//! every state. Made by real commands; the same seed and sizes give the same log, byte for byte.
//!
//! What was made is handed over in order and forgotten, so that an estate may be larger than the memory.

mod governed;
mod people;
mod synced;
#[cfg(test)]
mod tests;

use anyhow::{Context, Result};
use countersign_core::access::{self, Permissions, Rights};
use countersign_core::artifact::ChildrenRules;
use countersign_core::ids::{BlueprintId, LogId, Position};
use countersign_core::rules::{self, Criteria, Governing, Kind, Rule};
use countersign_core::testing::World;
use countersign_core::{Principal, Recorded, schema};
use countersign_engine::log::LogWriter;

/// As many events as one group commit takes while an estate is written.
const GROUP_EVENTS: usize = 2_048;
/// Percent of the projects that are governed.
const GOVERNED_PERCENT: u64 = 60;

/// How much of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// Design nodes.
    pub nodes: u32,
    /// Projects.
    pub projects: u32,
    /// Saved models.
    pub models: u32,
    /// Model versions.
    pub versions: u32,
    /// Bundles.
    pub bundles: u32,
    /// Evaluations of model versions.
    pub evaluations: u32,
    /// People.
    pub users: u32,
    /// Groups that they are in.
    pub groups: u32,
}

impl Sizes {
    /// What the goals are about.
    pub const FULL: Self = Self {
        nodes: 5,
        projects: 2_000,
        models: 20_000,
        versions: 200_000,
        bundles: 50_000,
        evaluations: 1_000_000,
        users: 500,
        groups: 60,
    };
    /// The same in small, for tests.
    pub const SMALL: Self =
        Self { nodes: 3, projects: 12, models: 40, versions: 120, bundles: 60, evaluations: 300, users: 20, groups: 6 };

    /// Everything but people, divided.
    #[must_use]
    pub fn divided(self, by: u32) -> Self {
        let part = |count: u32| (count / by.max(1)).max(1);
        Self {
            nodes: self.nodes,
            projects: part(self.projects),
            models: part(self.models),
            versions: part(self.versions),
            bundles: part(self.bundles),
            evaluations: part(self.evaluations),
            users: self.users,
            groups: self.groups,
        }
    }
}

/// Where all choices come from: splitmix64.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The same seed gives the same throws.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Any number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`; 0 when that is 0.
    pub fn below(&mut self, end: u32) -> u32 {
        u32::try_from(self.draw() % u64::from(end.max(1))).unwrap_or(0)
    }

    /// One of these.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(usize::try_from(self.draw() % of.len().max(1) as u64).unwrap_or(0))
    }

    /// In so many of a hundred cases.
    pub fn happens(&mut self, percent: u64) -> bool {
        self.draw() % 100 < percent
    }
}

/// Where the events of an estate go.
pub trait Sink {
    /// Takes what happened since the last time, in order.
    fn take(&mut self, log: LogId, events: Vec<Recorded>) -> Result<()>;
}

/// Into a log.
#[derive(Debug)]
pub struct IntoLog<W> {
    writer: W,
    head: Position,
    waiting: Vec<Recorded>,
}

impl<W: LogWriter> IntoLog<W> {
    /// An empty log.
    pub const fn new(writer: W) -> Self {
        Self { writer, head: Position::ZERO, waiting: Vec::new() }
    }

    /// Writes what still waits; gives the position of the last event.
    pub fn finish(mut self, log: LogId) -> Result<Position> {
        self.write(log)?;
        Ok(self.head)
    }

    fn write(&mut self, log: LogId) -> Result<()> {
        let encoded = self.waiting.drain(..).map(|event| schema::encode(&event, log));
        let encoded = encoded.collect::<Result<Vec<_>, _>>()?;
        self.head = self.writer.append(self.head, &encoded)?;
        Ok(())
    }
}

impl<W: LogWriter> Sink for IntoLog<W> {
    fn take(&mut self, log: LogId, events: Vec<Recorded>) -> Result<()> {
        self.waiting.extend(events);
        if self.waiting.len() >= GROUP_EVENTS { self.write(log) } else { Ok(()) }
    }
}

/// Kept in memory.
impl Sink for Vec<Recorded> {
    fn take(&mut self, _log: LogId, events: Vec<Recorded>) -> Result<()> {
        self.extend(events);
        Ok(())
    }
}

/// An estate being made.
struct Making<'a, S> {
    world: World,
    dice: Dice,
    sizes: Sizes,
    log: LogId,
    sink: &'a mut S,
    logins: Vec<String>,
}

impl<S: Sink> Making<'_, S> {
    fn hand_over(&mut self) -> Result<()> {
        self.sink.take(self.log, std::mem::take(&mut self.world.log))
    }
}

/// Makes an estate; gives the world at its end, without the events that went into the sink.
pub fn make(seed: u64, sizes: Sizes, sink: &mut impl Sink) -> Result<World> {
    let world = World::bootstrapped();
    let log = world.state.log.context("a bootstrapped world has a log")?;
    let mut making = Making { world, dice: Dice::new(seed), sizes, log, sink, logins: Vec::new() };
    close(&mut making.world);
    recommend(&mut making.world);
    people::make(&mut making)?;
    for project in 0..sizes.projects {
        let objects = synced::project(&mut making, project)?;
        if making.dice.happens(GOVERNED_PERCENT) {
            governed::govern(&mut making, project, &objects)?;
        }
        making.hand_over()?;
    }
    making.hand_over()?;
    Ok(making.world)
}

/// Only contributors, project managers and those who are asked may read: the harder case for every list.
fn close(world: &mut World) {
    let all = Rights { read: true, write: true, create: true, delete: true, admin: true };
    let write = Rights { read: true, write: true, create: true, ..Rights::default() };
    let roles = vec![("ro.project_manager".into(), all), ("ro.contributor".into(), write)];
    let permissions = Permissions { everyone: Rights::default(), roles, ..Permissions::default() };
    world.happened(&Principal::System, access::Event::PermissionsSet { blueprint: None, permissions, document: None });
}

/// A fifth of the bundles: one rule, and few finds among many items.
fn recommend(world: &mut World) {
    let criteria = Criteria { node: Some("design-1".into()), ..Criteria::default() };
    let children = ChildrenRules::default();
    let rule = Rule { governing: Governing::Recommended, criteria, version: None, children };
    let admin = world.admin();
    world.run(&admin, rules::Command::SetGovernanceRules { scope: None, rules: vec![(Kind::Bundle, vec![rule])] });
}

/// The part of `count` things that falls to one of `places`, as evenly as it goes.
fn share(count: u32, places: u32, place: u32) -> u32 {
    let places = places.max(1);
    count / places + u32::from(place < count % places)
}

fn initiative() -> BlueprintId {
    BlueprintId::from("bp.system.business_initiative")
}
