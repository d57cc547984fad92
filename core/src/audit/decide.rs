//! Rules about telling what came to nothing: bounded, and by the system only.

use super::{Command, Event};
use crate::context::Principal;
use crate::draft::Draft;
use crate::rejection::common;

/// Most counts in one telling.
pub const REFUSED_MAX: usize = 256;

crate::rejections! {
    /// Refusals are told in at most 256 counts at once.
    Input TooManyCounts { counts: usize } = "too_many_counts", "{counts} counts are too many; at most 256 are told at once";
}

pub(crate) fn decide(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    if draft.context().caller.principal != Principal::System {
        return Err(common::Rejection::Forbidden { needs: "the system itself".to_owned() }.into());
    }
    let Command::CountRefusals { refused } = command;
    if refused.len() > REFUSED_MAX {
        return Err(Rejection::TooManyCounts { counts: refused.len() }.into());
    }
    for one in refused.iter().filter(|one| one.times > 0) {
        let super::Refused { who, via, code, times, since } = one.clone();
        draft.emit(Event::RefusalsCounted { who, via, code, times, since });
    }
    Ok(())
}
