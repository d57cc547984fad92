//! A generated estate: what the views count is what the state holds, and any order of a node's messages gives the same.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use countersign_core::ids::{BlueprintId, ItemId};
use countersign_core::signoff::Status;
use countersign_core::sync::{self, Active, Evaluate, Measure, Revision, Sync, SyncKey};
use countersign_core::testing::World;
use countersign_core::{Event, Principal, Recorded, State, evolve};
use countersign_projections::views::board::{self, BLUEPRINT};
use countersign_projections::views::items::{GovernableQuery, Query};
use countersign_projections::{Snapshot, derive};

use super::{Dice, Sizes};

const SEED: u64 = 11;

/// How many times larger and how many seeds; `COUNTERSIGN_LONG` makes it the long form.
fn rounds() -> u64 {
    std::env::var("COUNTERSIGN_LONG").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

fn made(seed: u64) -> Result<(World, Vec<Recorded>)> {
    let mut log = Vec::new();
    let world = super::make(seed, Sizes::SMALL, &mut log)?;
    Ok((world, log))
}

fn listed(snapshot: &Snapshot, query: &Query) -> Result<BTreeSet<ItemId>> {
    let (mut rows, mut cursor) = (BTreeSet::new(), None);
    loop {
        let query = Query { cursor, limit: 100, ..query.clone() };
        let page = snapshot.views.items.list(&snapshot.state, &query, &|_| true);
        for row in page.rows {
            ensure!(rows.insert(row), "{row} stands on two pages");
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(rows);
        }
    }
}

#[test]
fn an_estate_has_sign_offs_in_every_state_and_the_views_count_what_the_state_holds() -> Result<()> {
    for round in 0..rounds() {
        let (world, log) = made(SEED + round)?;
        let mut snapshot = Snapshot::default();
        for event in &log {
            snapshot.fold(event);
        }
        ensure!(snapshot.position() == world.state.head, "the estate's log is not all of it");
        let state = &snapshot.state;
        for (blueprint, items) in &state.items.by_blueprint {
            let query = Query { blueprint: Some(blueprint.clone()), ..Query::default() };
            ensure!(listed(&snapshot, &query)? == items.iter().copied().collect(), "{blueprint}");
        }
        for status in Status::ALL {
            let query = Query { signoff: Some(status), ..Query::default() };
            let expected = state
                .items
                .by_id
                .values()
                .filter(|item| derive::signoff(state, item).is_some_and(|(_, signoff)| signoff.status == status));
            let expected: BTreeSet<ItemId> = expected.map(|item| item.id).collect();
            ensure!(!expected.is_empty(), "no sign-off is {status:?}");
            ensure!(listed(&snapshot, &query)? == expected, "{status:?}");
        }
        counts(&snapshot)?;
    }
    Ok(())
}

fn counts(snapshot: &Snapshot) -> Result<()> {
    let state = &snapshot.state;
    let projects = state.items.by_blueprint.get(&BlueprintId::from(BLUEPRINT)).cloned().unwrap_or_default();
    let shown = |id: &&ItemId| state.items.by_id.get(*id).is_some_and(|item| !item.is_archived);
    let gauges: usize = board::gauges(&snapshot.views.board.cards(&snapshot.state, &|_| true, None))
        .iter()
        .map(|(_, count)| count)
        .sum();
    ensure!(gauges == projects.iter().filter(shown).count(), "{gauges} on the board");
    let query = GovernableQuery { limit: 1_000, ..GovernableQuery::default() };
    let governable = snapshot.views.items.governable(state, &query, &|_| true).rows.len();
    let is_free = |id: &ItemId| derive::governed_by(state, *id).is_none();
    let synced = state.items.by_id.values().filter(|item| {
        item.source.as_ref().is_some_and(|source| source.key.object.govern_blueprint().is_some()) && is_free(&item.id)
    });
    ensure!(governable == synced.count(), "{governable} governable");
    let waits = |status| matches!(status, Status::WaitingForFeedback | Status::WaitingForApproval);
    let waiting = state.signoffs.by_step.values().filter(|signoff| waits(signoff.status)).count();
    ensure!(snapshot.views.inbox.len() == waiting, "{waiting} wait");
    Ok(())
}

#[test]
fn the_same_seed_gives_the_same_estate() -> Result<()> {
    let (one, other) = (made(SEED)?.1, made(SEED)?.1);
    ensure!(one == other && !one.is_empty());
    ensure!(made(SEED + 1)?.1 != one);
    Ok(())
}

/// What a node said, in its own words.
#[derive(Debug, Clone)]
enum Message {
    Sync(Sync),
    Evaluate(Evaluate),
}

/// The messages that an estate was made of, in order.
fn messages(log: &[Recorded]) -> Vec<(Principal, Message)> {
    let mut state = State::default();
    let mut messages = Vec::new();
    for recorded in log {
        evolve(&mut state, recorded);
        let message = match &recorded.event {
            Event::Sync(sync::Event::ItemSynced { item, .. }) => told(&state, *item).map(Message::Sync),
            Event::Sync(sync::Event::EvaluationRecorded { .. }) => evaluation(&state, recorded).map(Message::Evaluate),
            _ => None,
        };
        messages.extend(message.map(|message| (recorded.actor.clone(), message)));
    }
    messages
}

fn told(state: &State, item: ItemId) -> Option<Sync> {
    let item = state.items.by_id.get(&item)?;
    let source = item.source.as_ref()?;
    (source.revision != Revision::default()).then(|| Sync {
        key: source.key.clone(),
        revision: source.revision,
        name: item.name.clone(),
        fields: Vec::new(),
        url: source.url.clone(),
        digest: source.digest,
        active: source.active.clone().filter(|active| matches!(active, Active::Version(_))),
        metrics: source.metrics.clone(),
        model_versions: source.model_versions.clone(),
    })
}

fn evaluation(state: &State, recorded: &Recorded) -> Option<Evaluate> {
    let Event::Sync(sync::Event::EvaluationRecorded { item, store, evaluation, evaluated_at, metrics, drift, .. }) =
        &recorded.event
    else {
        return None;
    };
    let version = state.items.by_id.get(item)?.source.as_ref()?.key.clone();
    let store_project = version.object.project()?.clone();
    Some(Evaluate {
        version,
        store_project,
        store: store.clone(),
        evaluation: evaluation.clone(),
        evaluated_at: *evaluated_at,
        metrics: metrics.iter().map(|one| Measure { name: one.name.clone(), value: one.value }).collect(),
        drift: drift.clone(),
        is_synced: true,
        url: None,
    })
}

/// What nodes told, without what depends on the order: ids and positions.
fn canonical(messages: &[(Principal, Message)]) -> Result<BTreeMap<SyncKey, String>> {
    let mut world = World::bootstrapped();
    let mut snapshot = Snapshot::default();
    for (node, message) in messages {
        let command: sync::Command = match message {
            Message::Sync(sync) => sync::Command::Sync(sync.clone()),
            Message::Evaluate(evaluate) => sync::Command::Evaluate(evaluate.clone()),
        };
        world.run(node, command);
    }
    for event in &world.log {
        snapshot.fold(event);
    }
    let state = &snapshot.state;
    let mut rows = BTreeMap::new();
    for (key, id) in &state.nodes.items {
        let Some(item) = state.items.by_id.get(id) else { continue };
        let registry = &snapshot.views.registry;
        let mut series: Vec<_> = registry.item_metrics(state, *id, None, None);
        series.sort_by(|a, b| a.name.cmp(&b.name));
        let points: Vec<_> = series
            .iter()
            .map(|series| {
                let mut points: Vec<_> = series.points.iter().map(|point| (point.at, point.value.to_bits())).collect();
                points.sort_unstable();
                (series.name.clone(), points)
            })
            .collect();
        let parent = derive::parent(state, item).and_then(|parent| state.items.by_id.get(&parent));
        let parent = parent.and_then(|parent| parent.source.as_ref()).map(|source| source.key.clone());
        let source = item.source.as_ref();
        let content = source.map(|source| (source.revision, source.digest, source.is_gone, source.active.clone()));
        let row = (&item.name, content, parent, points, countersign_core::sync::evaluations(state, *id).count());
        rows.insert(key.clone(), format!("{row:?}"));
    }
    Ok(rows)
}

#[test]
fn messages_shuffled_doubled_and_cut_off_and_sent_again_give_what_the_orderly_ones_give() -> Result<()> {
    for round in 0..rounds() {
        let (_, log) = made(SEED + round)?;
        let orderly = messages(&log);
        ensure!(orderly.len() > 400, "{} messages", orderly.len());
        let expected = canonical(&orderly)?;
        let mut dice = Dice::new(SEED + round);
        let mut storm = orderly.clone();
        // Doubled in part; and as if the connection had broken somewhere and all had been sent again.
        let cut = dice.below(u32::try_from(orderly.len())?) as usize;
        storm.extend(orderly.iter().take(cut).cloned());
        storm.extend(orderly.iter().filter(|_| dice.happens(30)).cloned().collect::<Vec<_>>());
        for place in (1..storm.len()).rev() {
            let other = dice.below(u32::try_from(place + 1)?) as usize;
            storm.swap(place, other);
        }
        let found = canonical(&storm)?;
        for (key, row) in &expected {
            ensure!(found.get(key) == Some(row), "{key:?}: {:?} instead of {row}", found.get(key));
        }
        ensure!(found.len() == expected.len());
    }
    Ok(())
}

#[test]
fn three_years_of_monthly_resets_pass_in_no_time_and_in_due_order() -> Result<()> {
    let (mut world, _) = made(SEED)?;
    let admin = world.admin();
    let recurrence = countersign_core::blueprint::Recurrence {
        activated: true,
        days: 0,
        weeks: 0,
        months: 1,
        years: 0,
        reload: false,
    };
    let decided = |status| matches!(status, Status::Approved | Status::Rejected);
    let all = world.state.signoffs.by_step.iter().filter(|(_, signoff)| decided(signoff.status));
    let decided: Vec<_> = all.map(|(key, _)| key.clone()).collect();
    let mut scheduled = 0;
    for key in &decided {
        let action = countersign_core::signoff::Action::ScheduleReset { recurrence: Some(recurrence) };
        let command = countersign_core::signoff::Command { item: key.item, step: key.step.clone(), action };
        // An archived item refuses.
        scheduled += u32::from(world.handle(&admin, None, &command.into()).is_ok());
    }
    ensure!(scheduled > 0, "nothing was scheduled");
    let before = world.state.head;
    for _month in 0..37 {
        world.wait_days(30);
    }
    let fired: Vec<&Recorded> = world.log.iter().filter(|event| event.position > before).collect();
    let dues = fired.iter().filter_map(|event| match &event.event {
        Event::Signoff(countersign_core::signoff::Event::SignoffReset { due, .. }) => *due,
        _ => None,
    });
    let dues: Vec<_> = dues.collect();
    ensure!(!dues.is_empty() && dues.is_sorted(), "{dues:?}");
    let due = world.state.timers.next().map(|(due, _)| *due);
    ensure!(due.is_none_or(|due| due > world.state.head_at), "something due was left");
    Ok(())
}
