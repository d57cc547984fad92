//! Decides what is governed, hidden and shown.

use std::sync::Arc;

use super::pending::next_child;
use super::scripted::{prefill, turn};
use super::{SOURCE_FIELD, can_be_governed, governing_item, is_hidden, rule_for, source_parent};
use crate::access::may::{Action, Subject};
use crate::access::require::{require, require_system};
use crate::artifact::edit::{choose, next_item, set_by_rule};
use crate::artifact::rights::{changeable, readable, refuse_archived};
use crate::artifact::state::{ChildRule, ChildrenRules, Item};
use crate::artifact::{Event, Govern, Rejection, follow, sources};
use crate::blueprint::{Definition, FieldSource, Version, standard::STANDARD_VERSION};
use crate::draft::{COMMAND_EVENTS_MAX, Draft};
use crate::ids::{BlueprintId, FieldId, ItemId, VersionId};
use crate::rules;
use crate::signoff;
use crate::state::State;
use crate::sync::SyncObject;
use crate::value::Value;

/// Most children governed in one command; the system governs the others right after it.
pub const GOVERNED_MAX: usize = 50;
/// How much of a command's events is kept free for the one child that is being governed.
const EVENTS_RESERVED: usize = 20;
pub(super) const INITIATIVE: &str = "business_initiative";
const INITIATIVE_BLUEPRINT: &str = "bp.system.business_initiative";

pub(in crate::artifact) fn govern(draft: &mut Draft<'_>, wish: &Govern) -> Result<(), crate::Rejection> {
    let source = readable(draft, wish.source)?;
    let (object, blueprint) = governable(&source)?;
    if let Some(item) = governing_item(draft.state(), wish.source) {
        return if is_fulfilled(draft.state(), wish, item) {
            Ok(())
        } else {
            Err(Rejection::AlreadyGoverned { source_item: wish.source, item }.into())
        };
    }
    check_children(draft, wish, &object)?;
    check_initiative(draft, wish, &object)?;
    refuse_ungovernable(draft.state(), &source)?;
    let parent = govern_parent(draft, wish.source, wish.with_parents)?;
    let decision = rules::to_govern(draft.state(), wish.source).filter(|_| wish.attach_to.is_none());
    let governed = match wish.attach_to {
        Some(target) => attach(draft, wish, target, &object)?,
        None => {
            require(draft, Action::Create, Subject::Blueprint(&blueprint))?;
            let version = choose(draft.state(), &blueprint, wish.version.as_ref())?;
            govern_one(draft, &source, &version, parent, wish.children)
        }
    };
    if let Some(initiative) = wish.initiative {
        let field = FieldId::from(INITIATIVE);
        if !has_field(draft.state(), governed, &field) {
            return Err(Rejection::InitiativeNotPossible { item: initiative }.into());
        }
        set_by_rule(draft, governed, &field, Some(Value::Reference(initiative)));
    }
    if let Some(decision) = decision {
        prefill(draft, governed, &decision);
    }
    work_off(draft, vec![governed]);
    Ok(())
}

/// Governs what is pending and lets items follow edited templates; asked by the system, which repeats it while something is pending and this does something.
pub(in crate::artifact) fn govern_pending(draft: &mut Draft<'_>) -> Result<(), crate::Rejection> {
    require_system(draft)?;
    follow::work_off(draft);
    let turning: Vec<_> = draft.state().rules.turning.iter().take(GOVERNED_MAX).copied().collect();
    for item in turning {
        if draft.len() + EVENTS_RESERVED <= COMMAND_EVENTS_MAX {
            turn(draft, item);
        }
    }
    for _ in 0..GOVERNED_MAX {
        let state = draft.state();
        let next = state.rules.pending.and_then(|last| rules::next_project(state, last));
        let Some(project) = next.filter(|_| draft.len() + EVENTS_RESERVED <= COMMAND_EVENTS_MAX) else { break };
        if govern_by_rule(draft, None, project).is_none() {
            break;
        }
    }
    let roots = draft.state().items.pending.keys().take(GOVERNED_MAX).copied().collect();
    work_off(draft, roots);
    Ok(())
}

/// A synced item is new, or shown again: it is governed at once when a rule of its governed parent wants all children,
/// or when the settings say so.
pub(crate) fn govern_upcoming(draft: &mut Draft<'_>, source: ItemId) {
    let state = draft.state();
    let Some(found) = state.items.by_id.get(&source).cloned() else { return };
    let Some(key) = found.source.as_ref().map(|source| source.key.clone()) else { return };
    let by_rules = rules::automatic(state, source).is_some();
    let parent = source_parent(state, source).and_then(|parent| governing_item(state, parent));
    let parent = parent.and_then(|parent| state.items.by_id.get(&parent)).filter(|parent| !parent.is_archived).cloned();
    let is_wanted = match &parent {
        Some(parent) => by_rules || rule_for(parent.children, &key.object) == ChildRule::All,
        None => by_rules && key.object.parent().is_none(),
    };
    if is_wanted && can_be_governed(state, source) && !is_hidden(state, source) {
        let governed = govern_by_rule(draft, parent.as_deref(), source);
        work_off(draft, governed.into_iter().collect());
    }
}

/// A source was renamed: its govern item follows, unless a person named it or another source comes first.
pub(crate) fn rename_from_source(draft: &mut Draft<'_>, source: ItemId) {
    let state = draft.state();
    let Some(new) = state.items.by_id.get(&source).map(|source| source.name.clone()) else { return };
    let Some(item) = governing_item(state, source) else { return };
    let Some(found) = state.items.by_id.get(&item) else { return };
    if found.is_named_by_person || found.name == new || super::sources(found).next() != Some(source) {
        return;
    }
    let old = found.name.clone();
    draft.emit(Event::ItemRenamed { item, old, new, by_person: false });
}

pub(in crate::artifact) fn hide(draft: &mut Draft<'_>, item: ItemId) -> Result<(), crate::Rejection> {
    let found = readable(draft, item)?;
    let (_, blueprint) = governable(&found)?;
    require(draft, Action::Create, Subject::Blueprint(&blueprint))?;
    if let Some(governed) = governing_item(draft.state(), item) {
        return Err(Rejection::AlreadyGoverned { source_item: item, item: governed }.into());
    }
    if !found.is_hidden {
        draft.emit(Event::ItemHidden { item });
    }
    Ok(())
}

pub(in crate::artifact) fn show(draft: &mut Draft<'_>, item: ItemId) -> Result<(), crate::Rejection> {
    let found = readable(draft, item)?;
    let (_, blueprint) = governable(&found)?;
    require(draft, Action::Create, Subject::Blueprint(&blueprint))?;
    if source_parent(draft.state(), item).is_some_and(|parent| is_hidden(draft.state(), parent)) {
        return Err(Rejection::HiddenByParent { item }.into());
    }
    if found.is_hidden {
        draft.emit(Event::ItemShown { item });
        govern_upcoming(draft, item);
    }
    Ok(())
}

/// What a synced item is, and the blueprint that governs it.
pub(in crate::artifact) fn governable(item: &Item) -> Result<(SyncObject, BlueprintId), Rejection> {
    let object = item.source.as_ref().map(|source| source.key.object.clone());
    let governed = object.and_then(|object| Some((object.govern_blueprint()?.into(), object)));
    governed.map(|(blueprint, object)| (object, blueprint)).ok_or(Rejection::NotGovernable { item: item.id })
}

fn refuse_ungovernable(state: &State, source: &Item) -> Result<(), Rejection> {
    if source.source.as_ref().is_some_and(|source| source.is_gone) {
        return Err(Rejection::SourceGone { item: source.id });
    }
    if is_hidden(state, source.id) { Err(Rejection::ItemHidden { item: source.id }) } else { Ok(()) }
}

// A child kind that the wish leaves out is left to whatever rule there is.
fn is_fulfilled(state: &State, wish: &Govern, item: ItemId) -> bool {
    let Some(found) = state.items.by_id.get(&item) else { return false };
    let asked_existing = ChildrenRules {
        bundles: existing(wish.children.bundles),
        models: existing(wish.children.models),
        model_versions: existing(wish.children.model_versions),
    };
    let probe = Item { children: asked_existing, ..Item::clone(found) };
    let kept = |asked, kept| asked != ChildRule::All || kept == ChildRule::All;
    wish.version.as_ref().is_none_or(|version| *version == found.template.version)
        && wish.attach_to.is_none_or(|target| target == item)
        && wish.initiative.is_none_or(|initiative| sources::parent(state, found) == Some(initiative))
        && kept(wish.children.bundles, found.children.bundles)
        && kept(wish.children.models, found.children.models)
        && kept(wish.children.model_versions, found.children.model_versions)
        && (state.items.pending.contains_key(&item) || next_child(state, &probe, None).is_none())
}

fn existing(rule: ChildRule) -> ChildRule {
    if rule == ChildRule::Existing { ChildRule::Existing } else { ChildRule::None }
}

fn check_children(draft: &Draft<'_>, wish: &Govern, object: &SyncObject) -> Result<(), crate::Rejection> {
    let is_project = matches!(object, SyncObject::Project { .. });
    let is_model = matches!(object, SyncObject::SavedModel { .. });
    let ChildrenRules { bundles, models, model_versions } = wish.children;
    let kinds = [
        (bundles, is_project, "bp.system.govern_bundle"),
        (models, is_project, "bp.system.govern_model"),
        (model_versions, is_project || is_model, "bp.system.govern_model_version"),
    ];
    for (_, is_possible, blueprint) in kinds.into_iter().filter(|(rule, ..)| *rule != ChildRule::None) {
        if !is_possible {
            return Err(Rejection::ChildrenNotPossible { item: wish.source }.into());
        }
        require(draft, Action::Create, Subject::Blueprint(&BlueprintId::from(blueprint)))?;
    }
    Ok(())
}

fn check_initiative(draft: &Draft<'_>, wish: &Govern, object: &SyncObject) -> Result<(), crate::Rejection> {
    let Some(initiative) = wish.initiative else { return Ok(()) };
    let found = readable(draft, initiative)?;
    let is_initiative = found.template.blueprint.as_str() == INITIATIVE_BLUEPRINT;
    if !is_initiative || !matches!(object, SyncObject::Project { .. }) {
        return Err(Rejection::InitiativeNotPossible { item: initiative }.into());
    }
    refuse_archived(&found)
}

/// The govern item of what a source lies in, if it lies in anything; governed on the way when that is wished.
fn govern_parent(
    draft: &mut Draft<'_>,
    source: ItemId,
    with_parents: bool,
) -> Result<Option<ItemId>, crate::Rejection> {
    let Some(key) = draft.state().items.by_id.get(&source).and_then(|found| found.source.clone()) else {
        return Ok(None);
    };
    if key.key.object.parent().is_none() {
        return Ok(None);
    }
    let missing = Rejection::ParentNotGoverned { source_item: source };
    let Some(above) = source_parent(draft.state(), source) else { return Err(missing.into()) };
    if let Some(governed) = governing_item(draft.state(), above) {
        if let Some(found) = draft.state().items.by_id.get(&governed) {
            refuse_archived(found)?;
        }
        return Ok(Some(governed));
    }
    if !with_parents {
        return Err(missing.into());
    }
    let found = readable(draft, above)?;
    let (_, blueprint) = governable(&found)?;
    refuse_ungovernable(draft.state(), &found)?;
    require(draft, Action::Create, Subject::Blueprint(&blueprint))?;
    let version = choose(draft.state(), &blueprint, None)?;
    let parent = govern_parent(draft, above, with_parents)?;
    Ok(Some(govern_one(draft, &found, &version, parent, ChildrenRules::default())))
}

fn attach(
    draft: &mut Draft<'_>,
    wish: &Govern,
    target: ItemId,
    object: &SyncObject,
) -> Result<ItemId, crate::Rejection> {
    let found = changeable(draft, target)?;
    let is_kind = object.govern_blueprint() == Some(found.template.blueprint.as_str());
    let is_version = wish.version.as_ref().is_none_or(|version| *version == found.template.version);
    if !matches!(object, SyncObject::Project { .. }) || !is_kind || !is_version {
        return Err(Rejection::AttachNotPossible { item: target }.into());
    }
    draft.emit(Event::ItemAttached { item: target, source: wish.source, children: wish.children });
    Ok(target)
}

fn govern_one(
    draft: &mut Draft<'_>,
    source: &Item,
    version: &Version,
    parent: Option<ItemId>,
    children: ChildrenRules,
) -> ItemId {
    let item = next_item(draft.state());
    let mut fields = vec![(FieldId::from(SOURCE_FIELD), Value::List(Arc::from([Value::Reference(source.id)])))];
    if let (Some(parent), Some(field)) = (parent, stored_parent(&version.definition)) {
        fields.push((field.clone(), Value::Reference(parent)));
    }
    draft.emit(Event::ItemGoverned {
        item,
        source: source.id,
        template: version.id.clone(),
        name: source.name.clone(),
        fields,
        children,
    });
    signoff::open_all(draft, item);
    item
}

fn stored_parent(definition: &Definition) -> Option<&FieldId> {
    let field = definition.field(definition.parent_field.as_ref()?)?;
    (field.source == FieldSource::Stored && field.list.is_none()).then_some(&field.id)
}

fn has_field(state: &State, item: ItemId, field: &FieldId) -> bool {
    let found = state.items.by_id.get(&item).and_then(|item| state.templates.version(&item.template));
    found.is_some_and(|version| version.definition.field(field).is_some())
}

/// Governs an item by its parent's rule, or else by that of the settings.
fn govern_by_rule(draft: &mut Draft<'_>, parent: Option<&Item>, source: ItemId) -> Option<ItemId> {
    let state = draft.state();
    let found = state.items.by_id.get(&source)?.clone();
    let object = &found.source.as_ref()?.key.object;
    let by_parent = parent.map(|parent| parent.children).filter(|rules| rule_for(*rules, object) != ChildRule::None);
    let by_rules = if by_parent.is_none() { rules::automatic(state, source) } else { None };
    let blueprint = object.govern_blueprint()?.into();
    let version = version_for(state, &blueprint, by_rules.and_then(|rule| rule.version.as_ref()), parent)?;
    let decision = rules::to_govern(state, source);
    let children = match (by_rules, by_parent, object) {
        (Some(rule), ..) => rule.children,
        (None, Some(rules), SyncObject::SavedModel { .. }) => {
            ChildrenRules { model_versions: rules.model_versions, ..ChildrenRules::default() }
        }
        _ => ChildrenRules::default(),
    };
    let target = decision.as_ref().filter(|_| by_rules.is_some()).and_then(|decision| decision.attach_to);
    let governed = match target {
        Some(item) => {
            draft.emit(Event::ItemAttached { item, source, children });
            item
        }
        None => govern_one(draft, &found, &version, parent.map(|parent| parent.id), children),
    };
    if let Some(decision) = decision {
        prefill(draft, governed, &decision);
    }
    Some(governed)
}

/// The version that a rule names, that the parent has, the standard one, or any active one.
pub(super) fn version_for(
    state: &State,
    blueprint: &BlueprintId,
    named: Option<&VersionId>,
    parent: Option<&Item>,
) -> Option<Arc<Version>> {
    let blueprint = state.templates.blueprint(blueprint)?;
    let active = |version: &VersionId| blueprint.active().find(|active| active.id.version == *version);
    let chosen = named.and_then(active).or_else(|| parent.and_then(|parent| active(&parent.template.version)));
    let chosen = chosen.or_else(|| active(&STANDARD_VERSION.into())).or_else(|| blueprint.active().next());
    chosen.cloned()
}

// Only what was pending before or became pending here: a person's command does not act for somebody else's.
fn work_off(draft: &mut Draft<'_>, roots: Vec<ItemId>) {
    let mut roots = std::collections::VecDeque::from(roots);
    let mut governed_count = 0;
    while let Some(root) = roots.front().copied() {
        if governed_count >= GOVERNED_MAX || draft.len() + EVENTS_RESERVED > COMMAND_EVENTS_MAX {
            return;
        }
        let state = draft.state();
        let cursor = state.items.pending.get(&root);
        let parent = state.items.by_id.get(&root).filter(|_| cursor.is_some()).cloned();
        let next = parent.as_ref().and_then(|parent| {
            let after = cursor.and_then(Option::as_ref);
            next_child(state, parent, after).or_else(|| next_child(state, parent, None))
        });
        let (Some(parent), Some(child)) = (parent, next) else {
            roots.pop_front();
            continue;
        };
        match govern_by_rule(draft, Some(&parent), child) {
            Some(governed) => roots.push_back(governed),
            None => {
                roots.pop_front();
            }
        }
        governed_count += 1;
    }
}
