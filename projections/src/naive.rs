//! What lists are to show, by looking at everything: slow, short, and without any index.

use std::collections::BTreeSet;

use countersign_core::State;
use countersign_core::artifact::Item;
use countersign_core::ids::ItemId;
use countersign_core::rules::is_recommended;
use countersign_core::sync::{Revision, SyncObject};
use countersign_core::value::Value;

use crate::derive;
use crate::page::{Key, Order};
use crate::views::items::{GovernableQuery, Query, Sort};

type Readable<'a> = &'a dyn Fn(ItemId) -> bool;

/// All pages of [`Items::list`](crate::views::items::Items::list).
pub(crate) fn items(state: &State, query: &Query, is_readable: Readable<'_>) -> Vec<ItemId> {
    let is_listed = |item: &&Item| {
        let is_governed = derive::governed_by(state, item.id).is_some();
        let is_governable = item.source.as_ref().is_some_and(|source| source.key.object.govern_blueprint().is_some());
        let signoff = || derive::signoff(state, item).map(|(_, signoff)| signoff.status);
        query.blueprint.as_ref().is_none_or(|blueprint| item.template.blueprint == *blueprint)
            && query.q.as_deref().is_none_or(|q| holds(item, q))
            && query.governed.is_none_or(|wanted| if wanted { is_governed } else { is_governable && !is_governed })
            && query.archived.is_none_or(|wanted| item.is_archived == wanted)
            && query.step.is_none_or_is(derive::current_step(state, item))
            && query.signoff.is_none_or_is(signoff())
            && is_readable(item.id)
    };
    in_order(state, query.sort, query.order, state.items.by_id.values().map(AsRef::as_ref).filter(is_listed))
}

/// All pages of [`Items::governable`](crate::views::items::Items::governable).
pub(crate) fn governable(state: &State, query: &GovernableQuery, is_readable: Readable<'_>) -> Vec<ItemId> {
    let is_listed = |item: &&Item| {
        let is_there = item.source.as_ref().is_some_and(|source| {
            source.key.object.govern_blueprint().is_some() && !source.is_gone && source.revision != Revision::default()
        });
        is_there
            && derive::governed_by(state, item.id).is_none()
            && derive::is_hidden(state, item) == query.hidden
            && query.blueprint.as_ref().is_none_or(|blueprint| item.template.blueprint == *blueprint)
            && query.q.as_deref().is_none_or(|q| holds(item, q))
            && query.recommended.is_none_or(|wanted| is_recommended(state, item.id) == wanted)
            && is_readable(item.id)
    };
    in_order(state, Sort::Name, Order::Ascending, state.items.by_id.values().map(AsRef::as_ref).filter(is_listed))
}

trait Wanted<T> {
    fn is_none_or_is(&self, held: Option<T>) -> bool;
}

impl<T: PartialEq> Wanted<T> for Option<T> {
    fn is_none_or_is(&self, held: Option<T>) -> bool {
        self.is_none() || *self == held
    }
}

fn in_order<'a>(state: &State, sort: Sort, order: Order, items: impl Iterator<Item = &'a Item>) -> Vec<ItemId> {
    let key = |item: &Item| match sort {
        Sort::Name => Key::of_text(&item.name.to_lowercase().into(), item.id),
        Sort::Id => Key::of_number(0, item.id),
        Sort::Changed => Key::of_number(item.position.0, item.id),
        Sort::Step => {
            let step = derive::current_step(state, item);
            let rank = item.steps.iter().position(|at| Some(&at.id) == step.as_ref()).map_or(0, |place| place + 1);
            Key::of_number(u64::try_from(rank).unwrap_or(0), item.id)
        }
    };
    let mut keys: Vec<Key> = items.map(key).collect();
    keys.sort();
    if order == Order::Descending {
        keys.reverse();
    }
    keys.into_iter().map(|key| key.id).collect()
}

/// Words of the item begin with each word of the text; or the text is its id.
pub(crate) fn holds(item: &Item, q: &str) -> bool {
    let mut texts = vec![item.name.to_string(), item.id.to_string()];
    if let Some(source) = &item.source {
        let object = &source.key.object;
        texts.push(source.key.node.to_string());
        texts.extend(object.project().map(ToString::to_string));
        texts.push(object.own_key().to_string());
        if let SyncObject::ModelVersion { model, .. } = object {
            texts.push(model.to_string());
        }
    }
    texts.extend(item.fields.values().flat_map(Value::scalars).filter_map(|value| match value {
        Value::Text(text) | Value::Category(text) => Some(text.to_string()),
        _ => None,
    }));
    let held: BTreeSet<String> = texts.iter().flat_map(|text| words(text)).collect();
    q.trim() == item.id.to_string() || words(q).all(|word| held.iter().any(|token| token.starts_with(&word)))
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Not gone, or governed, and readable.
fn is_there(state: &State, item: &Item, is_readable: Readable<'_>) -> bool {
    let is_gone = item.source.as_ref().is_none_or(|source| source.is_gone);
    (!is_gone || derive::governed_by(state, item.id).is_some()) && is_readable(item.id)
}

/// All pages of [`Registry::bundles`](crate::views::registry::Registry::bundles).
pub(crate) fn registry_bundles(state: &State, is_readable: Readable<'_>) -> Vec<ItemId> {
    let is_bundle = |item: &&Item| item.template.blueprint.as_str() == "bp.system.dataiku_bundle";
    let items = state.items.by_id.values().map(AsRef::as_ref).filter(is_bundle);
    in_order(state, Sort::Name, Order::Ascending, items.filter(|item| is_there(state, item, is_readable)))
}

/// The projects of all pages of [`Registry::models`](crate::views::registry::Registry::models): those with a readable
/// model of which the project, the model or a version holds all words.
pub(crate) fn registry_projects(state: &State, q: Option<&str>, is_readable: Readable<'_>) -> Vec<ItemId> {
    let is_there = |item: &&Item| is_there(state, item, is_readable);
    let is_named = |item: &Item| q.is_none_or(|q| holds(item, q));
    let within = |above: &Item| {
        let above = above.source.as_ref().map(|source| source.key.clone());
        let all = state.items.by_id.values().map(AsRef::as_ref).filter(is_there);
        let is_within = move |item: &&Item| {
            let key = item.source.as_ref().map(|source| &source.key);
            key.zip(above.as_ref()).is_some_and(|(key, above)| {
                key.node == above.node && key.object.parent().as_ref() == Some(&above.object)
            })
        };
        all.filter(is_within).collect::<Vec<&Item>>()
    };
    let is_model = |item: &&Item| item.template.blueprint.as_str() == "bp.system.dataiku_saved_model";
    let is_shown = |project: &&Item| {
        is_there(project)
            && project.template.blueprint.as_str() == "bp.system.dataiku_project"
            && within(project)
                .into_iter()
                .filter(is_model)
                .any(|model| is_named(project) || is_named(model) || within(model).into_iter().any(is_named))
    };
    in_order(state, Sort::Name, Order::Ascending, state.items.by_id.values().map(AsRef::as_ref).filter(is_shown))
}
