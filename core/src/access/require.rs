//! What a command asks before it looks at anything else; whoever may not is told what it needs.

use super::may::{Action, Subject, allows};
use super::why::needs;
use crate::context::Principal;
use crate::draft::Draft;
use crate::rejection::common;

/// Refuses whoever may not do this there.
pub(crate) fn require(draft: &Draft<'_>, action: Action, on: Subject<'_>) -> Result<(), crate::Rejection> {
    if allows(draft.state(), &draft.context().caller.principal, action, on) {
        return Ok(());
    }
    Err(common::Rejection::Forbidden { needs: needs(draft.state(), action, on) }.into())
}

/// Refuses everybody but the service itself.
pub(crate) fn require_system(draft: &Draft<'_>) -> Result<(), crate::Rejection> {
    if draft.context().caller.principal == Principal::System {
        return Ok(());
    }
    Err(common::Rejection::Forbidden { needs: "the system itself".to_owned() }.into())
}
