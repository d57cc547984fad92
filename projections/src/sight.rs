//! What one reader sees of the items that he may read: not every field, and no reference to what he may not read.
//!
//! Whatever tells field values to somebody asks here; which item may be read is asked before. Readers from whom nothing
//! is hidden, which most are, pay nothing: they have no [`FieldReader`].

use countersign_core::access::FieldAccess;
use countersign_core::access::may::{Action, Subject, allows};
use countersign_core::artifact::{Item, field_values};
use countersign_core::blueprint::FieldSource;
use countersign_core::ids::{BlueprintId, FieldId, ItemId};
use countersign_core::value::Value;
use countersign_core::{Principal, State};

/// The eyes of one reader.
pub trait Sight {
    /// May the item be read?
    fn sees(&self, item: ItemId) -> bool;
    /// Which of its fields may be.
    fn fields(&self, item: ItemId) -> Seen<'_>;
    /// May templates and rules be read, and what scripts said while they failed?
    fn designs(&self) -> bool;
}

/// Somebody from whom fields may be hidden, and by which states' rights: of the moment looked at, and of today.
#[derive(Debug, Clone)]
pub struct FieldReader {
    principal: Principal,
    then: State,
    today: Option<State>,
}

/// The fields of one item that a reader sees.
#[derive(Debug, Default)]
pub struct Seen<'a> {
    then: Option<FieldAccess<'a>>,
    today: Option<FieldAccess<'a>>,
}

impl Seen<'_> {
    /// Is this one of them?
    #[must_use]
    pub fn reads(&self, field: &FieldId) -> bool {
        let reads = |access: &Option<FieldAccess<'_>>| access.as_ref().is_none_or(|access| access.reads(field));
        reads(&self.then) && reads(&self.today)
    }

    /// Is every field among them?
    #[must_use]
    pub const fn is_all(&self) -> bool {
        self.then.is_none() && self.today.is_none()
    }
}

impl FieldReader {
    /// Of this principal looking at a state; `today` when that is a past one. None: no field of any item is hidden.
    #[must_use]
    pub fn of(principal: &Principal, then: &State, today: Option<&State>) -> Option<Self> {
        let hides = |state| FieldAccess::hides_from(state, principal);
        let hidden = hides(then) || today.is_some_and(hides);
        hidden.then(|| Self { principal: principal.clone(), then: then.clone(), today: today.cloned() })
    }

    /// Whether some field of items of this blueprint may be hidden.
    #[must_use]
    pub fn hides_in(&self, blueprint: &BlueprintId) -> bool {
        let hides = |state| FieldAccess::hides_in(state, blueprint);
        hides(&self.then) || self.today.as_ref().is_some_and(hides)
    }

    /// Which fields of an item are seen.
    #[must_use]
    pub fn fields(&self, item: ItemId) -> Seen<'_> {
        let of = |state| FieldAccess::on(state, &self.principal, item);
        Seen { then: Some(of(&self.then)), today: self.today.as_ref().map(of) }
    }
}

/// The fields that an item holds, computed ones included, as they are seen.
#[must_use]
pub fn values(state: &State, item: &Item, sight: &(impl Sight + ?Sized)) -> Vec<(FieldId, Value)> {
    let seen = sight.fields(item.id);
    let version = state.templates.version(&item.template);
    let source = |field: &FieldId| Some(&version?.definition.field(field)?.source);
    let all = field_values(state, item).into_iter().filter(|(field, _)| seen.reads(field));
    let told = all.filter_map(|(field, held)| {
        let told = match source(&field) {
            // A score tells the rating.
            Some(FieldSource::RatingScore { field: rating, .. }) => Some(held).filter(|_| seen.reads(rating)),
            Some(FieldSource::BackReference { field: through, .. }) => {
                value(&held, &|from| sight.sees(from) && sight.fields(from).reads(through))
            }
            _ => value(&held, &|item| sight.sees(item)),
        };
        told.map(|told| (field, told))
    });
    told.collect()
}

/// A value without the references that are not seen; nothing when it consists of such alone.
#[must_use]
pub fn value(value: &Value, sees: &dyn Fn(ItemId) -> bool) -> Option<Value> {
    if value.references().all(sees) {
        return Some(value.clone());
    }
    let is_seen = |scalar: &&Value| !matches!(scalar, Value::Reference(item) if !sees(*item));
    match value {
        Value::List(values) => {
            let seen: Vec<Value> = values.iter().filter(is_seen).cloned().collect();
            (!seen.is_empty()).then(|| Value::List(seen.into()))
        }
        _ => None,
    }
}

/// A reader of one state, with the rights of that state.
#[derive(Debug)]
pub struct StateReader<'a> {
    state: &'a State,
    principal: &'a Principal,
    fields: Option<FieldReader>,
}

impl<'a> StateReader<'a> {
    /// This principal.
    #[must_use]
    pub fn new(state: &'a State, principal: &'a Principal) -> Self {
        Self { state, principal, fields: FieldReader::of(principal, state, None) }
    }
}

impl Sight for StateReader<'_> {
    fn sees(&self, item: ItemId) -> bool {
        allows(self.state, self.principal, Action::Read, Subject::Item(item))
    }

    fn fields(&self, item: ItemId) -> Seen<'_> {
        self.fields.as_ref().map_or_else(Seen::default, |reader| reader.fields(item))
    }

    fn designs(&self) -> bool {
        allows(self.state, self.principal, Action::Read, Subject::Design)
    }
}
