//! Rules as the state holds them, and which of them decides about a synced item.

use std::ops::Bound;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use crate::artifact::ChildrenRules;
use crate::artifact::govern::{can_be_governed, is_hidden, source_parent};
use crate::ids::{ItemId, NodeId, Position, VersionId};
use crate::rules::decision::{Judged, decision, is_possible};
use crate::state::State;
use crate::sync::{Revision, SyncKey, SyncObject};

/// All rules.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Never an empty list.
    pub by_place: OrdMap<Place, Arc<[Rule]>>,
    /// Synced projects are still to be governed by a rule, worked off by the system in order of making; and the last.
    pub pending: Option<ItemId>,
    /// The script that decides where a rule leaves it to it.
    pub script: Option<Arc<str>>,
    /// What it said last, of items that it is still asked about.
    pub judged: OrdMap<ItemId, Judged>,
    /// Items that it is still to be asked about, and the event since which.
    pub awaiting: OrdMap<ItemId, Position>,
    /// To be hidden, or shown again, because of a rule; worked off by the system.
    pub turning: OrdSet<ItemId>,
    /// Hidden by a rule, and not by a person.
    pub hidden: OrdSet<ItemId>,
    /// Shown by a person after a rule had hidden them: no rule does it again.
    pub shown: OrdSet<ItemId>,
    /// Whether any rule hides, or leaves it to the script.
    pub is_watching: bool,
}

impl Rules {
    /// Whether the system has something to work off.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.pending.is_some() || !self.turning.is_empty()
    }
}

/// For what rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// A synced project or model with all that lies in it; else the instance.
    pub scope: Option<ItemId>,
    /// For which kind of synced item.
    pub kind: Kind,
}

/// The kinds of synced items that can be governed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Projects.
    Project,
    /// Bundles.
    Bundle,
    /// Saved models.
    Model,
    /// Versions of saved models.
    ModelVersion,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Project, Self::Bundle, Self::Model, Self::ModelVersion];

    /// The kind of an object; none when such objects are not governed.
    #[must_use]
    pub const fn of(object: &SyncObject) -> Option<Self> {
        match object {
            SyncObject::Project { .. } => Some(Self::Project),
            SyncObject::Bundle { .. } => Some(Self::Bundle),
            SyncObject::SavedModel { .. } => Some(Self::Model),
            SyncObject::ModelVersion { .. } => Some(Self::ModelVersion),
            _ => None,
        }
    }

    /// What can lie in such items and be governed.
    #[must_use]
    pub const fn below(self) -> &'static [Self] {
        match self {
            Self::Project => &[Self::Bundle, Self::Model, Self::ModelVersion],
            Self::Model => &[Self::ModelVersion],
            Self::Bundle | Self::ModelVersion => &[],
        }
    }

    /// The blueprint of such items.
    #[must_use]
    pub const fn synced_blueprint(self) -> &'static str {
        match self {
            Self::Project => "bp.system.dataiku_project",
            Self::Bundle => "bp.system.dataiku_bundle",
            Self::Model => "bp.system.dataiku_saved_model",
            Self::ModelVersion => "bp.system.dataiku_saved_model_version",
        }
    }

    /// The blueprint that governs such items.
    #[must_use]
    pub const fn govern_blueprint(self) -> &'static str {
        match self {
            Self::Project => "bp.system.govern_project",
            Self::Bundle => "bp.system.govern_bundle",
            Self::Model => "bp.system.govern_model",
            Self::ModelVersion => "bp.system.govern_model_version",
        }
    }
}

/// What happens by itself to what fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Governing {
    /// It is governed, below governed parents only.
    Automatic,
    /// It is recommended.
    Recommended,
    /// Nothing.
    Nothing,
    /// What the instance's script says.
    Script,
    /// It is hidden, unless a person shows it again.
    Hide,
    /// It is recommended to hide it.
    RecommendHide,
}

impl Governing {
    /// Whether it is to be governed, by itself or by a person.
    pub(super) const fn governs(self) -> bool {
        matches!(self, Self::Automatic | Self::Recommended)
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What happens.
    pub governing: Governing,
    /// To which items.
    pub criteria: Criteria,
    /// The version of the govern blueprint; passed over while it is not active.
    pub version: Option<VersionId>,
    /// What is governed below.
    pub children: ChildrenRules,
}

/// What an item has to be; all of what is said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Criteria {
    /// From this node.
    pub node: Option<NodeId>,
    /// Its project has this tag.
    pub tag: Option<Arc<str>>,
    /// Its project lies in this folder or below it.
    pub folder: Option<Arc<str>>,
}

/// The rule that decides about an item, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Applying<'a> {
    /// For what it was set.
    pub place: Place,
    /// The rule.
    pub rule: &'a Rule,
    /// The script set it, when it was asked about what the place is for.
    pub is_decided: bool,
}

/// The rule that decides about a synced item; none when nothing happens by itself.
#[must_use]
pub fn applying(state: &State, item: ItemId) -> Option<Applying<'_>> {
    let rules = &state.rules.by_place;
    if rules.is_empty() {
        return None;
    }
    let key = &state.items.by_id.get(&item)?.source.as_ref()?.key;
    let kind = Kind::of(&key.object)?;
    let scopes = std::iter::successors(Some(item), |scope| source_parent(state, *scope)).map(Some);
    // What people set for a place comes before what the script said there about what lies in it.
    let found_at = |scope: Option<ItemId>| {
        let place = Place { scope, kind };
        if let Some(found) = rules.get(&place) {
            return Some((place, &**found, false));
        }
        let above = scope.filter(|scope| *scope != item)?;
        let rule = decision(state, above)?.children.iter().find(|child| child.kind == kind).map(|child| &child.rule)?;
        Some((place, std::slice::from_ref(rule), true))
    };
    let (place, found, is_decided) = scopes.chain([None]).find_map(found_at)?;
    let rule = found.iter().find(|rule| rule.criteria.fit(state, key))?;
    Some(Applying { place, rule, is_decided })
}

/// The rule that counts in the end: the script's decision, where it is left to it.
#[must_use]
pub fn deciding(state: &State, item: ItemId) -> Option<&Rule> {
    let rule = applying(state, item)?.rule;
    if rule.governing == Governing::Script { Some(&decision(state, item)?.rule) } else { Some(rule) }
}

/// Whether a rule recommends to govern a synced item.
#[must_use]
pub fn is_recommended(state: &State, item: ItemId) -> bool {
    deciding(state, item).is_some_and(|rule| rule.governing == Governing::Recommended)
}

/// The rule by which a synced item, once its node told of it, is governed without being asked for.
pub(crate) fn automatic(state: &State, item: ItemId) -> Option<&Rule> {
    let rule = deciding(state, item)?;
    let source = state.items.by_id.get(&item)?.source.as_ref()?;
    let is_told = source.revision != Revision::default();
    let is_now = || decision(state, item).is_none_or(|decision| is_possible(state, decision));
    (rule.governing == Governing::Automatic && is_told && is_now()).then_some(rule)
}

/// The next synced project, in order of making, that a rule wants governed.
pub(crate) fn next_project(state: &State, after: ItemId) -> Option<ItemId> {
    let projects = state.items.by_blueprint.get("bp.system.dataiku_project")?;
    let mut rest = projects.range((Bound::Excluded(after), Bound::Unbounded)).copied();
    rest.find(|id| can_be_governed(state, *id) && automatic(state, *id).is_some() && !is_hidden(state, *id))
}

impl Criteria {
    fn fit(&self, state: &State, key: &SyncKey) -> bool {
        let project = || {
            let object = SyncObject::Project { project: key.object.project()?.clone() };
            let project = state.nodes.items.get(&SyncKey { node: key.node.clone(), object })?;
            state.items.by_id.get(project)
        };
        let has_tag = |tag: &Arc<str>| {
            let tags = project().and_then(|project| project.fields.get("tags"));
            tags.is_some_and(|tags| tags.scalars().any(|held| held.as_text() == Some(tag)))
        };
        let is_in = |folder: &Arc<str>| {
            let held = project().and_then(|project| project.fields.get("folder")?.as_text());
            held.is_some_and(|held| lies_in(held, folder))
        };
        self.node.as_ref().is_none_or(|node| *node == key.node)
            && self.tag.as_ref().is_none_or(has_tag)
            && self.folder.as_ref().is_none_or(is_in)
    }
}

/// Whole steps of the path count: `/Risk` holds `/Risk/EU` and not `/Risky`.
fn lies_in(folder: &str, above: &str) -> bool {
    let (folder, above) = (folder.trim_matches('/'), above.trim_matches('/'));
    let below = folder.strip_prefix(above);
    above.is_empty() || below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
