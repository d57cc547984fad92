//! What a field holds, stored or computed.

use super::state::Item;
use crate::blueprint::FieldSource;
use crate::ids::{FieldId, ItemId};
use crate::state::State;
use crate::value::Value;

/// What a field of an item holds; computed fields are computed from the state as it is.
#[must_use]
pub fn field_value(state: &State, item: &Item, field: &FieldId) -> Option<Value> {
    let version = state.templates.version(&item.template);
    let Some(definition) = version.and_then(|version| version.definition.field(field)) else {
        // Metrics of evaluations are fields that no template lists.
        return item.fields.get(field).cloned();
    };
    match &definition.source {
        FieldSource::Stored => item.fields.get(field).cloned(),
        FieldSource::BackReference { blueprint, field } => {
            let mut from = referring(state, item.id, field)
                .filter(|from| state.items.by_id.get(from).is_some_and(|found| found.template.blueprint == *blueprint));
            if definition.list.is_none() {
                return from.next().map(Value::Reference);
            }
            let values: Vec<_> = from.map(Value::Reference).collect();
            (!values.is_empty()).then(|| Value::List(values.into()))
        }
        FieldSource::RatingScore { field, inverted } => {
            let score = score(item.fields.get(field)?.as_text()?)?;
            Some(Value::Number(if *inverted { 100.0 - score } else { score }))
        }
    }
}

/// All fields of an item that hold something: those of its template in their order, then the others.
#[must_use]
pub fn field_values(state: &State, item: &Item) -> Vec<(FieldId, Value)> {
    let version = state.templates.version(&item.template);
    let listed = version.map(|version| version.definition.fields.as_slice()).unwrap_or_default();
    let defined = listed.iter().filter_map(|field| Some((field.id.clone(), field_value(state, item, &field.id)?)));
    let others = item.fields.iter().filter(|(id, _)| !listed.iter().any(|field| field.id == **id));
    defined.chain(others.map(|(id, value)| (id.clone(), value.clone()))).collect()
}

/// The items whose stored `field` refers to `item`, in the order of their ids.
pub fn referring<'a>(state: &'a State, item: ItemId, field: &FieldId) -> impl Iterator<Item = ItemId> + use<'a> {
    let field = field.clone();
    let first = (field.clone(), ItemId(0));
    let referrers = state.items.referrers.get(&item).into_iter();
    let range = referrers.flat_map(move |referrers| referrers.range(first.clone()..));
    range.take_while(move |(through, _)| *through == field).map(|(_, from)| *from)
}

fn score(rating: &str) -> Option<f64> {
    match rating {
        "Low" => Some(20.0),
        "Medium low" => Some(40.0),
        "Medium high" => Some(60.0),
        "High" => Some(80.0),
        _ => None,
    }
}
