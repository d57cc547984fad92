//! What the views show of the story, and that no row is ever staler than the state.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a failing test should panic")]

use std::collections::BTreeMap;

use countersign_core::artifact::{self, StepStatus};
use countersign_core::ids::{Digest, ItemId, Position};
use countersign_core::input::Input;
use countersign_core::schema::event_name;
use countersign_core::signoff::{Action, ApprovalStatus, Notify, Status};
use countersign_core::sync::SyncObject;
use countersign_core::testing::{PROJECT, World};
use countersign_core::time::Timestamp;
use countersign_core::{Principal, State};

use super::board::Progress;
use super::inbox::Ask;
use super::items::{GovernableQuery, Query, Row, Sort};
use super::timeline::Filter;
use super::verdicts::{verdict, verdicts_changed};
use super::{Views, board, registry};
use crate::page::Order;
use crate::story::{Cast, MODEL, act, infra, last, save, states, story};

fn anything(_: ItemId) -> bool {
    true
}

fn told() -> (World, Cast, Views) {
    let (world, cast) = story();
    let mut views = Views::default();
    for (event, state) in states(&world.log) {
        views.apply(&event, &state);
    }
    (world, cast, views)
}

fn at(world: &World, position: Position) -> (State, Views) {
    let mut views = Views::default();
    let mut last = State::default();
    for (event, state) in states(&world.log).into_iter().take_while(|(event, _)| event.position <= position) {
        views.apply(&event, &state);
        last = state;
    }
    (last, views)
}

#[test]
fn after_every_event_each_row_is_what_the_state_gives() {
    let (world, _) = story();
    let mut views = Views::default();
    for (event, state) in states(&world.log) {
        views.apply(&event, &state);
        let name = event_name(&event.event);
        assert_eq!(views.items.len(), state.items.by_id.len(), "after {name}");
        for (id, item) in &state.items.by_id {
            assert_eq!(**views.items.get(*id).unwrap(), Row::of(item, &state, None), "{id} after {name}");
            let shown = views.verdicts.get(*id).map(|verdict| verdict.as_ref().clone());
            let due = verdict(&state, *id);
            assert_eq!(shown.is_some(), due.is_some(), "{id} after {name}");
            assert!(shown.zip(due).is_none_or(|(shown, due)| shown.says_the_same_as(&due)), "{id} after {name}");
        }
        let projects = state.items.by_blueprint.get(board::BLUEPRINT).map_or(0, |items| items.len());
        let archived = state
            .items
            .by_id
            .values()
            .filter(|item| item.is_archived && item.template.blueprint.as_str() == board::BLUEPRINT);
        assert_eq!(views.board.cards(&state, &anything, None).len(), projects - archived.count(), "after {name}");
        let waits = |status| matches!(status, Status::WaitingForFeedback | Status::WaitingForApproval);
        let waiting = state.signoffs.by_step.values().filter(|signoff| waits(signoff.status)).count();
        assert_eq!(views.inbox.len(), waiting, "after {name}");
        assert_eq!(views.timeline.len() as u64, event.position.0);
    }
}

#[test]
fn the_verdicts_that_events_change_add_up_to_the_view() {
    let (world, _, views) = told();
    let mut heard = BTreeMap::new();
    let mut before = State::default();
    for (event, state) in states(&world.log) {
        for verdict in verdicts_changed(&event, &before, &state) {
            assert_eq!(verdict.position, event.position);
            heard.insert(verdict.item, verdict);
        }
        before = state;
    }
    let shown: Vec<_> = views.verdicts.iter().map(|verdict| verdict.as_ref().clone()).collect();
    assert_eq!(heard.into_values().collect::<Vec<_>>(), shown);
}

#[test]
fn a_deployer_hears_every_change_of_the_verdict_in_order() {
    let (world, cast, _) = told();
    let mut before = State::default();
    let mut heard = Vec::new();
    for (event, state) in states(&world.log) {
        let changed = verdicts_changed(&event, &before, &state);
        heard.extend(changed.into_iter().filter(|verdict| verdict.item == cast.v2).map(|verdict| verdict.word()));
        before = state;
    }
    let expected = [
        "UNGOVERNED",
        "NOT_STARTED",
        "WAITING_FOR_FEEDBACK",
        "WAITING_FOR_APPROVAL",
        "WAITING_FOR_FEEDBACK",
        "WAITING_FOR_APPROVAL",
        "REJECTED",
        "ABANDONED",
        "REJECTED",
        "ABANDONED",
        "NOT_STARTED",
        "WAITING_FOR_APPROVAL",
        "APPROVED",
    ];
    // A new digest or govern item changes a verdict without changing its status.
    heard.dedup();
    assert_eq!(heard, expected);
}

#[test]
fn new_content_does_not_inherit_the_approval_of_the_old() {
    let (mut world, _, _) = told();
    let version = || SyncObject::ModelVersion { project: PROJECT.into(), model: MODEL.into(), version: "v3".into() };
    let (old, new) = (Digest::of(b"old"), Digest::of(b"new"));
    let v3 = world.sync_with(version(), "v3", 1, Some(old));
    let govern_item = world.govern(v3);
    let (bo, admin) = (world.principal("bo"), world.admin());
    save(&mut world, govern_item, &[], &[("development", StepStatus::Finished)]);
    act(&mut world, govern_item, &admin, Action::RequestApproval { notify: Notify::Stage });
    let approve = Action::SubmitApproval { status: ApprovalStatus::Approved, comment: None };
    act(&mut world, govern_item, &bo, approve);
    let approved = verdict(&world.state, v3).unwrap();
    assert_eq!((approved.word(), approved.digest), ("APPROVED", Some(old)));
    world.sync_with(version(), "v3", 2, Some(new));
    let now = verdict(&world.state, v3).unwrap();
    assert_eq!((now.word(), now.digest), ("APPROVED", Some(old)), "what is approved is still the old content");
}

#[test]
fn only_what_is_told_visible_and_ungoverned_is_governable() {
    let (world, cast, views) = told();
    let query = GovernableQuery { limit: 100, ..GovernableQuery::default() };
    let page = views.items.governable(&world.state, &query, &anything);
    assert!(page.rows.contains(&cast.v1));
    for governed in [cast.project, cast.model, cast.v2] {
        assert!(!page.rows.contains(&governed), "{governed}");
    }
    assert!(!page.rows.contains(&cast.bundle), "it is gone");
    for id in &page.rows {
        let source = world.state.items.by_id.get(id).unwrap().source.as_ref().unwrap();
        assert_ne!(source.revision, countersign_core::sync::Revision::default(), "{id} is a stub");
    }
    let unreadable = views.items.governable(&world.state, &query, &|id| id != cast.v1);
    assert!(!unreadable.rows.contains(&cast.v1));
    let (state, views) = at(&world, last(&world, "ItemHidden"));
    assert!(!views.items.governable(&state, &query, &anything).rows.contains(&cast.v1));
    let hidden = GovernableQuery { hidden: true, ..query };
    assert_eq!(views.items.governable(&state, &hidden, &anything).rows, [cast.v1]);
}

#[test]
fn lists_filter_by_blueprint_governing_step_signoff_and_name() {
    let (world, cast, views) = told();
    let list = |query: Query| views.items.list(&world.state, &Query { limit: 100, ..query }, &anything).rows;
    let version = SyncObject::ModelVersion { project: "".into(), model: "".into(), version: "".into() };
    let versions = Query { blueprint: Some(version.blueprint().into()), ..Query::default() };
    assert_eq!(list(versions.clone()), [cast.v1, cast.v2]);
    assert_eq!(list(Query { governed: Some(true), ..versions.clone() }), [cast.v2]);
    assert_eq!(list(Query { governed: Some(false), ..versions.clone() }), [cast.v1]);
    assert_eq!(list(Query { q: Some("FOREST (S1) - V2".into()), ..versions.clone() }), [cast.v2]);
    assert_eq!(list(Query { q: Some(cast.v1.to_string()), ..versions.clone() }), [cast.v1]);
    assert_eq!(list(Query { sort: Sort::Changed, order: Order::Descending, ..versions })[0], cast.v1, "shown last");
    assert_eq!(list(Query { signoff: Some(Status::Approved), ..Query::default() }), [cast.govern_v2]);
    assert_eq!(list(Query { step: Some("progress".into()), ..Query::default() }), [cast.govern_project]);
    assert!(list(Query { archived: Some(true), ..Query::default() }).is_empty());
}

#[test]
fn an_inbox_holds_what_one_can_do_and_nothing_else() {
    let (world, cast, _) = told();
    let (ana, bo) = (world.principal("ana"), world.principal("bo"));
    let of = |position, principal: &Principal| {
        let (state, views) = at(&world, position);
        views.inbox.of(&state, principal).into_iter().map(|entry| (entry.signoff.item, entry.ask)).collect::<Vec<_>>()
    };
    let requested = last(&world, "FeedbackRequested");
    assert_eq!(of(requested, &ana), [(cast.govern_v2, Ask::Feedback(vec!["business".into()]))]);
    assert!(of(requested, &bo).is_empty());
    assert!(of(last(&world, "ReviewSubmitted"), &ana).is_empty(), "she has reviewed");
    let asked = last(&world, "ApprovalRequested");
    assert_eq!(of(asked, &bo), [(cast.govern_v2, Ask::Approval)]);
    assert!(of(asked, &ana).is_empty());
    assert!(of(last(&world, "ApprovalSubmitted"), &bo).is_empty());
}

#[test]
fn what_waits_in_an_archived_item_is_in_no_inbox() {
    let (mut world, cast, _) = told();
    let admin = world.admin();
    act(&mut world, cast.govern_v2, &admin, Action::Abandon { comment: None });
    act(&mut world, cast.govern_v2, &admin, Action::Reset { reload: false });
    act(&mut world, cast.govern_v2, &admin, Action::RequestApproval { notify: Notify::Stage });
    let (state, views) = at(&world, world.state.head);
    assert_eq!(views.inbox.of(&state, &world.principal("bo")).len(), 1);
    let archive = countersign_core::artifact::Command::Archive { item: cast.govern_v2 };
    world.run(&admin, archive);
    let (state, views) = at(&world, world.state.head);
    assert!(views.inbox.of(&state, &world.principal("bo")).is_empty());
}

#[test]
fn the_registry_shows_champion_challenger_metric_and_its_drift() {
    let (world, cast, views) = told();
    let query = registry::Query { limit: 10, ..registry::Query::default() };
    let page = views.registry.models(&world.state, &views.items, &query, &anything);
    let project = page.rows.iter().find(|project| project.item == cast.project).unwrap();
    assert_eq!(project.governed_by, Some(cast.govern_project));
    let [v1, v2] = &project.models[0].versions[..] else { panic!("{project:?}") };
    assert_eq!((project.models[0].item, v1.item, v2.item), (cast.model, cast.v1, cast.v2));
    assert_eq!((v1.is_active, v1.is_challenger, v1.signoff), (false, true, None));
    assert_eq!((v2.is_active, v2.is_challenger, v2.signoff), (true, false, Some(Status::Approved)));
    assert_eq!(v1.metric.initial, Some(0.85));
    assert_eq!((v1.metric.latest, v1.metric.drift), (None, None), "not available, never 0");
    assert_eq!(v2.metric.latest.map(|point| point.value), Some(0.81), "the latest run, not the latest arrival");
    assert_eq!(v2.metric.drift, Some(-0.06), "rounded to 12 decimals");
    assert_eq!(v2.drift[0].value.0, 0.12);
    let other = registry::Query { metric: Some("log_loss".into()), ..query.clone() };
    let other = views.registry.models(&world.state, &views.items, &other, &anything);
    let other = other.rows.iter().find(|project| project.item == cast.project).unwrap();
    assert_eq!(other.models[0].versions[1].metric.initial, None);
    assert!(other.models[0].versions[1].metric.latest.is_some());
    let named = registry::Query { q: Some("- V1".into()), ..query.clone() };
    let named = views.registry.models(&world.state, &views.items, &named, &anything);
    assert_eq!(named.rows[0].models[0].versions.iter().map(|version| version.item).collect::<Vec<_>>(), [cast.v1]);
    let unreadable = views.registry.models(&world.state, &views.items, &query, &|id| id != cast.project);
    assert!(unreadable.rows.iter().all(|project| project.item != cast.project));
}

#[test]
fn metric_windows_include_both_ends() {
    let (world, cast, views) = told();
    let time = |millis| Some(Timestamp::from_millis(millis));
    let values = |item, from, to| {
        let series = views.registry.item_metrics(&world.state, item, from, to);
        let auc = series.into_iter().find(|series| &*series.name == "auc").unwrap();
        auc.points.iter().map(|point| point.value).collect::<Vec<_>>()
    };
    assert_eq!(values(cast.v2, None, None), [0.84, 0.83, 0.81]);
    assert_eq!(values(cast.govern_v2, None, None), [0.84, 0.83, 0.81], "by its govern item too");
    assert_eq!(values(cast.v2, time(1_000), time(2_000)), [0.84, 0.83]);
    assert!(values(cast.v2, time(3_001), None).is_empty());
    assert!(values(cast.v2, time(2_000), time(1_000)).is_empty());
}

#[test]
fn a_timeline_is_filtered_by_item_person_kind_and_time_and_pages_both_ways() {
    let (world, cast, views) = told();
    let timeline = &views.timeline;
    let all = |filter: Filter| timeline.list(&Filter { limit: 1_000, ..filter }, &|_| true).events;
    let of_item = all(Filter { item: Some(cast.govern_v2), ..Filter::default() });
    let names: Vec<&str> = of_item.iter().map(|event| event_name(&event.event)).collect();
    assert_eq!(names[0], "ItemGoverned");
    assert!(names.contains(&"ApprovalSubmitted") && names.contains(&"DeploymentChecked"), "{names:?}");
    let of_source = all(Filter { item: Some(cast.v2), ..Filter::default() });
    assert!(of_source.iter().any(|event| event_name(&event.event) == "ItemGoverned"), "a source was governed");
    let by_bo = all(Filter { actor: Some(world.principal("bo")), ..Filter::default() });
    assert_eq!(by_bo.len(), 2);
    let kinds = vec!["EvaluationRecorded".into()];
    assert_eq!(all(Filter { kinds, ..Filter::default() }).len(), 3);
    let third = timeline.get(Position(3)).unwrap().recorded_at;
    let window = all(Filter { from: Some(third), to: Some(third), ..Filter::default() });
    assert!(window.iter().any(|event| event.position == Position(3)));
    assert!(window.iter().all(|event| event.recorded_at == third));
    for order in [Order::Ascending, Order::Descending] {
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let part = timeline.list(&Filter { order, after, limit: 7, ..Filter::default() }, &|_| true);
            paged.extend(part.events.iter().map(|event| event.position));
            after = part.next;
            if after.is_none() {
                break;
            }
        }
        let whole: Vec<Position> = all(Filter { order, ..Filter::default() }).iter().map(|e| e.position).collect();
        assert_eq!(paged, whole);
        assert_eq!(paged.len(), world.log.len());
    }
}

#[test]
fn the_position_at_an_instant_is_the_last_recorded_by_then() {
    let (world, _, views) = told();
    for event in &world.log {
        let position = views.timeline.position_at(event.recorded_at);
        let last = world.log.iter().rfind(|other| other.recorded_at <= event.recorded_at).unwrap().position;
        assert_eq!(position, last);
    }
    let before = Timestamp::from_millis(world.log[0].recorded_at.millis() - 1);
    assert_eq!(views.timeline.position_at(before), Position::ZERO);
    assert_eq!(views.timeline.after(Position(2)).next().unwrap().position, Position(3));
    assert_eq!(views.timeline.after(world.state.head).count(), 0);
    assert_eq!(views.timeline.after(Position(u64::MAX)).count(), 0);
}

#[test]
fn the_board_places_a_project_by_step_and_ratings_and_shows_no_go_as_stopped() {
    let (mut world, cast, views) = told();
    let columns = board::columns(&world.state, views.board.cards(&world.state, &anything, None));
    let column = columns.iter().find(|column| column.cards.iter().any(|card| card.item == cast.govern_project));
    assert_eq!(column.unwrap().step, Some("progress".into()));
    let cell = board::matrix(views.board.cards(&world.state, &anything, None));
    assert_eq!((cell[0].value_score, cell[0].risk_score), (Some(80), Some(60)));
    let gauge = |views: &Views, progress| {
        board::gauges(&views.board.cards(&State::default(), &anything, None))
            .into_iter()
            .find(|(of, _)| *of == progress)
            .unwrap()
            .1
    };
    assert_eq!((gauge(&views, Progress::InProgress), gauge(&views, Progress::Stopped)), (1, 0));
    save(&mut world, cast.govern_project, &[("qualification_resulting_decision", "No go")], &[]);
    let (_, views) = at(&world, world.state.head);
    assert_eq!((gauge(&views, Progress::InProgress), gauge(&views, Progress::Stopped)), (0, 1));
    assert!(views.board.cards(&world.state, &|_| false, None).is_empty());
}

#[test]
fn the_gates_of_an_infrastructure_remember_who_asked() {
    let (world, _, views) = told();
    assert_eq!(views.deployments.latest(&infra(), 10), [last(&world, "DeploymentChecked")]);
    assert_eq!(views.deployments.count(&infra()), 1);
}

#[test]
fn a_model_that_moves_to_another_project_takes_the_sign_offs_below_it_along() {
    let mut world = World::bootstrapped();
    let admin = world.admin();
    let create = |world: &mut World, blueprint: &str, fields: &[(&str, ItemId)]| {
        let fields = fields.iter().map(|(field, to)| ((*field).into(), Input::Text(to.to_string().into()))).collect();
        let (blueprint, name) = (blueprint.into(), "by hand".into());
        world.run(&admin, artifact::Command::Create { blueprint, version: None, name, fields, steps: Vec::new() });
        ItemId(world.state.items.last_item)
    };
    let initiative = create(&mut world, super::initiatives::BLUEPRINT, &[]);
    let project = create(&mut world, board::BLUEPRINT, &[("business_initiative", initiative)]);
    let elsewhere = create(&mut world, board::BLUEPRINT, &[]);
    let model = create(&mut world, "bp.system.govern_model", &[("govern_project", project)]);
    let version = create(&mut world, "bp.system.govern_model_version", &[("govern_model", model)]);
    save(&mut world, version, &[], &[("development", StepStatus::Finished)]);
    act(&mut world, version, &admin, Action::RequestApproval { notify: Notify::These(Vec::new()) });
    let waiting = |world: &World| {
        let (state, views) = at(world, world.state.head);
        views.initiatives.roll_up(&state, &views.board, initiative, &anything, None).signoffs.waiting
    };
    assert_eq!(waiting(&world), 1);
    save(&mut world, model, &[("govern_project", &elsewhere.to_string())], &[]);
    assert_eq!(waiting(&world), 0);
}
