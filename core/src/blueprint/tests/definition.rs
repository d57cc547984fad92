use super::super::*;
use crate::ids::{BlueprintId, CredentialId, LogId, TemplateId};
use crate::log::Command;
use crate::testing::{Spec, World, name};
use crate::{Principal, log};

fn bootstrap() -> Command {
    Command::Bootstrap {
        log: LogId(uuid::Uuid::from_u128(1)),
        product: "spec".into(),
        admin_credential: CredentialId(uuid::Uuid::from_u128(2)),
    }
}

fn definition(world: &World, blueprint: &str) -> std::sync::Arc<Definition> {
    let template = TemplateId { blueprint: blueprint.into(), version: standard::STANDARD_VERSION.into() };
    world.state.templates.version(&template).unwrap_or_else(|| panic!("no {blueprint}")).definition.clone()
}

fn step_ids(definition: &Definition) -> Vec<&str> {
    definition.steps.iter().map(|step| step.id.as_str()).collect()
}

#[track_caller]
fn assert_refused(document: &str, path: &str) {
    let error = Definition::parse(document).map(|_| ()).unwrap_err();
    assert_eq!(error.path, path, "{error}");
}

#[test]
fn the_first_start_begins_with_the_log_and_is_done_once() {
    let (events, world) = Spec::given(World::empty()).as_system().when(bootstrap()).accepted();
    assert_eq!(name(&events[0].event), "LogCreated");
    assert_eq!(name(&events.last().unwrap().event), "KeyCreated");
    assert!(events.len() < crate::draft::COMMAND_EVENTS_MAX);
    let key = world.state.access.keys.values().next().unwrap();
    assert!(key.is_admin);
    assert_eq!(&*key.label, log::FIRST_KEY_LABEL);
    Spec::given(world).as_system().when(bootstrap()).then_rejected("already_bootstrapped");
}

#[test]
fn only_the_system_starts_a_log_and_lets_time_pass() {
    let mut world = World::bootstrapped();
    let admin = world.admin();
    world.user("rob");
    let world = Spec::given(world).as_principal(admin).when(bootstrap()).then_rejected("forbidden");
    let world = Spec::given(world).as_user("rob").when(Command::FireDue).then_rejected("forbidden");
    Spec::given(world).as_system().when(Command::FireDue).then_already_so();
}

#[test]
fn the_standard_templates_have_their_steps() {
    let world = World::bootstrapped();
    let steps = |blueprint: &str| {
        let definition = definition(&world, blueprint);
        step_ids(&definition).join(" ")
    };
    assert_eq!(steps("bp.system.govern_project"), "exploration qualification progress rollout delivery");
    assert_eq!(steps("bp.system.govern_model"), "");
    assert_eq!(steps("bp.system.govern_model_version"), "development review deployment production");
    assert_eq!(steps("bp.system.govern_bundle"), "development review deployment production");
    assert_eq!(steps("bp.system.business_initiative"), "ideation progress decision");
    let names: Vec<_> = definition(&world, "bp.system.govern_project").steps.iter().map(|s| s.name.clone()).collect();
    assert_eq!(names.join(", "), "Exploration, Qualification, In Progress, Validation and Roll-out, Delivered");
}

#[test]
fn every_standard_template_is_active_requires_nothing_and_refers_to_what_exists() {
    let world = World::bootstrapped();
    for blueprint in world.state.templates.blueprints.values() {
        let active: Vec<_> = blueprint.active().collect();
        assert_eq!(active.len(), 1, "{}", blueprint.id);
        assert_eq!(&*active[0].definition.name, "Dataiku Standard");
        for field in &active[0].definition.fields {
            assert!(!field.required, "{} of {}", field.id, blueprint.id);
            if let FieldKind::Reference { blueprints } = &field.kind {
                let unknown = |id: &&BlueprintId| world.state.templates.blueprint(id).is_none();
                assert_eq!(blueprints.iter().find(unknown), None, "{} of {}", field.id, blueprint.id);
            }
            if let FieldSource::BackReference { blueprint: from, field: through } = &field.source {
                let from = definition(&world, from.as_str());
                assert!(from.field(through).is_some_and(|field| field.source == FieldSource::Stored), "{through}");
            }
        }
    }
}

#[test]
fn synced_blueprints_are_locked_and_govern_blueprints_are_not() {
    let world = World::bootstrapped();
    let locked = |blueprint: &str| world.state.templates.is_locked(&blueprint.into());
    for blueprint in ["dataiku_project", "dataiku_saved_model", "dataiku_saved_model_version", "dataiku_bundle"] {
        assert!(locked(&format!("bp.system.{blueprint}")), "{blueprint}");
    }
    for blueprint in ["dataiku_dataset", "project_deployer_deployment", "user", "group"] {
        assert!(locked(&format!("bp.system.{blueprint}")), "{blueprint}");
    }
    for blueprint in ["govern_project", "govern_model", "govern_model_version", "govern_bundle", "business_initiative"]
    {
        assert!(!locked(&format!("bp.system.{blueprint}")), "{blueprint}");
    }
}

#[test]
fn the_review_of_versions_and_bundles_is_signed_off_by_three_groups_and_is_mandatory() {
    let world = World::bootstrapped();
    for blueprint in ["bp.system.govern_model_version", "bp.system.govern_bundle"] {
        let template = TemplateId { blueprint: blueprint.into(), version: standard::STANDARD_VERSION.into() };
        let version = world.state.templates.version(&template).unwrap();
        let position = version.configured.get("review").unwrap();
        let configuration = world.state.templates.configuration(*position).unwrap();
        assert!(configuration.mandatory);
        let groups: Vec<_> = configuration.groups.iter().map(|group| (group.id.as_str(), &*group.title)).collect();
        let expected =
            [("business", "Business"), ("it_operations", "IT & Operations"), ("risk_compliance", "Risk & Compliance")];
        assert_eq!(groups, expected);
        assert_eq!(configuration.approvers, [Container::Role("ro.final_approver".into())]);
    }
}

#[test]
fn a_rights_table_and_the_standard_groups_exist_from_the_first_start() {
    let world = World::bootstrapped();
    let access = &world.state.access;
    let groups: Vec<_> = access.groups.values().map(|group| (group.id.as_str(), group.is_admin)).collect();
    assert_eq!(groups, [("administrators", true), ("contributors", false), ("project_managers", false)]);
    assert_eq!(access.roles.len(), 7);
    let everyone = access.default_permissions.everyone;
    assert!(everyone.read && !everyone.write && !everyone.create && !everyone.delete && !everyone.admin);
    for (blueprint, assignments) in &access.assignments {
        let definition = definition(&world, blueprint.as_str());
        for assignment in assignments.iter() {
            let mut fields = assignment.fields.iter().chain(&assignment.inherited_through);
            assert!(fields.all(|field| definition.field(field).is_some()), "{blueprint}: {assignment:?}");
            assert!(access.roles.contains_key(&assignment.role));
        }
    }
}

#[test]
fn a_document_is_kept_as_it_was_given_and_its_fields_in_their_order() {
    let document = r#"{"name":"V","uiDefinition":{"x":1},"fieldDefinitions":{"z":{"fieldType":"TEXT"},"a":{"fieldType":"DATE","label":"A"}}}"#;
    let parsed = Definition::parse(document).unwrap();
    assert_eq!(&*parsed.document, document);
    let fields: Vec<_> = parsed.fields.iter().map(|field| (field.id.as_str(), &*field.label)).collect();
    assert_eq!(fields, [("z", "z"), ("a", "A")]);
    assert_eq!(Definition::parse(&parsed.document).unwrap(), parsed);
}

#[test]
fn a_standard_document_parses_to_what_is_in_force() {
    let world = World::bootstrapped();
    for blueprint in world.state.templates.blueprints.values() {
        for version in blueprint.versions.values() {
            let again = Definition::parse(&version.definition.document).unwrap();
            assert_eq!(again.fields.len(), version.definition.fields.len());
            assert_eq!(again.steps, version.definition.steps);
        }
    }
}

#[test]
fn a_broken_document_names_the_place() {
    let field = |json: &str| format!(r#"{{"fieldDefinitions":{{"f":{json}}}}}"#);
    assert_refused("{", "document");
    assert_refused("[]", "document");
    assert_refused(&format!(r#"{{"name":"{}"}}"#, "x".repeat(DOCUMENT_BYTES_MAX)), "document");
    assert_refused(r#"{"name":1}"#, "name");
    assert_refused(r#"{"fieldDefinitions":[]}"#, "fieldDefinitions");
    assert_refused(&field("1"), "fieldDefinitions.f");
    assert_refused(&field("{}"), "fieldDefinitions.f.fieldType");
    assert_refused(&field(r#"{"fieldType":"NAME"}"#), "fieldDefinitions.f.fieldType");
    assert_refused(&field(r#"{"fieldType":"TEXT","required":"yes"}"#), "fieldDefinitions.f.required");
    assert_refused(&field(r#"{"fieldType":"TEXT","sourceType":"HOOK"}"#), "fieldDefinitions.f.sourceType");
    assert_refused(&field(r#"{"fieldType":"NUMBER","min":2,"max":1}"#), "fieldDefinitions.f");
    assert_refused(&field(r#"{"fieldType":"CATEGORY"}"#), "fieldDefinitions.f.categories");
    assert_refused(&field(r#"{"fieldType":"TEXT","listConfig":1}"#), "fieldDefinitions.f.listConfig");
    assert_refused(
        &field(r#"{"fieldType":"TEXT","listConfig":{"cardinalityMin":-1}}"#),
        "fieldDefinitions.f.listConfig.cardinalityMin",
    );
    assert_refused(&field(r#"{"fieldType":"NUMBER","sourceType":"COMPUTE"}"#), "fieldDefinitions.f.computation");
    let score = r#"{"fieldType":"NUMBER","sourceType":"COMPUTE","computation":{"type":"RATING_SCORE","fieldId":"g"}}"#;
    assert_refused(&field(score), "fieldDefinitions.f.computation");
    assert_refused(r#"{"hierarchicalParentFieldId":"f"}"#, "hierarchicalParentFieldId");
}

#[test]
fn a_broken_workflow_names_the_place() {
    let steps = |json: &str| format!(r#"{{"workflowDefinition":{{"stepDefinitions":{json}}}}}"#);
    let path = "workflowDefinition.stepDefinitions";
    assert_refused(&steps("{}"), path);
    assert_refused(&steps("[{}]"), &format!("{path}.0.id"));
    assert_refused(&steps(r#"[{"id":"a"},{"id":"a"}]"#), &format!("{path}.1"));
    let condition = |json: &str| steps(&format!(r#"[{{"id":"a","visibilityCondition":{json}}}]"#));
    let path = format!("{path}.0.visibilityCondition");
    assert_refused(&condition(r#"{"type":"moon"}"#), &format!("{path}.type"));
    assert_refused(
        &condition(r#"{"type":"field","conditionType":"CONTAINS","fieldId":"f","condition":"x"}"#),
        &format!("{path}.conditionType"),
    );
    assert_refused(
        &condition(r#"{"type":"field","conditionType":"EQUALS","fieldId":"f","condition":"x"}"#),
        &format!("{path}.fieldId"),
    );
    let deep =
        (0..20).fold(r#"{"type":"moon"}"#.to_owned(), |inner, _| format!(r#"{{"type":"and","conditions":[{inner}]}}"#));
    assert!(Definition::parse(&condition(&deep)).unwrap_err().problem.contains("deeply"));
}

#[test]
fn events_of_unknown_templates_are_passed_over() {
    let mut world = World::bootstrapped();
    let template = TemplateId { blueprint: "bp.none".into(), version: "bv.none".into() };
    world.happened(&Principal::System, Event::VersionStatusChanged { template, status: VersionStatus::Active });
    assert!(world.state.templates.blueprint(&"bp.none".into()).is_none());
}
