//! Random walks of commands, and after them every view against looking at everything: for whoever may read all, and for
//! everybody with the rights that the walk left him.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test should panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use countersign_core::access::may::{Action, Subject, allows, is_admin, may_read_deleted};
use countersign_core::artifact::{self, parent};
use countersign_core::ids::{ItemId, Position};
use countersign_core::signoff::{self, SignoffKey, Status};
use countersign_core::testing::World;
use countersign_core::testing::walk::{Throw, begin, wish};
use countersign_core::{Principal, Recorded, State};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::derive;
use crate::naive;
use crate::page::LIMIT_MAX;
use crate::readable::{Plan, Scope};
use crate::snapshot::Snapshot;
use crate::views::board::{BLUEPRINT as PROJECTS, Progress, gauges};
use crate::views::inbox::Ask;
use crate::views::initiatives::{BLUEPRINT as INITIATIVES, Signoffs};
use crate::views::items::{GovernableQuery, Query};
use crate::views::timeline::Filter;
use crate::views::{registry, verdicts};

type Held = Result<(), TestCaseError>;

/// Wishes of one walk.
const STEPS_MAX: usize = 60;
/// Walks of the short form.
const WALKS: u32 = 24;
/// The views are looked at after every so many wishes, and at the end.
const LOOK_EVERY: usize = 12;

static BEGIN: LazyLock<(World, Snapshot)> = LazyLock::new(|| {
    let world = begin();
    let mut snapshot = Snapshot::default();
    world.log.iter().for_each(|event| snapshot.fold(event));
    (world, snapshot)
});

/// How many times more walks; `COUNTERSIGN_LONG` makes it the long form.
fn rounds() -> u32 {
    std::env::var("COUNTERSIGN_LONG").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

fn throws() -> impl Strategy<Value = Vec<Throw>> {
    let throw = any::<[u8; 5]>().prop_map(|[wish, who, a, b, c]| Throw { wish, who, a, b, c });
    prop::collection::vec(throw, 1..STEPS_MAX)
}

/// A walk with everything that is folded from it, and the plans of its people as the service keeps them.
struct Walk {
    world: World,
    snapshot: Snapshot,
    plans: BTreeMap<Principal, (Position, Arc<Plan>)>,
}

impl Walk {
    fn begin() -> Self {
        let (world, snapshot) = BEGIN.clone();
        Self { world, snapshot, plans: BTreeMap::new() }
    }

    fn step(&mut self, throw: Throw) {
        let (who, command) = wish(&mut self.world, throw);
        let _refused = self.world.handle(&who, None, &command);
        for _ in 0..100 {
            let pending = artifact::Command::GovernPending.into();
            if self.world.handle(&Principal::System, None, &pending).unwrap().events.is_empty() {
                break;
            }
        }
        let known = usize::try_from(self.snapshot.position().0).unwrap();
        self.world.log[known..].iter().for_each(|event| self.snapshot.fold(event));
    }

    /// The plan that was made when rights last grew, as in the service.
    fn plan(&mut self, of: &Principal) -> Arc<Plan> {
        let readers = &self.snapshot.views.readers;
        let kept = self.plans.get(of).filter(|(revision, _)| *revision == readers.revision());
        if let Some((_, plan)) = kept {
            return plan.clone();
        }
        let plan = Arc::new(Plan::of_principal(&self.snapshot.state, readers, of));
        self.plans.insert(of.clone(), (readers.revision(), plan.clone()));
        plan
    }
}

fn walk(look: impl Fn(&mut Walk) -> Held) {
    let cases = ProptestConfig { cases: WALKS * rounds(), failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(cases).run(&throws(), |throws| {
        let mut walk = Walk::begin();
        look(&mut walk)?;
        for (number, throw) in throws.into_iter().enumerate() {
            walk.step(throw);
            if number % LOOK_EVERY == 0 {
                look(&mut walk)?;
            }
        }
        look(&mut walk)
    });
    assert_eq!(outcome.map_err(|error| error.to_string()), Ok(()));
}

#[test]
fn the_views_count_what_the_state_holds() {
    walk(|walk| {
        let Snapshot { state, views } = &walk.snapshot;
        lists(&walk.snapshot)?;
        board(&walk.snapshot)?;
        waiting(&walk.snapshot)?;
        initiatives(&walk.snapshot)?;
        prop_assert_eq!(views.items.len(), state.items.by_id.len());
        prop_assert_eq!(views.timeline.len(), walk.world.log.len());
        let verdicts: BTreeMap<ItemId, _> = views.verdicts.iter().map(|verdict| (verdict.item, verdict)).collect();
        for item in state.items.by_id.keys() {
            let (held, wanted) = (verdicts.get(item), verdicts::verdict(state, *item));
            let is_same = held.zip(wanted.as_ref()).is_some_and(|(held, wanted)| held.says_the_same_as(wanted));
            prop_assert!(is_same || (held.is_none() && wanted.is_none()), "the verdict on {}: {:?}", item, wanted);
        }
        Ok(())
    });
}

fn lists(Snapshot { state, views }: &Snapshot) -> Held {
    let anything = |_: ItemId| true;
    let limit = LIMIT_MAX;
    for archived in [None, Some(false), Some(true)] {
        let query = Query { archived, limit, ..Query::default() };
        let listed = views.items.list(state, &query, &anything).rows;
        prop_assert_eq!(listed, naive::items(state, &query, &anything));
    }
    for (hidden, recommended) in [(false, None), (true, None), (false, Some(true)), (false, Some(false))] {
        let query = GovernableQuery { hidden, recommended, limit, ..GovernableQuery::default() };
        let listed = views.items.governable(state, &query, &anything).rows;
        prop_assert_eq!(listed, naive::governable(state, &query, &anything), "{} {:?}", hidden, recommended);
    }
    let query = registry::Query { limit, ..Default::default() };
    let listed = views.registry.models(state, &views.items, &query, &anything).rows;
    let projects: Vec<ItemId> = listed.iter().map(|project| project.item).collect();
    prop_assert_eq!(projects, naive::registry_projects(state, None, &anything));
    Ok(())
}

fn board(Snapshot { state, views }: &Snapshot) -> Held {
    let projects = state.items.by_id.values().filter(|item| item.template.blueprint.as_str() == PROJECTS);
    let projects: Vec<_> = projects.filter(|item| !item.is_archived).collect();
    let cards = views.board.cards(state, &|_| true, None);
    let shown: Vec<ItemId> = cards.iter().map(|card| card.item).collect();
    prop_assert_eq!(shown, projects.iter().map(|item| item.id).collect::<Vec<_>>());
    for (card, item) in cards.iter().zip(&projects) {
        let score = |field: &str| {
            let words = ["Low", "Medium low", "Medium high", "High"];
            let rating = item.fields.get(field).and_then(|value| value.as_text())?;
            let place = words.iter().position(|word| *word == rating)?;
            u8::try_from((place + 1) * 20).ok()
        };
        prop_assert_eq!(card.step.clone(), derive::current_step(state, item));
        prop_assert_eq!(card.value_score, score("qualification_value_rating"));
        prop_assert_eq!(card.risk_score, score("qualification_risk_rating").map(|rating| 100 - rating));
        let is_begun = item.steps.iter().any(|step| step.status != artifact::StepStatus::NotStarted);
        prop_assert_eq!(card.progress == Progress::NotStarted, !is_begun);
    }
    let gauges: usize = gauges(&cards).iter().map(|(_, count)| count).sum();
    prop_assert_eq!(gauges, projects.len());
    Ok(())
}

fn people(state: &State) -> Vec<Principal> {
    let users = state.access.users.keys().map(|user| Principal::User(*user));
    users.chain(state.access.keys.keys().map(|key| Principal::Key(*key))).collect()
}

fn is_waiting(status: Status) -> bool {
    matches!(status, Status::WaitingForFeedback | Status::WaitingForApproval)
}

fn waiting(Snapshot { state, views }: &Snapshot) -> Held {
    let all = state.signoffs.by_step.values().filter(|signoff| is_waiting(signoff.status)).count();
    prop_assert_eq!(views.inbox.len(), all);
    for who in people(state) {
        let listed = views.inbox.of(state, &who).into_iter().map(|entry| match entry.ask {
            Ask::Feedback(groups) => (entry.signoff, groups),
            Ask::Approval => (entry.signoff, Vec::new()),
        });
        let listed: BTreeMap<SignoffKey, _> = listed.collect();
        let mut expected = BTreeMap::new();
        for (key, signoff) in &state.signoffs.by_step {
            if !is_waiting(signoff.status) || state.items.by_id[&key.item].is_archived {
                continue;
            }
            if signoff.status == Status::WaitingForApproval {
                let has_approved = signoff.approvals.iter().any(|approval| approval.author == who);
                if signoff::approvers(state, key).contains(&who) && !has_approved {
                    expected.insert(key.clone(), Vec::new());
                }
                continue;
            }
            let has_reviewed = |group| signoff.reviews.iter().any(|of| of.author == who && of.group == group);
            let groups = &state.templates.configurations[&signoff.configured_at].groups;
            let groups: Vec<_> = groups.iter().map(|group| group.id.clone()).collect();
            let asked = groups.into_iter().filter(|group| signoff::reviewers(state, key, group).contains(&who));
            let asked: Vec<_> = asked.filter(|group| !has_reviewed(group.clone())).collect();
            if !asked.is_empty() {
                expected.insert(key.clone(), asked);
            }
        }
        prop_assert_eq!(listed, expected, "what waits for {:?}", who);
    }
    Ok(())
}

/// The govern project that something governed is or hangs below.
fn project_of(state: &State, item: ItemId) -> Option<ItemId> {
    let line = std::iter::successors(Some(item), |at| parent(state, state.items.by_id.get(at)?));
    line.take(4).find(|at| state.items.by_id.get(at).is_some_and(|item| item.template.blueprint.as_str() == PROJECTS))
}

fn initiatives(Snapshot { state, views }: &Snapshot) -> Held {
    let all = state.items.by_id.values().filter(|item| item.template.blueprint.as_str() == INITIATIVES);
    for initiative in all {
        let roll_up = views.initiatives.roll_up(state, &views.board, initiative.id, &|_| true, None);
        let is_in = |item: &&Arc<artifact::Item>| {
            let to = item.fields.get("business_initiative").into_iter().flat_map(|value| value.references());
            item.template.blueprint.as_str() == PROJECTS
                && !item.is_archived
                && to.into_iter().any(|to| to == initiative.id)
        };
        let projects: Vec<ItemId> = state.items.by_id.values().filter(is_in).map(|item| item.id).collect();
        let mut signoffs = Signoffs::default();
        for (key, signoff) in &state.signoffs.by_step {
            let is_below = project_of(state, key.item).is_some_and(|project| projects.contains(&project));
            if !is_below || state.items.by_id[&key.item].is_archived {
                continue;
            }
            match signoff.status {
                status if is_waiting(status) => signoffs.waiting += 1,
                Status::Approved => signoffs.approved += 1,
                Status::Rejected => signoffs.rejected += 1,
                _ => {}
            }
        }
        prop_assert_eq!(roll_up.projects, projects);
        prop_assert_eq!(roll_up.signoffs, signoffs, "below {}", initiative.id);
    }
    Ok(())
}

#[test]
fn lists_show_everybody_exactly_what_he_may_read_one_by_one() {
    walk(|walk| {
        for who in people(&walk.snapshot.state) {
            let plan = walk.plan(&who);
            readable(&walk.snapshot, &who, &plan)?;
        }
        Ok(())
    });
}

fn readable(Snapshot { state, views }: &Snapshot, who: &Principal, plan: &Arc<Plan>) -> Held {
    let may = |item: ItemId| allows(state, who, Action::Read, Subject::Item(item));
    // What the service asks: the plan first, then the judge.
    let quick = |item: ItemId| {
        let blueprint = state.items.by_id.get(&item).map(|found| &found.template.blueprint);
        blueprint.is_some_and(|of| plan.of(of) == Scope::All) || may(item)
    };
    let scope = Some(plan.clone());
    for q in [None, Some("fraud"), Some("0")] {
        let query = Query { q: q.map(Into::into), scope: scope.clone(), limit: LIMIT_MAX, ..Query::default() };
        let listed = views.items.list(state, &query, &quick).rows;
        prop_assert_eq!(listed, naive::items(state, &query, &may), "{:?} lists {:?}", who, q);
        let query =
            GovernableQuery { q: query.q, scope: scope.clone(), limit: LIMIT_MAX, ..GovernableQuery::default() };
        let listed = views.items.governable(state, &query, &quick).rows;
        prop_assert_eq!(listed, naive::governable(state, &query, &may), "{:?} could govern {:?}", who, q);
        let query = registry::Query { q: query.q, scope: scope.clone(), limit: LIMIT_MAX, ..Default::default() };
        let listed = views.registry.models(state, &views.items, &query, &quick).rows;
        let projects: Vec<ItemId> = listed.iter().map(|project| project.item).collect();
        prop_assert_eq!(projects, naive::registry_projects(state, q, &may), "{:?} sees of the registry {:?}", who, q);
        let shown = listed.iter().flat_map(|project| &project.models);
        let shown = shown.flat_map(|model| std::iter::once(model.item).chain(model.versions.iter().map(|of| of.item)));
        prop_assert!(shown.into_iter().all(may));
    }
    let query = registry::Query { scope, limit: LIMIT_MAX, ..Default::default() };
    let listed = views.registry.bundles(state, &views.items, &query, &quick).rows;
    let bundles: Vec<ItemId> = listed.iter().map(|bundle| bundle.item).collect();
    prop_assert_eq!(bundles, naive::registry_bundles(state, &may), "{:?} sees of the bundles", who);
    let cards: BTreeSet<ItemId> = views.board.cards(state, &quick, None).iter().map(|card| card.item).collect();
    let projects = state.items.by_id.values().filter(|item| item.template.blueprint.as_str() == PROJECTS);
    let projects = projects.filter(|item| !item.is_archived && may(item.id)).map(|item| item.id);
    prop_assert_eq!(cards, projects.collect::<BTreeSet<_>>(), "the board of {:?}", who);
    // Whoever is asked may read; so an inbox needs no other filter than who is asked.
    let asked: Vec<_> = views.inbox.waiting_for(state, who, Some(plan), Position::ZERO).collect();
    prop_assert_eq!(&asked, &views.inbox.of(state, who), "what waits for {:?}", who);
    prop_assert!(asked.iter().all(|entry| may(entry.signoff.item)), "{:?} is asked about what he may not read", who);
    let may_see = |event: &Recorded| {
        let item = event.event.item();
        item.map_or_else(|| is_admin(state, who), |item| may(item) || may_read_deleted(state, who, item))
    };
    let filter = Filter { limit: LIMIT_MAX, ..Filter::default() };
    let told = |among| views.timeline.list(&Filter { among, ..filter.clone() }, &may_see).events;
    let all: Vec<_> = views.timeline.after(Position::ZERO).filter(|event| may_see(event)).cloned().collect();
    prop_assert_eq!(told(plan.little(state).map(Arc::new)), all, "the timeline of {:?}", who);
    Ok(())
}
