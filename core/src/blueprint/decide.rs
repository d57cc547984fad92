//! Decides the wishes about templates.
//!
//! Standard versions are read-only, so that an upgrade can bring them up to date; who wants another one forks it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::change::{Loss, lost_fields};
use super::configuration::{check, imported};
use super::state::{Blueprint, Configuration, Definition, Version, VersionStatus};
use super::{Command, DOCUMENT_BYTES_MAX, Event, standard::STANDARD_VERSION};
use crate::access::may::{Action, Subject};
use crate::access::require::require;
use crate::artifact::{self, govern::SOURCE_FIELD};
use crate::draft::Draft;
use crate::ids::{BlueprintId, StepId, TemplateId, VersionId};
use crate::rejection::common;
use crate::state::State;

/// Most blueprints of an instance, and most versions of one of them.
pub const TEMPLATES_MAX: usize = 1_000;
/// Longest name of a blueprint, in bytes.
pub const BLUEPRINT_NAME_BYTES_MAX: usize = 1_024;
/// Longest document of a blueprint (icon, colours), in bytes.
pub const BLUEPRINT_DOCUMENT_BYTES_MAX: usize = 16 * 1024;
/// Longest id of a blueprint or version that people choose, in bytes.
pub const TEMPLATE_ID_BYTES_MAX: usize = 100;
/// What the ids of everything that comes with the product begin with, after `bp.` and `bv.`.
const SYSTEM: &str = "system.";

crate::rejections! {
    /// A template is a version document of Dataiku's public API; the place that cannot be read is named.
    Input TemplateInvalid { path: String, problem: String } = "template_invalid", "{path}: {problem}";
    /// Blueprints are called `bp.` and versions `bv.`, then letters, digits, `_`, `-` and `.`; `system.` is the product's.
    Input TemplateIdInvalid { id: String } = "template_id_invalid", "{id:?} is no id for a template of your own";
    /// An id stands for one blueprint for ever.
    State BlueprintExists { blueprint: BlueprintId } = "blueprint_exists", "{blueprint} exists already";
    /// An id stands for one version of a blueprint.
    State VersionExists { template: TemplateId } = "version_exists", "{template} exists already";
    /// What comes with the product is not changed or deleted, but forked and archived.
    State StandardTemplate { what: String } = "standard_template", "{what} comes with the product; fork it instead";
    /// A template that items use loses nothing of theirs unless that is accepted, and is not deleted or made a draft.
    State TemplateInUse { template: TemplateId, loss: String } = "template_in_use", "{template} is in use: {loss}";
    /// A blueprint is deleted only while it has no items.
    State BlueprintInUse { blueprint: BlueprintId, items: usize } = "blueprint_in_use", "{blueprint} has {items} items";
    /// An instance has at most `TEMPLATES_MAX` blueprints, and a blueprint as many versions.
    State TooManyTemplates = "too_many_templates", "there are {TEMPLATES_MAX} of them already";
    /// The template has no such step.
    Missing TemplateStepUnknown { template: TemplateId, step: StepId } = "template_step_unknown", "{template} has no step {step}";
    /// A sign-off configuration names people, groups, roles and keys that exist, and groups each by an id of its own.
    Input ConfigurationInvalid { field: String, problem: String } = "signoff_configuration_invalid", "{field} {problem}";
}

type Decision = Result<(), crate::Rejection>;

pub(crate) fn decide(draft: &mut Draft<'_>, command: &Command) -> Decision {
    require(draft, Action::Admin, Subject::Design)?;
    match command {
        Command::CreateBlueprint { blueprint, name, document } => create_blueprint(draft, blueprint, name, document),
        Command::EditBlueprint { blueprint, name, document } => edit_blueprint(draft, blueprint, name, document),
        Command::DeleteBlueprint { blueprint } => delete_blueprint(draft, blueprint),
        Command::CreateVersion { template, document } => create_version(draft, template, document, &[]),
        Command::ImportVersion { template, document, signoffs } => create_version(draft, template, document, signoffs),
        Command::Fork { from, version, name } => fork(draft, from, version, name.as_ref()),
        Command::EditVersion { template, document, accepts_loss } => {
            edit_version(draft, template, document, *accepts_loss)
        }
        Command::SetStatus { template, status } => set_status(draft, template, *status),
        Command::DeleteVersion { template } => delete_version(draft, template),
        Command::ConfigureSignoff { template, step, configuration } => configure(draft, template, step, configuration),
        Command::RemoveSignoff { template, step } => remove_signoff(draft, template, step),
    }
}

fn create_blueprint(draft: &mut Draft<'_>, id: &BlueprintId, name: &Arc<str>, document: &Arc<str>) -> Decision {
    check_id(id.as_str(), "bp.")?;
    check_name(name, document)?;
    let known = &draft.state().templates.blueprints;
    if known.contains_key(id) {
        return Err(Rejection::BlueprintExists { blueprint: id.clone() }.into());
    }
    refuse_too_many(known.len())?;
    let (blueprint, name, document) = (id.clone(), name.clone(), document.clone());
    draft.emit(Event::BlueprintCreated { blueprint, name, locked: false, document });
    Ok(())
}

fn edit_blueprint(draft: &mut Draft<'_>, id: &BlueprintId, name: &Arc<str>, document: &Arc<str>) -> Decision {
    let found = own_blueprint(draft.state(), id)?;
    check_name(name, document)?;
    if found.name != *name || found.document != *document {
        let (blueprint, name, document) = (id.clone(), name.clone(), document.clone());
        draft.emit(Event::BlueprintEdited { blueprint, name, document });
    }
    Ok(())
}

fn delete_blueprint(draft: &mut Draft<'_>, id: &BlueprintId) -> Decision {
    own_blueprint(draft.state(), id)?;
    let items = draft.state().items.by_blueprint.get(id).map_or(0, imbl::OrdSet::len);
    if items > 0 {
        return Err(Rejection::BlueprintInUse { blueprint: id.clone(), items }.into());
    }
    draft.emit(Event::BlueprintDeleted { blueprint: id.clone() });
    Ok(())
}

fn create_version(
    draft: &mut Draft<'_>,
    template: &TemplateId,
    document: &str,
    signoffs: &[(StepId, Configuration)],
) -> Decision {
    let blueprint = check_new(draft.state(), template)?;
    let definition = parse(document)?;
    check_governing(&blueprint, &definition)?;
    let mut configurations = Vec::new();
    for (step, given) in signoffs {
        check_step(template, &definition, step)?;
        let configuration = imported(draft.state(), given);
        check(draft.state(), &configuration)?;
        configurations.push((step.clone(), Arc::new(configuration)));
    }
    make_version(draft, template, None, definition, configurations);
    Ok(())
}

fn fork(draft: &mut Draft<'_>, from: &TemplateId, version: &VersionId, name: Option<&Arc<str>>) -> Decision {
    let template = TemplateId { blueprint: from.blueprint.clone(), version: version.clone() };
    let origin = find_version(draft.state(), from)?;
    check_new(draft.state(), &template)?;
    let definition = match name {
        None => origin.definition.clone(),
        Some(name) => parse(&renamed(&origin.definition.document, name)?)?,
    };
    let configured = origin.configured.iter();
    let configurations = configured
        .filter_map(|(step, at)| Some((step.clone(), draft.state().templates.configuration(*at)?.clone())))
        .collect();
    make_version(draft, &template, Some(from.version.clone()), definition, configurations);
    Ok(())
}

fn make_version(
    draft: &mut Draft<'_>,
    template: &TemplateId,
    origin: Option<VersionId>,
    definition: Arc<Definition>,
    configurations: Vec<(StepId, Arc<Configuration>)>,
) {
    draft.emit(Event::VersionCreated { template: template.clone(), origin, definition });
    for (step, configuration) in configurations {
        draft.emit(Event::SignoffConfigured { template: template.clone(), step, configuration });
    }
}

fn edit_version(draft: &mut Draft<'_>, template: &TemplateId, document: &str, accepts_loss: bool) -> Decision {
    let (blueprint, version) = own_version(draft.state(), template)?;
    let definition = parse(document)?;
    check_governing(&blueprint, &definition)?;
    if version.definition == definition {
        return Ok(());
    }
    let lost = lost_fields(&version.definition, &definition);
    let loss = Loss::of(draft.state(), &version, &definition, &lost);
    if !loss.is_nothing() && !accepts_loss {
        return Err(Rejection::TemplateInUse { template: template.clone(), loss: loss.to_string() }.into());
    }
    let gone: Vec<_> = version.configured.keys().filter(|step| definition.step(step).is_none()).cloned().collect();
    draft.emit(Event::VersionEdited { template: template.clone(), definition, lost });
    for step in gone {
        draft.emit(Event::SignoffConfigurationRemoved { template: template.clone(), step });
    }
    artifact::follow::work_off(draft);
    Ok(())
}

fn set_status(draft: &mut Draft<'_>, template: &TemplateId, status: VersionStatus) -> Decision {
    refuse_locked(draft.state(), &template.blueprint)?;
    let version = find_version(draft.state(), template)?;
    if version.status == status {
        return Ok(());
    }
    if status == VersionStatus::Draft {
        refuse_used(draft.state(), template)?;
    }
    draft.emit(Event::VersionStatusChanged { template: template.clone(), status });
    Ok(())
}

fn delete_version(draft: &mut Draft<'_>, template: &TemplateId) -> Decision {
    own_version(draft.state(), template)?;
    refuse_used(draft.state(), template)?;
    draft.emit(Event::VersionDeleted { template: template.clone() });
    Ok(())
}

fn configure(
    draft: &mut Draft<'_>,
    template: &TemplateId,
    step: &StepId,
    configuration: &Arc<Configuration>,
) -> Decision {
    let (_, version) = own_version(draft.state(), template)?;
    check_step(template, &version.definition, step)?;
    check(draft.state(), configuration)?;
    let held = version.configured.get(step).and_then(|at| draft.state().templates.configuration(*at));
    if held != Some(configuration) {
        let (template, step, configuration) = (template.clone(), step.clone(), configuration.clone());
        draft.emit(Event::SignoffConfigured { template, step, configuration });
    }
    Ok(())
}

fn remove_signoff(draft: &mut Draft<'_>, template: &TemplateId, step: &StepId) -> Decision {
    let (_, version) = own_version(draft.state(), template)?;
    check_step(template, &version.definition, step)?;
    if version.configured.contains_key(step) {
        draft.emit(Event::SignoffConfigurationRemoved { template: template.clone(), step: step.clone() });
    }
    Ok(())
}

fn find_blueprint(state: &State, id: &BlueprintId) -> Result<Arc<Blueprint>, crate::Rejection> {
    let found = state.templates.blueprint(id).cloned();
    found.ok_or_else(|| common::Rejection::NotFound { what: id.to_string() }.into())
}

fn find_version(state: &State, id: &TemplateId) -> Result<Arc<Version>, crate::Rejection> {
    let found = state.templates.version(id).cloned();
    found.ok_or_else(|| common::Rejection::NotFound { what: id.to_string() }.into())
}

fn own_blueprint(state: &State, id: &BlueprintId) -> Result<Arc<Blueprint>, crate::Rejection> {
    let found = find_blueprint(state, id)?;
    refuse_locked(state, id)?;
    if is_standard(id.as_str(), "bp.") {
        return Err(Rejection::StandardTemplate { what: id.to_string() }.into());
    }
    Ok(found)
}

fn own_version(state: &State, id: &TemplateId) -> Result<(Arc<Blueprint>, Arc<Version>), crate::Rejection> {
    let found = (find_blueprint(state, &id.blueprint)?, find_version(state, id)?);
    refuse_locked(state, &id.blueprint)?;
    if is_standard(id.version.as_str(), "bv.") {
        return Err(Rejection::StandardTemplate { what: id.to_string() }.into());
    }
    Ok(found)
}

fn check_new(state: &State, template: &TemplateId) -> Result<Arc<Blueprint>, crate::Rejection> {
    let blueprint = find_blueprint(state, &template.blueprint)?;
    refuse_locked(state, &template.blueprint)?;
    check_id(template.version.as_str(), "bv.")?;
    if blueprint.versions.contains_key(&template.version) {
        return Err(Rejection::VersionExists { template: template.clone() }.into());
    }
    refuse_too_many(blueprint.versions.len())?;
    Ok(blueprint)
}

fn refuse_locked(state: &State, blueprint: &BlueprintId) -> Decision {
    if state.templates.is_locked(blueprint) {
        return Err(artifact::Rejection::BlueprintLocked { blueprint: blueprint.clone() }.into());
    }
    Ok(())
}

fn refuse_used(state: &State, template: &TemplateId) -> Decision {
    let items = super::change::users(state, template).count();
    if items > 0 {
        let loss = format!("{items} items are of it");
        return Err(Rejection::TemplateInUse { template: template.clone(), loss }.into());
    }
    Ok(())
}

fn refuse_too_many(count: usize) -> Decision {
    if count >= TEMPLATES_MAX { Err(Rejection::TooManyTemplates.into()) } else { Ok(()) }
}

fn is_standard(id: &str, prefix: &str) -> bool {
    id.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(SYSTEM))
}

fn check_id(id: &str, prefix: &str) -> Decision {
    let rest = id.strip_prefix(prefix).unwrap_or_default();
    let is_plain = rest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    if rest.is_empty() || !is_plain || id.len() > TEMPLATE_ID_BYTES_MAX || rest.starts_with(SYSTEM) {
        return Err(Rejection::TemplateIdInvalid { id: id.to_owned() }.into());
    }
    Ok(())
}

fn check_name(name: &str, document: &str) -> Decision {
    if name.trim().is_empty() || name.contains(char::is_control) {
        return Err(common::Rejection::NameInvalid { what: "the name" }.into());
    }
    for (what, text, max_bytes) in
        [("the name", name, BLUEPRINT_NAME_BYTES_MAX), ("the document", document, BLUEPRINT_DOCUMENT_BYTES_MAX)]
    {
        let length_bytes = text.len();
        if length_bytes > max_bytes {
            return Err(common::Rejection::TextTooLong { what, length_bytes, max_bytes }.into());
        }
    }
    match serde_json::from_str::<serde_json::Value>(document) {
        Ok(json) if json.is_object() => Ok(()),
        _ => Err(invalid("document", "is not a JSON object").into()),
    }
}

fn check_step(template: &TemplateId, definition: &Definition, step: &StepId) -> Decision {
    if definition.step(step).is_some() {
        return Ok(());
    }
    Err(Rejection::TemplateStepUnknown { template: template.clone(), step: step.clone() }.into())
}

// A document is one event; what does not fit into one is refused as that, before anything else is said about it.
fn parse(document: &str) -> Result<Arc<Definition>, crate::Rejection> {
    if document.len() > DOCUMENT_BYTES_MAX {
        return Err(common::Rejection::EventTooLarge { length_bytes: document.len() }.into());
    }
    Definition::parse(document).map(Arc::new).map_err(|error| invalid(error.path, error.problem).into())
}

fn renamed(document: &str, name: &str) -> Result<String, Rejection> {
    let json = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(document);
    let mut json = json.map_err(|error| invalid("document", error.to_string()))?;
    json.insert("name".to_owned(), name.into());
    serde_json::to_string(&json).map_err(|error| invalid("document", error.to_string()))
}

/// Governing fills the field that lists what is governed, and the parent: every version of the standard govern
/// blueprints keeps them as they are.
fn check_governing(blueprint: &Blueprint, definition: &Definition) -> Decision {
    let Some(standard) = blueprint.versions.get(&VersionId::from(STANDARD_VERSION)) else { return Ok(()) };
    let parent = standard.definition.parent_field.as_ref();
    if parent.is_some() && definition.parent_field.as_ref() != parent {
        return Err(invalid("hierarchicalParentFieldId", "has to stay: governing fills it").into());
    }
    let mut needed = BTreeSet::from([SOURCE_FIELD]);
    needed.extend(parent.map(crate::ids::FieldId::as_str));
    for field in needed.into_iter().filter_map(|field| standard.definition.field(&field.into())) {
        let same = definition.field(&field.id).is_some_and(|given| {
            given.kind == field.kind && given.list.is_some() == field.list.is_some() && given.source == field.source
        });
        if !same {
            let path = format!("fieldDefinitions.{}", field.id);
            return Err(invalid(path, "has to stay as it is in the standard template: governing fills it").into());
        }
    }
    Ok(())
}

pub(super) fn invalid(path: impl Into<String>, problem: impl Into<String>) -> Rejection {
    Rejection::TemplateInvalid { path: path.into(), problem: problem.into() }
}
