//! `0x06__`, settings. Since 0.1.

use super::super::macros::events;
use crate::settings::Event;

events! { Event in Settings;
    /// An administrator set a named document, a JSON object; removed when absent.
    0x0601 1 SettingsChanged => SettingsChangedV1 { name: String, document: Option<String> }
}
