use super::Command;
use crate::draft::Draft;
use crate::rejection::FieldProblems;

crate::rejections! {
    /// A save is validated whole; every field that is wrong is named and nothing is saved.
    Input FieldsInvalid { problems: FieldProblems } = "fields_invalid", "{problems}";
}

pub(crate) fn decide(_draft: &mut Draft<'_>, _command: &Command) -> Result<(), crate::Rejection> {
    Ok(())
}
