//! Governing, attaching, hiding; children have specs of their own.

use super::super::govern::{governing_item, is_hidden, rename_from_source};
use super::*;
use crate::context::{Caller, Channel, Context};
use crate::draft::Draft;
use crate::ids::CorrelationId;
use crate::recorded::Recorded;
use crate::testing::{Spec, name};

fn govern(source: ItemId) -> Command {
    Command::Govern(plain(source))
}

/// What a rule of another module makes of the world, by the names of its events.
pub(super) fn by_rule(world: &mut World, rule: impl FnOnce(&mut Draft<'_>)) -> Vec<String> {
    let caller = Caller::new(Principal::System, Channel::Engine, CorrelationId(uuid::Uuid::from_u128(9)));
    let context = Context { caller, at: world.at, seed: [7; 32] };
    let mut draft = Draft::new(&world.state, &context);
    rule(&mut draft);
    let (events, state) = draft.finish().unwrap();
    world.state = state;
    events.iter().map(|recorded: &Recorded| name(&recorded.event)).collect()
}

#[test]
fn a_project_is_governed_under_its_name_and_governing_it_again_changes_nothing() {
    let mut world = world();
    let source = tell(&mut world, project_key("FRAUD"));
    let world = Spec::given(world).as_user("cora").when(govern(source)).then(&["ItemGoverned"]);
    let governed = item(&world, governing_item(&world.state, source).unwrap());
    assert_eq!(&*governed.name, "FRAUD");
    assert_eq!(governed.template.blueprint.as_str(), GOVERN_PROJECT);
    assert_eq!(sources_of(&world, governed.id), [source]);
    let back = super::super::field_value(&world.state, &item(&world, source), &"governed_by".into());
    assert_eq!(back, Some(Value::Reference(governed.id)));
    let world = Spec::given(world).as_user("cora").when(govern(source)).then_already_so();
    let other = Govern { version: Some("bv.other".into()), ..plain(source) };
    Spec::given(world).as_user("cora").when(Command::Govern(other)).then_rejected("already_governed");
}

#[test]
fn governing_needs_the_right_to_create() {
    let mut world = world();
    let source = tell(&mut world, project_key("FRAUD"));
    let world = Spec::given(world).as_user("rob").when(govern(source)).then_rejected("forbidden");
    let world = Spec::given(world).as_user("rob").when(Command::Hide { item: source }).then_rejected("forbidden");
    Spec::given(world).as_user("rob").when(Command::GovernPending).then_rejected("forbidden");
}

#[test]
fn the_parent_has_to_be_governed_first_or_with_it() {
    let mut world = world();
    let version = tell(&mut world, version_key("FRAUD", "m1", "v1"));
    let world = Spec::given(world).as_user("cora").when(govern(version)).then_rejected("parent_not_governed");
    let with_parents = Command::Govern(Govern { with_parents: true, ..plain(version) });
    let spec = Spec::given(world).as_user("cora");
    let world = spec.when(with_parents).then(&["ItemGoverned", "ItemGoverned", "ItemGoverned", "SignoffOpened"]);
    let governed = governing_item(&world.state, version).unwrap();
    let model = super::super::parent(&world.state, &item(&world, governed)).unwrap();
    assert_eq!(item(&world, model).template.blueprint.as_str(), "bp.system.govern_model");
    let project = super::super::parent(&world.state, &item(&world, model)).unwrap();
    assert_eq!(item(&world, project).template.blueprint.as_str(), GOVERN_PROJECT);
}

#[test]
fn nothing_is_governed_below_an_archived_parent() {
    let mut world = world();
    let bundle = tell(&mut world, bundle_key("FRAUD", "b1"));
    let project = world.state.nodes.items[&key(project_key("FRAUD"))];
    let governed = world.govern(project);
    let cora = world.principal("cora");
    world.run(&cora, Command::Archive { item: governed });
    Spec::given(world).as_user("cora").when(govern(bundle)).then_rejected("item_archived");
}

#[test]
fn only_what_can_be_governed_is() {
    let mut world = world();
    let dataset = crate::sync::SyncObject::Dataset { project: "FRAUD".into(), dataset: "d1".into() };
    let dataset = tell(&mut world, dataset);
    let made = made_project(&mut world);
    let world = Spec::given(world).as_user("cora").when(govern(dataset)).then_rejected("not_governable");
    let world = Spec::given(world).as_user("cora").when(govern(made)).then_rejected("not_governable");
    let world = Spec::given(world).as_user("cora").when(Command::Hide { item: made }).then_rejected("not_governable");
    Spec::given(world).as_user("cora").when(govern(ItemId(9_999))).then_rejected("not_found");
}

#[test]
fn what_its_node_no_longer_has_cannot_be_governed() {
    let mut world = world();
    let source = tell(&mut world, project_key("FRAUD"));
    let gone = sync::Event::ItemGone { item: source, revision: Revision { epoch: 0, revision: 2 } };
    world.happened(&Principal::Node(NodeId::from(NODE)), gone);
    Spec::given(world).as_user("cora").when(govern(source)).then_rejected("source_gone");
}

#[test]
fn with_several_active_templates_one_has_to_be_named() {
    let mut world = world();
    let source = tell(&mut world, project_key("FRAUD"));
    version(&mut world, GOVERN_PROJECT, "bv.other", "{}");
    let world = Spec::given(world).as_user("cora").when(govern(source)).then_rejected("template_needed");
    let named = |version: &str| Command::Govern(Govern { version: Some(version.into()), ..plain(source) });
    let world = Spec::given(world).as_user("cora").when(named("bv.none")).then_rejected("version_not_active");
    let world = Spec::given(world).as_user("cora").when(named("bv.other")).then(&["ItemGoverned"]);
    Spec::given(world).as_user("cora").when(named("bv.other")).then_already_so();
}

#[test]
fn several_projects_share_one_govern_project() {
    let mut world = world();
    let (first, second) = (tell(&mut world, project_key("A")), tell(&mut world, project_key("B")));
    let governed = world.govern(first);
    let attach = Command::Govern(Govern { attach_to: Some(governed), ..plain(second) });
    let world = Spec::given(world).as_user("cora").when(attach.clone()).then(&["ItemAttached"]);
    assert_eq!(sources_of(&world, governed), [first, second]);
    assert_eq!(governing_item(&world.state, second), Some(governed));
    let mut world = Spec::given(world).as_user("cora").when(attach).then_already_so();
    let model = tell(&mut world, model_key("B", "m1"));
    let onto = Command::Govern(Govern { attach_to: Some(governed), ..plain(model) });
    let world = Spec::given(world).as_user("cora").when(onto).then_rejected("attach_not_possible");
    let world = Spec::given(world).as_user("cora").when(govern(model)).then(&["ItemGoverned"]);
    let model = item(&world, governing_item(&world.state, model).unwrap());
    assert_eq!(super::super::parent(&world.state, &model), Some(governed));
}

#[test]
fn a_project_is_linked_to_a_business_initiative() {
    let mut world = world();
    let source = tell(&mut world, project_key("FRAUD"));
    let model = tell(&mut world, model_key("FRAUD", "m1"));
    let cora = world.principal("cora");
    world.run(&cora, create("bp.system.business_initiative", &[]));
    let initiative = last(&world);
    let wish = |source, initiative| Command::Govern(Govern { initiative: Some(initiative), ..plain(source) });
    let spec = Spec::given(world).as_user("cora");
    let world = spec.when(wish(source, source)).then_rejected("initiative_not_possible");
    let spec = Spec::given(world).as_user("cora");
    let world = spec.when(wish(source, initiative)).then(&["ItemGoverned", "FieldsEdited"]);
    let governed = item(&world, governing_item(&world.state, source).unwrap());
    assert_eq!(super::super::parent(&world.state, &governed), Some(initiative));
    let world = Spec::given(world).as_user("cora").when(wish(source, initiative)).then_already_so();
    Spec::given(world).as_user("cora").when(wish(model, initiative)).then_rejected("initiative_not_possible");
}

#[test]
fn no_two_govern_items_stand_for_one_source() {
    let mut world = world();
    let source = tell(&mut world, project_key("FRAUD"));
    let governed = world.govern(source);
    let claim = [("dataiku_item", texts(&[&source.to_string()]))];
    let rejection = Spec::given(world.clone()).as_user("cora").when(create(GOVERN_PROJECT, &claim)).rejection();
    assert_eq!(rejection.fields()[0].code, "already_governed");
    let kept = fill(governed, &claim);
    Spec::given(world).as_user("cora").when(kept).then_already_so();
}

#[test]
fn an_item_made_for_a_source_hangs_where_the_source_does() {
    let mut world = world();
    let bundle = tell(&mut world, bundle_key("FRAUD", "b1"));
    let other = made_project(&mut world);
    let claim = |parent: ItemId| {
        let fields = [("dataiku_item", texts(&[&bundle.to_string()])), ("govern_project", text(&parent.to_string()))];
        create("bp.system.govern_bundle", &fields)
    };
    let rejection = Spec::given(world.clone()).as_user("meg").when(claim(other)).rejection();
    assert_eq!(rejection.fields()[0].code, "parent_not_governed");
    let project = world.state.nodes.items[&key(project_key("FRAUD"))];
    let governed = world.govern(project);
    let rejection = Spec::given(world.clone()).as_user("meg").when(claim(other)).rejection();
    assert_eq!(rejection.fields()[0].code, "forbidden_reference");
    assert_eq!(rejection.fields()[0].field.as_str(), "govern_project");
    let world = Spec::given(world).as_user("meg").when(claim(governed)).then(&["ItemCreated", "SignoffOpened"]);
    assert_eq!(governing_item(&world.state, bundle), Some(last(&world)));
}

#[test]
fn what_a_signed_off_item_stands_for_cannot_be_exchanged() {
    let mut world = world();
    let v1 = tell(&mut world, version_key("FRAUD", "m1", "v1"));
    let v2 = tell(&mut world, version_key("FRAUD", "m1", "v2"));
    let governed = world.govern(v1);
    let exchange = |source: ItemId| fill(governed, &[("dataiku_item", texts(&[&source.to_string()]))]);
    let world = Spec::given(world).as_user("cora").when(exchange(v2)).then(&["FieldsEdited"]);
    let mut world = Spec::given(world).as_user("cora").when(exchange(v1)).then(&["FieldsEdited"]);
    let requested =
        crate::signoff::Event::FeedbackRequested { item: governed, step: "review".into(), notify: Vec::new() };
    world.happened(&Principal::System, requested);
    let rejection = Spec::given(world).as_user("meg").when(exchange(v2)).rejection();
    assert_eq!(rejection.fields()[0].code, "source_fixed");
}

#[test]
fn a_template_without_the_field_takes_no_initiative() {
    let mut world = world();
    let source = tell(&mut world, project_key("FRAUD"));
    version(&mut world, GOVERN_PROJECT, "bv.bare", "{}");
    let cora = world.principal("cora");
    world.run(&cora, create("bp.system.business_initiative", &[]));
    let initiative = Some(last(&world));
    let wish = Govern { initiative, version: Some("bv.bare".into()), ..plain(source) };
    let world = Spec::given(world).as_user("cora").when(Command::Govern(wish)).then_rejected("initiative_not_possible");
    assert_eq!(governing_item(&world.state, source), None);
}

#[test]
fn hiding_covers_children_and_is_taken_back() {
    let mut world = world();
    let version = tell(&mut world, version_key("FRAUD", "m1", "v1"));
    let project = world.state.nodes.items[&key(project_key("FRAUD"))];
    let (hide, show) = (Command::Hide { item: project }, Command::Show { item: project });
    let world = Spec::given(world).as_user("cora").when(show.clone()).then_already_so();
    let world = Spec::given(world).as_user("cora").when(hide.clone()).then(&["ItemHidden"]);
    let world = Spec::given(world).as_user("cora").when(hide).then_already_so();
    assert!(is_hidden(&world.state, version));
    let with_parents = Command::Govern(Govern { with_parents: true, ..plain(version) });
    let world = Spec::given(world).as_user("cora").when(with_parents.clone()).then_rejected("item_hidden");
    let world = Spec::given(world).as_user("cora").when(govern(project)).then_rejected("item_hidden");
    let spec = Spec::given(world).as_user("cora");
    let world = spec.when(Command::Show { item: version }).then_rejected("hidden_by_parent");
    let hide_both = Spec::given(world).as_user("cora").when(Command::Hide { item: version });
    let spec = Spec::given(hide_both.then(&["ItemHidden"])).as_user("cora");
    let world = spec.when(Command::Show { item: version }).then_rejected("hidden_by_parent");
    let world = Spec::given(world).as_user("cora").when(show).then(&["ItemShown"]);
    assert!(is_hidden(&world.state, version), "hidden by itself before, and so it stays");
    let world = Spec::given(world).as_user("cora").when(Command::Show { item: version }).then(&["ItemShown"]);
    assert!(!is_hidden(&world.state, version));
    let (_, world) = Spec::given(world).as_user("cora").when(with_parents).accepted();
    Spec::given(world).as_user("cora").when(Command::Hide { item: project }).then_rejected("already_governed");
}

#[test]
fn the_govern_item_follows_its_sources_name_unless_a_person_named_it() {
    let mut world = world();
    let source = tell(&mut world, project_key("FRAUD"));
    let governed = world.govern(source);
    assert!(by_rule(&mut world, |draft| rename_from_source(draft, source)).is_empty());
    told(&mut world, source, project_key("FRAUD"), "XX Govern Tutorial", Vec::new());
    assert_eq!(by_rule(&mut world, |draft| rename_from_source(draft, source)), ["ItemRenamed"]);
    assert_eq!(&*item(&world, governed).name, "XX Govern Tutorial");
    let cora = world.principal("cora");
    world.run(&cora, rename(governed, "Ours"));
    told(&mut world, source, project_key("FRAUD"), "Another", Vec::new());
    assert!(by_rule(&mut world, |draft| rename_from_source(draft, source)).is_empty());
}
