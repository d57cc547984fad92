//! What the gate asks for in every infrastructure of a stage, beyond what each asks for itself.
//!
//! A setting per stage, `gate.stage.<stage>`, so that each change is an event of its own. Of two conditions on the same
//! thing the stricter one counts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::decide::{Rejection, check_text};
use super::demand::{self, Demand};
use super::state::Infrastructure;
use crate::draft::Draft;
use crate::settings;
use crate::state::State;

/// What the names of these settings begin with.
const SETTING: &str = "gate.stage.";
/// Longest stage that can have conditions of its own, in bytes.
pub const STAGE_WITH_DEMANDS_BYTES_MAX: usize = settings::NAME_BYTES_MAX - SETTING.len();

/// A condition as it counts in one infrastructure, and who set it.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    /// It; the stricter one where both ask for the same thing.
    pub demand: Demand,
    /// The infrastructure asks for it, as strictly.
    pub is_own: bool,
    /// Its stage does.
    pub is_of_stage: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    demands: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Row {
    kind: String,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    bound: Option<f64>,
}

/// Everything that the gate of an infrastructure asks for: its own conditions, then those that only its stage has.
#[must_use]
pub fn effective(state: &State, infrastructure: &Infrastructure) -> Vec<Effective> {
    in_stage(state, &infrastructure.demands, infrastructure.stage.as_ref())
}

/// The same, were it in that stage.
pub(super) fn in_stage(state: &State, own: &[Demand], stage: Option<&Arc<str>>) -> Vec<Effective> {
    let own = own.iter().map(|demand| Effective { demand: demand.clone(), is_own: true, is_of_stage: false });
    let mut all: Vec<Effective> = own.collect();
    for demand in of_stage(state, stage) {
        match all.iter_mut().find(|held| held.demand.is_about_the_same(demand)) {
            None => all.push(Effective { demand: demand.clone(), is_own: false, is_of_stage: true }),
            Some(held) if held.demand == *demand => held.is_of_stage = true,
            Some(held) if demand.is_as_strict_as(&held.demand) => {
                *held = Effective { demand: demand.clone(), is_own: false, is_of_stage: true };
            }
            Some(_) => {}
        }
    }
    all
}

/// Whether the other stage asks for less: then only an administrator moves an infrastructure there.
pub(super) fn loosens(state: &State, infrastructure: &Infrastructure, stage: Option<&Arc<str>>) -> bool {
    let there = in_stage(state, &infrastructure.demands, stage);
    let is_kept = |held: &Effective| there.iter().any(|there| there.demand.is_as_strict_as(&held.demand));
    !effective(state, infrastructure).iter().all(is_kept)
}

/// What a stage asks for.
#[must_use]
pub fn of_stage<'a>(state: &'a State, stage: Option<&Arc<str>>) -> &'a [Demand] {
    let found = stage.and_then(|stage| state.infrastructures.stages.get(stage));
    found.map_or(&[], |demands| demands.as_slice())
}

pub(super) fn set(draft: &mut Draft<'_>, stage: &Arc<str>, demands: &[Demand]) -> Result<(), crate::Rejection> {
    check_text("stage", stage, STAGE_WITH_DEMANDS_BYTES_MAX)?;
    demand::check(demands)?;
    let document = (!demands.is_empty()).then(|| text(demands));
    let name = format!("{SETTING}{stage}").into();
    settings::decide(draft, &settings::Command::Set { name, document })
}

/// Refuses what the gate would not understand, whichever way the setting comes.
pub(crate) fn check_setting(name: &str, document: Option<&str>) -> Result<(), crate::Rejection> {
    let (Some(stage), Some(document)) = (name.strip_prefix(SETTING), document) else { return Ok(()) };
    check_text("stage", stage, STAGE_WITH_DEMANDS_BYTES_MAX)?;
    let demands = read(document).ok_or_else(|| Rejection::StageSettingInvalid { stage: stage.to_owned() })?;
    demand::check(&demands)
}

/// A setting changed: when it is a stage's, the gate follows.
pub(crate) fn setting_changed(state: &mut State, name: &str, document: Option<&str>) {
    let Some(stage) = name.strip_prefix(SETTING) else { return };
    match document.and_then(read).filter(|demands| !demands.is_empty()) {
        Some(demands) => drop(state.infrastructures.stages.insert(stage.into(), Arc::new(demands))),
        None => drop(state.infrastructures.stages.remove(stage)),
    }
}

fn text(demands: &[Demand]) -> Arc<str> {
    let demands = demands.iter().map(|demand| {
        let (kind, name, bound) = demand.parts();
        Row { kind: kind.to_owned(), name: name.to_owned(), bound }
    });
    let document = Document { demands: demands.collect() };
    // Texts and finite numbers are always JSON.
    serde_json::to_string(&document).unwrap_or_default().into()
}

fn read(document: &str) -> Option<Vec<Demand>> {
    let document: Document = serde_json::from_str(document).ok()?;
    document.demands.into_iter().map(|Row { kind, name, bound }| Demand::of_parts(&kind, &name, bound)).collect()
}
