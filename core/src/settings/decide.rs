//! Rules about settings: administrators only, architects too where it is about pages; names and sizes bounded.

use super::{Command, Event};
use crate::access::may::{Action, Subject, allows};
use crate::draft::Draft;
use crate::rejection::common;

/// Longest name of a setting, in bytes.
pub const NAME_BYTES_MAX: usize = 128;
/// Largest document, in bytes.
pub const DOCUMENT_BYTES_MAX: usize = 48 * 1024;
/// The same with everything escaped that an event as JSON escapes in it, of which it has to be one.
pub const DOCUMENT_ESCAPED_BYTES_MAX: usize = 60 * 1024;
/// Most settings at once.
pub const SETTINGS_MAX: usize = 1_000;
/// What the name of a custom page begins with, before the page's id. Since 0.1.
pub const PAGE_PREFIX: &str = "dataiku.custom-page.";
/// The order of the custom pages. Since 0.1.
pub const PAGE_ORDER: &str = "dataiku.custom-pages-order";

crate::rejections! {
    /// A setting is a JSON object.
    Input SettingInvalid { name: String } = "setting_invalid", "the setting {name} is not a JSON object";
    /// There is room for a bounded number of settings.
    State TooManySettings { settings: usize } = "too_many_settings", "there are {settings} settings already";
}

pub(crate) fn decide(draft: &mut Draft<'_>, command: &Command) -> Result<(), crate::Rejection> {
    let Command::Set { name, document } = command;
    // Pages are designed as templates are.
    let is_page = name.starts_with(PAGE_PREFIX) || &**name == PAGE_ORDER;
    let (subject, needs) =
        if is_page { (Subject::Design, "an architect") } else { (Subject::Instance, "an administrator") };
    if !allows(draft.state(), &draft.context().caller.principal, Action::Admin, subject) {
        return Err(common::Rejection::Forbidden { needs: needs.to_owned() }.into());
    }
    check_text("the name of a setting", name.len(), NAME_BYTES_MAX)?;
    if name.trim().is_empty() || name.contains(char::is_control) {
        return Err(common::Rejection::NameInvalid { what: "the name of a setting" }.into());
    }
    let known = draft.state().settings.by_name.get(name);
    if known.map(|known| &known.document) == document.as_ref() {
        return Ok(());
    }
    if let Some(document) = document {
        check_text("a setting", document.len(), DOCUMENT_BYTES_MAX)?;
        let escaped = serde_json::to_string(&**document).map_or(usize::MAX, |text| text.len());
        check_text("a setting, escaped,", escaped, DOCUMENT_ESCAPED_BYTES_MAX)?;
        if serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(document).is_err() {
            return Err(Rejection::SettingInvalid { name: name.to_string() }.into());
        }
        let settings = draft.state().settings.by_name.len();
        if known.is_none() && settings >= SETTINGS_MAX {
            return Err(Rejection::TooManySettings { settings }.into());
        }
    }
    crate::deploy::check_setting(name, document.as_deref())?;
    draft.emit(Event::SettingsChanged { name: name.clone(), document: document.clone() });
    Ok(())
}

fn check_text(what: &'static str, length_bytes: usize, max_bytes: usize) -> Result<(), common::Rejection> {
    if length_bytes > max_bytes {
        return Err(common::Rejection::TextTooLong { what, length_bytes, max_bytes });
    }
    Ok(())
}
