//! What a reader may read, known beforehand, so that lists do not ask row by row.
//!
//! A plan says per blueprint: everything, nothing, or only some items, found backwards from the reader: who refers to the
//! person or to one of the groups, and who inherits from those. `access::may` stays the judge: the items of a plan are a
//! superset, and each that comes onto a page is asked about. So a plan may be old as long as nothing was *added* to what
//! its reader may read; [`Readers::revision`] tells when that could have happened.

use std::collections::{BTreeMap, BTreeSet};

use countersign_core::access::may::{Action, Subject, allows, groups_of, is_active, is_admin};
use countersign_core::access::{Assignment, EVERY_ROLE};
use countersign_core::blueprint::Container;
use countersign_core::ids::{BlueprintId, Digest, ItemId, Position, RoleId};
use countersign_core::{Event, Principal, Recorded, State, artifact, signoff, sync};
use imbl::OrdSet;

use crate::projection::{Projection, Rows};

/// So many items are looked up one by one rather than asking about everything.
pub const LITTLE_MAX: usize = 4_000;

/// When rights last grew, and what was passed on to whom.
#[derive(Debug, Clone, Default)]
pub struct Readers {
    revision: Position,
    delegated: OrdSet<(Container, ItemId)>,
}

/// What a plan says of the items of one blueprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// All may be read.
    All,
    /// None may be.
    Nothing,
    /// None but these, and of these each is to be asked about.
    Among(&'a BTreeSet<ItemId>),
    /// Each is to be asked about.
    Ask,
}

/// What one reader may read.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    is_admin: bool,
    blueprints: BTreeMap<BlueprintId, Held>,
    asked: Reach,
}

#[derive(Debug, Clone)]
enum Held {
    All,
    Ask,
    Among(BTreeSet<ItemId>),
}

/// Where somebody has a role, or was passed a right.
#[derive(Debug, Clone, Default)]
struct Reach {
    items: BTreeSet<ItemId>,
    /// A role is held on all items of these blueprints, or inherited from such.
    wide: BTreeSet<BlueprintId>,
    /// The same with a role that sign-offs ask for.
    wide_asked: BTreeSet<BlueprintId>,
    /// A sign-off's configuration names the person, a group or the key itself.
    is_named: bool,
}

impl Readers {
    /// After this event no right has grown but by items that are new.
    #[must_use]
    pub fn revision(&self) -> Position {
        self.revision
    }
}

impl Plan {
    /// For a principal, at the state's head.
    #[must_use]
    pub fn of_principal(state: &State, readers: &Readers, principal: &Principal) -> Self {
        if !is_active(state, principal) {
            return Self { blueprints: every(state, |_| Held::Among(BTreeSet::new())), ..Self::default() };
        }
        let asked = Reach::of(state, readers, principal);
        if is_admin(state, principal) {
            return Self { is_admin: true, asked, ..Self::default() };
        }
        let mut among: BTreeMap<&BlueprintId, BTreeSet<ItemId>> = BTreeMap::new();
        for item in asked.items.iter().filter_map(|id| state.items.by_id.get(id)) {
            among.entry(&item.template.blueprint).or_default().insert(item.id);
        }
        let blueprints = every(state, |blueprint| {
            if allows(state, principal, Action::Read, Subject::Blueprint(blueprint)) {
                Held::All
            } else if asked.wide.contains(blueprint) || (asked.is_named && has_steps(state, blueprint)) {
                Held::Ask
            } else {
                Held::Among(among.remove(blueprint).unwrap_or_default())
            }
        });
        Self { is_admin: false, blueprints, asked }
    }

    /// What it says of a blueprint. One that had no items when the plan was made is not known to it.
    #[must_use]
    pub fn of(&self, blueprint: &BlueprintId) -> Scope<'_> {
        match self.blueprints.get(blueprint) {
            _ if self.is_admin => Scope::All,
            None | Some(Held::Ask) => Scope::Ask,
            Some(Held::All) => Scope::All,
            Some(Held::Among(items)) if items.is_empty() => Scope::Nothing,
            Some(Held::Among(items)) => Scope::Among(items),
        }
    }

    /// All that may be read of these blueprints, when it is at most `max`.
    #[must_use]
    pub(crate) fn few(&self, blueprints: &[BlueprintId], max: usize) -> Option<BTreeSet<ItemId>> {
        let mut found = BTreeSet::new();
        for blueprint in blueprints {
            match self.of(blueprint) {
                Scope::Nothing => {}
                Scope::Among(items) if found.len().saturating_add(items.len()) <= max => found.extend(items),
                _ => return None,
            }
        }
        Some(found)
    }

    /// Everything of which something may be read, what is gone included, when that is at most [`LITTLE_MAX`] items; what is
    /// gone is to be asked about like all else.
    #[must_use]
    pub fn little(&self, state: &State) -> Option<BTreeSet<ItemId>> {
        let gone = &state.access.buried;
        let blueprints: Vec<BlueprintId> = state.items.by_blueprint.keys().cloned().collect();
        let mut found = self.few(&blueprints, LITTLE_MAX.checked_sub(gone.len())?)?;
        found.extend(gone.keys().copied());
        Some(found)
    }

    /// Whether a sign-off of the item could wait for the reader.
    #[must_use]
    pub fn could_be_asked(&self, item: ItemId, blueprint: &BlueprintId) -> bool {
        self.asked.is_named || self.asked.items.contains(&item) || self.asked.wide_asked.contains(blueprint)
    }
}

fn every(state: &State, mut held: impl FnMut(&BlueprintId) -> Held) -> BTreeMap<BlueprintId, Held> {
    state.items.by_blueprint.keys().map(|blueprint| (blueprint.clone(), held(blueprint))).collect()
}

fn has_steps(state: &State, blueprint: &BlueprintId) -> bool {
    let found = state.templates.blueprints.get(blueprint);
    found.is_some_and(|found| found.versions.values().any(|version| !version.definition.steps.is_empty()))
}

impl Reach {
    fn of(state: &State, readers: &Readers, principal: &Principal) -> Self {
        let containers = containers_of(state, principal);
        let mut reach = Self { is_named: is_named(state, &containers), ..Self::default() };
        let is_by_name = |of: &Assignment| of.containers.iter().any(|container| containers.contains(container));
        let all =
            || state.access.assignments.iter().flat_map(|(blueprint, all)| all.iter().map(move |of| (blueprint, of)));
        let held: BTreeSet<&RoleId> = all().filter(|(_, of)| is_by_name(of)).map(|(_, of)| &of.role).collect();
        let roles_asked = roles_asked(state, readers);
        for (blueprint, of) in all() {
            // Whoever has a role on all of one kind has it on what inherits from that kind.
            let inherits = of.inherited_through.is_some() && (is_every(of) || held.contains(&of.role));
            if is_by_name(of) || inherits || of.inherited_from.is_some() {
                reach.wide.insert(blueprint.clone());
                if is_every(of) || roles_asked.contains(&of.role) {
                    reach.wide_asked.insert(blueprint.clone());
                }
            }
        }
        reach.follow(state, principal);
        for container in &containers {
            let from = (container.clone(), ItemId(0));
            let passed = readers.delegated.range(from..).take_while(|(to, _)| to == container);
            reach.items.extend(passed.map(|(_, item)| *item));
        }
        reach
    }

    /// From the person's and the groups' items backwards along the fields that give roles.
    fn follow(&mut self, state: &State, principal: &Principal) {
        let mut next: Vec<(RoleId, ItemId)> = Vec::new();
        let mut seen: BTreeSet<(RoleId, ItemId)> = BTreeSet::new();
        for subject in items_of(state, principal) {
            for (field, item) in state.items.referrers.get(&subject).into_iter().flatten() {
                let giving = assignments(state, *item).filter(|of| of.fields.contains(field));
                next.extend(giving.map(|of| (of.role.clone(), *item)));
            }
        }
        // Rules of single items are few; whom they give a role is left to the judge.
        for (item, rules) in &state.access.item_assignments {
            for of in rules.iter() {
                let roles = state.access.roles.keys().filter(|role| is_every(of) || of.role == **role);
                next.extend(roles.map(|role| (role.clone(), *item)));
            }
        }
        while let Some((role, item)) = next.pop() {
            if !seen.insert((role.clone(), item)) {
                continue;
            }
            self.items.insert(item);
            for (field, heir) in state.items.referrers.get(&item).into_iter().flatten() {
                let inherits =
                    |of: &Assignment| (is_every(of) || of.role == role) && of.inherited_through.as_ref() == Some(field);
                if assignments(state, *heir).any(inherits) {
                    next.push((role.clone(), *heir));
                }
            }
        }
    }
}

/// All rules that can give a role on an item, whatever their criteria: its own, its blueprint's, and those of the
/// blueprints that these inherit from.
fn assignments(state: &State, item: ItemId) -> impl Iterator<Item = &Assignment> {
    let blueprint = state.items.by_id.get(&item).map(|item| &item.template.blueprint);
    let own = state.access.item_assignments.get(&item).into_iter().flat_map(|rules| rules.iter());
    let mut blueprints: Vec<&BlueprintId> = blueprint.into_iter().collect();
    blueprints.extend(own.clone().filter_map(|of| of.inherited_from.as_ref()));
    let mut next = 0;
    while let Some(at) = blueprints.get(next).copied() {
        next += 1;
        let rules = state.access.assignments.get(at).into_iter().flat_map(|rules| rules.iter());
        for from in rules.filter_map(|of| of.inherited_from.as_ref()) {
            if !blueprints.contains(&from) {
                blueprints.push(from);
            }
        }
    }
    let of_blueprints = blueprints.into_iter().filter_map(|blueprint| state.access.assignments.get(blueprint));
    own.chain(of_blueprints.flat_map(|rules| rules.iter()))
}

fn is_every(of: &Assignment) -> bool {
    of.role.as_str() == EVERY_ROLE
}

fn containers_of(state: &State, principal: &Principal) -> BTreeSet<Container> {
    let groups = groups_of(state, principal).into_iter().map(Container::Group);
    let own = match principal {
        Principal::User(user) => Some(Container::User(*user)),
        Principal::Key(key) => Some(Container::Key(*key)),
        Principal::Node(_) | Principal::System => None,
    };
    groups.chain(own).collect()
}

fn items_of(state: &State, principal: &Principal) -> Vec<ItemId> {
    let groups = groups_of(state, principal);
    let groups = groups.iter().filter_map(|group| state.access.groups.get(group)).map(|group| group.item);
    let own = match principal {
        Principal::User(user) => state.access.users.get(user).map(|user| user.item),
        _ => None,
    };
    groups.chain(own).collect()
}

/// The roles that configurations and delegations mention.
fn roles_asked(state: &State, readers: &Readers) -> BTreeSet<RoleId> {
    let configured = state.templates.configurations.values().flat_map(|configuration| {
        configuration.groups.iter().flat_map(|group| &group.members).chain(&configuration.approvers)
    });
    let delegated = readers.delegated.iter().map(|(to, _)| to);
    let roles = configured.chain(delegated).filter_map(|container| match container {
        Container::Role(role) => Some(role.clone()),
        _ => None,
    });
    roles.collect()
}

fn is_named(state: &State, containers: &BTreeSet<Container>) -> bool {
    state.templates.configurations.values().any(|configuration| {
        let members = configuration.groups.iter().flat_map(|group| &group.members);
        members.chain(&configuration.approvers).any(|container| containers.contains(container))
    })
}

/// Whether an event can add to what somebody may read, other than by a new item that nobody was given a role on.
fn grants(event: &Event, state: &State) -> bool {
    use artifact::Event as Item;
    let gives =
        |item: ItemId| assignments(state, item).any(|of| !of.fields.is_empty() || of.inherited_through.is_some());
    match event {
        Event::Sync(sync::Event::ItemSynced { item, .. }) => gives(*item),
        Event::Sync(_) | Event::Deploy(_) | Event::Series(_) | Event::Log(_) => false,
        Event::Signoff(signoff) => {
            matches!(signoff, signoff::Event::ReviewDelegated { .. } | signoff::Event::ApprovalDelegated { .. })
        }
        Event::Item(Item::FieldsEdited { item, changes }) => changes.iter().any(|change| {
            assignments(state, *item)
                .any(|of| of.fields.contains(&change.field) || of.inherited_through.as_ref() == Some(&change.field))
        }),
        Event::Item(
            Item::StepStarted { .. }
            | Item::StepFinished { .. }
            | Item::StepReopened { .. }
            | Item::StepSkipped { .. }
            | Item::SignoffPassedOver { .. }
            | Item::CommentAdded { .. }
            | Item::ItemRenamed { .. }
            | Item::ItemHidden { .. }
            | Item::ItemShown { .. }
            | Item::ItemArchived { .. }
            | Item::ItemRestored { .. }
            | Item::ItemDeleted { .. },
        ) => false,
        _ => true,
    }
}

impl Projection for Readers {
    const NAME: &'static str = "readers";
    const REVISION: u32 = 1;

    fn apply(&mut self, event: &Recorded, state: &State) {
        if let Event::Signoff(
            signoff::Event::ReviewDelegated { item, to, .. } | signoff::Event::ApprovalDelegated { item, to, .. },
        ) = &event.event
        {
            self.delegated.insert((to.clone(), *item));
        }
        if grants(&event.event, state) {
            self.revision = event.position;
        }
    }

    fn digest(&self) -> Digest {
        let mut rows = Rows::of::<Self>();
        rows.row(&self.revision);
        for (to, item) in &self.delegated {
            rows.row(&(format!("{to:?}"), item));
        }
        rows.digest()
    }
}
