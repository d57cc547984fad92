//! The first start: the log, the standard templates, and one administrator's key.
//!
//! The key is in the vault before the event that names it. It is written to `<data>/admin-key` and printed once, or
//! taken from the environment, then it is neither.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use countersign_core::context::{Caller, Channel, Principal};
use countersign_core::ids::{CorrelationId, CredentialId, LogId, Position};
use countersign_core::log::Command;
use countersign_engine::engine::Engine;
use countersign_engine::vault::Vault;
use uuid::Uuid;

use crate::api::keys::new_secret;

/// Names the first administrator's key at the first start; ignored at later ones.
pub const ADMIN_KEY_VARIABLE: &str = "COUNTERSIGN_ADMIN_KEY";
/// Where a key that was made here is written.
pub const ADMIN_KEY_FILE: &str = "admin-key";
/// Shortest key from the environment, in characters.
const KEY_CHARS_MIN: usize = 16;
/// Longest key from the environment, in characters.
const KEY_CHARS_MAX: usize = 256;

/// What the first start made.
#[derive(Debug)]
pub struct First {
    /// Until here everybody has to wait.
    pub position: Position,
    /// The administrator's key, when it was made here and has to be shown.
    pub secret: Option<String>,
}

/// Makes the first events of an empty log.
pub async fn first_start(engine: &Engine, vault: &Vault, data: &Path, given: Option<String>) -> anyhow::Result<First> {
    let secret = match &given {
        Some(given) => checked(given)?.to_owned(),
        None => new_secret(),
    };
    let admin_credential = CredentialId(Uuid::new_v4());
    // A start that was cut off before its first event left its key in the vault; with the same key that is taken over.
    let admin_credential = match vault.find_key(&secret) {
        Some(kept) => kept,
        None => {
            vault.put_key(admin_credential, &secret).context("keeping the administrator's key")?;
            admin_credential
        }
    };
    if given.is_none() {
        write_key(&data.join(ADMIN_KEY_FILE), &secret)?;
    }
    let product = format!("countersign {}", env!("CARGO_PKG_VERSION")).into();
    let command = Command::Bootstrap { log: LogId(Uuid::new_v4()), product, admin_credential };
    let caller = Caller::new(Principal::System, Channel::Engine, CorrelationId(Uuid::new_v4()));
    let receipt = engine.submit(command.into(), caller).await.map_err(crate::cli::output::refusal)?;
    Ok(First { position: receipt.position, secret: given.is_none().then_some(secret) })
}

fn checked(given: &str) -> anyhow::Result<&str> {
    let is_printable = given.chars().all(|c| c.is_ascii_graphic() && c != ':');
    if !is_printable || !(KEY_CHARS_MIN..=KEY_CHARS_MAX).contains(&given.len()) {
        bail!("{ADMIN_KEY_VARIABLE} must be {KEY_CHARS_MIN} to {KEY_CHARS_MAX} printable characters without a colon");
    }
    Ok(given)
}

fn write_key(path: &Path, secret: &str) -> anyhow::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let mut file = options
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("writing {}", path.display()))?;
    writeln!(file, "{secret}").and_then(|()| file.sync_all()).with_context(|| format!("writing {}", path.display()))
}
