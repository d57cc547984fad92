//! Nodes, items, comments.

use super::Source;
use crate::artifact::{ChildRule, ChildrenRules, Event as Item};
use crate::event::Event;
use crate::ids::{CommentId, ItemId, SeriesId, TemplateId};
use crate::rules::{ChildDecision, Criteria, Decision, Event as Rules, Governing, Kind, Rule};
use crate::sync::{Active, Event as Sync, SeriesMeasure};
use crate::value::{FieldChange, OldValue};

pub(super) fn event(number: u16, s: &mut Source) -> Event {
    match number {
        0x0101..=0x01ff | 0x0605 => Event::Sync(sync(number, s)),
        0x0602 | 0x060b..=0x060d => Event::Rules(rules(number, s)),
        _ => Event::Item(item(number, s)),
    }
}

fn change(s: &mut Source) -> FieldChange {
    let old = match s.pick(3) {
        0 => OldValue::Absent,
        1 => OldValue::Value(s.value()),
        _ => OldValue::Large { digest: s.digest(), length_bytes: s.u64() },
    };
    FieldChange { field: s.id(), old, new: s.opt(Source::value) }
}

fn template(s: &mut Source) -> TemplateId {
    TemplateId { blueprint: s.id(), version: s.id() }
}

fn sync(number: u16, s: &mut Source) -> Sync {
    let item = ItemId(s.u32());
    match number {
        0x0101 => Sync::NodeRegistered { node: s.id() },
        0x0102 => Sync::ItemSynced {
            item,
            key: s.sync_key(),
            revision: s.revision(),
            name: s.text(),
            changes: s.vec(change),
            url: s.opt(Source::text),
            digest: s.opt(Source::digest),
            active: s.opt(|s| if s.bool() { Active::Itself(s.bool()) } else { Active::Version(s.text()) }),
            metrics: s.vec(Source::measure),
            model_versions: s.vec(Source::sync_key),
        },
        0x0103 => Sync::ItemGone { item, revision: s.revision() },
        0x0104 => Sync::EvaluationRecorded {
            item,
            store: s.text(),
            evaluation: s.text(),
            fingerprint: s.u128(),
            evaluated_at: s.time(),
            metrics: s.vec(|s| SeriesMeasure { name: s.text(), value: s.f64(), series: SeriesId(s.u32()) }),
            drift: s.vec(Source::measure),
            url: s.opt(Source::text),
        },
        0x0105 => Sync::EvaluationOptedOut {
            item,
            store: s.text(),
            evaluation: s.opt(Source::text),
            fingerprint: s.opt(Source::u128),
            is_out: s.bool(),
        },
        0x0605 => Sync::MetricFocusChosen { person: s.container(), metric: s.text() },
        _ => panic!("no sample of event {number:#06x}"),
    }
}

fn children(s: &mut Source) -> ChildrenRules {
    let rules = [ChildRule::None, ChildRule::Existing, ChildRule::All];
    ChildrenRules { bundles: s.one_of(&rules), models: s.one_of(&rules), model_versions: s.one_of(&rules) }
}

fn rule(s: &mut Source) -> Rule {
    use Governing::{Automatic, Hide, Nothing, RecommendHide, Recommended, Script};
    Rule {
        governing: s.one_of(&[Automatic, Recommended, Nothing, Script, Hide, RecommendHide]),
        criteria: Criteria { node: s.opt(Source::id), tag: s.opt(Source::text), folder: s.opt(Source::text) },
        version: s.opt(Source::id),
        children: children(s),
    }
}

fn rules(number: u16, s: &mut Source) -> Rules {
    let kinds = Kind::ALL;
    match number {
        0x0602 => {
            Rules::GovernanceRuleSet { scope: s.opt(|s| ItemId(s.u32())), kind: s.one_of(&kinds), rules: s.vec(rule) }
        }
        0x060b => Rules::GovernanceScriptSet { script: s.opt(Source::text) },
        0x060c => Rules::GovernanceDecided {
            item: ItemId(s.u32()),
            decision: Decision {
                rule: rule(s),
                prefill: s.vec(|s| (s.id(), s.value())),
                attach_to: s.opt(|s| ItemId(s.u32())),
                children: s.vec(|s| ChildDecision { kind: s.one_of(&kinds), rule: rule(s) }),
            },
        },
        _ => Rules::GovernanceUndecided { item: ItemId(s.u32()), why: s.text() },
    }
}

fn item(number: u16, s: &mut Source) -> Item {
    let item = ItemId(s.u32());
    match number {
        0x0201 => {
            Item::ItemCreated { item, template: template(s), name: s.text(), fields: s.vec(|s| (s.id(), s.value())) }
        }
        0x0202 => Item::ItemGoverned {
            item,
            source: ItemId(s.u32()),
            template: template(s),
            name: s.text(),
            fields: s.vec(|s| (s.id(), s.value())),
            children: children(s),
        },
        0x0203 => Item::ItemAttached { item, source: ItemId(s.u32()), children: children(s) },
        0x0204 => Item::ItemHidden { item },
        0x0205 => Item::ItemShown { item },
        0x0206 => Item::FieldsEdited { item, changes: s.vec(change) },
        0x0207 => Item::ItemRenamed { item, old: s.text(), new: s.text(), by_person: s.bool() },
        0x0208 => Item::ItemArchived { item },
        0x0209 => Item::ItemRestored { item },
        0x020a => Item::ItemDeleted { item },
        0x020b => Item::ItemMigrated { item, from: template(s), to: template(s), dropped: s.vec(change) },
        0x020c => Item::StepStarted { item, step: s.id() },
        0x020d => Item::StepFinished { item, step: s.id() },
        0x020e => Item::StepReopened { item, step: s.id(), is_ongoing: s.bool() },
        0x020f => Item::StepSkipped { item, step: s.id() },
        0x0210 => Item::SignoffPassedOver { item, step: s.id() },
        0x0603 => Item::PageSet { item, text: s.text() },
        0x0604 => Item::PageRemoved { item },
        0x0609 => Item::CommentEdited { item, comment: CommentId(s.u32()), text: s.personal() },
        0x060a => Item::CommentDeleted { item, comment: CommentId(s.u32()) },
        0x0608 => Item::CommentAdded { item, comment: CommentId(s.u32()), step: s.opt(Source::id), text: s.personal() },
        _ => panic!("no sample of event {number:#06x}"),
    }
}
