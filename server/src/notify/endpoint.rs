//! Webhook endpoints, as settings hold them.

use countersign_core::ids::{CredentialId, Position};
use countersign_core::settings::Setting;
use countersign_core::{Recorded, State, schema};
use serde::{Deserialize, Serialize};

/// What stands before the id in the name of an endpoint's setting.
const SETTING_PREFIX: &str = "webhook/";
/// What every id begins with.
const ID_PREFIX: &str = "wh_";

/// The document of one endpoint. Its secret is in the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Endpoint {
    /// Where to.
    pub url: String,
    /// Events of these types; of all when empty.
    pub types: Vec<String>,
    /// What it is for.
    pub description: String,
    /// Deliveries wait while it is not.
    pub enabled: bool,
    /// The name of the secret in the vault.
    pub credential: uuid::Uuid,
}

impl Endpoint {
    /// Whether an event is told here.
    #[must_use]
    pub fn wants(&self, recorded: &Recorded) -> bool {
        let name = schema::event_name(&recorded.event);
        self.types.is_empty() || self.types.iter().any(|kind| kind == name)
    }

    /// The name of the secret in the vault.
    #[must_use]
    pub const fn credential(&self) -> CredentialId {
        CredentialId(self.credential)
    }
}

/// An endpoint of the state.
#[derive(Debug, Clone)]
pub struct Known {
    /// `wh_…`.
    pub id: String,
    /// What it is.
    pub endpoint: Endpoint,
    /// The event that made it; it is told of all that follows.
    pub created: Position,
}

/// A new id.
#[must_use]
pub fn new_id() -> String {
    format!("{ID_PREFIX}{}", uuid::Uuid::now_v7().simple())
}

/// The name of the setting of an endpoint.
#[must_use]
pub fn setting_name(id: &str) -> String {
    format!("{SETTING_PREFIX}{id}")
}

/// The endpoint of a setting's name.
#[must_use]
pub fn id_of(name: &str) -> Option<&str> {
    name.strip_prefix(SETTING_PREFIX).filter(|id| id.starts_with(ID_PREFIX))
}

/// The endpoint of that id.
#[must_use]
pub fn find(state: &State, id: &str) -> Option<Known> {
    let setting = state.settings.by_name.get(setting_name(id).as_str())?;
    read(id, setting)
}

/// All endpoints, in order of making.
pub fn all(state: &State) -> impl Iterator<Item = Known> {
    state.settings.by_name.iter().filter_map(|(name, setting)| read(id_of(name)?, setting))
}

fn read(id: &str, setting: &Setting) -> Option<Known> {
    let endpoint = serde_json::from_str(&setting.document).ok()?;
    Some(Known { id: id.to_owned(), endpoint, created: setting.created })
}
