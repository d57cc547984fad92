use super::Command;
use crate::draft::Draft;

crate::rejections! {
    /// STUB
    State Stub = "stub", "stub";
}

pub(crate) fn decide(_draft: &mut Draft<'_>, _command: &Command) -> Result<(), crate::Rejection> {
    Ok(())
}
