//! Overrides: administrators let something pass a gate, for a reason and until an end.
//!
//! An override is not an approval: what is missing stays listed, and nothing but the gate's decision changes. It ends by
//! the time of the question; no event is needed for that.

use std::sync::Arc;

use super::decide::{Rejection, check_text, name};
use super::state::{InfraKey, InfraKind, Override};
use super::{Command, Event};
use crate::access::may::{Action, Subject};
use crate::access::require::require;
use crate::draft::Draft;
use crate::ids::ItemId;
use crate::state::State;
use crate::sync::{SyncKey, SyncObject};
use crate::time::Timestamp;

/// Longest reason of an override, in bytes.
pub const REASON_BYTES_MAX: usize = 4096;

pub(super) fn decide(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    match command {
        Command::GrantOverride { infra, subject, reason, until } => grant(draft, infra, subject, reason, *until),
        Command::RevokeOverride { infra, subject } => revoke(draft, infra, subject),
        _ => Ok(()),
    }
}

/// The override that counts for this subject at this instant.
pub(super) fn in_force<'a>(
    state: &'a State,
    infra: &InfraKey,
    subject: &SyncKey,
    at: Timestamp,
) -> Option<&'a Arc<Override>> {
    let found = state.infrastructures.overrides.get(&(infra.clone(), subject.clone()))?;
    (at < found.until).then_some(found)
}

fn grant(
    draft: &mut Draft<'_>,
    infra: &InfraKey,
    subject: &SyncKey,
    reason: &Arc<str>,
    until: Timestamp,
) -> Result<(), crate::Rejection> {
    let item = check(draft, infra, subject)?;
    check_text("reason", reason, REASON_BYTES_MAX)?;
    if until <= draft.context().at {
        return Err(Rejection::OverrideEndPast { until }.into());
    }
    let held = draft.state().infrastructures.overrides.get(&(infra.clone(), subject.clone()));
    if held.is_some_and(|held| held.until == until && held.reason.shown() == &**reason) {
        return Ok(());
    }
    let reason = draft.personal(reason);
    draft.emit(Event::OverrideGranted { infra: infra.clone(), subject: subject.clone(), item, reason, until });
    Ok(())
}

fn revoke(draft: &mut Draft<'_>, infra: &InfraKey, subject: &SyncKey) -> Result<(), crate::Rejection> {
    let item = check(draft, infra, subject)?;
    if draft.state().infrastructures.overrides.contains_key(&(infra.clone(), subject.clone())) {
        draft.emit(Event::OverrideRevoked { infra: infra.clone(), subject: subject.clone(), item });
    }
    Ok(())
}

fn check(draft: &Draft<'_>, infra: &InfraKey, subject: &SyncKey) -> Result<ItemId, crate::Rejection> {
    let state = draft.state();
    require(draft, Action::Admin, Subject::Instance)?;
    let unknown = || Rejection::InfrastructureUnknown { infra: name(infra) };
    let found = state.infrastructures.by_key.get(infra).ok_or_else(unknown)?;
    let needs = match (found.kind, &subject.object) {
        (InfraKind::Project, SyncObject::Bundle { .. }) | (InfraKind::Api, SyncObject::ModelVersion { .. }) => None,
        (InfraKind::Project, _) => Some("one bundle"),
        (InfraKind::Api, _) => Some("one model version"),
    };
    if let Some(needs) = needs {
        return Err(Rejection::SubjectsInvalid { infra: infra.infra.to_string(), needs }.into());
    }
    let unknown = || Rejection::SubjectUnknown { subject: subject.object.own_key().to_string() };
    state.nodes.items.get(subject).copied().ok_or_else(|| unknown().into())
}
