use super::Command;
use crate::draft::Draft;

crate::rejections! {
    /// The gate answers only for an infrastructure that is known; never ALLOW for another.
    Missing InfrastructureUnknown { infra: String } = "infrastructure_unknown", "the infrastructure {infra} is not known";
}

pub(crate) fn decide(_draft: &mut Draft<'_>, _command: &Command) -> Result<(), crate::Rejection> {
    Ok(())
}
