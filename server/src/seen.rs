//! An event as one reader sees it: without hidden fields, and without references to what he may not read. Pure.

use std::borrow::Cow;

use countersign_core::ids::{FieldId, ItemId};
use countersign_core::sync::METRIC_FIELD_PREFIX;
use countersign_core::value::{FieldChange, OldValue, Value};
use countersign_core::{Event, Recorded, artifact, rules, sync};
use countersign_projections::sight::{Seen, Sight, value};

/// What is left of an event.
#[derive(Debug)]
pub struct Shown<'a> {
    /// The event.
    pub event: Cow<'a, Recorded>,
    /// Members of its data that name what may not be read.
    pub left_out: Vec<&'static str>,
}

impl Shown<'_> {
    /// Whether nothing was taken out.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        matches!(self.event, Cow::Borrowed(_)) && self.left_out.is_empty()
    }
}

/// The event without what the reader does not see; nothing, when it is about such things alone. That the item itself may
/// be read is asked before.
#[must_use]
pub fn seen<'a>(recorded: &'a Recorded, sight: &dyn Sight) -> Option<Shown<'a>> {
    let mut shown = Shown { event: Cow::Borrowed(recorded), left_out: Vec::new() };
    let Some(item) = recorded.event.item() else { return Some(shown) };
    let seen = sight.fields(item);
    let sees = |item: ItemId| sight.sees(item);
    let mut event = recorded.event.clone();
    trim(&mut event, &seen, &sees);
    if event != recorded.event {
        if let Event::Item(artifact::Event::FieldsEdited { changes, .. }) = &event
            && changes.is_empty()
        {
            return None;
        }
        shown.event = Cow::Owned(Recorded { event, ..recorded.clone() });
    }
    if let Event::Item(artifact::Event::ItemGoverned { source, .. } | artifact::Event::ItemAttached { source, .. }) =
        &recorded.event
    {
        let is_told = seen.is_all() || seen.reads(&FieldId::from(artifact::govern::SOURCE_FIELD));
        if !is_told || !sees(*source) {
            shown.left_out.push("source");
        }
    }
    // A script asks as Countersign itself, and may fail in words about what the reader does not see.
    if matches!(recorded.event, Event::Rules(rules::Event::GovernanceUndecided { .. })) && !sight.designs() {
        shown.left_out.push("why");
    }
    Some(shown)
}

fn trim(event: &mut Event, seen: &Seen<'_>, sees: &dyn Fn(ItemId) -> bool) {
    match event {
        Event::Item(artifact::Event::ItemCreated { fields, .. } | artifact::Event::ItemGoverned { fields, .. }) => {
            *fields = seen_fields(fields, seen, sees);
        }
        Event::Item(
            artifact::Event::FieldsEdited { changes, .. } | artifact::Event::ItemMigrated { dropped: changes, .. },
        ) => *changes = seen_changes(changes, seen, sees),
        Event::Sync(sync::Event::ItemSynced { changes, metrics, .. }) => {
            *changes = seen_changes(changes, seen, sees);
            metrics.retain(|metric| reads_metric(seen, &metric.name));
        }
        Event::Sync(sync::Event::EvaluationRecorded { metrics, .. }) => {
            metrics.retain(|metric| reads_metric(seen, &metric.name));
        }
        // Of fields that a govern item does not hold yet: whoever may not see all fields sees none of them.
        Event::Rules(rules::Event::GovernanceDecided { decision, .. }) => {
            let held = std::mem::take(&mut decision.prefill).into_iter().filter(|_| seen.is_all());
            decision.prefill = held.filter_map(|(field, held)| Some((field, value(&held, sees)?))).collect();
            decision.attach_to = decision.attach_to.filter(|item| sees(*item));
        }
        _ => {}
    }
}

/// Whether the values of a metric may be read: they are a field of the version, also those of the day it was built.
#[must_use]
pub fn reads_metric(seen: &Seen<'_>, metric: &str) -> bool {
    seen.is_all() || seen.reads(&FieldId::from(format!("{METRIC_FIELD_PREFIX}{metric}").as_str()))
}

fn seen_fields(fields: &[(FieldId, Value)], seen: &Seen<'_>, sees: &dyn Fn(ItemId) -> bool) -> Vec<(FieldId, Value)> {
    let read = fields.iter().filter(|(field, _)| seen.reads(field));
    read.filter_map(|(field, held)| Some((field.clone(), value(held, sees)?))).collect()
}

/// A change that consists of unseen references alone is none.
fn seen_changes(changes: &[FieldChange], seen: &Seen<'_>, sees: &dyn Fn(ItemId) -> bool) -> Vec<FieldChange> {
    let read = changes.iter().filter(|change| seen.reads(&change.field));
    let shown = read.filter_map(|change| {
        let old = match &change.old {
            OldValue::Value(old) => value(old, sees).map_or(OldValue::Absent, OldValue::Value),
            other => other.clone(),
        };
        let new = change.new.as_ref().and_then(|new| value(new, sees));
        let is_none = match (&old, &new) {
            (OldValue::Absent, None) => true,
            (OldValue::Value(old), Some(new)) => old == new,
            _ => false,
        };
        (!is_none).then(|| FieldChange { field: change.field.clone(), old, new })
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use countersign_core::artifact::ChildrenRules;
    use countersign_core::context::{Channel, Principal};
    use countersign_core::ids::{CorrelationId, EventId, Position};
    use countersign_core::rules::{Criteria, Decision, Governing, Rule};
    use countersign_core::time::Timestamp;

    use super::*;

    /// Sees one item, all of its fields, and no templates.
    struct One(ItemId);

    impl Sight for One {
        fn sees(&self, item: ItemId) -> bool {
            item == self.0
        }

        fn fields(&self, _: ItemId) -> Seen<'_> {
            Seen::default()
        }

        fn designs(&self) -> bool {
            false
        }
    }

    fn recorded(event: rules::Event) -> Recorded {
        Recorded {
            position: Position(1),
            id: EventId(uuid::Uuid::nil()),
            recorded_at: Timestamp::from_millis(0),
            actor: Principal::System,
            groups: Vec::new(),
            via: None,
            channel: Channel::Engine,
            reason: None,
            correlation: CorrelationId(uuid::Uuid::nil()),
            causation: None,
            request: None,
            event: event.into(),
        }
    }

    #[test]
    fn a_decision_of_a_script_names_nothing_that_the_reader_does_not_see() {
        let (own, other) = (ItemId(1), ItemId(2));
        let rule = Rule {
            governing: Governing::Automatic,
            criteria: Criteria::default(),
            version: None,
            children: ChildrenRules::default(),
        };
        let kept = (FieldId::from("description"), Value::Text("x".into()));
        let prefill = vec![kept.clone(), (FieldId::from("business_initiative"), Value::Reference(other))];
        let decision = Decision { rule, prefill, attach_to: Some(other), children: Vec::new() };
        let decided = recorded(rules::Event::GovernanceDecided { item: own, decision: decision.clone() });
        let shown = seen(&decided, &One(own)).map(|shown| shown.event.event.clone());
        let left = Decision { prefill: vec![kept], attach_to: None, ..decision };
        assert_eq!(shown, Some(rules::Event::GovernanceDecided { item: own, decision: left }.into()));
        let undecided = recorded(rules::Event::GovernanceUndecided { item: own, why: "ar.2 is risky".into() });
        assert_eq!(seen(&undecided, &One(own)).map(|shown| shown.left_out), Some(vec!["why"]));
    }
}
