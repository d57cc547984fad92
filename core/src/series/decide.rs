use super::Command;
use crate::draft::Draft;

pub(crate) fn decide(_draft: &mut Draft<'_>, _command: &Command) -> Result<(), crate::Rejection> {
    Ok(())
}
