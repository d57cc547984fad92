use super::Command;
use crate::draft::Draft;
use crate::rejection::Rejection;

pub(crate) fn decide(_draft: &mut Draft<'_>, _command: &Command) -> Result<(), Rejection> {
    Ok(())
}
