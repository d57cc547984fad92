//! The first start and the passing of time, asked for by the system only.

use std::sync::Arc;

use super::{Command, Event};
use crate::access::{self, require::require_system};
use crate::blueprint::{DefinitionError, standard};
use crate::draft::{COMMAND_EVENTS_MAX, Draft};
use crate::ids::{CredentialId, ItemId, KeyId, LogId};
use crate::rejection::common;
use crate::signoff;

/// The label of the key that the first start makes.
pub const FIRST_KEY_LABEL: &str = "First administrator";

/// Most timers that fire in one command: each makes a handful of events at most.
pub const FIRED_MAX: usize = COMMAND_EVENTS_MAX / 10;

crate::rejections! {
    /// The embedded templates are part of the product; a broken one is a defect of the build.
    State StandardBroken { problem: String } = "standard_broken", "a standard template cannot be read: {problem}";
}

pub(crate) fn decide(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    require_system(draft)?;
    match command {
        Command::Bootstrap { log, product, admin_credential } => bootstrap(draft, *log, product, *admin_credential),
        Command::FireDue => fire_due(draft),
    }
}

fn bootstrap(
    draft: &mut Draft<'_>,
    log: LogId,
    product: &Arc<str>,
    admin_credential: CredentialId,
) -> Result<(), crate::Rejection> {
    if draft.state().log.is_some() {
        return Err(common::Rejection::AlreadyBootstrapped.into());
    }
    draft.emit(Event::LogCreated { log, product: product.clone() });
    for event in standard::templates().map_err(broken)? {
        draft.emit(event);
    }
    for standard::StandardGroup { group, description, is_admin } in standard::groups().map_err(broken)? {
        let item = ItemId(draft.state().items.last_item.saturating_add(1));
        draft.emit(access::Event::GroupCreated { group, item, description, is_admin, is_architect: false });
    }
    for event in standard::roles().map_err(broken)? {
        draft.emit(event);
    }
    let key = KeyId(draft.state().access.last_key.saturating_add(1));
    draft.emit(access::Event::KeyCreated {
        owner: None,
        node: None,
        key,
        label: FIRST_KEY_LABEL.into(),
        is_admin: true,
        is_architect: false,
        groups: Vec::new(),
        credential: admin_credential,
    });
    Ok(())
}

fn broken(error: DefinitionError) -> crate::Rejection {
    Rejection::StandardBroken { problem: error.to_string() }.into()
}

// Each timer has to be gone once it fired; the bound is there for one that is not, and the rest is left to the next
// asking.
fn fire_due(draft: &mut Draft<'_>) -> Result<(), crate::Rejection> {
    let now = draft.context().at;
    for _ in 0..FIRED_MAX {
        let Some((due, timer)) = draft.state().timers.next().filter(|(due, _)| *due <= now).cloned() else { break };
        let before = draft.len();
        signoff::fire(draft, &timer, due);
        if draft.len() == before {
            break;
        }
    }
    Ok(())
}
